/**
 * Writes anew what a server may send though it should not: a head that all clients read alike, of
 * one that some would read otherwise, or not at all.
 */
import { bytesOf, COLON, copy, CR, HTAB, LF, SP } from "../../bytes/bytes.ts";
import {
  FIELD_CONTENT_LENGTH,
  fieldKind,
  fieldStart,
  type Head,
  nameEnd,
  valueEnd,
  valueStart,
} from "../head.ts";

const versions = [bytesOf("HTTP/1.0 "), bytesOf("HTTP/1.1 ")];

/**
 * The head of a response in the form of RFC 9112: one CRLF a line, one space where one belongs, a
 * version that this proxy speaks, unfolded values (section 5.2), Content-Length once.
 * @param head what parsing `bytes` found
 * @returns its bytes alone, without what follows them
 */
export function canonicalHead(head: Head, bytes: Uint8Array): Uint8Array {
  // Each line grows by a CR and a space at most, a length by nothing but its line.
  const out = new Uint8Array(head.emptyLine - head.lineStart + 2 * head.count + 64);
  let at = copyAll(out, 0, versions[head.minor]!);
  let from = head.lineStart + 8;
  while (isSpace(bytes[from])) from++;
  at = copy(out, at, bytes, from, from + 3);
  from += 3;
  while (isSpace(bytes[from])) from++;
  out[at++] = SP;
  at = endLine(out, copy(out, at, bytes, from, head.lineEnd));
  let lengths = 0;
  for (let i = 0; i < head.count; i++) {
    const isLength = fieldKind(head, i) === FIELD_CONTENT_LENGTH;
    if (isLength && lengths++ > 0) continue;
    at = copy(out, at, bytes, fieldStart(head, i), nameEnd(head, i));
    out[at++] = COLON;
    out[at++] = SP;
    if (isLength) at = copyAll(out, at, bytesOf(`${head.contentLength}`));
    else at = unfold(out, at, bytes, valueStart(head, i), valueEnd(head, i));
    at = endLine(out, at);
  }
  return out.subarray(0, endLine(out, at));
}

const isSpace = (c: number | undefined): boolean => c === SP || c === HTAB;

const copyAll = (out: Uint8Array, at: number, bytes: Uint8Array): number =>
  copy(out, at, bytes, 0, bytes.length);

function endLine(out: Uint8Array, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/** Copies a value with spaces for its line ends. @returns where the copy ends */
function unfold(out: Uint8Array, at: number, bytes: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    out[at++] = c === CR || c === LF ? SP : c;
  }
  return at;
}
