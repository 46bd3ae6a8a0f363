/** A hash table whose keys are bytes: looked up in place, without a string. */
import { asWritten, Key } from "./entries.ts";

/** See the head of this file. */
export class ByteTable {
  /** Number of a key plus one, by hash; 0: free. Open addressing, at most half full. */
  #slots = new Int32Array(16);
  #keys: Key[] = [];
  #dead = 0;
  #longest = 0;

  /** @param fold a byte as it is compared: entries.ts */
  constructor(readonly fold: Uint8Array = asWritten) {}

  /** The key of bytes[from, to), also one that nobody has any more; null: there is none. */
  find(bytes: Uint8Array, from: number, to: number): Key | null {
    if (to - from > this.#longest) return null;
    const { fold } = this;
    const slots = this.#slots;
    const last = slots.length - 1;
    for (let at = this.#hash(bytes, from, to) & last;; at = at + 1 & last) {
      const number = slots[at]!;
      if (number === 0) return null;
      const key = this.#keys[number - 1]!;
      const own = key.bytes;
      if (own.length !== to - from) continue;
      let i = 0;
      while (i < own.length && own[i] === fold[bytes[from + i]!]) i++;
      if (i === own.length) return key;
    }
  }

  /** Puts a pattern under the key of its bytes. */
  add(bytes: Uint8Array, id: number, order: number): void {
    let key = this.find(bytes, 0, bytes.length);
    if (key === null) {
      if (this.#keys.length * 2 >= this.#slots.length) this.#rebuild();
      key = new Key(bytes.map((c) => this.fold[c]!));
      this.#longest = Math.max(this.#longest, bytes.length);
      this.#place(key, this.#keys.push(key));
    } else if (key.isDead) this.#dead--;
    key.add(id, order);
  }

  /** @returns whether there was such a pattern */
  remove(bytes: Uint8Array, id: number): boolean {
    const key = this.find(bytes, 0, bytes.length);
    if (key === null || !key.remove(id)) return false;
    // Keys that nobody has stay, until they are the most.
    if (key.isDead && ++this.#dead * 2 > this.#keys.length) this.#rebuild();
    return true;
  }

  #rebuild(): void {
    this.#keys = this.#keys.filter((key) => !key.isDead);
    this.#dead = 0;
    let size = 16;
    while (size < this.#keys.length * 4) size *= 2;
    this.#slots = new Int32Array(size);
    this.#keys.forEach((key, i) => this.#place(key, i + 1));
  }

  #place(key: Key, number: number): void {
    const last = this.#slots.length - 1;
    let at = this.#hash(key.bytes, 0, key.bytes.length) & last;
    while (this.#slots[at] !== 0) at = at + 1 & last;
    this.#slots[at] = number;
  }

  /** FNV-1a, and its high bits mixed into the low ones. */
  #hash(bytes: Uint8Array, from: number, to: number): number {
    const { fold } = this;
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ fold[bytes[i]!]!, 0x01000193);
    return hash ^ hash >>> 15;
  }
}
