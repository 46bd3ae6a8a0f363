/** What has come of a message's content, without the framing of chunks (RFC 9112, section 7.1). */
import { copy, LF, SEMICOLON } from "../bytes/bytes.ts";
import type { MessageView } from "./message.ts";
import { takeScratch } from "./scratch.ts";

/** bytes[from, to) */
export interface Body {
  bytes: Uint8Array;
  from: number;
  to: number;
}
const body: Body = { bytes: new Uint8Array(0), from: 0, to: 0 };

const digitOf = (c: number) =>
  c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;

/** Writes the data of chunks, as far as it is there and finds room. @returns its length */
function readChunks(target: Uint8Array, bytes: Uint8Array, from: number, to: number): number {
  let length = 0;
  for (let at = from; at < to;) {
    let size = 0;
    for (; at < to && bytes[at] !== LF && bytes[at] !== SEMICOLON; at++) {
      const digit = digitOf(bytes[at]!);
      if (digit >= 0) size = size * 16 + digit;
    }
    while (at < to && bytes[at] !== LF) at++;
    at++;
    if (size === 0 || at >= to) break;
    const end = Math.min(at + size, to, at + target.length - length);
    length = copy(target, length, bytes, at, end);
    at += size + 2;
  }
  return length;
}

/** See above. What is returned is overwritten by the next call. */
export function bodyOf({ head, content, from, to, raw }: MessageView): Body {
  if (raw || head === null || !head.chunked) {
    body.bytes = content;
    body.from = from;
    body.to = to;
    return body;
  }
  body.bytes = takeScratch();
  body.from = 0;
  body.to = readChunks(body.bytes, content, from, to);
  return body;
}
