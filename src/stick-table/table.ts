/**
 * A stick table: one for all threads, in memory that they share. Entries are found by a hash of
 * their keys, and stand in the order of use: as all of a table live equally long, that is also the
 * order in which they expire, and the oldest leave where there is no room.
 *
 * All that is done to a table is done with its lock taken, in a few reads and writes. An entry is
 * known by its number, from 1, which is good until the lock is released; that of an entry which is
 * held, as that of a session's tracked counters, until it is held no more. Nothing here allocates.
 * Times are ticks: milliseconds modulo 2^32, of a clock that all threads share.
 */
import type { StickTable } from "../config/model.ts";
import { Lock } from "../shared/lock.ts";
import type { SharedMemory } from "../shared/memory.ts";
import { halfSipHash } from "./hash.ts";
import { capacityOf, type Field, header } from "./layout.ts";
import { TableFacts } from "./facts.ts";
import { UpdateLog } from "./updates.ts";
import { addToRate, readRate, setRate } from "./rate.ts";

const { NEXT, HASH, OLDER, NEWER, EXPIRES, HELD, LENGTH } = header;

// The table's own words.
/** The first free entry that was used before; 0: none. */
const FREE = 0;
/** The last entry that was ever used: what is behind it has never been touched. */
const TOP = 1;
const COUNT = 2;
const OLDEST = 3;
const NEWEST = 4;
/** The key of the hash. */
const SEED = 5;
const words = 7;

/** So many entries that have expired are removed in a row. */
const expireBatch = 16;

/** Tells the time for tables. */
export interface TableTime {
  /** A tick: ms modulo 2^32, the same in all threads. */
  now(): number;
}

/** Notes which entries the sessions of a thread hold: see counters.ts. */
export interface Holds {
  /** @returns the place of the note; -1: there is no room */
  note(table: Table, entry: number): number;
  forget(place: number): void;
}

/** See above. */
export class Table extends TableFacts {
  readonly capacity: number;
  readonly #lock: Lock;
  readonly #own: Int32Array;
  readonly #buckets: Int32Array;
  readonly #entries: Int32Array;
  /** The same memory, as bytes: those of keys. */
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  readonly #stride: number;
  readonly #keyAt: number;
  /** The key that is looked for, padded with zeros, its length and its hash. */
  readonly #key: Int32Array;
  readonly #keyBytes: Uint8Array;
  #length = 0;
  #hash = 0;

  /** Where it is noted which entries sessions hold. */
  trackers: Holds | null = null;
  /** What has changed, for the table's peers; null: it has none. */
  readonly updates: UpdateLog | null;

  /**
   * @param seed two random numbers: the key of the hash
   * @param time for those who use the table
   * @param hasPeers changes are noted for them
   */
  constructor(
    memory: SharedMemory,
    name: string,
    config: StickTable,
    seed: readonly [number, number],
    readonly time: TableTime,
    hasPeers = false,
  ) {
    super(name, config);
    this.capacity = capacityOf(config);
    const buckets = 2 ** Math.min(30, Math.ceil(Math.log2(this.capacity)));
    this.#lock = new Lock(memory);
    this.#own = memory.ints(words);
    this.#buckets = memory.ints(buckets);
    this.#stride = this.layout.entryWords;
    this.#entries = memory.ints((this.capacity + 1) * this.#stride);
    this.#bytes = new Uint8Array(this.#entries.buffer);
    this.#mask = buckets - 1;
    this.#keyAt = this.layout.keyAt;
    this.#key = new Int32Array(this.layout.keyWords + 1);
    this.#keyBytes = new Uint8Array(this.#key.buffer);
    this.updates = hasPeers ? new UpdateLog(memory, this.capacity) : null;
    if (memory.fresh) this.#own.set(seed, SEED);
  }

  /** How many entries there are, with those that have expired and were not removed yet. */
  get count(): number {
    return this.#own[COUNT]!;
  }

  lock(): void {
    this.#lock.lock();
  }
  unlock(): void {
    this.#lock.unlock();
  }
  /** A thread has ended, perhaps with the lock. */
  releaseThread(thread: number): void {
    this.#lock.releaseThread(thread);
  }

  /**
   * Sets the key that is looked for: bytes[from, to), cut to the longest that the table takes. Shorter
   * ones of type binary, and addresses, are filled up with zeros. Needs no lock.
   */
  setKey(bytes: Uint8Array, from: number, to: number): void {
    const key = this.#keyBytes;
    const { keySize } = this.layout;
    const length = Math.min(to - from, keySize);
    for (let i = 0; i < length; i++) key[i] = bytes[from + i]!;
    const isString = this.config.type === "string";
    // What follows must be zero: up to the whole word, or the whole key.
    const end = isString ? (length + 3) & ~3 : this.layout.keyWords * 4;
    for (let i = length; i < end; i++) key[i] = 0;
    this.#seal(isString ? length : keySize);
  }

  /** A copy of the key that was set: to be set again. */
  copyOfKey(): Uint8Array {
    return this.#keyBytes.slice(0, this.#length);
  }

  /** The same for a table of type integer. @param value of 32 bits */
  setIntegerKey(value: number): void {
    this.#key[0] = value;
    this.#seal(4);
  }

  /** The same: the key of an entry of another table, or of this one. */
  setKeyOf(table: Table, entry: number): void {
    const from = 4 * (entry * table.#stride + table.#keyAt);
    this.setKey(table.#bytes, from, from + table.#entries[entry * table.#stride + LENGTH]!);
  }

  #seal(length: number): void {
    this.#length = length;
    const own = this.#own;
    this.#hash = halfSipHash(this.#key, length, own[SEED]!, own[SEED + 1]!);
  }

  /** The entry of the key that was set; 0: there is none, or it has expired. */
  find(now: number): number {
    const entries = this.#entries;
    const hash = this.#hash;
    let entry = this.#buckets[hash & this.#mask]!;
    for (; entry !== 0; entry = entries[entry * this.#stride + NEXT]!) {
      if (entries[entry * this.#stride + HASH] === hash && this.#hasKey(entry)) break;
    }
    if (entry === 0 || !this.#isOver(entry, now)) return entry;
    this.#remove(entry);
    return 0;
  }

  #hasKey(entry: number): boolean {
    const entries = this.#entries;
    const key = this.#key;
    const base = entry * this.#stride;
    if (entries[base + LENGTH] !== this.#length) return false;
    const at = base + this.#keyAt;
    const count = (this.#length + 3) >> 2;
    for (let i = 0; i < count; i++) if (entries[at + i] !== key[i]) return false;
    return true;
  }

  /** Whether it has expired, and nobody holds it. */
  #isOver(entry: number, now: number): boolean {
    if (this.config.expire === null) return false;
    const base = entry * this.#stride;
    return this.#entries[base + HELD] === 1 && ((this.#entries[base + EXPIRES]! - now) | 0) <= 0;
  }

  /**
   * The entry of the key that was set, a new one if there is none: its data are 0. @returns 0: there
   * is no room, as all are held, or may not leave (`nopurge`)
   */
  obtain(now: number): number {
    const found = this.find(now);
    if (found !== 0) return found;
    this.expire(now, 2);
    const entry = this.#allocate(now);
    if (entry === 0) return 0;
    const entries = this.#entries;
    const base = entry * this.#stride;
    entries.fill(0, base, base + this.#stride);
    const bucket = this.#hash & this.#mask;
    entries[base + NEXT] = this.#buckets[bucket]!;
    this.#buckets[bucket] = entry;
    entries[base + HASH] = this.#hash;
    entries[base + HELD] = 1;
    entries[base + LENGTH] = this.#length;
    const at = base + this.#keyAt;
    for (let i = (this.#length + 3) >> 2; i-- > 0;) entries[at + i] = this.#key[i]!;
    this.#own[COUNT]!++;
    this.#append(entry);
    this.#renew(base, now);
    return entry;
  }

  #allocate(now: number): number {
    const own = this.#own;
    // What is held and stands before what has expired becomes the newest: at most once in its time.
    while (own[COUNT]! >= this.capacity && this.expire(now, expireBatch));
    if (own[COUNT]! >= this.capacity) {
      if (this.config.nopurge) return 0;
      // As many as HAProxy flushes at once.
      this.#purge(Math.floor(this.capacity / 256) + 1, now);
      if (own[COUNT]! >= this.capacity) return 0;
    }
    const free = own[FREE]!;
    if (free === 0) return ++own[TOP]!;
    own[FREE] = this.#entries[free * this.#stride + NEXT]!;
    return free;
  }

  /**
   * Removes the oldest. Those that are held become the newest, as they will once they are held no
   * more.
   */
  #purge(count: number, now: number): void {
    const own = this.#own;
    let left = count;
    for (let looked = own[COUNT]!; left > 0 && looked > 0; looked--) {
      const entry = own[OLDEST]!;
      if (this.#entries[entry * this.#stride + HELD]! > 1) this.refresh(entry, now);
      else {
        this.#remove(entry);
        left--;
      }
    }
  }

  /**
   * Removes entries that have expired, so many at most: the lock is not held for long. @returns
   * whether there may be more
   */
  expire(now: number, most: number): boolean {
    if (this.config.expire === null) return false;
    const own = this.#own;
    for (let left = most; left > 0; left--) {
      const entry = own[OLDEST]!;
      const base = entry * this.#stride;
      if (entry === 0 || ((this.#entries[base + EXPIRES]! - now) | 0) > 0) return false;
      if (this.#entries[base + HELD]! > 1) this.refresh(entry, now);
      else this.#remove(entry);
    }
    return true;
  }

  /** It has been used here: it becomes the newest, lives as long as a new one, and peers learn of it. */
  touch(entry: number, now: number): void {
    this.refresh(entry, now);
    if (this.updates !== null) this.updates.note(entry);
  }

  /** The same, but for the peers. */
  refresh(entry: number, now: number): void {
    if (this.#own[NEWEST] !== entry) {
      this.#unlink(entry);
      this.#append(entry);
    }
    this.#renew(entry * this.#stride, now);
  }

  #renew(base: number, now: number): void {
    const { expire } = this.config;
    if (expire !== null) this.#entries[base + EXPIRES] = now + expire;
  }

  /**
   * Shortens the life of an entry that is new, as of one that others have known before: it gets the
   * place that it has by that. @param left ms
   */
  shorten(entry: number, now: number, left: number): void {
    const { expire } = this.config;
    if (expire === null || left >= expire) return;
    const entries = this.#entries;
    const stride = this.#stride;
    const until = (now + left) | 0;
    this.#unlink(entry);
    let newer = 0;
    let older = this.#own[NEWEST]!;
    // Those that are taught come about in their order: one that does not may live a little longer.
    for (let steps = 256; older !== 0 && steps > 0; steps--) {
      if (((entries[older * stride + EXPIRES]! - until) | 0) <= 0) break;
      newer = older;
      older = entries[older * stride + OLDER]!;
    }
    this.#insert(entry, older, newer);
    entries[entry * stride + EXPIRES] = until;
  }

  /** It may not be removed until it is released as often as it was held. */
  hold(entry: number): void {
    this.#entries[entry * this.#stride + HELD]!++;
  }
  release(entry: number, now: number): void {
    this.#entries[entry * this.#stride + HELD]!--;
    this.touch(entry, now);
  }
  /** Whether there is an entry of this number. */
  isUsed(entry: number): boolean {
    return this.#entries[entry * this.#stride + HELD] !== 0;
  }
  /** How many hold it. */
  holders(entry: number): number {
    return this.#entries[entry * this.#stride + HELD]! - 1;
  }

  /** Removes an entry. @returns false: it is held, and stays */
  remove(entry: number): boolean {
    if (this.holders(entry) > 0) return false;
    this.#remove(entry);
    return true;
  }

  #remove(entry: number): void {
    const entries = this.#entries;
    const stride = this.#stride;
    const base = entry * stride;
    const bucket = entries[base + HASH]! & this.#mask;
    const next = entries[base + NEXT]!;
    if (this.#buckets[bucket] === entry) this.#buckets[bucket] = next;
    else {
      let before = this.#buckets[bucket]!;
      while (entries[before * stride + NEXT] !== entry) before = entries[before * stride + NEXT]!;
      entries[before * stride + NEXT] = next;
    }
    this.#unlink(entry);
    entries[base + HELD] = 0;
    entries[base + NEXT] = this.#own[FREE]!;
    this.#own[FREE] = entry;
    this.#own[COUNT]!--;
  }

  #unlink(entry: number): void {
    const entries = this.#entries;
    const stride = this.#stride;
    const older = entries[entry * stride + OLDER]!;
    const newer = entries[entry * stride + NEWER]!;
    if (older === 0) this.#own[OLDEST] = newer;
    else entries[older * stride + NEWER] = newer;
    if (newer === 0) this.#own[NEWEST] = older;
    else entries[newer * stride + OLDER] = older;
  }
  #append(entry: number): void {
    this.#insert(entry, this.#own[NEWEST]!, 0);
  }
  #insert(entry: number, older: number, newer: number): void {
    const entries = this.#entries;
    const stride = this.#stride;
    entries[entry * stride + OLDER] = older;
    entries[entry * stride + NEWER] = newer;
    if (older === 0) this.#own[OLDEST] = entry;
    else entries[older * stride + NEWER] = entry;
    if (newer === 0) this.#own[NEWEST] = entry;
    else entries[newer * stride + OLDER] = entry;
  }

  /** The value of an entry: a number, or a rate, in the table's unit of bytes where that applies. */
  get(entry: number, field: Field, now: number, index = 0): number {
    const entries = this.#entries;
    const at = entry * this.#stride + field.at + index * field.words;
    switch (field.kind) {
      case "rate":
        return readRate(entries, at, now, field.period);
      case "long":
        return (entries[at + 1]! >>> 0) * 2 ** 32 + (entries[at]! >>> 0);
      default:
        return entries[at]! >>> 0;
    }
  }

  /** Sets it; a rate as if there had been so many events just now. */
  set(entry: number, field: Field, value: number, now: number, index = 0): void {
    const entries = this.#entries;
    const at = entry * this.#stride + field.at + index * field.words;
    if (field.kind === "rate") setRate(entries, at, now, value);
    else {
      entries[at] = value;
      if (field.kind === "long") entries[at + 1] = Math.floor(value / 2 ** 32);
    }
  }

  /** Counts so many more; of a rate, events that happen now. @returns what a counter then is */
  add(entry: number, field: Field, amount: number, now: number, index = 0): number {
    const entries = this.#entries;
    const at = entry * this.#stride + field.at + index * field.words;
    if (field.kind === "rate") {
      addToRate(entries, at, now, field.period, amount);
      return 0;
    }
    const sum = (entries[at]! >>> 0) + amount;
    entries[at] = sum;
    if (field.kind === "long") entries[at + 1]! += Math.floor(sum / 2 ** 32);
    return sum >>> 0;
  }

  /** The events of a rate's running period. */
  eventsOf(entry: number, field: Field): number {
    return this.#entries[entry * this.#stride + field.at + 1]! >>> 0;
  }

  /** Where the words of a value are: for rates, as peers exchange them. */
  wordsOf(entry: number, field: Field, index = 0): { words: Int32Array; at: number } {
    const at = entry * this.#stride + field.at + index * field.words;
    return { words: this.#entries, at };
  }

  /** Milliseconds until it expires; 0: it has, or never will. */
  timeLeft(entry: number, now: number): number {
    if (this.config.expire === null) return 0;
    return Math.max(0, (this.#entries[entry * this.#stride + EXPIRES]! - now) | 0);
  }

  /** A copy of the key of an entry. */
  keyOf(entry: number): Uint8Array {
    const base = entry * this.#stride;
    const from = 4 * (base + this.#keyAt);
    return this.#bytes.slice(from, from + this.#entries[base + LENGTH]!);
  }

  /** Copies the key of an entry, as much as there is room for. @returns its length */
  copyKey(entry: number, target: Uint8Array): number {
    const base = entry * this.#stride;
    const from = 4 * (base + this.#keyAt);
    const length = Math.min(this.#entries[base + LENGTH]!, target.length);
    for (let i = 0; i < length; i++) target[i] = this.#bytes[from + i]!;
    return length;
  }

  /** The first entry behind `entry`, by their numbers, that is in use; 0: there is none. */
  next(entry: number): number {
    const top = this.#own[TOP]!;
    for (let each = entry + 1; each <= top; each++) {
      if (this.#entries[each * this.#stride + HELD] !== 0) return each;
    }
    return 0;
  }
  /** The oldest entry, and the one that was used next after another; 0: there is none. */
  newerThan(entry: number): number {
    return entry === 0 ? this.#own[OLDEST]! : this.#entries[entry * this.#stride + NEWER]!;
  }
}
