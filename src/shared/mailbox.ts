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

/** A message with its kind. */
export type Message = readonly [kind: number, a: number, b: number, c: number];

/** The mailbox of one thread. */
export class Mailbox {
  readonly #lock: Lock;
  readonly #ring: Int32Array;
  /**
   * How many messages were ever put in, and taken out; 1 while the owner sleeps; how many it read.
   */
  readonly #words: Int32Array;
  readonly #mask: number;

  /**
   * @param capacity messages that it must be able to hold
   * @param wake ends the owner's sleep
   */
  constructor(memory: SharedMemory, capacity: number, readonly wake: () => void) {
    const length = 2 ** Math.ceil(Math.log2(capacity));
    this.#lock = new Lock(memory);
    this.#ring = memory.ints(size * length);
    this.#words = memory.ints(4);
    this.#mask = length - 1;
  }

  /** Adds a message. @returns false: it is full (see outbox.ts); this does not wait */
  post(kind: number, a: number, b: number, c: number): boolean {
    const words = this.#words;
    this.#lock.lock();
    const fits = this.#count() <= this.#mask;
    if (fits) {
      this.#write(words[0]!, kind, a, b, c);
      Atomics.add(words, 0, 1);
    }
    this.#lock.unlock();
    if (Atomics.exchange(words, 2, 0) === 1) this.wake();
    return fits;
  }

  #write(index: number, kind: number, a: number, b: number, c: number): void {
    const at = (index & this.#mask) * size;
    this.#ring[at] = kind;
    this.#ring[at + 1] = a;
    this.#ring[at + 2] = b;
    this.#ring[at + 3] = c;
  }

  /**
   * For any thread, while the owner does not read: takes messages of a kind out again. The others
   * stay, in their order. @returns those taken out
   */
  withdraw(kind: number): Message[] {
    const words = this.#words;
    const taken: Message[] = [];
    this.#lock.lock();
    const from = Atomics.load(words, 1);
    const to = words[0]!;
    // Otherwise the owner has just begun to read.
    if (Atomics.compareExchange(words, 1, from, to) === from) {
      let end = to;
      for (let index = from; index !== to; index = (index + 1) | 0) {
        const message = this.#read(index);
        if (message[0] === kind) taken.push(message);
        else {
          this.#write(end, ...message);
          end = (end + 1) | 0;
        }
      }
      Atomics.store(words, 0, end);
    }
    this.#lock.unlock();
    return taken;
  }

  #read(index: number): Message {
    const at = (index & this.#mask) * size;
    const ring = this.#ring;
    return [ring[at]!, ring[at + 1]!, ring[at + 2]!, ring[at + 3]!];
  }

  /** Whether half of it is full. */
  get crowded(): boolean {
    return this.#count() > this.#mask / 2;
  }

  /** For the owner: takes out and passes on all messages. */
  empty(receive: Receive): void {
    const words = this.#words;
    while (this.#count() > 0) {
      const index = Atomics.load(words, 1);
      const at = (index & this.#mask) * size;
      const kind = this.#ring[at]!;
      const a = this.#ring[at + 1]!;
      const b = this.#ring[at + 2]!;
      const c = this.#ring[at + 3]!;
      // Otherwise they have just been withdrawn.
      if (Atomics.compareExchange(words, 1, index, index + 1) !== index) continue;
      words[3]!++;
      receive(kind, a, b, c);
    }
  }

  /** How many messages the owner ever read, modulo 2^32: a thread that is not stuck reads. */
  get read(): number {
    return Atomics.load(this.#words, 3);
  }
  /** Whether the owner has nothing to do: it sleeps, and there is no message. */
  get idle(): boolean {
    return Atomics.load(this.#words, 2) === 1 && this.#count() === 0;
  }

  /** For the owner, before it sleeps. @returns whether it must not: there are messages */
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

  /** A thread has ended, perhaps while it posted a message. */
  releaseThread(thread: number): void {
    this.#lock.releaseThread(thread);
  }

  #count(): number {
    return (Atomics.load(this.#words, 0) - Atomics.load(this.#words, 1)) | 0;
  }
}
