/** Requests of checks, as HAProxy writes them (manual: "option httpchk", "http-check send"). */
import { bytesOf } from "../bytes/bytes.ts";
import { methodOf } from "../http/h1/parse.ts";
import type { CheckExpressions, CheckScope } from "./expressions.ts";
import { encode } from "./expressions.ts";
import { latin1 } from "./expect.ts";
import type { RequestRule } from "./rules.ts";

/** The request line of `option httpchk`; `version` may go on with fields, lines parted by CRLF. */
export interface HttpCheck {
  readonly method: string;
  readonly uri: string;
  readonly version: string;
}

/** What a request is without any word about it. */
export const plainRequest: HttpCheck = { method: "OPTIONS", uri: "/", version: "HTTP/1.0" };

/** Methods whose requests without content do not say so. */
const withoutLength: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "DELETE"]);

/** What a rule that says nothing says. */
const noRule = {
  method: null,
  uri: null,
  uriFormat: false,
  version: null,
  body: null,
  bodyFormat: false,
};

interface Field {
  readonly name: string;
  readonly value: (scope: CheckScope) => string;
}

/**
 * Compiles a request.
 * @param rule null: the request is as `option httpchk` has it
 * @param state what `http-check send-state` says; null: nothing
 */
export function compileRequest(
  option: HttpCheck,
  rule: RequestRule | null,
  expressions: CheckExpressions,
  state: (() => string) | null,
): { readonly method: number; readonly bytes: (scope: CheckScope) => Uint8Array } {
  const { version: first, fields: hidden, body: hiddenBody } = versionOf(option.version);
  const format = (text: string) => {
    const compiled = expressions.format(text);
    return (scope: CheckScope) => latin1(compiled(scope));
  };
  const constant = (text: string) => {
    const bytes = latin1(encode(text));
    return () => bytes;
  };
  const own = rule ?? noRule;
  const method = own.method ?? option.method;
  const uri = own.uri === null
    ? constant(option.uri)
    : (own.uriFormat ? format : constant)(own.uri);
  const version = own.version === null ? first : versionOf(own.version).version;
  const body = own.body === null
    ? constant(rule === null ? hiddenBody : "")
    : (own.bodyFormat ? format : constant)(own.body);
  const fields: Field[] = rule === null
    ? hidden.map(({ name, value }) => ({ name, value: constant(value) }))
    : rule.fields.map(({ name, value }) => ({ name: name.toLowerCase(), value: format(value) }));
  const sent = fields.filter(({ name }) => !apart.has(name));
  const connection = fields.filter(({ name }) => name === "connection");
  const persistent = version === "HTTP/1.1";

  const bytes = (scope: CheckScope): Uint8Array => {
    const content = body(scope);
    const lines: string[] = [];
    let target = uri(scope) || "/";
    for (const { name, value } of sent) {
      const text = value(scope);
      if (text === "") continue;
      lines.push(`${name}: ${text}`);
      // The authority follows the Host field.
      if (name === "host") target = target.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?]*/i, `$1${text}`);
    }
    if (state !== null) lines.push(`x-haproxy-server-state: ${state()}`);
    if (content !== "" || !withoutLength.has(method)) {
      lines.push(`content-length: ${content.length}`);
    }
    const wish = connection.map(({ value }) => value(scope)).join(", ").toLowerCase();
    if (persistent && (wish === "" || wish === "close")) lines.push("connection: close");
    else if (wish !== "" && wish !== (persistent ? "keep-alive" : "close")) {
      lines.push(`connection: ${wish}`);
    }
    const head = [`${method} ${target} ${version}`, ...lines, "", ""].join("\r\n");
    return bytesOf(head + content);
  };
  const name = bytesOf(method);
  return { method: methodOf(name, 0, name.length), bytes };
}

/** Fields that are written for themselves, or not at all. */
const apart: ReadonlySet<string> = new Set(["connection", "content-length", "transfer-encoding"]);

/** A version, and what may hide behind it: fields, and a body. */
function versionOf(text: string): {
  readonly version: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly body: string;
} {
  const [head = "", ...rest] = text.split(/\r?\n\r?\n/);
  const [version = "", ...lines] = head.split(/\r?\n/);
  const fields = lines.flatMap((line) => {
    const [, name, value = ""] = /^([^:\s]+)\s*:\s*(.*?)\s*$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name: name.toLowerCase(), value }];
  });
  // Of a higher version the message is written as one of HTTP/1.1.
  const higher = /^HTTP\/(\d)(?:\.(\d))?$/.exec(version);
  const isHigher = higher !== null && (Number(higher[1]) > 1 || Number(higher[2]) > 1);
  return { version: isHigher ? "HTTP/1.1" : version, fields, body: rest.join("\r\n\r\n") };
}
