/** Finds cookies in Cookie and Set-Cookie fields (RFC 6265, sections 4.1 and 4.2). */
import { COMMA, EQUALS, HTAB, isExactly, SEMICOLON, SP } from "./bytes.ts";

/** One cookie-pair of a field value; offsets into its bytes. */
export interface CookiePair {
  /** The pair without surrounding space. */
  start: number;
  end: number;
  nameEnd: number;
  valueStart: number;
  /** Where the delimiter before the pair stands, or the field value's start. */
  delimiter: number;
  /** Where to look for the next pair. */
  next: number;
}

/** A pair for {@linkcode nextPair} to fill. */
export function createPair(): CookiePair {
  return { start: 0, end: 0, nameEnd: 0, valueStart: 0, delimiter: 0, next: 0 };
}

const isSpace = (c: number | undefined): boolean => c === SP || c === HTAB;

/**
 * {@linkcode nextPair}'s other delimiter: none in Set-Cookie fields; in Cookie fields a comma,
 * since some clients and proxies make one field of two so (RFC 9110, section 5.2).
 */
export const OF_SET_COOKIE = SEMICOLON;
export const OF_COOKIE = COMMA;

/**
 * Reads the pair that begins at or after `from` of a field value ending at `to`.
 * @param other a delimiter beside the semicolon: {@linkcode OF_COOKIE}, {@linkcode OF_SET_COOKIE}
 * @returns false if there is none
 */
export function nextPair(
  pair: CookiePair,
  bytes: Uint8Array,
  from: number,
  to: number,
  other: number,
): boolean {
  let i = from;
  pair.delimiter = from;
  while (i < to && (isSpace(bytes[i]) || bytes[i] === SEMICOLON || bytes[i] === other)) {
    if (!isSpace(bytes[i])) pair.delimiter = i;
    i++;
  }
  if (i >= to) return false;
  pair.start = i;
  pair.nameEnd = -1;
  while (i < to && bytes[i] !== SEMICOLON && bytes[i] !== other) {
    if (pair.nameEnd < 0 && bytes[i] === EQUALS) {
      pair.nameEnd = i;
      pair.valueStart = i + 1;
    }
    i++;
  }
  pair.next = i;
  while (isSpace(bytes[i - 1])) i--;
  pair.end = i;
  if (pair.nameEnd < 0) pair.nameEnd = pair.valueStart = i;
  while (pair.nameEnd > pair.start && isSpace(bytes[pair.nameEnd - 1])) pair.nameEnd--;
  while (pair.valueStart < pair.end && isSpace(bytes[pair.valueStart])) pair.valueStart++;
  return true;
}

/** Whether the pair is a cookie of that name (names are case-sensitive). */
export function isNamed(pair: CookiePair, bytes: Uint8Array, name: Uint8Array): boolean {
  return pair.valueStart > pair.nameEnd && isExactly(bytes, pair.start, pair.nameEnd, name);
}
