/** The section `cache` (manual, chapter 6). */
import * as v from "valibot";
import type { Report } from "../diagnostic.ts";
import type { Locator } from "../places.ts";
import { namedSchema, namedSection } from "./section.ts";
import { nullable, setting } from "./keyword.ts";
import { choice, integer } from "./values.ts";

const chapter = "6.2";
const onOff = choice("on or off", ["off", "on"]);

const cacheSettings = {
  totalMaxSize: nullable("total-max-size", integer({ min: 1, max: 4095, usage: "<megabytes>" }), {
    doc: "What the cache takes at most, in MiB.",
    chapter,
  }),
  maxObjectSize: nullable("max-object-size", integer({ min: 1, usage: "<bytes>" }), {
    doc: "The largest response that is kept, bytes.",
    chapter,
  }),
  maxAge: nullable("max-age", integer({ min: 1, usage: "<seconds>" }), {
    doc: "How long a response is kept at most, seconds.",
    chapter,
  }),
  processVary: setting("process-vary", onOff, "off", {
    doc: "Whether responses that vary are kept.",
    chapter,
  }),
  maxSecondaryEntries: nullable("max-secondary-entries", integer({ min: 1 }), {
    doc: "How many variants of a response are kept at most.",
    chapter,
  }),
};

/** A cache. */
export const Cache = namedSchema(cacheSettings);
/** {@linkcode Cache} */
export type Cache = v.InferOutput<typeof Cache>;

function checkCache(cache: Cache, locator: Locator, report: Report): void {
  const { name, totalMaxSize, maxObjectSize } = cache;
  if (totalMaxSize === null) {
    const hint = "as in 'total-max-size 64', in MiB";
    return report.error(locator.place(cache), `cache '${name}' has no size`, hint);
  }
  const most = totalMaxSize * 2 ** 19;
  if (maxObjectSize === null || maxObjectSize <= most) return;
  report.error(
    locator.place(cache, "maxObjectSize"),
    `cache '${name}': 'max-object-size' is more than half of 'total-max-size'`,
    `at most ${most}`,
  );
}

/** The kind of section. */
export const cacheSection = namedSection({
  keyword: "cache",
  doc: "A cache of responses, in memory that all threads share.",
  chapter: "6.2",
  path: "caches",
  schema: Cache,
  settings: cacheSettings,
  check: checkCache,
});
