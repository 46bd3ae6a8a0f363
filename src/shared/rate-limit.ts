/** At most so many events a second, of all threads together (manual: "rate-limit sessions"). */
import type { SharedMemory } from "./memory.ts";

/** Words: the second that is counted, its events, those of the second before. */
const [SECOND, COUNT, BEFORE] = [0, 1, 2];

/**
 * Counts as HAProxy does: the events of this second, and of the last one as much as is still within a
 * second. Two threads that look at once may both pass: a limit may be passed by as many as there are
 * threads.
 */
export class RateLimit {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #most: number | (() => number);

  /** @param most events a second; a function, where that may change */
  constructor(memory: SharedMemory, most: number | (() => number)) {
    this.#words = memory.ints(3);
    this.#most = most;
  }

  /** Events a second at most. */
  get most(): number {
    return typeof this.#most === "number" ? this.#most : this.#most();
  }

  /** Whether another event would be too many. @param now ms, of a clock that all threads share */
  isReached(now: number): boolean {
    return this.#used(now) >= this.most;
  }

  /** An event has come, or so many. */
  count(now: number, events = 1): void {
    this.#turn(now);
    Atomics.add(this.#words, COUNT, events);
  }

  /** How long until there is room for another, ms. */
  wait(now: number): number {
    return Math.max(
      1,
      Math.ceil(Math.min(1000, 1000 / this.most * (this.#used(now) - this.most + 1))),
    );
  }

  #used(now: number): number {
    this.#turn(now);
    const left = 1000 - now % 1000;
    return Atomics.load(this.#words, COUNT) + Atomics.load(this.#words, BEFORE) * left / 1000;
  }

  /** Goes on to the second of now. */
  #turn(now: number): void {
    const words = this.#words;
    const second = Math.floor(now / 1000) | 0;
    const before = Atomics.load(words, SECOND);
    if (before === second || Atomics.compareExchange(words, SECOND, before, second) !== before) {
      return;
    }
    const count = Atomics.exchange(words, COUNT, 0);
    Atomics.store(words, BEFORE, second === before + 1 ? count : 0);
  }
}
