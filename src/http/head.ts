/**
 * The head of an HTTP/1 message, parsed: an index into its bytes, used again for the next message,
 * so that parsing allocates nothing. parse.ts fills it in.
 */

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

/** What parsing results in: the head is not complete yet. */
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

/** Adds a field to the index. */
export function addField(
  head: Head,
  kind: number,
  start: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): void {
  const { fields } = head;
  const at = stride * head.count++;
  fields[at] = kind;
  fields[at + 1] = start;
  fields[at + 2] = nameEnd;
  fields[at + 3] = valueStart;
  fields[at + 4] = valueEnd;
}

/** Notes why a head is {@linkcode INVALID}, and returns that. */
export function invalid(head: Head, error: string): number {
  head.error = error;
  return INVALID;
}

/** Notes why a head is {@linkcode INVALID}, and returns false. */
export function refuse(head: Head, error: string): false {
  head.error = error;
  return false;
}

/** Forgets the head before this one. */
export function resetHead(head: Head): void {
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
