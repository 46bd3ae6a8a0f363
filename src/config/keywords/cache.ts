/** The section `cache` (manual, chapter 6): it is read, and nothing is kept yet (not-yet.ts). */
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

/** The kind of section. */
export const cacheSection = namedSection({
  keyword: "cache",
  doc: "A cache of responses: it is read, and nothing is kept yet.",
  chapter: "6.2",
  path: "caches",
  schema: namedSchema(cacheSettings),
  settings: cacheSettings,
});
