/** Lines of pattern files (manual, chapter 7.1: "-f") and of maps ("map"). */

/** What a line says, and which one it is, from 1. */
export interface PatternLine {
  readonly key: string;
  /** Of a map. */
  readonly value: string | null;
  readonly line: number;
}

/**
 * Calls back with each line of `text` that has something: not with empty ones, nor with those that begin
 * with "#". Spaces and tabs before it do not count; a line ends with LF, or at a CR or NUL.
 * @param pairs a map: a word, and behind spaces its value, without the spaces behind that
 */
export function eachPatternLine(
  text: string,
  pairs: boolean,
  line: (found: PatternLine) => void,
): void {
  let number = 0;
  for (let start = 0; start < text.length;) {
    const end = text.indexOf("\n", start);
    const next = end < 0 ? text.length : end;
    number++;
    const content = text.charCodeAt(start) === hash ? "" : contentOf(text, start, next);
    start = next + 1;
    if (content === "") continue;
    if (!pairs) {
      line({ key: content, value: null, line: number });
      continue;
    }
    const space = content.search(/[ \t]/);
    const key = space < 0 ? content : content.slice(0, space);
    const value = space < 0 ? "" : content.slice(space).replace(/^[ \t]+|[ \t]+$/g, "");
    line({ key, value, line: number });
  }
}

const hash = 35;

function contentOf(text: string, start: number, end: number): string {
  let from = start;
  while (from < end && (text[from] === " " || text[from] === "\t")) from++;
  let to = from;
  while (to < end && text[to] !== "\r" && text[to] !== "\0") to++;
  return text.slice(from, to);
}
