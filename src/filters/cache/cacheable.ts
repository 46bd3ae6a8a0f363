/** What may be kept, and for how long, as HAProxy has it (manual, chapter 6.1; RFC 9111). */
import { bytesOf, isWord, QUOTE, textOf } from "../../bytes/bytes.ts";
import { parseHttpDate } from "../../http/date.ts";
import { Elements, findField } from "../../http/fields.ts";
import { type Head, valueEnd, valueStart } from "../../http/head.ts";

const word = (text: string) => bytesOf(text);
const cacheControl = word("cache-control");
const pragma = word("pragma");
const authorization = word("authorization");
const expiresName = word("expires");
const etag = word("etag");
const lastModified = word("last-modified");
const dateName = word("date");
const ageName = word("age");

const elements = new Elements();
const longestAge = 2 ** 31 - 1;

/** The name of a directive, and where its value begins, if it has one. */
function isDirective(bytes: Uint8Array, name: Uint8Array): boolean {
  const { from, to } = elements;
  const end = from + name.length;
  if (end > to || !isWord(bytes, from, end, name)) return false;
  return end === to || bytes[end] === EQUALS;
}
const EQUALS = 61;

/** The number that a directive is given; NaN: something else; undefined: nothing. */
function valueOf(bytes: Uint8Array, name: Uint8Array): number | undefined {
  const { from, to } = elements;
  let at = from + name.length;
  if (at >= to || bytes[at] !== EQUALS) return undefined;
  at++;
  if (bytes[at] === QUOTE) at++;
  const digits = /^\d+/.exec(textOf(bytes, at, to));
  return digits === null ? NaN : Math.min(longestAge, Number(digits[0]));
}

const maxAge = word("max-age");
const sMaxAge = word("s-maxage");
const noCache = word("no-cache");
const noStore = word("no-store");
const privateWord = word("private");
const publicWord = word("public");
const noCacheCookie = word('no-cache="set-cookie"');
const maxStale = word("max-stale");
const minFresh = word("min-fresh");
/** What a client asks of a cache that is not made use of for it. */
const freshly = [maxAge, noCache, maxStale, minFresh];

/** What a request says of caches. */
export interface RequestWish {
  /** It is not answered by one. */
  fresh: boolean;
  /** Its response is not kept. */
  unkept: boolean;
}

/** Reads it. */
export function readWish(head: Head, bytes: Uint8Array, wish: RequestWish): void {
  wish.fresh = wish.unkept = false;
  if (findField(head, bytes, authorization) >= 0) wish.fresh = wish.unkept = true;
  elements.begin(head, bytes, cacheControl);
  let controlled = false;
  while (elements.next()) {
    controlled = true;
    if (isDirective(bytes, noStore)) wish.unkept = true;
    else if (freshly.some((each) => isDirective(bytes, each))) wish.fresh = true;
  }
  if (controlled || wish.fresh) return;
  elements.begin(head, bytes, pragma);
  while (elements.next()) {
    if (isWord(bytes, elements.from, elements.to, noCache)) wish.fresh = true;
  }
}

/** How long a response may be kept. */
export interface Freshness {
  /** For how long, s; 0 or less: it may not be. */
  lifetime: number;
  /** How old it was when it came, s. */
  age: number;
  /** When it was changed last, as far as it says; seconds since 1970. */
  modified: number;
}

/**
 * Reads that.
 * @param longest `max-age` of the cache, s
 * @param now seconds since 1970
 * @returns whether the response may be kept
 */
export function readFreshness(
  head: Head,
  bytes: Uint8Array,
  longest: number,
  now: number,
  freshness: Freshness,
): boolean {
  let kept = true;
  elements.begin(head, bytes, pragma);
  while (elements.next()) {
    if (isWord(bytes, elements.from, elements.to, noCache)) kept = false;
  }
  let explicit = false;
  let shared: number | undefined;
  let plain: number | undefined;
  elements.begin(head, bytes, cacheControl);
  while (elements.next()) {
    const { from, to } = elements;
    if (isWord(bytes, from, to, publicWord)) kept = true;
    else if (isWord(bytes, from, to, privateWord)) kept = false;
    else if (isWord(bytes, from, to, noCache) || isWord(bytes, from, to, noStore)) kept = false;
    else if (isWord(bytes, from, to, noCacheCookie)) kept = false;
    else if (isDirective(bytes, sMaxAge)) {
      explicit = true;
      shared = valueOf(bytes, sMaxAge) ?? shared;
    } else if (isDirective(bytes, maxAge)) {
      explicit = true;
      plain = valueOf(bytes, maxAge) ?? plain;
    }
  }
  const expires = findField(head, bytes, expiresName);
  const validator = findField(head, bytes, etag) >= 0 ||
    findField(head, bytes, lastModified) >= 0;
  if (!kept || shared === 0 || plain === 0) return false;
  if (!explicit && expires < 0 && !validator) return false;
  if (Number.isNaN(shared) || Number.isNaN(plain)) return false;
  let lifetime = shared ?? plain;
  if (lifetime === undefined && expires >= 0) {
    const date = parseHttpDate(textOf(bytes, valueStart(head, expires), valueEnd(head, expires)));
    lifetime = date === null ? 0 : Math.max(0, date - now);
  }
  freshness.lifetime = Math.min(lifetime ?? longest, longest);
  freshness.age = 0;
  const age = findField(head, bytes, ageName);
  if (age >= 0) {
    const text = textOf(bytes, valueStart(head, age), valueEnd(head, age));
    const value = /^\d+$/.test(text) ? Math.min(longestAge, Number(text)) : 0;
    if (value === 0 || value > (lifetime ?? 0)) return false;
    freshness.age = value;
  }
  freshness.modified = dateOf(head, bytes, lastModified) ?? dateOf(head, bytes, dateName) ?? now;
  return freshness.lifetime > 0;
}

/** The date in the first field of a name; null: there is none. */
export function dateOf(head: Head, bytes: Uint8Array, name: Uint8Array): number | null {
  const i = findField(head, bytes, name);
  return i < 0 ? null : parseHttpDate(textOf(bytes, valueStart(head, i), valueEnd(head, i)));
}

const ifNoneMatch = word("if-none-match");
const ifModifiedSince = word("if-modified-since");
const STAR = 42;

/**
 * Whether a client has the response already (RFC 9111, section 4.3.2).
 * @param tag its entity tag; empty: it has none
 * @param modified when it was changed last
 */
export function isUnchanged(
  head: Head,
  bytes: Uint8Array,
  tag: Uint8Array,
  modified: number,
): boolean {
  if (findField(head, bytes, ifNoneMatch) < 0) {
    const since = dateOf(head, bytes, ifModifiedSince);
    return since !== null && modified <= since;
  }
  elements.begin(head, bytes, ifNoneMatch);
  while (elements.next()) {
    const { from, to } = elements;
    if (to - from === 1 && bytes[from] === STAR) return true;
    if (tag.length > 0 && sameTag(bytes, from, to, tag)) return true;
  }
  return false;
}

/** Weak comparison (RFC 9110, section 8.8.3.2). */
function sameTag(bytes: Uint8Array, from: number, to: number, tag: Uint8Array): boolean {
  const at = opaqueFrom(bytes, from);
  const other = opaqueFrom(tag, 0);
  if (to - at !== tag.length - other) return false;
  for (let i = 0; i < to - at; i++) if (bytes[at + i] !== tag[other + i]) return false;
  return true;
}
const opaqueFrom = (bytes: Uint8Array, at: number) =>
  bytes[at] === 87 && bytes[at + 1] === 47 ? at + 2 : at;
