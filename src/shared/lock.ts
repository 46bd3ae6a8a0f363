import type { SharedMemory } from "./memory.ts";

/** Looks at a taken lock so often before going to sleep: it is held for a microsecond at most. */
const spins = 200;
/**
 * Longest sleep, ms: a thread that has failed may still hold the lock (see {@linkcode
 * Lock.releaseThread}).
 */
const longestSleep = 1;

/**
 * A mutual exclusion between threads. It is held for a few reads and writes of shared memory, during
 * which nothing can throw, nor call back. Locking and unlocking cost 5 ns where no other thread
 * waits.
 */
export class Lock {
  /**
   * 0: free; else twice the number of the thread that has it, from 1, and 1 more if another may be
   * asleep.
   */
  readonly #word: Int32Array;
  readonly #own: number;

  constructor(memory: SharedMemory) {
    this.#word = memory.ints(1);
    this.#own = 2 * (memory.self + 1);
  }

  lock(): void {
    if (Atomics.compareExchange(this.#word, 0, 0, this.#own) !== 0) this.#wait();
  }

  unlock(): void {
    if ((Atomics.exchange(this.#word, 0, 0) & 1) === 1) Atomics.notify(this.#word, 0, 1);
  }

  /** Unlocks, if a thread that has ended still held it. */
  releaseThread(thread: number): void {
    if (Atomics.load(this.#word, 0) >> 1 === thread + 1) this.unlock();
  }

  #wait(): void {
    const word = this.#word;
    for (let i = 0; i < spins; i++) {
      if (Atomics.load(word, 0) === 0 && Atomics.compareExchange(word, 0, 0, this.#own) === 0) {
        return;
      }
    }
    for (;;) {
      // Other threads may be asleep as well: the one that unlocks must wake one.
      if (Atomics.compareExchange(word, 0, 0, this.#own | 1) === 0) return;
      const seen = Atomics.load(word, 0);
      if (seen === 0 || Atomics.compareExchange(word, 0, seen, seen | 1) !== seen) continue;
      Atomics.wait(word, 0, seen | 1, longestSleep);
    }
  }
}
