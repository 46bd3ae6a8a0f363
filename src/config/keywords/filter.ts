/** The keyword `filter` of proxies (manual, chapter 9). Compression and caches act without, as well. */
import * as v from "valibot";
import { choice } from "../haproxy/arguments.ts";
import { define } from "./keyword.ts";
import { readWords } from "./rules.ts";

const names = [
  ...["compression", "comp-req", "comp-res", "cache", "trace"] as const,
  ...["spoe", "bwlim-in", "bwlim-out", "opentracing", "otel"] as const,
];
const foreign = ["fcgi-app"];

/** Filters that do nothing, and why. */
const withoutEffect: Readonly<Record<string, string>> = {
  trace: "it is for debugging HAProxy itself",
  spoe: "sluice asks no agents of SPOE: it goes on as if none had answered",
  "bwlim-in": "sluice limits no bandwidth",
  "bwlim-out": "sluice limits no bandwidth",
  opentracing: "sluice traces nothing by OpenTracing",
  otel: "sluice traces nothing by OpenTelemetry",
};

/** A filter, and the words behind its name. */
export const Filter = v.strictObject({
  name: v.picklist(names),
  words: v.array(v.string()),
});
/** {@linkcode Filter} */
export type Filter = v.InferOutput<typeof Filter>;

const chapter = "9.2";
const doc = "Names a filter, and its place among others: messages pass through them in this order.";

/** The setting of a proxy. */
export const filterSetting = {
  filter: define({
    doc,
    chapter,
    defaults: false,
    schema: v.optional(v.array(Filter), []),
    forms: [{
      name: "filter",
      usage: "<name> [<parameter> ...]",
      example: "compression",
      doc,
      read(args, before: Filter[], mark) {
        const name = choice(args, "a filter", names, foreign);
        const why = withoutEffect[name];
        if (why !== undefined) {
          args.report.warning(args.here(), `'filter ${name}' has no effect: ${why}`);
        }
        const filter: Filter = { name, words: name === "cache" ? [args.word("a cache").text] : [] };
        args.mark(filter);
        if (why !== undefined) readWords(args, filter, filter.words);
        mark();
        return [...before, filter];
      },
    }],
    print: (filters: readonly Filter[]) =>
      filters.map(({ name, words }) => ["filter", name, ...words]),
  }),
};
