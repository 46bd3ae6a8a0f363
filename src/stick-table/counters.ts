/**
 * Counters of sessions (manual, chapter 4.2, "track-sc0"): each tracks an entry of a stick table, for
 * as long as the session, or the stream, lasts. What happens is counted in the entries that are
 * tracked then.
 */
import type { SharedMemory } from "../shared/memory.ts";
import { countsBytes, type DataName, dataTypes } from "./data-types.ts";
import type { Field } from "./layout.ts";
import type { Table } from "./table.ts";

/** Counters of a session at most (manual: "tune.stick-counters"). */
export const mostCounters = 12;

const number = (name: DataName) => dataTypes[name].number;
const CONN_CNT = number("conn_cnt");
const CONN_RATE = number("conn_rate");
const CONN_CUR = number("conn_cur");
const SESS_CNT = number("sess_cnt");
const SESS_RATE = number("sess_rate");

/** What is counted as it happens: the total, and the rate. */
const events = {
  request: [number("http_req_cnt"), number("http_req_rate")],
  error: [number("http_err_cnt"), number("http_err_rate")],
  failure: [number("http_fail_cnt"), number("http_fail_rate")],
  bytesIn: [number("bytes_in_cnt"), number("bytes_in_rate")],
  bytesOut: [number("bytes_out_cnt"), number("bytes_out_rate")],
  glitch: [number("glitch_cnt"), number("glitch_rate")],
} as const;
/** What is counted in the entries that a stream tracks. */
export type CountedEvent = keyof typeof events;

/**
 * Which entries the sessions of each thread track, in shared memory: so that those of a thread that
 * has ended can be released.
 */
export class Trackers {
  /** Two words each: the table's number, from 1, and the entry; 0: it is free. */
  readonly #words: Int32Array;
  readonly #perThread: number;
  readonly #first: number;
  /** Of this thread, those that were used before. */
  readonly #free: number[] = [];
  #top = 0;

  /**
   * @param perThread entries that a thread tracks at most; those beyond are not released if it fails
   */
  constructor(memory: SharedMemory, readonly tables: readonly Table[], perThread: number) {
    this.#words = memory.ints(2 * memory.threads * perThread);
    this.#perThread = perThread;
    this.#first = memory.self * perThread;
  }

  /** Notes that this thread tracks an entry. @returns the place of the note; -1: there is no room */
  note(table: Table, entry: number): number {
    const place = this.#free.pop() ?? (this.#top < this.#perThread ? this.#top++ : -1);
    if (place < 0) return -1;
    const at = 2 * (this.#first + place);
    this.#words[at + 1] = entry;
    this.#words[at] = this.tables.indexOf(table) + 1;
    return place;
  }
  forget(place: number): void {
    if (place < 0) return;
    this.#words[2 * (this.#first + place)] = 0;
    this.#free.push(place);
  }

  /** A thread has ended: what its sessions tracked is released. */
  releaseThread(thread: number, now: number): void {
    for (const table of this.tables) table.releaseThread(thread);
    for (let place = 0; place < this.#perThread; place++) {
      const at = 2 * (thread * this.#perThread + place);
      const table = this.tables[this.#words[at]! - 1];
      // Places are taken in their order: but some may be free before others that are not.
      if (table === undefined) {
        if (this.#words[at + 1] === 0) return;
        continue;
      }
      this.#words[at] = 0;
      stop(table, this.#words[at + 1]!, now);
    }
  }
}

/** A session does not track an entry any more. */
function stop(table: Table, entry: number, now: number): void {
  table.lock();
  const current = table.field(CONN_CUR);
  if (current !== null && table.get(entry, current, now) > 0) table.add(entry, current, -1, now);
  table.release(entry, now);
  table.unlock();
}

/** A counter that tracks an entry. */
export class Counter {
  /** See {@linkcode Trackers.note}. */
  place = -1;

  constructor(public table: Table, public entry: number) {}
}

/**
 * The counters of a session, or of a stream: those of its session count where it has none. That of a
 * stream serves one after the other.
 */
export class Counters {
  readonly #own: (Counter | null)[] = [];
  /** Counters that were used before. */
  readonly #spare: Counter[] = [];

  constructor(public session: Counters | null) {}

  /** The counter of this number; null: it tracks nothing. */
  at(index: number): Counter | null {
    return this.#own[index] ?? this.session?.at(index) ?? null;
  }

  /** Whether this counter tracks an entry, of the stream or of its session. */
  tracks(index: number): boolean {
    return this.at(index) !== null;
  }

  /**
   * Tracks the entry of the key that was set in the table, unless this counter tracks one already.
   * @returns whether it does now what it did not before
   */
  track(index: number, table: Table): boolean {
    if (this.tracks(index)) return false;
    const now = table.time.now();
    table.lock();
    const entry = table.obtain(now);
    if (entry !== 0) {
      table.hold(entry);
      addIfStored(table, entry, CONN_CUR, 1, now);
      addIfStored(table, entry, CONN_CNT, 1, now);
      addIfStored(table, entry, CONN_RATE, 1, now);
      table.touch(entry, now);
    }
    table.unlock();
    if (entry === 0) return false;
    const counter = this.#spare.pop() ?? new Counter(table, entry);
    counter.table = table;
    counter.entry = entry;
    counter.place = table.trackers?.note(table, entry) ?? -1;
    while (this.#own.length < index) this.#own.push(null);
    this.#own[index] = counter;
    return true;
  }

  /** Counts something in all entries that are tracked. */
  count(event: CountedEvent, amount = 1): void {
    const length = Math.max(this.#own.length, this.session?.length ?? 0);
    for (let i = 0; i < length; i++) this.countIn(i, event, amount);
  }

  /** Counts something in the entry of one counter. */
  countIn(index: number, event: CountedEvent, amount = 1): void {
    const counter = this.at(index);
    if (counter === null) return;
    const { table, entry } = counter;
    const [total, rate] = events[event];
    const [totalField, rateField] = [table.field(total), table.field(rate)];
    if (totalField === null && rateField === null) return;
    const now = table.time.now();
    table.lock();
    if (totalField !== null) table.add(entry, totalField, amount, now);
    if (rateField !== null) table.add(entry, rateField, inUnit(table, rateField, amount), now);
    table.touch(entry, now);
    table.unlock();
  }

  /** A session has begun: it is counted where its connection is tracked. */
  countSession(): void {
    for (const counter of this.#own) {
      if (counter === null) continue;
      const { table, entry } = counter;
      if (table.field(SESS_CNT) === null && table.field(SESS_RATE) === null) continue;
      const now = table.time.now();
      table.lock();
      addIfStored(table, entry, SESS_CNT, 1, now);
      addIfStored(table, entry, SESS_RATE, 1, now);
      table.touch(entry, now);
      table.unlock();
    }
  }

  get length(): number {
    return this.#own.length;
  }

  /** The session, or the stream, is over. */
  end(): void {
    for (const counter of this.#own) {
      if (counter === null) continue;
      stop(counter.table, counter.entry, counter.table.time.now());
      counter.table.trackers?.forget(counter.place);
      this.#spare.push(counter);
    }
    this.#own.length = 0;
  }
}

function addIfStored(table: Table, entry: number, number: number, amount: number, now: number) {
  const field = table.field(number);
  if (field !== null) table.add(entry, field, amount, now);
}

/** Bytes in the table's unit for rates of them, parts of one counted as one. */
function inUnit(table: Table, { name }: Field, amount: number): number {
  return countsBytes(name) ? Math.ceil(amount / table.config.bratesFactor) : amount;
}
