/** Text from files and command lines, made fit for a terminal. */

/**
 * What must not reach a terminal as it is: the control characters C0 and C1, which move the cursor,
 * recolour or hide what was printed; those of Unicode that reorder text, break lines or cannot be
 * seen (UAX #9, UTR #36); and halves of surrogate pairs.
 */
export const unprintable =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu;

/** The text with what is not fit for a terminal as escapes, as in \x1b or \u202e; tabs stay. */
export function printable(text: string): string {
  return text.replace(unprintable, escape);
}

/** The same, and line feeds stay. */
export function printableLines(text: string): string {
  return text.replace(unprintable, (char) => char === "\n" ? char : escape(char));
}

/** The escape that stands for a character. */
function escape(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (char === "\t") return char;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}
