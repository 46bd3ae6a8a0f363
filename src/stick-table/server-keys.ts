/**
 * The names, or addresses, by which entries know servers ("server_key"): kept once for all tables, in
 * memory that the threads share; an entry has a number. They are never given up: there are as many as
 * servers, and what peers and operators have named.
 */
import { Lock } from "../shared/lock.ts";
import type { SharedMemory } from "../shared/memory.ts";

/** Most keys, and the longest one in characters. */
const most = 4096;
const longest = 255;
/** Words of a key: its length and its characters, two a word. */
const stride = 128;

/** See above. */
export class ServerKeys {
  readonly #lock: Lock;
  readonly #count: Int32Array;
  readonly #words: Int32Array;
  /** What this thread has read of them. */
  readonly #texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(memory: SharedMemory) {
    this.#lock = new Lock(memory);
    this.#count = memory.ints(1);
    this.#words = memory.ints(most * stride);
  }

  /** The number of a key, from 1, which may be new; 0: there is no room for it. */
  number(text: string): number {
    const known = this.#find(text);
    if (known !== 0 || text.length > longest) return known;
    this.#lock.lock();
    let number = this.#find(text);
    if (number === 0 && this.#count[0]! < most) {
      const at = this.#count[0]! * stride;
      this.#words[at] = text.length;
      for (let i = 0; i < text.length; i++) {
        this.#words[at + 1 + (i >> 1)]! |= text.charCodeAt(i) << (16 * (i & 1));
      }
      number = Atomics.add(this.#count, 0, 1) + 1;
    }
    this.#lock.unlock();
    return number;
  }

  /** The key of a number; null: the number is 0. */
  text(number: number): string | null {
    if (number === 0) return null;
    this.#read();
    return this.#texts[number - 1] ?? null;
  }

  /** A thread has ended. */
  releaseThread(thread: number): void {
    this.#lock.releaseThread(thread);
  }

  #find(text: string): number {
    this.#read();
    return this.#numbers.get(text) ?? 0;
  }

  /** Reads those that others have added. */
  #read(): void {
    const count = Atomics.load(this.#count, 0);
    for (let number = this.#texts.length; number < count; number++) {
      const at = number * stride;
      let text = "";
      for (let i = 0; i < this.#words[at]!; i++) {
        text += String.fromCharCode((this.#words[at + 1 + (i >> 1)]! >>> (16 * (i & 1))) & 0xffff);
      }
      this.#texts.push(text);
      this.#numbers.set(text, number + 1);
    }
  }
}
