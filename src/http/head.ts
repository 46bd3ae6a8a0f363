/**
 * The head of an HTTP/1 message, parsed: an index into its bytes, used again for the next message,
 * so that parsing allocates nothing. parse.ts fills it in.
 */

/** More fields than that are refused (manual: "tune.http.maxhdr"). */
export let maxFields = 101;

/** Sets {@linkcode maxFields} for this thread: it is one of the process. */
export function setMaxFields(most: number): void {
  maxFields = most;
}

/** Fields that the proxy may have to look at. */
export const FIELD_OTHER = 0;
export const FIELD_CONNECTION = 1;
export const FIELD_CONTENT_LENGTH = 2;
export const FIELD_TRANSFER_ENCODING = 3;
export const FIELD_COOKIE = 4;
export const FIELD_SET_COOKIE = 5;
export const FIELD_HOST = 6;
export const FIELD_UPGRADE = 7;
export const FIELD_TE = 8;
export const FIELD_TRAILER = 9;
export const FIELD_EXPECT = 10;
/** Authorization, Proxy-Authorization */
export const FIELD_AUTHORIZATION = 11;
/** WWW-Authenticate, Proxy-Authenticate */
export const FIELD_AUTHENTICATE = 12;
/**
 * A field that a Connection option names, whatever its own kind: it is for this hop alone (RFC 9110,
 * section 7.6.1). Framing and routing never are: Connection, Content-Length, Transfer-Encoding, Host
 * keep their kinds, and so do Upgrade and TE, which have rules of their own.
 */
export const FIELD_NAMED = 13;

/** What the Expect fields say (RFC 9110, section 10.1.1). */
export const EXPECT_NONE = 0;
/** One field, which says `100-continue`. */
export const EXPECT_CONTINUE = 1;
/** Anything else: what a server makes of it is not known. */
export const EXPECT_OTHER = 2;

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
  /** 1; or 2 for a request that came in HTTP/2: it is as h2/request-reader.ts writes it. */
  major: number;
  /** 0 or 1, of HTTP/1.x. */
  minor: number;
  /** One of METHOD_...; requests only. */
  method: number;
  targetStart: number;
  targetEnd: number;
  /** 0: it is a request's. */
  status: number;
  /** First and last offset of the request or status line, without its CRLF. */
  lineStart: number;
  lineEnd: number;
  /** How many fields there are. */
  count: number;
  /** For each field: kind, name start, name end, value start, value end. */
  fields: Int32Array<ArrayBuffer>;
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
  hasUpgrade: boolean;
  hasTe: boolean;
  /**
   * Connection has options other than close, keep-alive, upgrade and te. The fields of those names
   * that there are have become {@linkcode FIELD_NAMED}; there may be none.
   */
  hasNamed: boolean;
  /** One of EXPECT_...; requests only. */
  expect: number;
  /**
   * The message takes part in an authentication that holds for the connection: NTLM or Negotiate,
   * in credentials or in a challenge.
   */
  connectionAuth: boolean;
  /**
   * The head is unambiguous, but its bytes are not what may pass on: lines that end in LF alone or
   * are folded, another version, spaces too many, a list of equal lengths. Responses only. Before
   * anything is read from it, canonicalHead() in h1/canonical.ts must write it anew, and the result
   * be parsed.
   */
  irregular: boolean;
  /**
   * The response has fields that frame a content, and its status or the request's method says that
   * none follows (RFC 9112, section 6.3, rules 1 and 2): they must not pass on. If `chunked` or
   * `contentLength` speak of content, the server may be out of step. responseFraming() notes it.
   */
  framingIgnored: boolean;
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
    major: 1,
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
    hasUpgrade: false,
    hasTe: false,
    hasNamed: false,
    expect: EXPECT_NONE,
    connectionAuth: false,
    irregular: false,
    framingIgnored: false,
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
  const at = stride * head.count++;
  if (at === head.fields.length) head.fields = grown(head.fields);
  const { fields } = head;
  fields[at] = kind;
  fields[at + 1] = start;
  fields[at + 2] = nameEnd;
  fields[at + 3] = valueStart;
  fields[at + 4] = valueEnd;
}

/** The same with room for more, where {@linkcode maxFields} is above the usual. */
function grown(fields: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(2 * fields.length);
  more.set(fields);
  return more;
}

/** Lets the value of the last field end at `valueEnd`. */
export function extendField(head: Head, valueEnd: number): void {
  head.fields[stride * (head.count - 1) + 4] = valueEnd;
}

/** Lets field `i` be elsewhere, as one of no known kind. */
export function setSpan(
  head: Head,
  i: number,
  start: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): void {
  const { count } = head;
  const kind = head.fields[stride * i]!;
  head.count = i;
  addField(head, kind, start, nameEnd, valueStart, valueEnd);
  head.count = count;
}

/** Takes field `i` from the index. */
export function removeField(head: Head, i: number): void {
  head.fields.copyWithin(stride * i, stride * (i + 1), stride * head.count);
  head.count--;
}

/** Makes `head` a copy of another one, of bytes that stand `by` further on. */
export function copyHead(head: Head, from: Head, by: number): void {
  const { fields } = head;
  const used = stride * from.count;
  for (let i = 0; i < used; i++) {
    fields[i] = i % stride === 0 ? from.fields[i]! : from.fields[i]! + by;
  }
  head.major = from.major;
  head.minor = from.minor;
  head.method = from.method;
  head.targetStart = from.targetStart + by;
  head.targetEnd = from.targetEnd + by;
  head.status = from.status;
  head.lineStart = from.lineStart + by;
  head.lineEnd = from.lineEnd + by;
  head.count = from.count;
  head.emptyLine = from.emptyLine + by;
  head.contentLength = from.contentLength;
  head.chunked = from.chunked;
  head.close = from.close;
  head.keepAlive = from.keepAlive;
  head.upgrade = from.upgrade;
  head.hasCookie = from.hasCookie;
  head.hasSetCookie = from.hasSetCookie;
  head.hasConnection = from.hasConnection;
  head.hasUpgrade = from.hasUpgrade;
  head.hasTe = from.hasTe;
  head.hasNamed = from.hasNamed;
  head.expect = from.expect;
  head.connectionAuth = from.connectionAuth;
  head.irregular = from.irregular;
  head.framingIgnored = from.framingIgnored;
  head.repeatedLength = from.repeatedLength;
  head.repeatedHost = from.repeatedHost;
  head.error = from.error;
  head.host = from.host;
}

/** Makes field `i` one of another kind. */
export function setKind(head: Head, i: number, kind: number): void {
  head.fields[stride * i] = kind;
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
  head.major = 1;
  head.count = 0;
  head.status = 0;
  head.contentLength = -1;
  head.chunked =
    head.close =
    head.keepAlive =
    head.upgrade =
      false;
  head.hasCookie =
    head.hasSetCookie =
    head.hasConnection =
    head.hasUpgrade =
    head.hasTe =
    head.hasNamed =
    head.connectionAuth =
    head.irregular =
    head.framingIgnored =
    head.repeatedLength =
    head.repeatedHost =
      false;
  head.expect = EXPECT_NONE;
  head.host = -1;
}
