/** Parses the field section of a message, and takes from it what framing needs (RFC 9112, chapter 5). */
import {
  bytesOf,
  COLON,
  COMMA,
  CR,
  HTAB,
  isWord,
  LF,
  SP,
  tokenCharacter,
  valueCharacter,
} from "../bytes.ts";
import {
  addField,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_HOST,
  FIELD_OTHER,
  FIELD_SET_COOKIE,
  FIELD_TRANSFER_ENCODING,
  type Head,
  INCOMPLETE,
  INVALID,
  invalid,
  maxFields,
  refuse,
} from "../head.ts";

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

/** Parses the field section that begins at `from`; the result is parse.ts's. */
export function parseFields(head: Head, bytes: Uint8Array, from: number, to: number): number {
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
    if (kind !== FIELD_OTHER && !interpret(head, bytes, kind, valueStart, valueEnd)) return INVALID;
    addField(head, kind, start, nameEnd, valueStart, valueEnd);
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
      if (length < 0) return refuse(head, "Content-Length");
      if (head.contentLength >= 0) {
        if (head.contentLength !== length) return refuse(head, "differing Content-Length");
        head.repeatedLength = true;
      }
      head.contentLength = length;
      break;
    }
    case FIELD_TRANSFER_ENCODING:
      // No other coding is forwarded: a server that misses one would see other content than we.
      if (head.chunked || !isWord(bytes, from, to, wordChunked)) {
        return refuse(head, "Transfer-Encoding");
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

/** One element of a comma-separated field value; offsets into its bytes. */
export interface Option {
  start: number;
  end: number;
  /** Where the next element begins. */
  next: number;
}

/** Reads the element at `from`, which may be empty. @returns false if there is none */
export function nextOption(option: Option, bytes: Uint8Array, from: number, to: number): boolean {
  if (from >= to) return false;
  let i = from;
  while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  option.start = i;
  while (i < to && bytes[i] !== COMMA) i++;
  option.next = i + 1;
  while (i > option.start && (bytes[i - 1] === SP || bytes[i - 1] === HTAB)) i--;
  option.end = i;
  return true;
}

/** Whether an option of Connection says how long the connection lives. */
export function isPersistence(bytes: Uint8Array, { start, end }: Option): boolean {
  return isWord(bytes, start, end, wordClose) || isWord(bytes, start, end, wordKeepAlive);
}

const option: Option = { start: 0, end: 0, next: 0 };

function connectionOptions(head: Head, bytes: Uint8Array, from: number, to: number): void {
  for (let at = from; nextOption(option, bytes, at, to); at = option.next) {
    const { start, end } = option;
    if (isWord(bytes, start, end, wordClose)) head.close = true;
    else if (isWord(bytes, start, end, wordKeepAlive)) head.keepAlive = true;
    else if (isWord(bytes, start, end, wordUpgrade)) head.upgrade = true;
  }
}
