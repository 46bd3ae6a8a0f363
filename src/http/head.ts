/**
 * Parses the head of an HTTP/1 message: request line or status line, and field section (RFC 9112,
 * chapters 2 to 5), in one pass, without I/O. Strict: what two parsers could read in two ways is
 * an error. Nothing is allocated but on errors: a {@linkcode Head} is an index into the bytes, and
 * is used again for the next message.
 */
import { hostEnd, sameAuthority } from "./authority.ts";
import {
  bytesOf,
  COLON,
  COMMA,
  CR,
  HTAB,
  isWord,
  LF,
  SP,
  targetCharacter,
  textOf,
  tokenCharacter,
  valueCharacter,
} from "./bytes.ts";

/** More fields than that are refused (HAProxy's tune.http.maxhdr). */
export const maxFields = 101;

/** Fields that the proxy may have to look at. */
export const FIELD_OTHER = 0;
export const FIELD_CONNECTION = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_TRANSFER_ENCODING = 3;
export const FIELD_COOKIE = 4;
export const FIELD_SET_COOKIE = 5;
export const FIELD_HOST = 6;

/** Methods that matter to framing and retries. */
export const METHOD_OTHER = 0;
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;
export const METHOD_POST = 3;
export const METHOD_CONNECT = 4;
export const METHOD_OPTIONS = 5;
export const METHOD_PUT = 6;
export const METHOD_DELETE = 7;
export const METHOD_TRACE = 8;

/** {@linkcode parseRequest} and {@linkcode parseResponse}: the head is not complete yet. */
export const INCOMPLETE = 0;
/** The head breaks the grammar or is ambiguous; {@linkcode Head.error} says how. */
export const INVALID = -1;

/** Numbers of each field in {@linkcode Head.fields}. */
const stride = 5;

/** A parsed head: offsets into the bytes that were parsed. */
export interface Head {
  /** 0 or 1, of HTTP/1.x. */
  minor: number;
  /** One of METHOD_...; requests only. */
  method: number;
  methodEnd: number;
  targetStart: number;
  targetEnd: number;
  /** Responses only. */
  status: number;
  /** First and last offset of the request or status line, without its CRLF. */
  lineStart: number;
  lineEnd: number;
  /** How many fields there are. */
  count: number;
  /** For each field: kind, name start, name end, value start, value end. */
  readonly fields: Int32Array;
  /** Where the empty line begins that ends the head. */
  emptyLine: number;
  /** -1: no Content-Length. */
  contentLength: number;
  chunked: boolean;
  /** Connection options that the proxy acts on. */
  close: boolean;
  keepAlive: boolean;
  upgrade: boolean;
  /** Fields of the kind were seen. */
  hasCookie: boolean;
  hasSetCookie: boolean;
  hasConnection: boolean;
  /** Content-Length stood more than once, with one value. */
  repeatedLength: boolean;
  /** Host stood more than once. */
  repeatedHost: boolean;
  /** Why the head is INVALID. */
  error: string;
  /** Index of the first Host field; -1: none. */
  host: number;
}

/** An empty head to parse into. */
export function createHead(): Head {
  return {
    minor: 0,
    method: METHOD_OTHER,
    methodEnd: 0,
    targetStart: 0,
    targetEnd: 0,
    status: 0,
    lineStart: 0,
    lineEnd: 0,
    count: 0,
    fields: new Int32Array(stride * maxFields),
    emptyLine: 0,
    contentLength: -1,
    chunked: false,
    close: false,
    keepAlive: false,
    upgrade: false,
    hasCookie: false,
    hasSetCookie: false,
    hasConnection: false,
    repeatedLength: false,
    repeatedHost: false,
    error: "",
    host: -1,
  };
}

/** The kind of field `i`, one of FIELD_... */
export const fieldKind = (head: Head, i: number): number => head.fields[stride * i]!;
/** Where field `i` begins: its name's first byte. */
export const fieldStart = (head: Head, i: number): number => head.fields[stride * i + 1]!;
export const nameEnd = (head: Head, i: number): number => head.fields[stride * i + 2]!;
export const valueStart = (head: Head, i: number): number => head.fields[stride * i + 3]!;
export const valueEnd = (head: Head, i: number): number => head.fields[stride * i + 4]!;
/** Where the line after field `i` begins. */
export const fieldEnd = (head: Head, i: number): number =>
  i + 1 < head.count ? head.fields[stride * (i + 1) + 1]! : head.emptyLine;

const known: readonly (readonly [number, Uint8Array])[] = [
  [FIELD_CONNECTION, bytesOf("connection")],
  [FIELD_CONTENT_LENGTH, bytesOf("content-length")],
  [FIELD_TRANSFER_ENCODING, bytesOf("transfer-encoding")],
  [FIELD_COOKIE, bytesOf("cookie")],
  [FIELD_SET_COOKIE, bytesOf("set-cookie")],
  [FIELD_HOST, bytesOf("host")],
];

/** The known names by length and first letter: at most one name is compared for each field. */
const byShape: ((readonly [number, Uint8Array]) | undefined)[] = new Array(32 * 32);
for (const entry of known) byShape[entry[1].length * 32 + (entry[1][0]! & 31)] = entry;

function kindOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length > 17 || length < 4) return FIELD_OTHER;
  const entry = byShape[length * 32 + (bytes[from]! & 31)];
  return entry !== undefined && isWord(bytes, from, to, entry[1]) ? entry[0] : FIELD_OTHER;
}

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

function invalid(head: Head, error: string): number {
  head.error = error;
  return INVALID;
}

function reset(head: Head): void {
  head.count = 0;
  head.contentLength = -1;
  head.chunked =
    head.close =
    head.keepAlive =
    head.upgrade =
      false;
  head.hasCookie =
    head.hasSetCookie =
    head.hasConnection =
    head.repeatedLength =
    head.repeatedHost =
      false;
  head.host = -1;
}

/**
 * Parses a request's head from bytes[from, to). Empty lines before the request line are skipped
 * (RFC 9112, section 2.2).
 * @returns the offset after the head, {@linkcode INCOMPLETE} or {@linkcode INVALID}
 */
export function parseRequest(head: Head, bytes: Uint8Array, from: number, to: number): number {
  reset(head);
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
  head.methodEnd = i;
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
  reset(head);
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

/** Parses the field section that begins at `from`; same result as {@linkcode parseRequest}. */
function parseFields(head: Head, bytes: Uint8Array, from: number, to: number): number {
  const fields = head.fields;
  let i = from;
  for (;;) {
    if (i >= to) return INCOMPLETE;
    const start = i;
    let c = bytes[i]!;
    if (c === CR) {
      if (i + 1 === to) return INCOMPLETE;
      if (bytes[i + 1] !== LF) return invalid(head, "bare CR");
      head.emptyLine = i;
      return i + 2;
    }
    while (tokenCharacter[c] === 1) {
      if (++i === to) return INCOMPLETE;
      c = bytes[i]!;
    }
    if (c !== COLON || i === start) {
      const fold = i === start && (c === SP || c === HTAB);
      return invalid(head, fold ? "line folding" : "field name");
    }
    const nameEnd = i++;
    while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    const valueStart = i;
    while (i < to && valueCharacter[bytes[i]!] === 1) i++;
    if (i === to) return INCOMPLETE;
    if (bytes[i] !== CR) return invalid(head, "field value");
    if (i + 1 === to) return INCOMPLETE;
    if (bytes[i + 1] !== LF) return invalid(head, "bare CR");
    let valueEnd = i;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) {
      valueEnd--;
    }
    i += 2;
    if (head.count === maxFields) return invalid(head, "too many fields");
    const kind = kindOf(bytes, start, nameEnd);
    const at = stride * head.count;
    fields[at] = kind;
    fields[at + 1] = start;
    fields[at + 2] = nameEnd;
    fields[at + 3] = valueStart;
    fields[at + 4] = valueEnd;
    if (kind !== FIELD_OTHER && !interpret(head, bytes, kind, valueStart, valueEnd)) return INVALID;
    head.count++;
  }
}

const wordChunked = bytesOf("chunked");
const wordClose = bytesOf("close");
const wordKeepAlive = bytesOf("keep-alive");
const wordUpgrade = bytesOf("upgrade");

/** Takes from a known field what framing and persistence need. @returns false if it is invalid */
function interpret(
  head: Head,
  bytes: Uint8Array,
  kind: number,
  from: number,
  to: number,
): boolean {
  switch (kind) {
    case FIELD_CONTENT_LENGTH: {
      const length = parseDecimal(bytes, from, to);
      if (length < 0) return invalid(head, "Content-Length") > 0;
      if (head.contentLength >= 0) {
        if (head.contentLength !== length) return invalid(head, "differing Content-Length") > 0;
        head.repeatedLength = true;
      }
      head.contentLength = length;
      break;
    }
    case FIELD_TRANSFER_ENCODING:
      // No other coding is forwarded: a server that misses one would see other content than we.
      if (head.chunked || !isWord(bytes, from, to, wordChunked)) {
        return invalid(head, "Transfer-Encoding") > 0;
      }
      head.chunked = true;
      break;
    case FIELD_CONNECTION:
      head.hasConnection = true;
      connectionOptions(head, bytes, from, to);
      break;
    case FIELD_COOKIE:
      head.hasCookie = true;
      break;
    case FIELD_SET_COOKIE:
      head.hasSetCookie = true;
      break;
    case FIELD_HOST:
      if (head.host < 0) head.host = head.count;
      else head.repeatedHost = true;
      break;
    default:
      break;
  }
  return true;
}

/** 1*DIGIT as a safe integer; -1 for anything else. */
function parseDecimal(bytes: Uint8Array, from: number, to: number): number {
  if (from === to || to - from > 16) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

function connectionOptions(head: Head, bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    const start = i;
    while (i < to && bytes[i] !== COMMA) i++;
    let end = i;
    while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
    if (isWord(bytes, start, end, wordClose)) head.close = true;
    else if (isWord(bytes, start, end, wordKeepAlive)) head.keepAlive = true;
    else if (isWord(bytes, start, end, wordUpgrade)) head.upgrade = true;
  }
}

/** Methods whose content means nothing, as a bit set. */
const bodiless = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_DELETE;

/** What holds for requests beyond the grammar. */
function checkRequest(head: Head, bytes: Uint8Array): boolean {
  if (head.chunked) {
    // RFC 9112, section 6.1: framing that an intermediary of HTTP/1.0 may have missed.
    if (head.minor === 0) return invalid(head, "Transfer-Encoding in HTTP/1.0") > 0;
    if (head.contentLength >= 0) {
      return invalid(head, "Content-Length with Transfer-Encoding") > 0;
    }
  }
  // RFC 9110, section 9.3.1: old servers expect none, and may take it for the next request.
  if (head.minor === 0 && head.contentLength > 0 && (bodiless >> head.method & 1) === 1) {
    return invalid(head, "content in HTTP/1.0") > 0;
  }
  if (head.repeatedHost) return invalid(head, "more than one Host") > 0;
  if (head.host < 0) {
    return head.minor === 0 ? checkTarget(head, bytes) : invalid(head, "no Host") > 0;
  }
  const host = hostEnd(bytes, valueStart(head, head.host), valueEnd(head, head.host));
  return host < 0 ? invalid(head, "Host") > 0 : checkTarget(head, bytes);
}

const defaultPorts = new Map([["http", "80"], ["https", "443"]]);

/** The forms of a request target (RFC 9112, section 3.2), and its agreement with Host. */
function checkTarget(head: Head, bytes: Uint8Array): boolean {
  const { targetStart: start, targetEnd: end } = head;
  if (head.method === METHOD_CONNECT) {
    // authority-form: the port must be there.
    if (hostEnd(bytes, start, end) > end - 2) return invalid(head, "authority") > 0;
    return checkAuthority(head, bytes, start, end, "");
  }
  if (bytes[start] === 47) return true; // origin-form
  if (end - start === 1 && bytes[start] === 42) {
    return head.method === METHOD_OPTIONS || invalid(head, "request target *") > 0;
  }
  const absolute = /^([a-z][a-z0-9+.-]*):\/\/([^/?]*)/i.exec(textOf(bytes, start, end));
  if (absolute === null) return invalid(head, "request target") > 0;
  const [, scheme = "", authority = ""] = absolute;
  const from = start + scheme.length + 3;
  const defaultPort = defaultPorts.get(scheme.toLowerCase()) ?? "";
  return checkAuthority(head, bytes, from, from + authority.length, defaultPort);
}

/** Whether bytes[from, to) is an authority, and the Host field's if there is one. */
function checkAuthority(
  head: Head,
  bytes: Uint8Array,
  from: number,
  to: number,
  defaultPort: string,
): boolean {
  if (hostEnd(bytes, from, to) <= from) return invalid(head, "authority") > 0;
  if (head.host < 0) return true;
  const hostFrom = valueStart(head, head.host);
  return sameAuthority(bytes, from, to, hostFrom, valueEnd(head, head.host), defaultPort) ||
    invalid(head, "authority that differs from Host") > 0;
}
