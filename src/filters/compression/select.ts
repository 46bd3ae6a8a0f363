/**
 * Whether a message is compressed, and how its head changes (manual, chapter 4.2, "compression algo").
 */
import {
  bytesOf,
  DOT,
  EQUALS,
  HTAB,
  isWord,
  QUOTE,
  SEMICOLON,
  SP,
  tokenCharacter,
} from "../../bytes/bytes.ts";
import type { CompressionAlgorithm } from "../../config/keywords/compression.ts";
import { Elements, findField } from "../../http/fields.ts";
import { CHUNKED, LENGTH } from "../../http/h1/content.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import {
  FIELD_CONTENT_LENGTH,
  fieldKind,
  type Head,
  valueEnd,
  valueStart,
} from "../../http/head.ts";
import type { CompressionSide } from "./policy.ts";

/** What clients call the algorithms (Content-Encoding; RFC 9110, section 8.4.1). */
export const codings: Readonly<Record<CompressionAlgorithm, string>> = {
  identity: "identity",
  gzip: "gzip",
  deflate: "deflate",
  "raw-deflate": "deflate",
  br: "br",
  zstd: "zstd",
};

const word = (text: string) => bytesOf(text);
const codingWords = Object.fromEntries(
  Object.entries(codings).map(([name, coding]) => [name, word(coding)]),
) as Record<CompressionAlgorithm, Uint8Array>;
const userAgent = word("user-agent");
const acceptEncoding = word("accept-encoding");
const contentEncoding = word("content-encoding");
const contentType = word("content-type");
const cacheControl = word("cache-control");
const etag = word("etag");
const noTransform = word("no-transform");
const multipart = word("multipart");
const mozilla4 = word("mozilla/4");
const msie = word("msie ");
const sv1 = word("sv1");
const STAR = 42;

const elements = new Elements();

/**
 * The algorithm for responses to a request, by what its client accepts.
 * @returns null: none
 */
export function acceptedAlgorithm(
  { algorithms }: CompressionSide,
  head: Head,
  bytes: Uint8Array,
): CompressionAlgorithm | null {
  if (isOldBrowser(head, bytes)) return null;
  let best = 0;
  let chosen: CompressionAlgorithm | null = null;
  elements.begin(head, bytes, acceptEncoding);
  while (elements.next()) {
    const { from, to } = elements;
    let end = from;
    while (end < to && tokenCharacter[bytes[end]!] === 1) end++;
    const quality = qualityOf(bytes, end, to);
    if (quality <= best) continue;
    for (const algorithm of algorithms) {
      const any = bytes[from] === STAR;
      if (!any && !isWord(bytes, from, end, codingWords[algorithm])) continue;
      chosen = algorithm;
      best = quality;
      break;
    }
  }
  if (chosen === null && algorithms.includes("identity")) return "identity";
  return chosen;
}

/** Browsers of old that say they can, and cannot: "Mozilla/4", but for MSIE 6 of XP SP2 and later ones. */
function isOldBrowser(head: Head, bytes: Uint8Array): boolean {
  const i = findField(head, bytes, userAgent);
  if (i < 0) return false;
  const from = valueStart(head, i);
  const length = valueEnd(head, i) - from;
  if (length < 9 || !isWord(bytes, from, from + 9, mozilla4)) return false;
  if (length < 31 || !isWord(bytes, from + 25, from + 30, msie)) return true;
  const version = bytes[from + 30]!;
  const six = 54;
  if (version !== six) return version < six;
  return length < 54 || !isWord(bytes, from + 51, from + 54, sv1);
}

/** The weight in the parameters bytes[at, to) of an element, times 1000; without one, 1000. */
function qualityOf(bytes: Uint8Array, at: number, to: number): number {
  for (;;) {
    while (at < to && isSpace(bytes[at]!)) at++;
    if (at >= to || bytes[at] !== SEMICOLON) return 1000;
    at++;
    while (at < to && isSpace(bytes[at]!)) at++;
    if (bytes[at] === Q && bytes[at + 1] === EQUALS && at + 1 < to) {
      return weight(bytes, at + 2, to);
    }
    while (at < to && bytes[at] !== SEMICOLON) at++;
  }
}

const Q = 113;
const isSpace = (c: number) => c === SP || c === HTAB;
const digit = (c: number | undefined) => c !== undefined && c >= 48 && c <= 57 ? c - 48 : -1;

function weight(bytes: Uint8Array, at: number, to: number): number {
  const whole = at < to ? digit(bytes[at]) : -1;
  if (whole < 0) return 1000;
  let value = whole * 1000;
  if (at + 1 < to && bytes[at + 1] === DOT) {
    let unit = 100;
    for (let i = at + 2; i < to && unit >= 1; i++, unit /= 10) {
      const next = digit(bytes[i]);
      if (next < 0) break;
      value += next * unit;
    }
  }
  return Math.min(1000, value);
}

/** Takes from a request what its client accepts (manual: "compression offload"). */
export function hideAccepted(journal: HeadJournal, head: Head, bytes: Uint8Array): void {
  for (let i = -1; (i = findField(head, bytes, acceptEncoding, i + 1)) >= 0;) {
    journal.cutField(head, i);
  }
}

/**
 * Whether a response may be compressed.
 * @param framing one of NONE, LENGTH, ... of http/h1/content.ts
 */
export function isCompressible(
  side: CompressionSide,
  head: Head,
  bytes: Uint8Array,
  framing: number,
): boolean {
  const { status } = head;
  if (head.minor === 0 || status < 200 || status > 203) return false;
  if (!hasSize(side, head, framing) || !isOfType(side, head, bytes)) return false;
  elements.begin(head, bytes, cacheControl);
  while (elements.next()) {
    if (isWord(bytes, elements.from, elements.to, noTransform)) return false;
  }
  const tag = findField(head, bytes, etag);
  if (tag < 0) return true;
  if (findField(head, bytes, etag, tag + 1) >= 0) return false;
  return etagForm(head, bytes, tag) !== INVALID_TAG;
}

/** Whether a request may be compressed (HAProxy 2.8: "compression direction"). */
export function isCompressibleRequest(
  side: CompressionSide,
  head: Head,
  bytes: Uint8Array,
  framing: number,
): boolean {
  return head.minor === 1 && hasSize(side, head, framing) && isOfType(side, head, bytes);
}

/** Whether there is content, and as much as is asked for, as far as its length is known. */
function hasSize({ minSize }: CompressionSide, head: Head, framing: number): boolean {
  return framing === CHUNKED ||
    framing === LENGTH && head.contentLength > 0 && head.contentLength >= minSize;
}

/** Whether the content is not coded yet, and of one of the types. */
function isOfType({ types }: CompressionSide, head: Head, bytes: Uint8Array): boolean {
  if (findField(head, bytes, contentEncoding) >= 0) return false;
  if (!elements.begin(head, bytes, contentType).next()) return types === null;
  const { from, to } = elements;
  const begins = (lower: Uint8Array) =>
    to - from >= lower.length && isWord(bytes, from, from + lower.length, lower);
  return !begins(multipart) && (types === null || types.some(begins));
}

const INVALID_TAG = 0;
const STRONG_TAG = 1;
const WEAK_TAG = 2;

/** The form of an entity tag (RFC 9110, section 8.8.3), as HAProxy looks at it: by both its ends. */
function etagForm(head: Head, bytes: Uint8Array, i: number): number {
  const from = valueStart(head, i);
  const to = valueEnd(head, i);
  const closed = bytes[to - 1] === QUOTE;
  if (to - from >= 2 && bytes[from] === QUOTE && closed) return STRONG_TAG;
  const weak = to - from >= 4 && bytes[from] === 87 && bytes[from + 1] === 47 &&
    bytes[from + 2] === QUOTE && closed;
  return weak ? WEAK_TAG : INVALID_TAG;
}

const chunkedLine = bytesOf("Transfer-Encoding: chunked\r\n");
const varyLine = bytesOf("Vary: Accept-Encoding\r\n");
const weakMark = bytesOf("W/");
const encodingLines = Object.fromEntries(
  Object.entries(codings).map((
    [name, coding],
  ) => [name, bytesOf(`Content-Encoding: ${coding}\r\n`)]),
) as Record<CompressionAlgorithm, Uint8Array>;

/** Notes in the head of a message that its content is compressed, and chunked. */
export function editCompressed(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  algorithm: CompressionAlgorithm,
): void {
  if (!head.chunked) {
    for (let i = 0; i < head.count; i++) {
      if (fieldKind(head, i) === FIELD_CONTENT_LENGTH) journal.cutField(head, i);
    }
    journal.addField(chunkedLine);
  }
  if (head.status > 0) {
    const tag = findField(head, bytes, etag);
    if (tag >= 0 && etagForm(head, bytes, tag) === STRONG_TAG) {
      journal.insert(valueStart(head, tag), weakMark);
    }
    journal.addField(varyLine);
  }
  if (algorithm !== "identity") journal.addField(encodingLines[algorithm]);
}
