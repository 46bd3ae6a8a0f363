/**
 * What peers may do that costs work and brings nothing: a measure of that, for each connection. Nothing
 * of it is forbidden; floods are made of it (CVE-2019-9511 to 9518, CVE-2023-44487).
 */

/** So much at once, and so much more a second. */
const burst = 2000;
const refill = 200;

/** How much a thing weighs. */
export const LIGHT = 1;
/** A stream that its client resets before it was answered ("rapid reset"). */
export const RESET = 4;
/** What no program sends that means well: a glitch, in HAProxy's words. */
export const ODD = 10;

/** See above. */
export class Nuisance {
  #level = 0;
  #since = 0;

  /** Something of use was done for the peer, which often is what it came of. */
  forgive(weight: number): void {
    this.#level = Math.max(0, this.#level - weight);
  }

  /**
   * Something of the kind has come.
   * @param now ms on a clock
   * @returns whether it is too much
   */
  add(weight: number, now: number): boolean {
    this.#level = Math.max(0, this.#level - (now - this.#since) * refill / 1000) + weight;
    this.#since = now;
    return this.#level > burst;
  }
}
