/** What a sample fetch is (manual, chapter 7.3): one entry of the table in fetches/all.ts. */
import type { ArgumentForm, Arguments } from "./arguments.ts";
import type { Context } from "./context.ts";
import type { References } from "./references.ts";
import type { Sample, SampleType } from "./sample.ts";

/**
 * Takes a value out of the context into the sample. Nothing is made on the way: it runs for each
 * request. It may be called again for more values: {@linkcode Sample.more}.
 * @returns whether there is one
 */
export type FetchValue = (context: Context, sample: Sample) => boolean;

/** A sample fetch. */
export interface Fetch {
  /** As the newest manual calls it. */
  readonly name: string;
  /** Older names of the very same thing: "req_ver" of "req.ver". */
  readonly aliases?: readonly string[];
  readonly args?: readonly ArgumentForm[];
  /** Of its values; ANY or ADDR where that depends. */
  readonly type: SampleType;
  /** What must be there: bits of needs.ts. */
  readonly needs: number;
  /** One line: what it returns. */
  readonly doc: string;
  /** The chapter of HAProxy's configuration manual (2.6, or the newest for what is newer). */
  readonly chapter: string;
  /**
   * ACL keywords are made of it (manual, "ACL derivatives"): its name or alias with _beg, _dir, _dom,
   * _end, _len, _reg, _sub.
   */
  readonly derives?: true;
  /** Rewrites a pattern of an ACL that compares it, where no "-m" says how. @throws {PatternMistake} */
  pattern?(text: string): string;
  /**
   * Makes the function, once for each expression of the configuration. @throws {ExpressionMistake}
   */
  create(args: Arguments, references: References): FetchValue;
}
