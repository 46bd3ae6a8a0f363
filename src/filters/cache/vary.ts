/**
 * Responses that vary (manual, chapter 6.2.1, "process-vary"; RFC 9111, section 4.1): by what a request
 * accepts, where it comes from, and who asks.
 */
import { bytesOf, isWord, SEMICOLON, SP, tokenCharacter } from "../../bytes/bytes.ts";
import { xxh32 } from "../../expr/converters/xxh.ts";
import { Elements, findField } from "../../http/fields.ts";
import { type Head, valueEnd, valueStart } from "../../http/head.ts";

/** What responses may vary on, bits of a set, and the place of each in a variant. */
const ACCEPT_ENCODING = 1;
const REFERER = 2;
const ORIGIN = 4;
const vary = bytesOf("vary");
const names = [
  [bytesOf("accept-encoding"), ACCEPT_ENCODING],
  [bytesOf("referer"), REFERER],
  [bytesOf("origin"), ORIGIN],
] as const;
const [[acceptEncoding], [referer], [origin]] = names;
const contentEncoding = bytesOf("content-encoding");

/** Registered codings (IANA, "HTTP Content Coding Registry"), as bits. */
const codings: readonly (readonly [Uint8Array, number])[] = [
  "gzip",
  "deflate",
  "br",
  "compress",
  "aes128gcm",
  "exi",
  "pack200-gzip",
  "zstd",
  "identity",
].map((name, i) => [bytesOf(name), 1 << i] as const);
const aliases = [[bytesOf("x-gzip"), 1], [bytesOf("x-compress"), 8]] as const;
const IDENTITY = 1 << 8;
const OTHER = 1 << 9;
const all = (1 << 9) - 1;

const elements = new Elements();

function codingOf(bytes: Uint8Array, from: number, to: number): number {
  for (const [name, bit] of codings) if (isWord(bytes, from, to, name)) return bit;
  for (const [name, bit] of aliases) if (isWord(bytes, from, to, name)) return bit;
  return OTHER;
}

/** What a response varies on; -1: on something else, and cannot be kept. */
export function variesOn(head: Head, bytes: Uint8Array): number {
  let set = 0;
  elements.begin(head, bytes, vary);
  while (elements.next()) {
    const known = names.find(([name]) => isWord(bytes, elements.from, elements.to, name));
    if (known === undefined) return -1;
    set |= known[1];
  }
  return set;
}

/** What a request has of all that responses may vary on. @param seed of hashes */
export function readVariant(
  head: Head,
  bytes: Uint8Array,
  seed: number,
  variant: Int32Array,
): void {
  variant[0] = acceptedCodings(head, bytes);
  variant[1] = hashOf(head, bytes, seed, referer);
  variant[2] = hashOf(head, bytes, seed, origin);
}

function hashOf(head: Head, bytes: Uint8Array, seed: number, name: Uint8Array): number {
  const i = findField(head, bytes, name);
  return i < 0 ? 0 : xxh32(bytes, valueStart(head, i), valueEnd(head, i), seed) | 1;
}

function acceptedCodings(head: Head, bytes: Uint8Array): number {
  if (findField(head, bytes, acceptEncoding) < 0) return all;
  // What has no coding is accepted, unless the client says otherwise.
  let accepted = IDENTITY;
  elements.begin(head, bytes, acceptEncoding);
  while (elements.next()) {
    const { from, to } = elements;
    let end = from;
    while (end < to && tokenCharacter[bytes[end]!] === 1) end++;
    const star = end === from + 1 && bytes[from] === STAR;
    const refused = isRefused(bytes, end, to);
    if (star) {
      if (!refused) accepted |= all;
    } else if (refused) accepted &= ~codingOf(bytes, from, end);
    else accepted |= codingOf(bytes, from, end);
  }
  return accepted;
}
const STAR = 42;

/** Whether the parameters bytes[at, to) are a weight of 0. */
function isRefused(bytes: Uint8Array, at: number, to: number): boolean {
  while (at < to && bytes[at] === SP) at++;
  if (bytes[at] !== SEMICOLON || at >= to) return false;
  at++;
  while (at < to && bytes[at] === SP) at++;
  if (to - at < 3 || (bytes[at]! | 32) !== 113 || bytes[at + 1] !== 61) return false;
  for (let i = at + 2; i < to; i++) if (bytes[i] !== 48 && bytes[i] !== 46) return false;
  return true;
}

/**
 * Puts how the response is coded in the place of what its request accepts.
 * @returns false: in a way that is not known, it cannot be kept
 */
export function noteCoding(head: Head, bytes: Uint8Array, variant: Int32Array): boolean {
  let set = 0;
  elements.begin(head, bytes, contentEncoding);
  while (elements.next()) set |= codingOf(bytes, elements.from, elements.to);
  variant[0] = set === 0 ? IDENTITY : set;
  return (set & OTHER) === 0;
}

/** Whether a response that is kept will do for a request. @param on what it varies on */
export function fits(on: number, kept: Int32Array, wanted: Int32Array): boolean {
  if ((on & ACCEPT_ENCODING) !== 0 && (kept[0]! & wanted[0]!) !== kept[0]) return false;
  if ((on & REFERER) !== 0 && kept[1] !== wanted[1]) return false;
  return (on & ORIGIN) === 0 || kept[2] === wanted[2];
}

/** Whether one that is kept is of the same variant as another, which then takes its place. */
export function isSameVariant(
  on: number,
  kept: Int32Array,
  other: number,
  made: Int32Array,
): boolean {
  if (on !== other) return on === 0 || other === 0;
  return fits(on, kept, made) && ((on & ACCEPT_ENCODING) === 0 || kept[0] === made[0]);
}
