/** Bytes as text: HTTP/1 heads are ASCII with opaque bytes above, so latin1 maps them one to one. */

export const HTAB = 9;
export const LF = 10;
export const CR = 13;
export const SP = 32;
export const QUOTE = 34;
export const DOLLAR = 36;
export const COMMA = 44;
export const DOT = 46;
export const COLON = 58;
export const SEMICOLON = 59;
export const EQUALS = 61;
export const BACKSLASH = 92;

/** The bytes of an ASCII or latin1 string. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** bytes[from, to) as a string of the same length, one character a byte. */
export function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  if (to - from <= 64) {
    for (let i = from; i < to; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }
  // A call takes only so many arguments.
  for (let i = from; i < to; i += 4096) {
    const piece: ArrayLike<number> = bytes.subarray(i, Math.min(i + 4096, to));
    text += String.fromCharCode.apply(null, piece as number[]);
  }
  return text;
}

/** Whether bytes[from, to) is `lower` (given in lower case) without regard to ASCII case. */
export function isWord(bytes: Uint8Array, from: number, to: number, lower: Uint8Array): boolean {
  if (to - from !== lower.length) return false;
  for (let i = 0; i < lower.length; i++) {
    let c = bytes[from + i]!;
    if (c >= 65 && c <= 90) c |= 32;
    if (c !== lower[i]) return false;
  }
  return true;
}

/** Whether bytes[from, to) is exactly `word`. */
export function isExactly(bytes: Uint8Array, from: number, to: number, word: Uint8Array): boolean {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
  return true;
}

/**
 * Copies bytes[from, to) to `target` at `at`. Short pieces go byte by byte: making a view to call
 * set() on costs more than they do.
 * @returns where the copy ends
 */
export function copy(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  const length = to - from;
  if (length <= 96) {
    for (let i = from, next = at; i < to; i++) target[next++] = bytes[i]!;
  } else {
    target.set(bytes.subarray(from, to), at);
  }
  return at + length;
}

/** Builds a table of 256 flags: 1 for each character of `characters` and of the `ranges`. */
export function characterClass(characters: string, ...ranges: [number, number][]): Uint8Array {
  const table = new Uint8Array(256);
  for (const c of bytesOf(characters)) table[c] = 1;
  for (const [low, high] of ranges) table.fill(1, low, high + 1);
  return table;
}

const alphanumeric: [number, number][] = [[48, 57], [65, 90], [97, 122]];

/** tchar: RFC 9110, section 5.6.2. */
export const tokenCharacter = characterClass("!#$%&'*+-.^_`|~", ...alphanumeric);

/**
 * What a field value may hold: field-vchar, SP and HTAB (RFC 9110, section 5.5). The other controls
 * are refused: what follows them is read in different ways.
 */
export const valueCharacter = characterClass("\t", [32, 126], [128, 255]);

/** VCHAR but "#": a request target has no fragment (RFC 9112, section 3.2). */
export const targetCharacter = characterClass("", [33, 34], [36, 126]);
