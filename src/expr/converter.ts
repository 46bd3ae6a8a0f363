/** What a converter is (manual, chapter 7.3.1): one entry of the table in converters/all.ts. */
import type { ArgumentForm, Arguments } from "./arguments.ts";
import type { Context } from "./context.ts";
import type { References } from "./references.ts";
import type { Sample, SampleType } from "./sample.ts";

/**
 * Changes the sample, which is of the type that the converter takes, into one of the type that it
 * returns. What it makes goes into a scratch buffer (scratch.ts).
 * @returns false: there is no value any more
 */
export type ConvertValue = (sample: Sample, context: Context) => boolean;

/** A converter. */
export interface Converter {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly args?: readonly ArgumentForm[];
  /** What it takes: samples of other types are cast before. */
  readonly from: SampleType;
  /** What it returns; ANY: what came in, or it depends. */
  readonly to: SampleType;
  /** One line: what it makes of its input. */
  readonly doc: string;
  readonly chapter: string;
  /**
   * Makes the function, once for each expression of the configuration. @throws {ExpressionMistake}
   */
  create(args: Arguments, references: References): ConvertValue;
}
