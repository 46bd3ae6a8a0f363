/** Fetches of the process's own state (manual, chapter 7.3.2). */
import type { Fetch } from "../fetch.ts";
import { NEEDS_NOTHING } from "../needs.ts";
import { BOOL } from "../sample.ts";

const chapter = "7.3.2";

/** {@linkcode Fetch}es of this family. */
export const internalFetches: readonly Fetch[] = [
  {
    name: "always_false",
    type: BOOL,
    needs: NEEDS_NOTHING,
    doc: "Always false: it switches a rule off.",
    chapter,
    create: () => (_context, sample) => sample.setBool(false),
  },
  {
    name: "always_true",
    type: BOOL,
    needs: NEEDS_NOTHING,
    doc: "Always true.",
    chapter,
    create: () => (_context, sample) => sample.setBool(true),
  },
];
