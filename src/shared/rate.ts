/** How many of something there are a second, found out by looking once a second. */
import type { SharedMemory } from "./memory.ts";

/** Words: see {@linkcode Rate.tick}. */
const [BASE, PREVIOUS, MAX, SINCE, LAST] = [0, 1, 2, 3, 4];
const second = 1000;

/**
 * The rate of a counter, as HAProxy's: the events of this second, and of the last one as much as is
 * still within a second. Nothing is done when something is counted; one thread looks once a second,
 * and every thread may read.
 */
export class Rate {
  readonly #words: Float64Array;

  /** @param count how many there ever were */
  constructor(memory: SharedMemory, readonly count: () => number) {
    this.#words = memory.floats(5);
  }

  /** A second has begun. @param wall ms since 1970 */
  tick(wall: number): void {
    const words = this.#words;
    const now = this.count();
    const elapsed = wall - words[SINCE]!;
    const counted = Math.max(0, now - words[BASE]!);
    // A late look has more than a second's events.
    const rate = words[SINCE] === 0 ? 0 : Math.round(counted * second / Math.max(second, elapsed));
    // Somewhere in between.
    if (counted > 0) words[LAST] = (wall + (words[SINCE] || wall)) / 2;
    words[PREVIOUS] = rate;
    if (rate > words[MAX]!) words[MAX] = rate;
    words[BASE] = now;
    words[SINCE] = wall;
  }

  /** Events within the last second. @param wall ms since 1970 */
  read(wall: number): number {
    const words = this.#words;
    if (words[SINCE] === 0) return 0;
    const counted = Math.max(0, this.count() - words[BASE]!);
    if (counted === 0 && words[PREVIOUS] === 0) return 0;
    const elapsed = Math.max(0, wall - words[SINCE]!);
    if (elapsed >= second) return Math.round(counted * second / elapsed);
    return Math.floor(counted + words[PREVIOUS]! * (second - elapsed) / second);
  }

  /** The highest rate of a second. */
  max(wall: number): number {
    return Math.max(this.#words[MAX]!, this.read(wall));
  }
  clearMax(): void {
    this.#words[MAX] = 0;
  }

  /** Seconds since the last event, as far as is known; -1: there was none. */
  idle(wall: number): number {
    const words = this.#words;
    if (this.count() > words[BASE]!) return 0;
    return words[LAST] === 0 ? -1 : Math.max(0, Math.floor((wall - words[LAST]!) / second));
  }
}
