/**
 * The memory of a cache: one for all threads, in blocks of 1 KiB that they share. An entry is a chain
 * of blocks with its key, the head of a response and its content as HTTP/1 frames it. Entries are
 * found by a hash of their keys, several of one key where responses vary; they stand in the order of
 * use, and the oldest leave where there is no room.
 *
 * What is done to the tables is done with the lock taken, in a few reads and writes; the bytes of an
 * entry are written by the one thread that makes it, and read by those that hold it, without. An entry
 * that is held outlives its removal: its blocks are free once nobody holds it any more.
 */
import { copy } from "../../bytes/bytes.ts";
import { Lock } from "../../shared/lock.ts";
import type { SharedMemory } from "../../shared/memory.ts";
import { halfSipHash } from "../../stick-table/hash.ts";

const blockSize = 1024;

// Words of an entry.
const NEXT = 0;
const HASH = 1;
const OLDER = 2;
const NEWER = 3;
const STATE = 4;
const WRITER = 5;
const FIRST = 6;
const LAST = 7;
const BLOCKS = 8;
const SIZE = 9;
const KEY_LENGTH = 10;
const HEAD_LENGTH = 11;
/** Seconds since 1970. */
const EXPIRES = 12;
const VALIDATED = 13;
const MODIFIED = 14;
const AGE = 15;
const TAG_FROM = 16;
const TAG_LENGTH = 17;
/** What it varies on, and what the request had of that. */
const VARY = 18;
const VARIANT = 19;
export const variantWords = 3;
/** How many streams of each thread hold it. */
const HELD = VARIANT + variantWords;

const FREE = 0;
const WRITING = 1;
const COMPLETE = 2;
/** Out of the tables, and held still. */
const REMOVED = 3;

// The cache's own words.
const FREE_BLOCK = 0;
const TOP_BLOCK = 1;
const BLOCKS_USED = 2;
const FREE_ENTRY = 3;
const TOP_ENTRY = 4;
const OLDEST = 5;
const NEWEST = 6;
const SEED = 7;
const words = 9;

/** What is known of an entry beside its bytes. */
export interface EntryFacts {
  readonly keyLength: number;
  readonly headLength: number;
  /** Seconds since 1970. */
  readonly expires: number;
  readonly validated: number;
  readonly modified: number;
  readonly age: number;
  /** Where its entity tag is, in the head. */
  readonly tagFrom: number;
  readonly tagLength: number;
  readonly vary: number;
}

/** Which of several entries of a key is looked for. */
export type Matches = (vary: number, variant: Int32Array) => boolean;

/** See above. */
export class CacheStore {
  readonly blocks: number;
  readonly #lock: Lock;
  readonly #own: Int32Array;
  readonly #buckets: Int32Array;
  readonly #entries: Int32Array;
  /** The block after each block; 0: none. */
  readonly #after: Int32Array;
  readonly #data: Uint8Array;
  readonly #mask: number;
  readonly #stride: number;
  readonly #self: number;
  readonly #threads: number;
  readonly #longestKey: number;
  readonly #keyWords: Int32Array;
  readonly #key: Uint8Array;
  #keyLength = 0;
  #hash = 0;

  /**
   * @param bytes of all entries
   * @param seed two random numbers: the key of the hash
   * @param longestKey bytes
   */
  constructor(
    memory: SharedMemory,
    bytes: number,
    seed: readonly [number, number],
    longestKey: number,
  ) {
    const blocks = this.blocks = Math.floor(bytes / blockSize);
    // An entry of less is rare: head and key alone have some hundred bytes.
    const buckets = 2 ** Math.min(22, Math.ceil(Math.log2(blocks)));
    this.#lock = new Lock(memory);
    this.#own = memory.ints(words);
    this.#buckets = memory.ints(buckets);
    this.#stride = HELD + memory.threads;
    this.#entries = memory.ints((blocks + 1) * this.#stride);
    this.#after = memory.ints(blocks + 1);
    this.#data = new Uint8Array(memory.ints((blocks * blockSize) / 4).buffer);
    this.#mask = buckets - 1;
    this.#self = memory.self;
    this.#threads = memory.threads;
    this.#longestKey = longestKey;
    this.#keyWords = new Int32Array(Math.ceil(longestKey / 4) + 1);
    this.#key = new Uint8Array(this.#keyWords.buffer);
    if (memory.fresh) this.#own.set(seed, SEED);
  }

  /** Sets the key that is looked for. @returns false: it is too long */
  setKey(bytes: Uint8Array, from: number, to: number): boolean {
    const length = to - from;
    if (length > this.#longestKey) return false;
    const end = copy(this.#key, 0, bytes, from, to);
    this.#key.fill(0, end, (end + 4) & ~3);
    this.#keyLength = length;
    this.#hash = halfSipHash(this.#keyWords, length, this.#own[SEED]!, this.#own[SEED + 1]!);
    return true;
  }

  // ---- for readers ----

  /**
   * Finds a complete entry of the key that was set, and holds it.
   * @param now seconds since 1970
   * @returns its number, until {@linkcode CacheStore.release}; 0: there is none
   */
  find(now: number, matches: Matches): number {
    this.#lock.lock();
    let found = 0;
    for (let at = this.#first(); at !== 0; at = this.#following(at)) {
      if (this.#get(at, STATE) !== COMPLETE || this.#get(at, EXPIRES) <= now) continue;
      if (!this.#matches(at, matches)) continue;
      found = at;
      break;
    }
    if (found !== 0) {
      this.#entries[found * this.#stride + HELD + this.#self]!++;
      this.#unlink(found);
      this.#append(found);
    }
    this.#lock.unlock();
    return found;
  }

  facts(entry: number): EntryFacts {
    const get = (word: number) => this.#get(entry, word);
    return {
      keyLength: get(KEY_LENGTH),
      headLength: get(HEAD_LENGTH),
      expires: get(EXPIRES),
      validated: get(VALIDATED),
      modified: get(MODIFIED),
      age: get(AGE),
      tagFrom: get(TAG_FROM),
      tagLength: get(TAG_LENGTH),
      vary: get(VARY),
    };
  }
  size(entry: number): number {
    return this.#get(entry, SIZE);
  }

  /** The block of an entry in which its byte `at` is. */
  blockAt(entry: number, at: number): number {
    let block = this.#get(entry, FIRST);
    for (let i = Math.floor(at / blockSize); i > 0; i--) block = this.#after[block]!;
    return block;
  }
  /**
   * Copies bytes of an entry to `target` at `at`.
   * @param block that of the first one
   * @param from the first one, in the entry
   * @returns the block in which the next one is
   */
  read(block: number, from: number, to: number, target: Uint8Array, at: number): number {
    while (from < to) {
      const inBlock = from % blockSize;
      const count = Math.min(blockSize - inBlock, to - from);
      const start = (block - 1) * blockSize + inBlock;
      at = copy(target, at, this.#data, start, start + count);
      from += count;
      if (from % blockSize === 0) block = this.#after[block]!;
    }
    return block;
  }

  /** It is held no more. */
  release(entry: number): void {
    this.#lock.lock();
    this.#entries[entry * this.#stride + HELD + this.#self]!--;
    this.#freeIfLeft(entry);
    this.#lock.unlock();
  }

  // ---- for writers ----

  /**
   * Begins an entry of the key that was set, in the place of one that there is.
   * @param variants how many of one key there may be
   * @returns its number; 0: there is no room, or another stream makes one just now
   */
  create(
    now: number,
    matches: Matches,
    facts: Omit<EntryFacts, "keyLength">,
    variant: Int32Array,
    variants: number,
  ): number {
    this.#lock.lock();
    const entry = this.#create(now, matches, variants);
    if (entry !== 0) {
      const { headLength, expires, validated, modified, age, tagFrom, tagLength, vary } = facts;
      const base = entry * this.#stride;
      const entries = this.#entries;
      entries[base + KEY_LENGTH] = this.#keyLength;
      entries[base + HEAD_LENGTH] = headLength;
      entries[base + EXPIRES] = expires;
      entries[base + VALIDATED] = validated;
      entries[base + MODIFIED] = modified;
      entries[base + AGE] = age;
      entries[base + TAG_FROM] = tagFrom;
      entries[base + TAG_LENGTH] = tagLength;
      entries[base + VARY] = vary;
      entries.set(variant, base + VARIANT);
    }
    this.#lock.unlock();
    if (entry !== 0 && !this.append(entry, this.#key, 0, this.#keyLength)) {
      this.abandon(entry);
      return 0;
    }
    return entry;
  }

  #create(now: number, matches: Matches, variants: number): number {
    let count = 0;
    for (let at = this.#first(); at !== 0;) {
      const next = this.#following(at);
      const same = this.#matches(at, matches);
      if (same && this.#get(at, STATE) === WRITING) return 0;
      if (same || this.#get(at, STATE) === COMPLETE && this.#get(at, EXPIRES) <= now) {
        this.#remove(at);
      } else {
        count++;
      }
      at = next;
    }
    if (count >= variants) return 0;
    const own = this.#own;
    let entry = own[FREE_ENTRY]!;
    if (entry !== 0) own[FREE_ENTRY] = this.#get(entry, NEXT);
    else if (own[TOP_ENTRY]! < this.blocks) entry = ++own[TOP_ENTRY]!;
    else return 0;
    const base = entry * this.#stride;
    this.#entries.fill(0, base, base + this.#stride);
    const bucket = this.#hash & this.#mask;
    this.#entries[base + NEXT] = this.#buckets[bucket]!;
    this.#buckets[bucket] = entry;
    this.#entries[base + HASH] = this.#hash;
    this.#entries[base + STATE] = WRITING;
    this.#entries[base + WRITER] = this.#self + 1;
    this.#append(entry);
    return entry;
  }

  /** Adds bytes[from, to) to an entry that is being made. @returns false: there is no room for them */
  append(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (from === to) return true;
    const size = this.#get(entry, SIZE);
    const needed = Math.ceil((size + to - from) / blockSize) - this.#get(entry, BLOCKS);
    let block = this.#get(entry, LAST);
    if (needed > 0) {
      this.#lock.lock();
      const took = this.#takeBlocks(entry, needed);
      this.#lock.unlock();
      if (!took) return false;
    }
    if (block === 0) block = this.#get(entry, FIRST);
    else if (size % blockSize === 0) block = this.#after[block]!;
    let at = size;
    while (from < to) {
      const inBlock = at % blockSize;
      const count = Math.min(blockSize - inBlock, to - from);
      copy(this.#data, (block - 1) * blockSize + inBlock, bytes, from, from + count);
      from += count;
      at += count;
      if (at % blockSize === 0 && from < to) block = this.#after[block]!;
    }
    const base = entry * this.#stride;
    this.#entries[base + SIZE] = at;
    this.#entries[base + LAST] = block;
    return true;
  }

  /** It can be used from now on. */
  complete(entry: number): void {
    this.#lock.lock();
    const base = entry * this.#stride;
    this.#entries[base + WRITER] = 0;
    if (this.#entries[base + STATE] === WRITING) this.#entries[base + STATE] = COMPLETE;
    else this.#freeIfLeft(entry);
    this.#lock.unlock();
  }
  /** It will not be whole. */
  abandon(entry: number): void {
    this.#lock.lock();
    this.#entries[entry * this.#stride + WRITER] = 0;
    if (this.#get(entry, STATE) === WRITING) this.#remove(entry);
    else this.#freeIfLeft(entry);
    this.#lock.unlock();
  }

  /** Removes all entries of the key that was set. */
  invalidate(): void {
    this.#lock.lock();
    for (let at = this.#first(); at !== 0;) {
      const next = this.#following(at);
      this.#remove(at);
      at = next;
    }
    this.#lock.unlock();
  }

  /** A thread has ended, whatever it had. */
  releaseThread(thread: number): void {
    this.#lock.releaseThread(thread);
    this.#lock.lock();
    for (let entry = 1; entry <= this.#own[TOP_ENTRY]!; entry++) {
      const base = entry * this.#stride;
      if (this.#entries[base + STATE] === FREE) continue;
      this.#entries[base + HELD + thread] = 0;
      if (this.#entries[base + WRITER] === thread + 1) {
        this.#entries[base + WRITER] = 0;
        if (this.#entries[base + STATE] === WRITING) this.#remove(entry);
      }
      this.#freeIfLeft(entry);
    }
    this.#lock.unlock();
  }

  // ---- for operators ----

  /** Blocks that are free, or would be if they were asked for. */
  get available(): number {
    let used = 0;
    for (const { refs, blocks, complete } of this.list()) if (refs > 0 || !complete) used += blocks;
    return this.blocks - used;
  }

  /** All entries, by their hashes. */
  list(): EntryRow[] {
    const rows: EntryRow[] = [];
    this.#lock.lock();
    for (let at = this.#own[OLDEST]!; at !== 0; at = this.#get(at, NEWER)) {
      rows.push({
        number: at,
        hash: this.#get(at, HASH) >>> 0,
        variant: this.#variant(at).slice(),
        size: this.#get(at, SIZE),
        blocks: this.#get(at, BLOCKS),
        refs: this.#holders(at),
        expires: this.#get(at, EXPIRES),
        complete: this.#get(at, STATE) === COMPLETE,
      });
    }
    this.#lock.unlock();
    return rows.sort((a, b) => a.hash - b.hash);
  }

  // ---- with the lock taken ----

  #get(entry: number, word: number): number {
    return this.#entries[entry * this.#stride + word]!;
  }
  #variant(entry: number): Int32Array {
    const at = entry * this.#stride + VARIANT;
    return this.#entries.subarray(at, at + variantWords);
  }
  #matches(entry: number, matches: Matches): boolean {
    const vary = this.#get(entry, VARY);
    return matches(vary, this.#variant(entry));
  }

  #first(): number {
    return this.#ofKey(this.#buckets[this.#hash & this.#mask]!);
  }
  #following(entry: number): number {
    return this.#ofKey(this.#get(entry, NEXT));
  }
  /** The first entry in the bucket, from `at` on, of the key. */
  #ofKey(at: number): number {
    while (at !== 0 && !this.#hasKey(at)) at = this.#get(at, NEXT);
    return at;
  }
  #hasKey(entry: number): boolean {
    const length = this.#keyLength;
    if (this.#get(entry, HASH) !== this.#hash || this.#get(entry, KEY_LENGTH) !== length) {
      return false;
    }
    let block = this.#get(entry, FIRST);
    if (this.#get(entry, SIZE) < length) return false;
    for (let i = 0; i < length; i++) {
      const inBlock = i % blockSize;
      if (i > 0 && inBlock === 0) block = this.#after[block]!;
      if (this.#data[(block - 1) * blockSize + inBlock] !== this.#key[i]) return false;
    }
    return true;
  }

  #takeBlocks(entry: number, count: number): boolean {
    const own = this.#own;
    const base = entry * this.#stride;
    if (count > this.blocks) return false;
    for (let at = own[OLDEST]!; this.blocks - own[BLOCKS_USED]! < count;) {
      if (at === 0) return false;
      const newer = this.#get(at, NEWER);
      if (this.#get(at, STATE) === COMPLETE && this.#holders(at) === 0) this.#remove(at);
      at = newer;
    }
    let last = this.#entries[base + LAST]!;
    for (let i = 0; i < count; i++) {
      let block = own[FREE_BLOCK]!;
      if (block !== 0) own[FREE_BLOCK] = this.#after[block]!;
      else block = ++own[TOP_BLOCK]!;
      this.#after[block] = 0;
      if (last !== 0) this.#after[last] = block;
      else this.#entries[base + FIRST] = block;
      last = block;
    }
    own[BLOCKS_USED]! += count;
    this.#entries[base + BLOCKS]! += count;
    return true;
  }

  #holders(entry: number): number {
    let held = 0;
    for (let thread = 0; thread < this.#threads; thread++) held += this.#get(entry, HELD + thread);
    return held;
  }

  #unlink(entry: number): void {
    const older = this.#get(entry, OLDER);
    const newer = this.#get(entry, NEWER);
    if (older === 0) this.#own[OLDEST] = newer;
    else this.#entries[older * this.#stride + NEWER] = newer;
    if (newer === 0) this.#own[NEWEST] = older;
    else this.#entries[newer * this.#stride + OLDER] = older;
  }
  /** Makes it the one that was used last. */
  #append(entry: number): void {
    const newest = this.#own[NEWEST]!;
    this.#entries[entry * this.#stride + OLDER] = newest;
    this.#entries[entry * this.#stride + NEWER] = 0;
    if (newest === 0) this.#own[OLDEST] = entry;
    else this.#entries[newest * this.#stride + NEWER] = entry;
    this.#own[NEWEST] = entry;
  }

  /** Takes it out of the tables; its room is free once nobody uses it. */
  #remove(entry: number): void {
    const entries = this.#entries;
    const bucket = this.#get(entry, HASH) & this.#mask;
    const next = this.#get(entry, NEXT);
    let at = this.#buckets[bucket]!;
    if (at === entry) {
      this.#buckets[bucket] = next;
    } else {
      while (this.#get(at, NEXT) !== entry) at = this.#get(at, NEXT);
      entries[at * this.#stride + NEXT] = next;
    }
    this.#unlink(entry);
    entries[entry * this.#stride + STATE] = REMOVED;
    this.#freeIfLeft(entry);
  }
  #freeIfLeft(entry: number): void {
    if (this.#get(entry, STATE) !== REMOVED || this.#get(entry, WRITER) !== 0) return;
    if (this.#holders(entry) > 0) return;
    const own = this.#own;
    const base = entry * this.#stride;
    for (let block = this.#get(entry, FIRST); block !== 0;) {
      const after = this.#after[block]!;
      this.#after[block] = own[FREE_BLOCK]!;
      own[FREE_BLOCK] = block;
      block = after;
    }
    own[BLOCKS_USED]! -= this.#get(entry, BLOCKS);
    this.#entries[base + STATE] = FREE;
    this.#entries[base + NEXT] = own[FREE_ENTRY]!;
    own[FREE_ENTRY] = entry;
  }
}

/** An entry as operators see it. */
export interface EntryRow {
  readonly number: number;
  readonly hash: number;
  readonly variant: Int32Array;
  readonly size: number;
  readonly blocks: number;
  readonly refs: number;
  readonly expires: number;
  readonly complete: boolean;
}
