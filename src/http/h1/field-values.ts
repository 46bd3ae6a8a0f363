/** What framing, persistence and pooling need from the values of known fields. */
import { bytesOf, COMMA, isWord } from "../../bytes/bytes.ts";
import {
  EXPECT_CONTINUE,
  EXPECT_NONE,
  EXPECT_OTHER,
  FIELD_AUTHENTICATE,
  FIELD_AUTHORIZATION,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_EXPECT,
  FIELD_HOST,
  FIELD_SET_COOKIE,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  type Head,
  refuse,
} from "../head.ts";
import { nextOption, type Option, readConnection } from "./connection.ts";

const wordChunked = bytesOf("chunked");
const element: Option = { start: 0, end: 0, next: 0 };
const wordContinue = bytesOf("100-continue");

/**
 * Takes from bytes[from, to), the value of a field of a known kind that is about to be added to
 * `head`, what is needed of it. @returns false if it is invalid
 */
export function interpret(
  head: Head,
  bytes: Uint8Array,
  kind: number,
  from: number,
  to: number,
): boolean {
  switch (kind) {
    case FIELD_CONTENT_LENGTH: {
      const length = parseLength(head, bytes, from, to);
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
      readConnection(head, bytes, from, to);
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
    case FIELD_UPGRADE:
      head.hasUpgrade = true;
      break;
    case FIELD_TE:
      head.hasTe = true;
      break;
    case FIELD_EXPECT: {
      const known = head.expect === EXPECT_NONE && isWord(bytes, from, to, wordContinue);
      head.expect = known ? EXPECT_CONTINUE : EXPECT_OTHER;
      break;
    }
    case FIELD_AUTHORIZATION:
      head.connectionAuth ||= isConnectionScheme(bytes, from, to);
      break;
    case FIELD_AUTHENTICATE:
      head.connectionAuth ||= offersConnectionScheme(bytes, from, to);
      break;
    default:
      break;
  }
  return true;
}

/**
 * The value of a Content-Length field; -1 if it is invalid. In a response it may be a list of equal
 * lengths (RFC 9110, section 8.6).
 */
function parseLength(head: Head, bytes: Uint8Array, from: number, to: number): number {
  const single = parseDecimal(bytes, from, to);
  if (single >= 0 || head.status === 0) return single;
  let length = -1;
  for (let at = from; nextOption(element, bytes, at, to); at = element.next) {
    const value = parseDecimal(bytes, element.start, element.end);
    if (value < 0 || length >= 0 && value !== length) return -1;
    length = value;
  }
  head.irregular = true;
  return bytes[to - 1] === COMMA ? -1 : length;
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

const negotiate = bytesOf("nego");
const ntlm = bytesOf("ntlm");

/**
 * Whether credentials or a challenge are of a scheme that authenticates the connection: NTLM,
 * Negotiate, Nego2. As HAProxy does, by what the scheme begins with.
 */
function isConnectionScheme(bytes: Uint8Array, from: number, to: number): boolean {
  const end = from + 4;
  return end <= to && (isWord(bytes, from, end, negotiate) || isWord(bytes, from, end, ntlm));
}

/**
 * Whether one of several challenges is of such a scheme. A comma within a quoted string begins one
 * here, too: at worst a connection is kept private that need not be.
 */
function offersConnectionScheme(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; nextOption(element, bytes, at, to); at = element.next) {
    if (isConnectionScheme(bytes, element.start, element.end)) return true;
  }
  return false;
}
