/** Heads of HTTP/1 and their trailer sections, as blocks of fields of HTTP/2 (RFC 9113, section 8.2). */
import { bytesOf, COLON, CR, HTAB, isWord, LF, SP } from "../../bytes/bytes.ts";
import type { HpackEncoder } from "./hpack-encoder.ts";
import { AUTHORITY, METHOD, PATH, SCHEME } from "./static-table.ts";

/** Fields that HTTP/2 has none of, by the length of their names (section 8.2.2). */
const dropped: (readonly Uint8Array[] | undefined)[] = [];
for (
  const name of [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "host",
    "te",
    // What opens a WebSocket says it without (RFC 8441, section 5).
    "sec-websocket-key",
    "sec-websocket-accept",
  ]
) {
  dropped[name.length] = [...dropped[name.length] ?? [], bytesOf(name)];
}
/** A name as it stands in the table. */
function known(name: string): Uint8Array {
  const word = bytesOf(name);
  return dropped[name.length]!.find((each) => isWord(each, 0, each.length, word))!;
}
const host = known("host");
const te = known("te");
const transferEncoding = known("transfer-encoding");
const trailers = bytesOf("trailers");

/** Transfer-Encoding has been seen. */
let chunked = false;

/** How a field of a message is taken. */
const RESPONSE = 0;
const REQUEST = 1;

/**
 * Writes the lines of fields in bytes[from, to), up to an empty line or the end, to a block.
 * @param side of a request `te: trailers` passes; Host does not, which is `:authority`
 * @returns where the lines end, behind the empty one
 */
function writeLines(
  encoder: HpackEncoder,
  bytes: Uint8Array,
  from: number,
  to: number,
  side: number,
): number {
  let at = from;
  while (at < to && bytes[at] !== CR && bytes[at] !== LF) {
    const start = at;
    while (bytes[at] !== COLON) at++;
    const nameEnd = at++;
    while (bytes[at] === SP || bytes[at] === HTAB) at++;
    const valueFrom = at;
    while (bytes[at] !== CR) at++;
    let end = at;
    while (end > valueFrom && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
    at += 2;
    if (!isDropped(bytes, start, nameEnd, valueFrom, end, side)) {
      encoder.field(bytes, start, nameEnd, valueFrom, end);
    }
  }
  return Math.min(to, at + 2);
}

function isDropped(
  bytes: Uint8Array,
  from: number,
  nameEnd: number,
  valueFrom: number,
  end: number,
  side: number,
): boolean {
  const names = dropped[nameEnd - from];
  if (names === undefined) return false;
  for (const name of names) {
    if (!isWord(bytes, from, nameEnd, name)) continue;
    if (name === transferEncoding) chunked = true;
    if (name === te) return side !== REQUEST || !isWord(bytes, valueFrom, end, trailers);
    return name !== host || side === REQUEST;
  }
  return false;
}

/**
 * Writes a response's head, bytes[from, to), whose lines end in CRLF.
 * @param status in place of the one that it has; 0: that one
 * @returns whether it announces content in the chunked coding
 */
export function writeResponse(
  encoder: HpackEncoder,
  bytes: Uint8Array,
  from: number,
  to: number,
  status = 0,
): boolean {
  // "HTTP/1.1 200 "
  const at = from + 9;
  const own = (bytes[at]! - 48) * 100 + (bytes[at + 1]! - 48) * 10 + bytes[at + 2]! - 48;
  encoder.status(status || own);
  let line = at + 3;
  while (bytes[line] !== LF) line++;
  chunked = false;
  writeLines(encoder, bytes, line + 1, to, RESPONSE);
  return chunked;
}

/** Writes the lines of a trailer section. */
export function writeTrailers(
  encoder: HpackEncoder,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  writeLines(encoder, bytes, from, to, RESPONSE);
}

const slash = bytesOf("/");
const star = bytesOf("*");
const connect = bytesOf("connect");
const connectMethod = bytesOf("CONNECT");
const protocol = bytesOf(":protocolwebsocket");
const protocolName = ":protocol".length;

/**
 * Writes a request's head, bytes[from, to), whose lines end in CRLF: its target is in origin form,
 * absolute form or, with CONNECT, authority form.
 * @param isSecure for `:scheme`, where the target has none
 * @param isWebSocket it opens one, which is a CONNECT here (RFC 8441)
 */
export function writeRequest(
  encoder: HpackEncoder,
  bytes: Uint8Array,
  from: number,
  to: number,
  isSecure: boolean,
  isWebSocket = false,
): void {
  let methodEnd = from;
  while (bytes[methodEnd] !== SP) methodEnd++;
  let targetEnd = methodEnd + 1;
  while (bytes[targetEnd] !== SP) targetEnd++;
  let line = targetEnd;
  while (bytes[line] !== LF) line++;
  line++;
  if (isWebSocket) {
    encoder.named(METHOD, connectMethod, 0, connectMethod.length);
    encoder.field(protocol, 0, protocolName, protocolName, protocol.length);
  } else {
    encoder.named(METHOD, bytes, from, methodEnd);
  }
  let target = methodEnd + 1;
  if (isWord(bytes, from, methodEnd, connect)) {
    encoder.named(AUTHORITY, bytes, target, targetEnd);
  } else {
    let scheme = -1;
    if (bytes[target] !== slash[0] && bytes[target] !== star[0]) {
      scheme = target;
      while (target < targetEnd && bytes[target] !== COLON) target++;
      encoder.named(SCHEME, bytes, scheme, target);
      target += 3;
      while (target < targetEnd && bytes[target] !== slash[0] && bytes[target] !== 63) target++;
    } else {
      encoder.indexed(isSecure ? SCHEME + 1 : SCHEME);
    }
    writeAuthority(encoder, bytes, line, to);
    if (target === targetEnd) encoder.named(PATH, slash, 0, 1);
    else encoder.named(PATH, bytes, target, targetEnd);
  }
  writeLines(encoder, bytes, line, to, REQUEST);
}

/** Writes the value of Host, if there is one, as `:authority`. */
function writeAuthority(encoder: HpackEncoder, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; at < to && bytes[at] !== CR;) {
    let colon = at;
    while (bytes[colon] !== COLON) colon++;
    let end = colon + 1;
    while (bytes[end] !== CR) end++;
    if (isWord(bytes, at, colon, host)) {
      let start = colon + 1;
      while (bytes[start] === SP || bytes[start] === HTAB) start++;
      let stop = end;
      while (stop > start && (bytes[stop - 1] === SP || bytes[stop - 1] === HTAB)) stop--;
      encoder.named(AUTHORITY, bytes, start, stop);
      return;
    }
    at = end + 2;
  }
}
