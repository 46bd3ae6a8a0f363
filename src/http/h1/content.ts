/**
 * Follows the content of a message through the bytes that carry it, to know where it ends
 * (RFC 9112, chapters 6 and 7). Bytes pass on as they came; nothing is decoded.
 */
import { COLON, CR, HTAB, LF, SEMICOLON, SP, tokenCharacter, valueCharacter } from "../bytes.ts";
import { type Head, METHOD_CONNECT, METHOD_HEAD } from "../head.ts";

/** How the end of the content is found. */
export const NONE = 0;
export const LENGTH = 1;
export const CHUNKED = 2;
export const UNTIL_CLOSE = 3;
/** Not content any more: after CONNECT or 101 both directions are a tunnel. */
export const TUNNEL = 4;

/** The states of the chunked coding. */
const SIZE_FIRST = 0;
const SIZE = 1;
const BEFORE_EXTENSION = 2;
const EXTENSION = 3;
const SIZE_LF = 4;
const DATA = 5;
const DATA_CR = 6;
const DATA_LF = 7;
const TRAILER_START = 8;
const TRAILER_NAME = 9;
const TRAILER_VALUE = 10;
const TRAILER_LF = 11;
const LAST_LF = 12;

/** Most digits of a chunk size: zeros before it included. */
const maxDigits = 16;
/** Longest chunk-size line, and longest trailer section, in bytes. */
const maxLine = 4096;
const maxTrailers = 16384;

/** A content on its way. */
export interface Content {
  /** One of NONE, LENGTH, ... */
  kind: number;
  /** Bytes left of the content, or of the chunk. */
  left: number;
  state: number;
  /** Length of the current chunk-size line or trailer section so far. */
  line: number;
  /** Whether the last byte has been seen. */
  done: boolean;
}

/** A content to {@linkcode startContent}. */
export function createContent(): Content {
  return { kind: NONE, left: 0, state: 0, line: 0, done: true };
}

/** Begins a content of the kind; `length` in bytes for LENGTH. */
export function startContent(content: Content, kind: number, length: number): void {
  content.kind = kind;
  content.left = kind === LENGTH ? length : 0;
  content.state = SIZE_FIRST;
  content.line = 0;
  content.done = kind === NONE || kind === LENGTH && length === 0;
}

/** The framing of a request (RFC 9112, section 6.3). */
export function requestFraming(head: Head): number {
  if (head.chunked) return CHUNKED;
  return head.contentLength > 0 ? LENGTH : NONE;
}

/**
 * The framing of a response to a request with `method`.
 * @returns one of NONE, ..., TUNNEL; -1 if it is ambiguous
 */
export function responseFraming(head: Head, method: number): number {
  const { status } = head;
  if (head.chunked && (head.contentLength >= 0 || head.minor === 0)) return -1;
  if (status === 101) return TUNNEL;
  if (status < 200 || status === 204) {
    // Recipients must ignore a length here, and not all do.
    return head.chunked || head.contentLength > 0 ? -1 : NONE;
  }
  if (method === METHOD_CONNECT && status < 300) return TUNNEL;
  if (status === 304 || method === METHOD_HEAD) return NONE;
  if (head.chunked) return CHUNKED;
  return head.contentLength >= 0 ? LENGTH : UNTIL_CLOSE;
}

/**
 * Reads on through bytes[from, to).
 * @returns the offset after the last byte that belongs to the content, `done` being set where it
 * ends; -1 if the chunked coding is broken
 */
export function scanContent(content: Content, bytes: Uint8Array, from: number, to: number): number {
  if (content.done) return from;
  if (content.kind === LENGTH) {
    const end = Math.min(to, from + content.left);
    content.left -= end - from;
    content.done = content.left === 0;
    return end;
  }
  return content.kind === CHUNKED ? scanChunked(content, bytes, from, to) : to;
}

/** From so many bytes on it pays not to look at them, and who sends so many at once sends more. */
const manyLeft = 65536;
export const manyAtOnce = 16384;

/**
 * How many bytes of a content are to come that need not be looked at, where they are many: it may
 * be Infinity.
 * @param seen how many have come at once just now
 */
export function unseenContent(content: Content, seen: number): number {
  switch (content.kind) {
    case LENGTH:
      return content.left >= manyLeft ? content.left : 0;
    case UNTIL_CLOSE:
    case TUNNEL:
      return seen >= manyAtOnce ? Infinity : 0;
    default:
      return 0;
  }
}

/** So many of the {@linkcode unseenContent} have passed. */
export function passContent(content: Content, count: number): void {
  if (content.kind !== LENGTH) return;
  content.left -= count;
  content.done = content.left === 0;
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function scanChunked(content: Content, bytes: Uint8Array, from: number, to: number): number {
  let { state, left, line } = content;
  let i = from;
  while (i < to) {
    if (state === DATA) {
      const end = Math.min(to, i + left);
      left -= end - i;
      i = end;
      if (left === 0) state = DATA_CR;
      continue;
    }
    const c = bytes[i++]!;
    if (++line > maxTrailers) return -1;
    switch (state) {
      case SIZE_FIRST:
      case SIZE: {
        const digit = hexDigit(c);
        if (digit >= 0) {
          // 2^49 bytes at most: exact in a double, whatever digits follow.
          if (left >= 2 ** 45 || line > maxDigits) return -1;
          left = left * 16 + digit;
          state = SIZE;
        } else if (state === SIZE_FIRST) {
          return -1;
        } else if (c === CR) {
          state = SIZE_LF;
        } else if (c === SEMICOLON) {
          state = EXTENSION;
        } else if (c === SP || c === HTAB) {
          state = BEFORE_EXTENSION;
        } else {
          return -1;
        }
        break;
      }
      case BEFORE_EXTENSION:
        if (c === SEMICOLON) state = EXTENSION;
        else if (c !== SP && c !== HTAB) return -1;
        if (line > maxLine) return -1;
        break;
      case EXTENSION:
        if (c === CR) state = SIZE_LF;
        else if (valueCharacter[c] === 0 || line > maxLine) return -1;
        break;
      case SIZE_LF:
        if (c !== LF) return -1;
        state = left > 0 ? DATA : TRAILER_START;
        line = 0;
        break;
      case DATA_CR:
        if (c !== CR) return -1;
        state = DATA_LF;
        break;
      case DATA_LF:
        if (c !== LF) return -1;
        state = SIZE_FIRST;
        line = 0;
        break;
      case TRAILER_START:
        if (c === CR) state = LAST_LF;
        else if (tokenCharacter[c] === 1) state = TRAILER_NAME;
        else return -1;
        break;
      case TRAILER_NAME:
        if (c === COLON) state = TRAILER_VALUE;
        else if (tokenCharacter[c] === 0) return -1;
        break;
      case TRAILER_VALUE:
        if (c === CR) state = TRAILER_LF;
        else if (valueCharacter[c] === 0) return -1;
        break;
      case TRAILER_LF:
        if (c !== LF) return -1;
        state = TRAILER_START;
        break;
      default: // LAST_LF
        if (c !== LF) return -1;
        content.done = true;
        content.state = state;
        content.left = left;
        return i;
    }
  }
  content.state = state;
  content.left = left;
  content.line = line;
  return i;
}
