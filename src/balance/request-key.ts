/** What of a request the algorithms hash on (manual: "balance", uri, url_param, hdr, rdp-cookie). */
import {
  bytesOf,
  COMMA,
  CR,
  EQUALS,
  HTAB,
  isExactly,
  isWord,
  LF,
  QUOTE,
  SP,
  tokenCharacter,
} from "../bytes/bytes.ts";
import { rdpCookie } from "../net/rdp.ts";
import { fieldStart, type Head, METHOD_POST, nameEnd, valueEnd, valueStart } from "../http/head.ts";
import type { Balance } from "./balance-text.ts";

/** A message, as far as keys may be in it: MessageView of expr/ is one. */
export interface KeyedMessage {
  /** Its head, whose offsets are into `bytes`; null: there is none, as in TCP mode. */
  readonly head: Head | null;
  readonly bytes: Uint8Array;
  /** What has come of its content, or of a TCP stream: content[from, to). */
  readonly content: Uint8Array;
  readonly from: number;
  readonly to: number;
}

/** Hashes bytes[from, to). */
export type HashBytes = (bytes: Uint8Array, from: number, to: number) => number;

/** There is no key: the turn of the servers decides. */
export const NO_KEY = -1;

/** The hash of what an algorithm looks for; {@linkcode NO_KEY}: it is not there. */
export type RequestKey = (message: KeyedMessage, hash: HashBytes) => number;

const SLASH = 47;
const QUESTION = 63;
const AMPERSAND = 38;
const DOT = 46;
const BACKSLASH = 92;

/** Where the path of a target begins: behind the authority of a whole URI; at its end, if it has none. */
function pathStart(bytes: Uint8Array, from: number, to: number): number {
  if (bytes[from] === SLASH) return from;
  for (let i = from; i + 2 < to; i++) {
    if (bytes[i] !== SLASH || bytes[i + 1] !== SLASH) continue;
    for (let k = i + 2; k < to; k++) if (bytes[k] === SLASH) return k;
    return to;
  }
  return to;
}

/** `uri`: the target, up to its query, or to so many characters or levels. */
export function uriKey({ len, depth, whole, pathOnly }: Balance): RequestKey {
  return ({ head, bytes }, hash) => {
    if (head === null) return NO_KEY;
    const start = pathOnly ? pathStart(bytes, head.targetStart, head.targetEnd) : head.targetStart;
    const to = len > 0 ? Math.min(head.targetEnd, start + len) : head.targetEnd;
    let slashes = 0;
    let end = start;
    for (; end < to; end++) {
      const byte = bytes[end];
      if (byte === SLASH && ++slashes === depth + 1 && depth > 0) break;
      if (byte === QUESTION && !whole) break;
    }
    return hash(bytes, start, end);
  };
}

/** `url_param`: a parameter's value, of the query or of a POST's content. */
export function parameterKey({ argument }: Balance): RequestKey {
  const name = bytesOf(argument);
  return ({ head, bytes, content, from, to }, hash) => {
    if (head === null) return NO_KEY;
    const { targetStart, targetEnd } = head;
    const query = bytes.subarray(targetStart, targetEnd).indexOf(QUESTION);
    const end = targetEnd;
    const at = query < 0 ? -1 : valueOf(name, bytes, targetStart + query + 1, end);
    if (at >= 0) return hash(bytes, at, endOfValue(bytes, at, end));
    if (head.method !== METHOD_POST) return NO_KEY;
    const value = valueOf(name, content, from, to);
    if (value < 0) return NO_KEY;
    const first = content[value]!;
    // As HAProxy, which looks at the first byte alone.
    if (value < to && first !== AMPERSAND && tokenCharacter[first] !== 1) {
      return isBlank(first) ? hash(content, value, value) : NO_KEY;
    }
    return hash(content, value, endOfValue(content, value, to));
  };
}

const isBlank = (byte: number) => byte === SP || byte === HTAB || byte === CR || byte === LF;

/** Where the value of a parameter begins in bytes[from, to); -1: it is not there. */
function valueOf(name: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  for (let at = from; to - at > name.length;) {
    const end = at + name.length;
    if (bytes[end] === EQUALS && isExactly(bytes, at, end, name)) return end + 1;
    const next = bytes.indexOf(AMPERSAND, at);
    if (next < 0 || next >= to) return -1;
    at = next + 1;
  }
  return -1;
}

function endOfValue(bytes: Uint8Array, from: number, to: number): number {
  const end = bytes.indexOf(AMPERSAND, from);
  return end < 0 || end > to ? to : end;
}

/** `hdr`: the first value of a field, or the domain in it. */
export function fieldKey({ argument, domainOnly }: Balance): RequestKey {
  const name = bytesOf(argument.toLowerCase());
  return ({ head, bytes }, hash) => {
    if (head === null) return NO_KEY;
    for (let i = 0; i < head.count; i++) {
      if (!isWord(bytes, fieldStart(head, i), nameEnd(head, i), name)) continue;
      const start = valueStart(head, i);
      const end = endOfElement(bytes, start, valueEnd(head, i));
      if (start === end) return NO_KEY;
      return domainOnly ? domainKey(bytes, start, end, hash) : hash(bytes, start, end);
    }
    return NO_KEY;
  };
}

/** Where the first element of a list ends: at a comma outside of quotes, spaces before it left out. */
function endOfElement(bytes: Uint8Array, from: number, to: number): number {
  let quoted = false;
  let end = from;
  for (; end < to; end++) {
    const byte = bytes[end];
    if (byte === BACKSLASH && quoted) end++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (byte === COMMA && !quoted) break;
  }
  end = Math.min(end, to);
  while (end > from && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
  return end;
}

/** Of a host's name the part before the last dot, from the dot before that on. */
function domainKey(bytes: Uint8Array, from: number, to: number, hash: HashBytes): number {
  let end = to;
  // The byte behind the value is looked at, too, as HAProxy does: it is no dot.
  for (let i = to - 1; i > from; i--) {
    if (bytes[i] !== DOT) continue;
    end = i;
    break;
  }
  if (end === to) return hash(bytes, from, to);
  let start = end - 1;
  while (start > from && bytes[start - 1] !== DOT) start--;
  return hash(bytes, start, end);
}

const defaultCookie = "mstshash";

/** `rdp-cookie`: the value of such a cookie. */
export function rdpCookieKey({ argument }: Balance): RequestKey {
  const name = bytesOf((argument || defaultCookie).toLowerCase());
  return ({ content, from, to }, hash) => {
    const found = rdpCookie(name, content, from, to);
    return found === null ? NO_KEY : hash(content, found.from, found.to);
  };
}
