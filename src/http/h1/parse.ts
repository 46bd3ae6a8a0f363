/**
 * Parses the head of an HTTP/1 message: request line or status line, and field section (RFC 9112,
 * chapters 2 to 5), in one pass, without I/O. Strict: what two parsers could read in two ways is
 * an error.
 */
import { endOfLine, parseFields } from "./field-section.ts";
import { checkRequest } from "./request-check.ts";
import {
  bytesOf,
  CR,
  DOT,
  HTAB,
  LF,
  SP,
  targetCharacter,
  tokenCharacter,
  valueCharacter,
} from "../../bytes/bytes.ts";
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

/** The method that bytes[from, to) is, one of METHOD_... */
export function methodOf(bytes: Uint8Array, from: number, to: number): number {
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
 * Parses a response's head from bytes[from, to). Servers are read as HAProxy reads them, where what
 * they send has one meaning: empty lines before the status line are skipped, spaces and tabs in it
 * may be several, and any version later than 1.1 is taken for that. It is irregular then.
 * @returns the offset after the head, {@linkcode INCOMPLETE} or {@linkcode INVALID}
 */
export function parseResponse(head: Head, bytes: Uint8Array, from: number, to: number): number {
  resetHead(head);
  let i = from;
  while (i < to && (bytes[i] === CR || bytes[i] === LF)) {
    head.irregular = true;
    i = endOfLine(head, bytes, i, to);
    if (i <= 0) return i;
  }
  head.lineStart = i;
  // "HTTP/1.x NNN", then a reason phrase, whose space some servers leave out with it.
  if (to - i >= 12 && isVersion(bytes, i) && bytes[i + 8] === SP && isDigit(bytes[i + 9]!)) {
    head.minor = bytes[i + 7]! - 48;
    i += 9;
  } else {
    i = parseVersion(head, bytes, i, to);
    if (i <= 0) return i;
  }
  const status = i;
  while (i < to && i < status + 3 && isDigit(bytes[i]!)) i++;
  if (i === to) return INCOMPLETE;
  if (i < status + 3) return invalid(head, "status line");
  head.status = (bytes[status]! - 48) * 100 + (bytes[status + 1]! - 48) * 10 +
    bytes[status + 2]! - 48;
  if (head.status < 100) return invalid(head, "status code");
  if (bytes[i] === HTAB) head.irregular = true;
  else if (bytes[i] !== SP && bytes[i] !== CR && bytes[i] !== LF) {
    return invalid(head, "status line");
  }
  while (i < to && valueCharacter[bytes[i]!] === 1) i++;
  if (i === to) return INCOMPLETE;
  if (bytes[i] !== CR && bytes[i] !== LF) return invalid(head, "reason phrase");
  head.lineEnd = i;
  i = endOfLine(head, bytes, i, to);
  return i <= 0 ? i : parseFields(head, bytes, i, to);
}

const isDigit = (c: number): boolean => c >= 48 && c <= 57;

/** Whether "HTTP/1.0" or "HTTP/1.1" stands at `at`. */
function isVersion(bytes: Uint8Array, at: number): boolean {
  for (let k = 0; k < 8; k++) if (!versionByte(bytes[at + k]!, k)) return false;
  return true;
}

/**
 * Reads the version and the space behind it as far as they have come, in whatever form.
 * @returns the offset after them, INCOMPLETE or INVALID
 */
function parseVersion(head: Head, bytes: Uint8Array, at: number, to: number): number {
  for (let k = 0; k < 8; k++) {
    if (at + k === to) return INCOMPLETE;
    const c = bytes[at + k]!;
    const good = k < 5 ? c === versionLine[k] : k === 6 ? c === DOT : isDigit(c);
    if (!good) return invalid(head, "status line");
  }
  const major = bytes[at + 5]! - 48;
  const minor = bytes[at + 7]! - 48;
  // Before HTTP/1.0 there was no status line.
  if (major === 0) return invalid(head, "version");
  const known = major === 1 && minor <= 1;
  head.minor = known ? minor : 1;
  if (!known) head.irregular = true;
  let i = at + 8;
  while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  if (i === to) return INCOMPLETE;
  if (i === at + 8) return invalid(head, "status line");
  if (i > at + 9 || bytes[at + 8] === HTAB) head.irregular = true;
  return i;
}
