/** Tests with three results: more input may make what is not yet true or false one or the other. */
import type { Context } from "./context.ts";

export const NO = 0;
/** Not known before more has come. */
export const MAYBE = 1;
export const YES = 3;

/** What a test finds: NO, MAYBE or YES. The numbers make `&` and `|` what "and" and "or" are. */
export type Outcome = typeof NO | typeof MAYBE | typeof YES;

/** Tests something in the context. */
export type Test = (context: Context) => Outcome;

/** The opposite. */
export function not(outcome: Outcome): Outcome {
  return outcome === MAYBE ? MAYBE : outcome === YES ? NO : YES;
}
