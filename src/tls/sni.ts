/** The name that a server is asked for (manual: "sni"), by what the client has sent. */

import type { TlsFacts } from "../net/tls/facts.ts";

/** What there is to know of a client. */
export interface SniClient {
  /** The head of its request, one character a byte; null: there is none. */
  readonly requestHead: string | null;
  /** What is known of its TLS; null: it speaks none. */
  readonly clientTls: TlsFacts | null;
}

/** Gives the name; null: none is asked for. */
export type SniSource = (client: SniClient) => string | null;

/** Changes that may stand behind the source, as in "req.hdr(host),lower". */
const changes: Readonly<Record<string, (name: string) => string>> = {
  lower: (name) => name.toLowerCase(),
  "field(1,:)": (name) => name.split(":")[0]!,
  "word(1,:)": (name) => name.split(":").find((part) => part !== "") ?? "",
  host_only: (name) => name.replace(/:\d*$/, "").toLowerCase(),
};

/**
 * The source that an expression describes: `str(<name>)`, `req.hdr(<field>)` and `ssl_fc_sni`, with
 * changes behind it.
 * @returns null: it is another expression
 */
export function sniSource(expression: string): SniSource | null {
  const parts = partsOf(expression);
  const first = sourceOf(parts[0] ?? "");
  if (first === null) return null;
  const steps: ((name: string) => string)[] = [];
  for (const part of parts.slice(1)) {
    const step = changes[part.replaceAll(" ", "")];
    if (step === undefined) return null;
    steps.push(step);
  }
  return (client) => {
    const name = first(client);
    return name === null ? null : steps.reduce((changed, step) => step(changed), name) || null;
  };
}

/** The parts between commas that are in no brackets. */
function partsOf(expression: string): string[] {
  return expression.match(/[^,(]+(?:\([^)]*\))?/g) ?? [];
}

function sourceOf(text: string): SniSource | null {
  const [, name = "", , argument = ""] = /^([\w.]+)(\(([^)]*)\))?$/.exec(text) ?? [];
  switch (name) {
    case "str": {
      const constant = argument.replace(/^(["'])(.*)\1$/, "$2");
      return () => constant || null;
    }
    case "ssl_fc_sni":
      return ({ clientTls }) => clientTls?.sni ?? null;
    case "hdr":
    case "req.hdr":
    case "req.fhdr": {
      const [field = ""] = argument.split(",");
      if (!/^[\w-]+$/.test(field)) return null;
      const line = new RegExp(`\\r?\\n${field}:[ \\t]*([^\\r\\n]*?)[ \\t]*\\r?\\n`, "gi");
      return ({ requestHead }) => {
        if (requestHead === null) return null;
        // The last one counts, as in HAProxy.
        const [, value = ""] = [...requestHead.matchAll(line)].at(-1) ?? [];
        return value || null;
      };
    }
    default:
      return null;
  }
}
