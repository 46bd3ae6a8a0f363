/**
 * The chunked coding (RFC 9112, chapter 7): follows it byte by byte, and rewrites it where it does
 * not pass on as it came. Chunk extensions are for this hop alone; a lone LF of a server becomes a
 * CRLF; trailer fields are held until the section is complete, and then filtered.
 */
import {
  COLON,
  copy,
  CR,
  HTAB,
  LF,
  SEMICOLON,
  SP,
  tokenCharacter,
  valueCharacter,
} from "../../bytes/bytes.ts";
import { filterTrailers } from "./trailers.ts";

/** A content in the chunked coding on its way. */
export interface ChunkedContent {
  /** Bytes left of the chunk. */
  left: number;
  /** Where in the coding it is. */
  state: number;
  /** Length of the current chunk-size line or trailer section so far. */
  line: number;
  /** Whether the last byte has been seen. */
  done: boolean;
  /** It is a response's: more forms of the coding are taken, where they mean one thing. */
  lenient: boolean;
  /** What passes on of the bytes last scanned: out[outFrom, outTo). */
  out: Uint8Array;
  outFrom: number;
  outTo: number;
  /** The trailer section as far as it has come, until it is complete; null: nothing of it. */
  held: Uint8Array | null;
  heldLength: number;
  /** The fields that the head's Connection names, in lower case: they are no trailers either. */
  named: readonly string[];
  /** Why the coding is broken. */
  error: string;
}

/** The state in which a content begins. */
export const SIZE_FIRST = 0;
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

/** The coding as it passes on, where that is not as it came; null: it is, so far. */
let rewritten: Uint8Array | null = null;
let rewrittenLength = 0;
/** How long it becomes unless many lone LFs lengthen it. */
let expectedLength = 0;

/** Adds bytes[from, to) to what passes on. */
function pass(bytes: Uint8Array, from: number, to: number): void {
  const needed = rewrittenLength + to - from;
  if (rewritten === null) {
    rewritten = new Uint8Array(expectedLength);
  } else if (needed > rewritten.length) {
    const larger = new Uint8Array(2 * needed);
    larger.set(rewritten);
    rewritten = larger;
  }
  rewrittenLength = copy(rewritten, rewrittenLength, bytes, from, to);
}

const lineEnd = Uint8Array.of(CR, LF);

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const lower = c | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function broken(content: ChunkedContent, error: string): -1 {
  content.error = error;
  rewritten = null;
  rewrittenLength = 0;
  return -1;
}

/** scanContent() of content.ts, for a content in the chunked coding that is not done. */
export function scanChunked(
  content: ChunkedContent,
  bytes: Uint8Array,
  from: number,
  to: number,
): number {
  // A line of a server may end in LF alone, where there is no other reading. No byte is -1.
  const loneLf = content.lenient ? LF : -1;
  let { state, left, line } = content;
  let i = from;
  // Where the bytes begin that pass on and have not been passed yet; -1: what is read does not pass.
  let start = state === BEFORE_EXTENSION || state === EXTENSION || content.held !== null
    ? -1
    : from;
  // Where the trailers begin that have not been held yet.
  let trailers = content.held === null ? -1 : from;
  expectedLength = to - from + content.heldLength + 2;
  scan: while (i < to) {
    if (state === DATA) {
      const end = Math.min(to, i + left);
      left -= end - i;
      i = end;
      if (left === 0) state = DATA_CR;
      continue;
    }
    const c = bytes[i++]!;
    if (++line > maxTrailers) return broken(content, "trailer section too long");
    switch (state) {
      case SIZE_FIRST:
      case SIZE: {
        const digit = hexDigit(c);
        if (digit >= 0) {
          // 2^49 bytes at most: exact in a double, whatever digits follow.
          if (left >= 2 ** 45 || line > maxDigits) return broken(content, "chunk size too large");
          left = left * 16 + digit;
          state = SIZE;
          break;
        }
        if (state === SIZE_FIRST) return broken(content, "chunk size");
        if (c === CR) {
          state = SIZE_LF;
          break;
        }
        if (c === SEMICOLON) state = EXTENSION;
        else if (c === SP || c === HTAB) state = BEFORE_EXTENSION;
        else if (c !== loneLf) return broken(content, "chunk size");
        pass(bytes, start, i - 1);
        start = -1;
        if (c !== loneLf) break;
        pass(lineEnd, 0, 2);
        start = i;
        state = left > 0 ? DATA : TRAILER_START;
        line = 0;
        break;
      }
      case BEFORE_EXTENSION:
        // Old servers pad their sizes with spaces.
        if (c === SEMICOLON) {
          state = EXTENSION;
        } else if (c === CR && content.lenient) {
          state = SIZE_LF;
          start = i - 1;
        } else if (c === loneLf) {
          pass(lineEnd, 0, 2);
          start = i;
          state = left > 0 ? DATA : TRAILER_START;
          line = 0;
        } else if (c !== SP && c !== HTAB) {
          return broken(content, "chunk size");
        }
        if (line > maxLine) return broken(content, "chunk extension too long");
        break;
      case EXTENSION:
        if (c === CR) {
          state = SIZE_LF;
          start = i - 1;
        } else if (valueCharacter[c] === 0) {
          return broken(content, "chunk extension");
        } else if (line > maxLine) {
          return broken(content, "chunk extension too long");
        }
        break;
      case SIZE_LF:
        if (c !== LF) return broken(content, "bare CR in chunk size");
        state = left > 0 ? DATA : TRAILER_START;
        line = 0;
        break;
      case DATA_CR:
        if (c === CR) {
          state = DATA_LF;
        } else if (c === loneLf) {
          pass(bytes, start, i - 1);
          pass(lineEnd, 0, 2);
          start = i;
          state = SIZE_FIRST;
          line = 0;
        } else {
          return broken(content, "chunk longer than its size");
        }
        break;
      case DATA_LF:
        if (c !== LF) return broken(content, "chunk longer than its size");
        state = SIZE_FIRST;
        line = 0;
        break;
      case TRAILER_START:
        if (c === CR) {
          state = LAST_LF;
        } else if (tokenCharacter[c] === 1) {
          state = TRAILER_NAME;
          if (trailers >= 0) break;
          trailers = i - 1;
          pass(bytes, start, trailers);
          start = -1;
        } else if (c === loneLf) {
          if (trailers < 0) {
            pass(bytes, start, i - 1);
            pass(lineEnd, 0, 2);
            start = i;
          }
          content.done = true;
          break scan;
        } else {
          return broken(content, "trailer field");
        }
        break;
      case TRAILER_NAME:
        if (c === COLON) state = TRAILER_VALUE;
        else if (tokenCharacter[c] === 0) return broken(content, "trailer field name");
        break;
      case TRAILER_VALUE:
        if (c === CR) state = TRAILER_LF;
        else if (c === loneLf) state = TRAILER_START;
        else if (valueCharacter[c] === 0) return broken(content, "trailer field value");
        break;
      case TRAILER_LF:
        if (c !== LF) return broken(content, "bare CR in trailer field");
        state = TRAILER_START;
        break;
      default: // LAST_LF
        if (c !== LF) return broken(content, "bare CR after trailer section");
        content.done = true;
        break scan;
    }
  }
  content.state = state;
  content.left = left;
  content.line = line;
  if (trailers >= 0) holdTrailers(content, bytes, trailers, i);
  if (rewritten !== null) {
    finish(content, bytes, start, i);
  } else if (start >= 0) {
    content.outFrom = start;
    content.outTo = i;
  }
  return i;
}

/** Keeps bytes[from, to) of a trailer section; passes on what may of a complete one. */
function holdTrailers(content: ChunkedContent, bytes: Uint8Array, from: number, to: number): void {
  const length = content.heldLength + to - from;
  if (content.held === null || length > content.held.length) {
    const larger = new Uint8Array(Math.min(2 * length, maxTrailers));
    if (content.held !== null) larger.set(content.held);
    content.held = larger;
  }
  copy(content.held, content.heldLength, bytes, from, to);
  content.heldLength = length;
  if (!content.done) return;
  filterTrailers(content.held, content.named, pass);
  pass(lineEnd, 0, 2);
  content.held = null;
  content.heldLength = 0;
}

/** Gives what was rewritten, and bytes[start, end) behind it, to the caller. */
function finish(content: ChunkedContent, bytes: Uint8Array, start: number, end: number): void {
  if (start >= 0) pass(bytes, start, end);
  content.out = rewritten!;
  content.outFrom = 0;
  content.outTo = rewrittenLength;
  rewritten = null;
  rewrittenLength = 0;
}
