/** Expressions in formats of the log (manual, chapter 8.2.6). */
import type { Proxy } from "../config/model.ts";
import { ExpressionMistake } from "../expr/arguments.ts";
import { castTo, sampleText } from "../expr/cast.ts";
import type { Context } from "../expr/context.ts";
import { compileExpression } from "../expr/expression.ts";
import { needsText, phases } from "../expr/needs.ts";
import type { References } from "../expr/references.ts";
import { Sample, STR } from "../expr/sample.ts";
import type { ReadSample } from "../log/format/compile.ts";
import { parseFormat } from "../log/format/parse.ts";
import { isStandardFormat } from "../log/format/standard.ts";

const sample = new Sample();

/** What stands for an expression in a line. @throws {ExpressionMistake} */
export function logSample(text: string, references: References): ReadSample {
  const { evaluate } = compileExpression(text, ~0, references);
  return ({ context }) => {
    if (context === null || context === undefined) return null;
    sample.begin();
    if (!evaluate(context as Context, sample) || !castTo(sample, STR)) return null;
    return sampleText(sample);
  };
}

/** Checks the expressions of a proxy's format. */
export function checkLogFormats(
  { logFormat, logFormatSd }: Proxy,
  references: References,
  onMistake: OnFormatMistake,
): void {
  for (const [key, text] of Object.entries({ logFormat, logFormatSd })) {
    if (text === null || isStandardFormat(text)) continue;
    checkFormat(text, references, (message, hint) => onMistake(key, message, hint));
  }
}

/** Called with what is wrong. @param key the property of the proxy that has the format */
type OnFormatMistake = (key: string, message: string, hint?: string) => void;

function checkFormat(
  text: string,
  references: References,
  onMistake: (message: string, hint?: string) => void,
): void {
  const parsed = parseFormat(text);
  if ("fault" in parsed) return;
  for (const part of parsed.parts) {
    if (part.kind !== "sample") continue;
    try {
      const { needs } = compileExpression(part.expression, ~0, references);
      const missing = needs & ~phases.log;
      if (missing === 0) continue;
      references.warn(
        `'%[${part.expression}]' needs ${needsText(missing)}, which is gone when a line is written`,
        "a capture, or a variable that a rule sets",
      );
    } catch (error) {
      if (!(error instanceof ExpressionMistake)) throw error;
      const column = part.column + error.at + 2;
      onMistake(`in the log format, column ${column}: ${error.message}`, error.hint);
    }
  }
}
