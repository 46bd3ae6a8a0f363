/** The lists of rules of a proxy. */

/** The lists of rules that a proxy has, as their keywords are called. */
export const rulesets = [
  "tcp-request connection",
  "tcp-request session",
  "tcp-request content",
  "tcp-response content",
  "http-request",
  "http-response",
  "http-after-response",
] as const;
/** A name of {@linkcode rulesets}. */
export type Ruleset = typeof rulesets[number];
