/** Numbers that all threads count together. */
import type { SharedMemory } from "./memory.ts";

/**
 * How many there are of something now, in all threads. Each thread's share is noted as well, so
 * that what a failed thread held can be released.
 */
export class Gauge {
  /** The sum, then the share of each thread, which only that writes. */
  readonly #words: Int32Array;
  readonly #share: number;

  constructor(memory: SharedMemory) {
    this.#words = memory.ints(1 + memory.threads);
    this.#share = 1 + memory.self;
  }

  get value(): number {
    return Atomics.load(this.#words, 0);
  }
  /** How many of them are a thread's. */
  share(thread: number): number {
    return this.#words[1 + thread]!;
  }
  /** @returns how many there are with this one */
  increase(): number {
    this.#words[this.#share]!++;
    return Atomics.add(this.#words, 0, 1) + 1;
  }
  decrease(): void {
    Atomics.sub(this.#words, 0, 1);
    this.#words[this.#share]!--;
  }

  /** Counts one more, unless there are as many as there may be. @returns whether it has */
  increaseBelow(limit: number): boolean {
    const words = this.#words;
    for (let seen = Atomics.load(words, 0); seen < limit;) {
      const found = Atomics.compareExchange(words, 0, seen, seen + 1);
      if (found === seen) {
        words[this.#share]!++;
        return true;
      }
      seen = found;
    }
    return false;
  }

  /** Another thread that has some; -1: none has. */
  holder(self: number): number {
    for (let thread = 0; thread < this.#words.length - 1; thread++) {
      if (thread !== self && this.#words[1 + thread]! > 0) return thread;
    }
    return -1;
  }

  /** A thread has ended: what it had is gone. */
  releaseThread(thread: number): void {
    Atomics.sub(this.#words, 0, Atomics.exchange(this.#words, 1 + thread, 0));
  }
}

/** The same for what is counted with a lock taken, also for another thread. */
export class LockedGauge {
  readonly #words: Int32Array;

  constructor(memory: SharedMemory) {
    this.#words = memory.ints(1 + memory.threads);
  }

  get value(): number {
    return this.#words[0]!;
  }
  increase(thread: number): void {
    this.#words[0]!++;
    this.#words[1 + thread]!++;
  }
  decrease(thread: number): void {
    this.#words[0]!--;
    this.#words[1 + thread]!--;
  }

  /** A thread has ended: what it had is gone. */
  releaseThread(thread: number): void {
    this.#words[0]! -= this.#words[1 + thread]!;
    this.#words[1 + thread] = 0;
  }
}

/** How many of something there ever were: each thread counts for itself. */
export class Counter {
  readonly #numbers: Float64Array;
  readonly #self: number;

  constructor(memory: SharedMemory) {
    this.#numbers = memory.floats(memory.threads);
    this.#self = memory.self;
  }

  increase(): void {
    this.#numbers[this.#self]!++;
  }
  /** Begins again at 0. What is counted at this very moment may be lost. */
  clear(): void {
    this.#numbers.fill(0);
  }
  get value(): number {
    let sum = 0;
    for (const number of this.#numbers) sum += number;
    return sum;
  }
}
