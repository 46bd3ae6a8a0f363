/**
 * Messages between threads: four numbers each, in a ring for every thread. They arrive in the order
 * in which each sender sent them, and a thread that sleeps is woken.
 */
import { Lock } from "./lock.ts";
import type { SharedMemory } from "./memory.ts";

/** Words of a message. */
const size = 4;

/** What a message is about, and up to three numbers more. */
export type Receive = (kind: number, a: number, b: number, c: number) => void;

/** The letter box of one thread. */
export class Mailbox {
  readonly #lock: Lock;
  readonly #ring: Int32Array;
  /** How many messages were ever put in, and taken out; and 1 while the owner sleeps. */
  readonly #words: Int32Array;
  readonly #mask: number;

  /**
   * @param capacity messages that it is to hold: a sender that finds it full waits
   * @param wake ends the owner's sleep
   */
  constructor(memory: SharedMemory, capacity: number, readonly wake: () => void) {
    const length = 2 ** Math.ceil(Math.log2(capacity));
    this.#lock = new Lock(memory);
    this.#ring = memory.ints(size * length);
    this.#words = memory.ints(3);
    this.#mask = length - 1;
  }

  /** Puts a message in. */
  send(kind: number, a: number, b: number, c: number): void {
    const words = this.#words;
    this.#lock.take();
    while (this.#count() > this.#mask) {
      this.#lock.giveBack();
      this.wake();
      Atomics.wait(words, 1, Atomics.load(words, 1), 1);
      this.#lock.take();
    }
    const at = (words[0]! & this.#mask) * size;
    this.#ring[at] = kind;
    this.#ring[at + 1] = a;
    this.#ring[at + 2] = b;
    this.#ring[at + 3] = c;
    Atomics.add(words, 0, 1);
    this.#lock.giveBack();
    if (Atomics.exchange(words, 2, 0) === 1) this.wake();
  }

  /** Whether half of it is full. */
  get crowded(): boolean {
    return this.#count() > this.#mask / 2;
  }

  /** For the owner: hands out all that is in it. */
  empty(receive: Receive): void {
    const words = this.#words;
    for (let left = this.#count(); left > 0; left = this.#count()) {
      for (; left > 0; left--) {
        const at = (words[1]! & this.#mask) * size;
        const kind = this.#ring[at]!;
        const a = this.#ring[at + 1]!;
        const b = this.#ring[at + 2]!;
        const c = this.#ring[at + 3]!;
        Atomics.add(words, 1, 1);
        receive(kind, a, b, c);
      }
    }
  }

  /** For the owner, before it sleeps. @returns whether it must not: there is something in it */
  sleeps(): boolean {
    Atomics.store(this.#words, 2, 1);
    if (this.#count() === 0) return false;
    this.wakes();
    return true;
  }

  /** For the owner, after it has slept. */
  wakes(): void {
    Atomics.store(this.#words, 2, 0);
  }

  /** A thread has died, which may have been about to send. */
  free(thread: number): void {
    this.#lock.free(thread);
  }

  #count(): number {
    return (Atomics.load(this.#words, 0) - Atomics.load(this.#words, 1)) | 0;
  }
}
