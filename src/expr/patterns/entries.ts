/** What an index of patterns keeps of them: those of the same text lie together under one key. */

interface Entry {
  readonly id: number;
  /** The place in the list: one that was added before has a lower one. */
  readonly order: number;
}

/** A pattern's bytes, or its number, and who has it. */
export class Key {
  readonly #entries: Entry[] = [];
  /** The place of the first pattern of this key; Infinity: there is none any more. */
  order = Infinity;
  /** The id of that one. */
  id = -1;

  constructor(readonly bytes: Uint8Array) {}

  add(id: number, order: number): void {
    this.#entries.push({ id, order });
    this.#point();
  }

  /** @returns whether there was a pattern of this id */
  remove(id: number): boolean {
    const at = this.#entries.findIndex((entry) => entry.id === id);
    if (at < 0) return false;
    this.#entries.splice(at, 1);
    this.#point();
    return true;
  }

  /** There is no pattern of it any more. */
  get isDead(): boolean {
    return this.order === Infinity;
  }

  #point(): void {
    const first = this.#entries[0];
    this.order = first?.order ?? Infinity;
    this.id = first?.id ?? -1;
  }
}

/** A byte as it is compared: as it is. */
export const asWritten = Uint8Array.from({ length: 256 }, (_, i) => i);
/** A byte as it is compared with "-i": ASCII letters in lower case. */
export const folded = asWritten.map((c) => c >= 65 && c <= 90 ? c + 32 : c);
