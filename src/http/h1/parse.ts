/**
 * Parses the head of an HTTP/1 message: request line or status line, and field section (RFC 9112,
 * chapters 2 to 5), in one pass, without I/O. Strict: what two parsers could read in two ways is
 * an error.
 */
import { parseFields } from "./field-section.ts";
import { checkRequest } from "./request-check.ts";
import { bytesOf, CR, LF, SP, targetCharacter, tokenCharacter, valueCharacter } from "../bytes.ts";
import {
  type Head,
  INCOMPLETE,
  INVALID,
  invalid,
  METHOD_CONNECT,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
  resetHead,
} from "../head.ts";

const methods = new Map([
  ["GET", METHOD_GET],
  ["HEAD", METHOD_HEAD],
  ["POST", METHOD_POST],
  ["CONNECT", METHOD_CONNECT],
  ["OPTIONS", METHOD_OPTIONS],
  ["PUT", METHOD_PUT],
  ["DELETE", METHOD_DELETE],
  ["TRACE", METHOD_TRACE],
]);
const methodBytes = [...methods].map(([name, id]) => [id, bytesOf(name)] as const);

function methodOf(bytes: Uint8Array, from: number, to: number): number {
  if (to - from === 3 && bytes[from] === 71 && bytes[from + 1] === 69 && bytes[from + 2] === 84) {
    return METHOD_GET;
  }
  search: for (const [id, name] of methodBytes) {
    if (name.length !== to - from) continue;
    for (let i = 0; i < name.length; i++) if (bytes[from + i] !== name[i]) continue search;
    return id;
  }
  return METHOD_OTHER;
}

/**
 * Parses a request's head from bytes[from, to). Empty lines before the request line are skipped
 * (RFC 9112, section 2.2).
 * @returns the offset after the head, {@linkcode INCOMPLETE} or {@linkcode INVALID}
 */
export function parseRequest(head: Head, bytes: Uint8Array, from: number, to: number): number {
  resetHead(head);
  let i = from;
  while (i < to && bytes[i] === CR) {
    if (i + 1 === to) return INCOMPLETE;
    if (bytes[i + 1] !== LF) return invalid(head, "bare CR");
    i += 2;
  }
  head.lineStart = i;
  while (i < to && tokenCharacter[bytes[i]!] === 1) i++;
  if (i === to) return INCOMPLETE;
  if (bytes[i] !== SP || i === head.lineStart) return invalid(head, "method");
  head.method = methodOf(bytes, head.lineStart, i);
  head.targetStart = ++i;
  while (i < to && targetCharacter[bytes[i]!] === 1) i++;
  if (i === to) return INCOMPLETE;
  if (bytes[i] !== SP || i === head.targetStart) return invalid(head, "request target");
  head.targetEnd = i++;
  if (to - i < 10) {
    for (let k = i; k < to; k++) {
      if (!versionByte(bytes[k]!, k - i)) return invalid(head, "version");
    }
    return INCOMPLETE;
  }
  for (let k = 0; k < 10; k++) {
    if (!versionByte(bytes[i + k]!, k)) return invalid(head, "version");
  }
  head.minor = bytes[i + 7]! - 48;
  head.lineEnd = i + 8;
  const end = parseFields(head, bytes, i + 10, to);
  if (end <= 0) return end;
  return checkRequest(head, bytes) ? end : INVALID;
}

/** Whether `byte` may be at `offset` of "HTTP/1.0" CRLF or "HTTP/1.1" CRLF. */
function versionByte(byte: number, offset: number): boolean {
  return offset === 7 ? byte === 48 || byte === 49 : byte === versionLine[offset];
}
const versionLine = bytesOf("HTTP/1.x\r\n");

/**
 * Parses a response's head from bytes[from, to).
 * @returns the offset after the head, {@linkcode INCOMPLETE} or {@linkcode INVALID}
 */
export function parseResponse(head: Head, bytes: Uint8Array, from: number, to: number): number {
  resetHead(head);
  let i = from;
  head.lineStart = i;
  // "HTTP/1.x NNN", then a reason phrase, whose space some servers leave out with it.
  const fixed = Math.min(to - i, 12);
  for (let k = 0; k < fixed; k++) {
    const c = bytes[i + k]!;
    const good = k < 8 ? versionByte(c, k) : k === 8 ? c === SP : c >= 48 && c <= 57;
    if (!good) return invalid(head, "status line");
  }
  if (fixed < 12) return INCOMPLETE;
  head.minor = bytes[i + 7]! - 48;
  head.status = (bytes[i + 9]! - 48) * 100 + (bytes[i + 10]! - 48) * 10 + bytes[i + 11]! - 48;
  if (head.status < 100 || head.status > 599) return invalid(head, "status code");
  i += 12;
  if (i < to && bytes[i] !== SP && bytes[i] !== CR) return invalid(head, "status line");
  while (i < to && valueCharacter[bytes[i]!] === 1) i++;
  if (i + 1 >= to) return i < to && bytes[i] !== CR ? invalid(head, "reason phrase") : INCOMPLETE;
  if (bytes[i] !== CR || bytes[i + 1] !== LF) return invalid(head, "reason phrase");
  head.lineEnd = i;
  return parseFields(head, bytes, i + 2, to);
}
