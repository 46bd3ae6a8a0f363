/** Numbers that each thread counts for itself, and anyone adds up. */
import type { SharedMemory } from "./memory.ts";

/** Numbers of a cache line: threads that count do not touch each other's. */
const line = 8;

/**
 * The numbers of one object: counters, of which the sum over all threads counts, and maxima, of which
 * the greatest. Counting is one addition to memory of this thread's own.
 */
export class Tally {
  /** This thread's share, to be added to. */
  readonly own: Float64Array;
  readonly #all: Float64Array;
  readonly #stride: number;
  readonly #threads: number;

  /** @param size how many numbers */
  constructor(memory: SharedMemory, size: number) {
    const stride = Math.ceil(size / line) * line;
    this.#stride = stride;
    this.#threads = memory.threads;
    // Behind the threads' shares: what was subtracted when the counters were cleared.
    this.#all = memory.floats(stride * (memory.threads + 1));
    this.own = this.#all.subarray(memory.self * stride, memory.self * stride + size);
  }

  /** What all threads have counted under a number. */
  sum(index: number): number {
    const all = this.#all;
    const stride = this.#stride;
    let sum = -all[this.#threads * stride + index]!;
    for (let thread = 0; thread < this.#threads; thread++) sum += all[thread * stride + index]!;
    return sum;
  }

  /** The greatest of the threads' numbers. */
  max(index: number): number {
    let max = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      max = Math.max(max, this.#all[thread * this.#stride + index]!);
    }
    return max;
  }

  /** Has a counter begin again at 0. What is counted at this very moment may be lost. */
  clearSum(index: number): void {
    this.#all[this.#threads * this.#stride + index]! += this.sum(index);
  }
  /** Has a maximum begin again. @param from what there is now */
  clearMax(index: number, from: number): void {
    for (let thread = 0; thread < this.#threads; thread++) {
      this.#all[thread * this.#stride + index] = from;
    }
  }
}
