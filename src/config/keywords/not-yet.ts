/**
 * Keywords that are read and do not act yet, because a configuration works without them: a response
 * that is not kept is the same response. A warning says so for each line.
 */
import { choice } from "../haproxy/arguments.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Keyword } from "./keyword.ts";

const uncached = "sluice keeps no responses yet: every request goes to a server";

function warn(args: Arguments, what: string, why: string): void {
  args.report.warning(args.here(), `'${what}' has no effect: ${why}`);
}

function skip(args: Arguments): void {
  while (args.next() !== undefined);
}

/** Filters, and why they have no effect; null: they have, wherever they stand. */
const filters: Readonly<Record<string, string | null>> = {
  compression: null,
  "comp-req": null,
  "comp-res": null,
  cache: uncached,
  trace: "it is for debugging HAProxy itself",
  spoe: "sluice asks no agents of SPOE: it goes on as if none had answered",
  "bwlim-in": "sluice limits no bandwidth",
  "bwlim-out": "sluice limits no bandwidth",
  opentracing: "sluice traces nothing by OpenTracing",
  otel: "sluice traces nothing by OpenTelemetry",
};

/** Of proxies. */
export const proxyNotYet: readonly Keyword<unknown>[] = [
  {
    name: "filter",
    usage: `${Object.keys(filters).join("|")} [<parameter> ...]`,
    example: "compression",
    doc: "Names a filter: compression acts without, others have no effect yet.",
    chapter: "9.2",
    read(_target, args) {
      const name = choice(args, "a filter", Object.keys(filters), [
        "fcgi-app",
      ]);
      const why = filters[name] ?? null;
      if (why !== null) warn(args, `filter ${name}`, why);
      skip(args);
    },
  },
];
