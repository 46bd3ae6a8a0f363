/** How log lines are kept free of characters that a reader could take for something else. */

function escapeTable(...special: string[]): readonly (string | null)[] {
  return Array.from({ length: 256 }, (_, c) => {
    const escaped = c < 32 || c > 126 || special.includes(String.fromCharCode(c));
    return escaped ? "#" + c.toString(16).toUpperCase().padStart(2, "0") : null;
  });
}

/** Which characters are written as `#` and two hexadecimal digits. */
export type Escapes = readonly (string | null)[];

/** In request lines: `"`, `#` and what is not printable ASCII (manual, chapter 8.6). */
const lineEscapes: Escapes = escapeTable('"', "#");
/** In captured headers also what stands around them. */
export const headerEscapes: Escapes = escapeTable('"', "#", "{", "|", "}");
/** In cookies, which HAProxy logs as they are: only what could forge or hide a line. */
export const controlEscapes: Escapes = escapeTable();

/**
 * Escapes the characters that the table names.
 * @param text one character a byte; of greater ones only the low byte is kept
 */
export function escapeBy(escapes: Escapes, text: string): string {
  const length = text.length;
  let from = 0;
  let escaped = "";
  for (let i = 0; i < length; i++) {
    const escape = escapes[text.charCodeAt(i) & 255];
    if (escape !== null) {
      escaped += text.slice(from, i) + escape;
      from = i + 1;
    }
  }
  return from === 0 ? text : escaped + text.slice(from);
}

/** {@linkcode escapeBy} for request lines: the loop that runs once a request looks nothing up. */
export function escapeLine(text: string): string {
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c > 126 || c < 32 || c === 34 || c === 35) return escapeBy(lineEscapes, text);
  }
  return text;
}

/** Flag `E`: a backslash before `"`, `\` and `]` (RFC 5424, section 6.3.3). */
export function escapeStructured(text: string): string {
  return text.replace(/["\\\]]/g, "\\$&");
}
