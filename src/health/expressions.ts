/**
 * What the rules of checks say in formats and expressions (manual, chapters 7 and 8.2.4). Working
 * those out is none of a check's business: it is given what does.
 */
import type { Response } from "./input.ts";
import type { VariableRule } from "./rules.ts";

/** What there is to know in a check. */
export interface CheckScope {
  /** What has come, since the last was sent. */
  readonly received: Uint8Array;
  /** The same as an HTTP response; null: it is none. */
  readonly response: Response | null;
  /** Whatever who works expressions out keeps for one check: its variables. */
  memory: unknown;
}

/** What works expressions out; all of it has been checked with the configuration. */
export interface CheckExpressions {
  /** Compiles a format. */
  format(text: string): (scope: CheckScope) => Uint8Array;
  /** Compiles an expression that gives an integer; null: it has no value. */
  integer(text: string): (scope: CheckScope) => number | null;
  /** Compiles the setting or taking away of a variable. */
  variable(rule: VariableRule): (scope: CheckScope) => void;
}

/** Works out what needs no working out: formats without variables, integers. */
export const constantExpressions: CheckExpressions = {
  format(text) {
    const bytes = encode(text.replaceAll("%%", "%"));
    return () => bytes;
  },
  integer(text) {
    const [, digits = ""] = /^int\((-?\d+)\)$/.exec(text) ?? [];
    return () => digits === "" ? null : Number(digits);
  },
  variable: () => () => {},
};

const encoder = new TextEncoder();

/** A text as it is sent. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text);
}
