/** Rules by which clients stick to servers (manual, chapter 4.2: "stick on" and its kin). */
import type { StickRule as StickLine } from "../config/model.ts";
import type { Expression } from "../expr/expression.ts";
import { Sample, typeNames } from "../expr/sample.ts";
import { canBeKey, setKeySample } from "../expr/table-key.ts";
import { type Test, YES } from "../expr/test.ts";
import { Words } from "../expr/words.ts";
import type { Table } from "../stick-table/table.ts";
import type { RuleKit } from "./action.ts";
import { takeTable } from "./actions/counters.ts";
import { compileRest } from "./ruleset.ts";
import type { RuleStream } from "./stream.ts";

/** See above. */
export interface StickRule {
  readonly matches: boolean;
  readonly stores: boolean;
  readonly table: Table;
  /** Sets the key that the table looks for. @returns false: the rule does not apply, or has no key */
  setKey(stream: RuleStream): boolean;
}

/** The rules of a backend. */
export interface StickRules {
  readonly request: readonly StickRule[];
  readonly response: readonly StickRule[];
}

const sample = new Sample();

/** Compiles a rule. @throws {WordMistake} */
export function compileStickRule({ kind, words: all }: StickLine, kit: RuleKit): StickRule {
  const words = new Words(all);
  const expression = kit.expression(words, words.take("an expression"));
  const table = takeTable(words, kit);
  if (!canBeKey(table, expression.type)) {
    words.at = 1;
    const message = `'${expression.text}' is of type ${typeNames[expression.type]}`;
    throw words.mistake(`${message}: no key of the table '${table.name}'`);
  }
  const test = compileRest(words, kit, `stick ${kind} <expression> [table <table>]`);
  return {
    matches: kind === "on" || kind === "match",
    stores: kind !== "match",
    table,
    setKey: keySetter(expression, table, test),
  };
}

function keySetter(
  expression: Expression,
  table: Table,
  test: Test | null,
): StickRule["setKey"] {
  return (stream) => {
    if (test !== null && test(stream) !== YES) return false;
    sample.begin();
    return expression.evaluate(stream, sample) && setKeySample(table, sample);
  };
}
