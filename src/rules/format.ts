/**
 * Format strings of rules (manual, chapter 8.2.6): the language of the log format, written into bytes.
 * Other than in a log line spaces remain as they are, what is missing is empty, and control characters
 * are written as %XX, so that no value can end a field.
 */
import { ByteBuffer } from "../bytes/byte-buffer.ts";
import { bytesOf } from "../bytes/bytes.ts";
import { castTo } from "../expr/cast.ts";
import { ExpressionMistake } from "../expr/arguments.ts";
import { compileExpression } from "../expr/expression.ts";
import type { References } from "../expr/references.ts";
import { Sample, STR } from "../expr/sample.ts";
import { WordMistake } from "../expr/words.ts";
import { utcDates } from "../log/date.ts";
import { parseFormat } from "../log/format/parse.ts";
import type { FormatEnvironment } from "../log/format/variable.ts";
import type { RuleStream } from "./stream.ts";

/** A format string, compiled. */
export interface Format {
  /** Without variables: what it always is; else null. */
  readonly constant: Uint8Array | null;
  /** Appends what it is now. */
  write(stream: RuleStream, target: ByteBuffer): void;
}

type Piece = (stream: RuleStream, target: ByteBuffer) => void;

const sample = new Sample();
const hexDigits = "0123456789ABCDEF";

/** Appends bytes[from, to), control characters as %XX (as HAProxy does in fields). */
function appendEncoded(target: ByteBuffer, bytes: Uint8Array, from: number, to: number): void {
  let start = from;
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    if (c >= 32 && c !== 127 || c === 9) continue;
    target.append(bytes, start, i);
    target.append(bytesOf(`%${hexDigits[c >> 4]}${hexDigits[c & 15]}`), 0, 3);
    start = i + 1;
  }
  target.append(bytes, start, to);
}

/**
 * Compiles a format string of a rule.
 * @param available what there is where it stands: see expr/needs.ts
 * @param word the number of its word, for mistakes
 * @param mergeSpaces several spaces are one, as in a line of the log
 * @throws {WordMistake}
 */
export function compileFormat(
  text: string,
  available: number,
  references: References,
  word: number,
  mergeSpaces = false,
): Format {
  if (!text.includes("%")) return constant(bytesOf(text));
  const parsed = parseFormat(text, { keepSpaces: !mergeSpaces });
  if ("fault" in parsed) {
    throw new WordMistake(parsed.fault.message, word, parsed.fault.hint ?? undefined);
  }
  for (const { message, hint } of parsed.warnings) {
    references.warn(message, hint ?? undefined, word);
  }
  const environment: FormatEnvironment = {
    pid: references.pid,
    hostname: references.hostname,
    dates: utcDates,
  };
  const pieces: Piece[] = [];
  let literal = "";
  const flush = () => {
    if (literal === "") return;
    const bytes = bytesOf(literal);
    pieces.push((_stream, target) => target.append(bytes, 0, bytes.length));
    literal = "";
  };
  for (const part of parsed.parts) {
    if (part.kind === "text") literal += part.text;
    else if (part.kind === "space") {
      // As in HAProxy, none at the beginning, where they are merged.
      if (!mergeSpaces || literal !== "" || pieces.length > 0) literal += " ";
    } else if (part.kind === "sample") {
      flush();
      pieces.push(ofExpression(part.expression, available, references, word));
    } else {
      flush();
      const write = part.variable.make(part.flags, "", environment);
      pieces.push((stream, target) => {
        const written = write(stream.logRecord());
        // What the log writes for nothing is nothing here.
        if (written === "-") return;
        const bytes = bytesOf(written);
        appendEncoded(target, bytes, 0, bytes.length);
      });
    }
  }
  if (pieces.length === 0) return constant(bytesOf(literal));
  flush();
  const [only] = pieces;
  if (pieces.length === 1) return { constant: null, write: only! };
  return {
    constant: null,
    write(stream, target) {
      for (let i = 0; i < pieces.length; i++) pieces[i]!(stream, target);
    },
  };
}

function constant(bytes: Uint8Array): Format {
  return { constant: bytes, write: (_stream, target) => target.append(bytes, 0, bytes.length) };
}

function ofExpression(
  text: string,
  available: number,
  references: References,
  word: number,
): Piece {
  try {
    const { evaluate } = compileExpression(text, available, references);
    return (stream, target) => {
      sample.begin();
      if (!evaluate(stream, sample)) return;
      if (!castTo(sample, STR)) return;
      appendEncoded(target, sample.bytes, sample.from, sample.to);
    };
  } catch (error) {
    if (!(error instanceof ExpressionMistake)) throw error;
    throw new WordMistake(`in '%[${text}]': ${error.message}`, word, error.hint);
  }
}
