/** What becomes of a stream after a rule. */

/** The next rule follows. */
export const CONTINUE = 0;
/** No rule of this list follows, and the stream goes on: "allow", "accept". */
export const STOP = 1;
/** The rule is not done: it is called again, when more has come or as it has arranged. */
export const WAIT = 2;
/** The rule has answered or ended the stream. */
export const END = 3;

/** One of the numbers above. */
export type Verdict = typeof CONTINUE | typeof STOP | typeof WAIT | typeof END;
