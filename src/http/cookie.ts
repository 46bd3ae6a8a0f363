/**
 * Finds cookies in Cookie and Set-Cookie fields (RFC 6265, sections 4.1 and 4.2), as HAProxy does:
 * with delimiters in quoted values, and the attributes of the older cookies of RFC 2965.
 */
import {
  BACKSLASH,
  COMMA,
  DOLLAR,
  EQUALS,
  HTAB,
  isExactly,
  QUOTE,
  SEMICOLON,
  SP,
} from "../bytes/bytes.ts";

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
 * Reads the pair that begins at or after `from` of a field value ending at `to`. Attributes of the
 * Cookie field, whose names begin with "$", are no pairs: they go with the pair before them, and
 * those before the first, with none.
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
  pair.next = from;
  do if (!nextElement(pair, bytes, pair.next, to, other)) return false; while (
    isAttribute(bytes[pair.start], other)
  );
  const { next } = pair;
  if (next < to) pair.next = afterAttributes(bytes, next, to, other);
  return true;
}

/** Whether an element that begins with `c` is about the Cookie field, or about a pair in it. */
const isAttribute = (c: number | undefined, other: number): boolean =>
  c === DOLLAR && other === OF_COOKIE;

/** Where the attributes end that follow a pair that ends at `from`. */
function afterAttributes(bytes: Uint8Array, from: number, to: number, other: number): number {
  let end = from;
  for (;;) {
    let i = end;
    while (i < to && (isSpace(bytes[i]) || bytes[i] === SEMICOLON || bytes[i] === other)) i++;
    if (i === to || !isAttribute(bytes[i], other)) return end;
    nextElement(attribute, bytes, i, to, other);
    end = attribute.next;
  }
}

const attribute = createPair();

/**
 * Reads an element between delimiters, whatever it is. A delimiter within quotes is part of the
 * value, and a backslash there takes the meaning from what follows it.
 */
function nextElement(
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
  let quoted = false;
  for (; i < to; i++) {
    const c = bytes[i];
    if (c === QUOTE) {
      quoted = !quoted && pair.nameEnd >= 0;
    } else if (quoted) {
      if (c === BACKSLASH && i + 1 < to) i++;
    } else if (c === SEMICOLON || c === other) {
      break;
    } else if (c === EQUALS && pair.nameEnd < 0) {
      pair.nameEnd = i;
      pair.valueStart = i + 1;
    }
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
