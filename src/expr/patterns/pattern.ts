/**
 * Patterns and how samples are compared with them (manual, chapters 7.1.1 to 7.1.6). A list of patterns
 * is an index, so that a hundred thousand cost no more per request than ten.
 */
import type { Sample, SampleType } from "../sample.ts";

/** Ways to compare (manual: "-m"). */
export const matchMethods = [
  "found",
  "bool",
  "int",
  "ip",
  "bin",
  "len",
  "str",
  "beg",
  "sub",
  "dir",
  "dom",
  "end",
  "reg",
] as const;
/** A name of {@linkcode matchMethods}. */
export type MatchMethod = typeof matchMethods[number];

/** What is wrong with a pattern: words for people. */
export class PatternMistake extends Error {
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** A list of patterns of one way to compare. */
export interface PatternIndex {
  /**
   * Adds a pattern, behind those that there are.
   * @param id what {@linkcode PatternIndex.find} returns where it matches; 0 or more
   * @throws {PatternMistake} if the text is no pattern of this kind
   */
  add(text: string, id: number): void;
  /** Takes a pattern of this id out again. */
  remove(text: string, id: number): void;
  /**
   * The id of a pattern that matches; -1: none does. Where several match it is the one that HAProxy
   * finds: the longest for "beg", "end" and networks that are looked up in a tree, else the first.
   * The sample is of the method's type (methods.ts).
   */
  find(sample: Sample): number;
}

/** A way to compare: its entry in the table of methods.ts. */
export interface Method {
  readonly name: MatchMethod;
  /** What it compares: samples of other types are cast before; ANY: whatever there is. */
  readonly takes: SampleType;
  /** It has no patterns: "found", "bool" without any. */
  readonly bare?: true;
  readonly doc: string;
  /** An empty list. @param ignoreCase "-i" */
  create(ignoreCase: boolean): PatternIndex;
}
