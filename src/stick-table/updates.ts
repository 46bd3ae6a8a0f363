/**
 * Which entries of a table have changed, in what order: for its peers. All threads note changes here,
 * with the table's lock taken; each peer's session reads from where it has come to.
 */
import type { SharedMemory } from "../shared/memory.ts";

/** See above. */
export class UpdateLog {
  /** The number of the last change, modulo 2^32. */
  readonly #head: Int32Array;
  /** The entries of the last changes, by their numbers; an entry that has changed since stands twice. */
  readonly #ring: Int32Array;
  readonly #mask: number;
  /** The number of the last change of each entry. */
  readonly #last: Int32Array;

  /** @param capacity entries of the table */
  constructor(memory: SharedMemory, capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2));
    this.#head = memory.ints(1);
    this.#ring = memory.ints(size);
    this.#last = memory.ints(capacity + 1);
    this.#mask = size - 1;
  }

  /** The number of the last change. */
  get head(): number {
    return this.#head[0]!;
  }

  /** An entry has changed here. */
  note(entry: number): void {
    const number = (this.#head[0]! + 1) | 0;
    this.#head[0] = number;
    this.#ring[number & this.#mask] = entry;
    this.#last[entry] = number;
  }

  /** The number of an entry's last change. */
  last(entry: number): number {
    return this.#last[entry]!;
  }

  /** The entry that has changed with this number, and not again since; 0: none has. */
  at(number: number): number {
    const entry = this.#ring[number & this.#mask]!;
    return this.#last[entry] === number ? entry : 0;
  }

  /** Whether what has changed with this number may be lost: others have taken its place. */
  isLost(number: number): boolean {
    return ((this.head - number) | 0) > this.#mask;
  }
}
