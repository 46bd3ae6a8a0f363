/** What a replacement stands for when a regular expression has matched (manual, "replace-header"). */
import type { ByteBuffer } from "../bytes/byte-buffer.ts";
import type { Words } from "../expr/words.ts";
import { PatternMistake } from "../expr/patterns/pattern.ts";
import { compileRegex, type Regex } from "../expr/patterns/regex/regex.ts";
import type { References } from "../expr/references.ts";

const BACKSLASH = 92;
const X = 120;

/** Reads a regular expression. @throws {WordMistake} */
export function takeRegex(words: Words, { warn }: References): Regex {
  const text = words.take("a regular expression");
  try {
    const regex = compileRegex(text, false);
    if (regex.warning !== null) warn(regex.warning, undefined, words.at - 1);
    return regex;
  } catch (error) {
    if (error instanceof PatternMistake) throw words.mistake(error.message, error.hint);
    throw error;
  }
}

const hexOf = (c: number): number =>
  c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;

/**
 * Appends the replacement: text[0, length), in which \0 to \9 stand for what the groups have matched,
 * \xHH for a byte, and a backslash for what follows it.
 * @param groups of {@linkcode Regex.exec}, in `bytes`
 */
export function substitute(
  text: Uint8Array,
  length: number,
  groups: Int32Array,
  bytes: Uint8Array,
  target: ByteBuffer,
): void {
  for (let i = 0; i < length; i++) {
    if (text[i] !== BACKSLASH || i + 1 >= length) {
      target.append(text, i, i + 1);
      continue;
    }
    const c = text[++i]!;
    if (c >= 48 && c <= 57) {
      const from = groups[2 * (c - 48)] ?? -1;
      if (from >= 0) target.append(bytes, from, groups[2 * (c - 48) + 1]!);
    } else if (c === X && hexOf(text[i + 1] ?? 0) >= 0 && hexOf(text[i + 2] ?? 0) >= 0) {
      const byte = hexOf(text[i + 1]!) * 16 + hexOf(text[i + 2]!);
      target.append(Uint8Array.of(byte), 0, 1);
      i += 2;
    } else target.append(text, i, i + 1);
  }
}
