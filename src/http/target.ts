/** The parts of a request's target (RFC 9112, section 3.2). */
import { COLON } from "../bytes/bytes.ts";
import type { Head } from "./head.ts";

const SLASH = 47;
const QUESTION = 63;

/**
 * Where the path begins in the target: behind scheme and authority, where these are there. At the
 * target's end: it has none, as "*" and "example.com:443" have none.
 */
export function pathStart(head: Head, bytes: Uint8Array): number {
  const { targetStart, targetEnd } = head;
  if (bytes[targetStart] === SLASH) return targetStart;
  const authority = authorityStart(head, bytes);
  if (authority < 0) return targetEnd;
  let at = authority;
  while (at < targetEnd && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
  return at;
}

/** Where the authority begins in a target in absolute form; -1: it is of another form. */
export function authorityStart({ targetStart, targetEnd }: Head, bytes: Uint8Array): number {
  for (let i = targetStart; i + 2 < targetEnd; i++) {
    if (bytes[i] === COLON && bytes[i + 1] === SLASH && bytes[i + 2] === SLASH) return i + 3;
  }
  return -1;
}

/** Where the path ends that begins at `start`: at "?", or with the target. */
export function pathEnd({ targetEnd }: Head, bytes: Uint8Array, start: number): number {
  for (let i = start; i < targetEnd; i++) if (bytes[i] === QUESTION) return i;
  return targetEnd;
}

/** Where the query begins, behind the "?"; -1: there is none. */
export function queryStart(head: Head, bytes: Uint8Array): number {
  const at = pathEnd(head, bytes, pathStart(head, bytes));
  return at < head.targetEnd ? at + 1 : -1;
}

/** Where the method ends, which begins the request line. */
export function methodEnd({ lineStart }: Head, bytes: Uint8Array): number {
  let i = lineStart;
  while (bytes[i] !== 32) i++;
  return i;
}
