/**
 * Keywords that are read and do not act yet, because a configuration works without them: a response
 * that is not compressed, or not kept, is the same response. A warning says so for each line.
 */
import { choice } from "../haproxy/arguments.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import type { Keyword } from "./keyword.ts";

const uncompressed = "sluice does not compress yet: responses pass as servers send them";
const uncached = "sluice keeps no responses yet: every request goes to a server";

function warn(args: Arguments, what: string, why: string): void {
  args.report.warning(args.here(), `'${what}' has no effect: ${why}`);
}

function skip(args: Arguments): void {
  while (args.next() !== undefined);
}

/** Filters that a message may do without. */
const filters: Readonly<Record<string, string>> = {
  compression: uncompressed,
  "comp-req": uncompressed,
  "comp-res": uncompressed,
  cache: uncached,
  trace: "it is for debugging HAProxy itself",
};

function compression(second: string, usage: string, example: string): Keyword<unknown> {
  const name = `compression ${second}`;
  return {
    name,
    usage,
    example,
    doc: `Has no effect yet: ${uncompressed}.`,
    chapter: "4.2",
    read(_target, args) {
      warn(args, name, uncompressed);
      skip(args);
    },
  };
}

/** Of proxies. */
export const proxyNotYet: readonly Keyword<unknown>[] = [
  compression("algo", "<algorithm> ...", "gzip"),
  compression("algo-req", "<algorithm>", "gzip"),
  compression("algo-res", "<algorithm> ...", "gzip"),
  compression("type", "<mime type> ...", "text/html"),
  compression("type-req", "<mime type> ...", "text/html"),
  compression("type-res", "<mime type> ...", "text/html"),
  compression("minsize-req", "<size>", "1k"),
  compression("minsize-res", "<size>", "1k"),
  compression("direction", "request|response|both", "response"),
  compression("offload", "", ""),
  {
    name: "filter",
    usage: `${Object.keys(filters).join("|")} [<parameter> ...]`,
    example: "compression",
    doc: "Has no effect yet: messages pass without filters.",
    chapter: "9.2",
    read(_target, args) {
      const name = choice(args, "a filter", Object.keys(filters), [
        "spoe",
        "bwlim-in",
        "bwlim-out",
        "fcgi-app",
        "opentracing",
        "otel",
      ]);
      warn(args, `filter ${name}`, filters[name]!);
      skip(args);
    },
  },
];
