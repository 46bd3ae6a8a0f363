import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, COMMA } from "../../bytes/bytes.ts";
import { isUnchanged, readFreshness, readWish } from "../../filters/cache/cacheable.ts";
import type { Cache } from "../../filters/cache/caches.ts";
import { CacheHit } from "./cache-hit.ts";
import { type Matches, variantWords } from "../../filters/cache/store.ts";
import {
  fits,
  isSameVariant,
  noteCoding,
  readVariant,
  variesOn,
} from "../../filters/cache/vary.ts";
import type { ContentObserver } from "../../filters/content.ts";
import { findField } from "../../http/fields.ts";
import {
  FIELD_CONNECTION,
  FIELD_NAMED,
  FIELD_TE,
  FIELD_UPGRADE,
  fieldKind,
  fieldStart,
  type Head,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_TRACE,
  nameEnd,
  valueEnd,
  valueStart,
} from "../../http/head.ts";

const scheme = bytesOf("https://");
const host = bytesOf("host");
const ageName = bytesOf("age");
const etag = bytesOf("etag");
const colon = bytesOf(": ");
const lineEnd = bytesOf("\r\n");
const SLASH = 47;
const STAR = 42;

/** Heads are put together one at a time. */
const text = new ByteBuffer(2048);

/** What is between one transaction and the caches that rules name for it. */
export class TransactionCaching implements ContentObserver {
  readonly hit = new CacheHit();
  /** The cache that answers; null: none does. */
  source: Cache | null = null;
  readonly #wish = { fresh: false, unkept: false };
  readonly #freshness = { lifetime: 0, age: 0, modified: 0 };
  readonly #key = new ByteBuffer(256);
  /** What the request has of what responses vary on. */
  readonly #wanted = new Int32Array(variantWords);
  readonly #made = new Int32Array(variantWords);
  #vary = 0;
  readonly #fits: Matches = (vary, variant) => fits(vary, variant, this.#wanted);
  readonly #isSame: Matches = (vary, variant) =>
    isSameVariant(vary, variant, this.#vary, this.#made);
  #minor = 0;
  #method = 0;
  /** Where the response is kept; null: it is not. */
  #target: Cache | null = null;
  #entry = 0;

  /** Begins with a request that no rule has named a cache for. */
  begin(): void {
    this.#key.clear();
    this.source = null;
  }

  // ---- requests ----

  /**
   * Looks for a response to a request.
   * @param now seconds since 1970
   * @returns whether there was one to look for, and whether it was found
   */
  use(cache: Cache, head: Head, bytes: Uint8Array, now: number): "hit" | "miss" | "not asked" {
    if (this.source !== null) return "not asked";
    readWish(head, bytes, this.#wish);
    this.#minor = head.minor;
    this.#method = head.method;
    if (!this.#readKey(head, bytes)) return "not asked";
    const { store } = cache;
    if (cache.varies) readVariant(head, bytes, cache.seed, this.#wanted);
    const asks = head.minor === 1 && (head.method === METHOD_GET || head.method === METHOD_HEAD);
    if (!asks || this.#wish.fresh || !this.#setKey(cache)) return "not asked";
    const entry = store.find(now, this.#fits);
    if (entry === 0) return "miss";
    const facts = store.facts(entry);
    const tag = new Uint8Array(facts.tagLength);
    if (facts.tagLength > 0) {
      const from = facts.keyLength + facts.tagFrom;
      store.read(store.blockAt(entry, from), from, from + facts.tagLength, tag, 0);
    }
    const unchanged = isUnchanged(head, bytes, tag, facts.modified);
    this.hit.begin(store, entry, facts, unchanged, now);
    this.source = cache;
    return "hit";
  }

  #setKey({ store }: Cache): boolean {
    return store.setKey(this.#key.bytes, 0, this.#key.length);
  }

  /** The key is the whole target: where it is relative, with Host. @returns false: there is none */
  #readKey(head: Head, bytes: Uint8Array): boolean {
    const key = this.#key;
    const { targetStart, targetEnd } = head;
    key.clear();
    if (bytes[targetStart] === SLASH || bytes[targetStart] === STAR) {
      const i = findField(head, bytes, host);
      if (i < 0) return false;
      const from = valueStart(head, i);
      let to = from;
      while (to < valueEnd(head, i) && bytes[to] !== COMMA) to++;
      key.append(scheme, 0, scheme.length);
      key.append(bytes, from, to);
    }
    key.append(bytes, targetStart, targetEnd);
    return true;
  }

  // ---- responses ----

  /** Keeps a response, if it may be: its head as it is now, and its content as it passes. */
  store(cache: Cache, head: Head, bytes: Uint8Array, now: number): void {
    if (this.source !== null || this.#target !== null || this.#key.length === 0) return;
    if (this.#minor === 0 || !this.#setKey(cache)) return;
    if (this.#method !== METHOD_GET) return this.#invalidate(cache, head.status);
    if (head.status !== 200 || this.#wish.unkept) return;
    this.#vary = variesOn(head, bytes);
    if (this.#vary !== 0 && (this.#vary < 0 || !cache.varies)) return;
    this.#made.set(this.#wanted);
    if (this.#vary !== 0 && !noteCoding(head, bytes, this.#made)) return;
    if (!readFreshness(head, bytes, cache.maxAge, now, this.#freshness)) return;
    const tag = this.#writeHead(head, bytes);
    if (text.length + Math.max(0, head.contentLength) > cache.largest) return;
    const { lifetime, age, modified } = this.#freshness;
    const { store } = cache;
    const facts = {
      headLength: text.length,
      expires: now + lifetime,
      validated: now,
      modified,
      age,
      tagFrom: tag.from,
      tagLength: tag.to - tag.from,
      vary: this.#vary,
    };
    const variants = this.#vary === 0 ? Infinity : cache.variants;
    const entry = store.create(now, this.#isSame, facts, this.#made, variants);
    if (entry === 0) return;
    this.#target = cache;
    this.#entry = entry;
    if (!store.append(entry, text.bytes, 0, text.length)) this.#abandon();
  }

  /** A method that changes something has succeeded: what is kept may be wrong (RFC 9111, section 4.4). */
  #invalidate({ store }: Cache, status: number): void {
    const method = this.#method;
    if (method === METHOD_HEAD || method === METHOD_OPTIONS || method === METHOD_TRACE) return;
    if (status >= 200 && status < 400) store.invalidate();
  }

  /** Writes the head without what is for this hop, or this moment, alone. @returns its entity tag */
  #writeHead(head: Head, bytes: Uint8Array): { from: number; to: number } {
    text.clear();
    text.append(bytes, head.lineStart, head.lineEnd);
    text.append(lineEnd, 0, 2);
    const tag = { from: 0, to: 0 };
    const age = findField(head, bytes, ageName);
    const tagField = findField(head, bytes, etag);
    for (let i = 0; i < head.count; i++) {
      const kind = fieldKind(head, i);
      if (kind === FIELD_CONNECTION || kind === FIELD_NAMED) continue;
      if (kind === FIELD_UPGRADE || kind === FIELD_TE || i === age) continue;
      text.append(bytes, fieldStart(head, i), nameEnd(head, i));
      text.append(colon, 0, 2);
      if (i === tagField) tag.from = text.length;
      text.append(bytes, valueStart(head, i), valueEnd(head, i));
      if (i === tagField) tag.to = text.length;
      text.append(lineEnd, 0, 2);
    }
    text.append(lineEnd, 0, 2);
    return tag;
  }

  /** The response is being kept. */
  get keeps(): boolean {
    return this.#target !== null;
  }
  content(bytes: Uint8Array, from: number, to: number): void {
    if (this.#target === null) return;
    const { store, largest } = this.#target;
    const fits = store.size(this.#entry) + to - from <= largest;
    if (!fits || !store.append(this.#entry, bytes, from, to)) this.#abandon();
  }
  end(): void {
    if (this.#target === null) return;
    this.#target.store.complete(this.#entry);
    this.#target = null;
  }

  #abandon(): void {
    if (this.#target === null) return;
    this.#target.store.abandon(this.#entry);
    this.#target = null;
  }

  /** The transaction is over. */
  clear(): void {
    this.#abandon();
    this.hit.release();
    this.source = null;
    this.#key.clear();
  }
}
