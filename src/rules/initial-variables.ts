/** Variables of the process that have a value from the start (manual, chapter 3.1, "set-var"). */
import type { InitialVariable } from "../config/model.ts";
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { ExpressionMistake } from "../expr/arguments.ts";
import { compileCondition } from "../expr/condition.ts";
import { compileExpression } from "../expr/expression.ts";
import { phases } from "../expr/needs.ts";
import type { References } from "../expr/references.ts";
import { Sample, STR } from "../expr/sample.ts";
import { YES } from "../expr/test.ts";
import { parseVariableName, processVariables } from "../expr/variables.ts";
import { Words } from "../expr/words.ts";
import { blankRecord, type LogRecord } from "../log/record.ts";
import type { Clock } from "../time/clock.ts";
import { compileFormat } from "./format.ts";
import type { RuleStream } from "./stream.ts";

/** There is no session: so variables of the log show it, in HAProxy as well. */
const record: LogRecord = { ...blankRecord };

/** Works one out and keeps it, in this thread. */
export type SetVariable = (clock: Clock) => void;

/**
 * Compiles one.
 * @param references without a proxy
 * @throws {WordMistake} about its words, as the model has them
 */
export function compileInitialVariable(
  { name, format, words: given }: InitialVariable,
  references: References,
): SetVariable {
  const words = new Words(given);
  const available = phases["no traffic"];
  const { slot } = parseVariableName(name)!;
  const sample = new Sample();
  const text = new ByteBuffer(64);
  const word = words.take(format ? "a format" : "an expression");
  const evaluate = format
    ? ofFormat(compileFormat(word, available, references, 0), text)
    : ofExpression(word, available, references, words);
  const next = words.peek();
  if (next !== undefined && next !== "if" && next !== "unless") {
    words.next();
    throw words.mistake(`unexpected word '${next}'`, "usage: <value> [if|unless <condition>]");
  }
  const test = next === undefined
    ? null
    : compileCondition(words, new Map(), available, references).test;
  return (clock) => {
    record.acceptDate = clock.wall();
    const stream = {
      clock,
      final: true,
      acceptedAt: record.acceptDate,
      variables: () => processVariables,
      proxy: () => null,
      logRecord: () => record,
    } satisfies Partial<RuleStream> as unknown as RuleStream;
    if (test !== null && test(stream) !== YES) return;
    sample.begin();
    if (evaluate(stream, sample)) processVariables.set(slot, sample);
  };
}

function ofFormat(format: ReturnType<typeof compileFormat>, text: ByteBuffer) {
  return (stream: RuleStream, sample: Sample): boolean => {
    text.clear();
    format.write(stream, text);
    sample.setBytes(STR, text.bytes, 0, text.length);
    return true;
  };
}

function ofExpression(word: string, available: number, references: References, words: Words) {
  try {
    return compileExpression(word, available, references).evaluate;
  } catch (error) {
    if (!(error instanceof ExpressionMistake)) throw error;
    throw words.mistake(error.message, error.hint);
  }
}
