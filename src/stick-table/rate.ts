/**
 * Frequency counters: how many events there were in the last period, reckoned from those of the
 * running period and, in proportion, those of the one before. The arithmetic is HAProxy's.
 *
 * A counter is three words: when its period began (an even tick; 0: never), the events since then,
 * and those of the period before.
 */

/** Words of a counter. */
export const rateWords = 3;

/** When the period began. */
const TICK = 0;
/** Events since then. */
const CURRENT = 1;
/** Events of the period before. */
const PREVIOUS = 2;

/**
 * Counts events.
 * @param at where in `words` the counter is
 * @param now the time, ms modulo 2^32
 * @param period ms
 */
export function addToRate(
  words: Int32Array,
  at: number,
  now: number,
  period: number,
  events: number,
): void {
  const began = words[at + TICK]!;
  const elapsed = (now - began) | 0;
  // Another thread's time may be a little ahead: then it is not over.
  if (began === 0 || elapsed >= period || elapsed < -period) {
    // Of two periods or more that have passed none counts.
    const next = began !== 0 && elapsed >= period && elapsed - period < period;
    words[at + PREVIOUS] = next ? words[at + CURRENT]! : 0;
    words[at + CURRENT] = 0;
    words[at + TICK] = (next ? began + period : now) & ~1 || 2;
  }
  words[at + CURRENT]! += events;
}

/** How many events there were in the last period. */
export function readRate(words: Int32Array, at: number, now: number, period: number): number {
  const began = words[at + TICK]!;
  if (began === 0) return 0;
  let current = words[at + CURRENT]! >>> 0;
  let past = words[at + PREVIOUS]! >>> 0;
  const elapsed = (now - began) | 0;
  if (elapsed < -period) return 0;
  let left = period - elapsed;
  if (left < 0) {
    left += period;
    past = left >= 0 ? current : 0;
    current = 0;
  }
  // One event stays one, until it is out of the period: a rate of less than one would be 0.
  if (current === 0 && past <= 1) return past;
  const product = past * left;
  const share = product <= Number.MAX_SAFE_INTEGER
    ? Math.floor(product / period)
    : Number(BigInt(past) * BigInt(left) / BigInt(period));
  return (current + share) >>> 0;
}

/** Sets it as if there had been so many events just now. */
export function setRate(words: Int32Array, at: number, now: number, events: number): void {
  words[at + TICK] = now & ~1 || 2;
  words[at + CURRENT] = events;
  words[at + PREVIOUS] = 0;
}

/** A counter as peers tell of it: how old its period is, ms, and the events. */
export interface RateState {
  readonly age: number;
  readonly current: number;
  readonly previous: number;
}

/** What {@linkcode restoreRate} needs. */
export function saveRate(words: Int32Array, at: number, now: number): RateState {
  const began = words[at + TICK]!;
  return {
    age: began === 0 ? 0 : Math.max(0, (now - began) | 0),
    current: words[at + CURRENT]! >>> 0,
    previous: words[at + PREVIOUS]! >>> 0,
  };
}

/** Sets a counter to what {@linkcode saveRate} has told of one. */
export function restoreRate(words: Int32Array, at: number, now: number, state: RateState): void {
  words[at + TICK] = (now - state.age) & ~1 || 2;
  words[at + CURRENT] = state.current;
  words[at + PREVIOUS] = state.previous;
}
