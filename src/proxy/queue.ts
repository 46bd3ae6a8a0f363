/**
 * Queues of streams, in memory that all threads share: first come, first served, whichever thread a
 * stream is of. A stream waits with a ticket, and its thread knows whose ticket it is. All that
 * changes a queue is done with its backend's lock taken.
 */
import type { SharedMemory } from "../shared/memory.ts";

/** What waits: a transaction on its way to a server. */
export interface Waiter {
  /** Its turn has come: it has a slot of a server. @param server the server's index in its backend */
  serve(server: number): void;
  /** The server that it waits for has gone down: it chooses again. */
  reassign(): void;
  /** Whose it is, to be given up if it throws. */
  readonly owner: { abandon(): void };
}

/** Words of a ticket: see below. */
const size = 4;
/** The neighbours in the queue; 0: none. */
const NEXT = 0;
const PREVIOUS = 1;
/**
 * The number of the queue that it waits in, from 1; 0: none; below 0: see {@linkcode
 * Tickets.grant}.
 */
const PLACE = 2;
/** Its number among all that ever waited in the backend; once granted, see there. */
const ORDER = 3;

/** The tickets of all threads, and the owners of this thread's. */
export class Tickets<T> {
  readonly words: Int32Array;
  readonly #first: number;
  readonly #perThread: number;
  readonly #owners: (T | null)[] = [];
  readonly #free: number[] = [];

  /** @param perThread streams of a thread that may wait at once */
  constructor(memory: SharedMemory, perThread: number) {
    this.words = memory.ints(size * (memory.threads * perThread + 1));
    this.#perThread = perThread;
    // 0 is none.
    this.#first = memory.self * perThread + 1;
  }

  /**
   * A ticket for `owner`, one used before if there is one: little of the memory is ever touched.
   */
  acquire(owner: T): number {
    const local = this.#free.pop() ?? this.#owners.length;
    if (local >= this.#perThread) throw new Error("more streams wait than there are connections");
    this.#owners[local] = owner;
    return this.#first + local;
  }
  release(ticket: number): void {
    this.words[ticket * size + PLACE] = 0;
    this.#owners[ticket - this.#first] = null;
    this.#free.push(ticket - this.#first);
  }

  /** The owner of one of this thread's tickets; null: it has left, see {@linkcode leave}. */
  owner(ticket: number): T | null {
    return this.#owners[ticket - this.#first] ?? null;
  }
  /**
   * The owner of a ticket that is {@linkcode granted} has left, and the message about it has not
   * arrived yet.
   */
  leave(ticket: number): void {
    this.#owners[ticket - this.#first] = null;
  }

  /** The thread of a ticket. */
  threadOf(ticket: number): number {
    return Math.floor((ticket - 1) / this.#perThread);
  }

  order(ticket: number): number {
    return this.words[ticket * size + ORDER]!;
  }

  /** A slot of a server has been taken for the ticket: it waits no more, and is notified soon. */
  granted(ticket: number): boolean {
    return this.words[ticket * size + PLACE]! < 0;
  }
}

/** A queue. */
export class Queue<T> {
  /** The first and the last ticket, how many there are, how many were served. */
  readonly #words: Int32Array;

  /** @param number its number among the queues of its backend, from 1 */
  constructor(memory: SharedMemory, readonly tickets: Tickets<T>, readonly number: number) {
    this.#words = memory.ints(4);
  }

  get length(): number {
    return this.#words[2]!;
  }
  /**
   * How many have been served from this queue so far: the place of a waiting ticket follows from
   * it.
   */
  get served(): number {
    return this.#words[3]!;
  }
  /** The first ticket; 0: the queue is empty. */
  get first(): number {
    return this.#words[0]!;
  }
  /** The ticket behind another one; 0: that was the last. */
  after(ticket: number): number {
    return this.tickets.words[ticket * size + NEXT]!;
  }

  /** Joins at the end. @param order its number among all that ever waited in the backend */
  push(ticket: number, order: number): void {
    const { words } = this.tickets;
    const own = this.#words;
    const last = own[1]!;
    const at = ticket * size;
    words[at + PREVIOUS] = last;
    words[at + NEXT] = 0;
    words[at + PLACE] = this.number;
    words[at + ORDER] = order;
    if (last === 0) own[0] = ticket;
    else words[last * size + NEXT] = ticket;
    own[1] = ticket;
    own[2]!++;
  }

  /** Leaves, from wherever in the queue it is. */
  remove(ticket: number): void {
    const { words } = this.tickets;
    const own = this.#words;
    const at = ticket * size;
    if (words[at + PLACE] !== this.number) return;
    const next = words[at + NEXT]!;
    const previous = words[at + PREVIOUS]!;
    if (previous === 0) own[0] = next;
    else words[previous * size + NEXT] = next;
    if (next === 0) own[1] = previous;
    else words[next * size + PREVIOUS] = previous;
    words[at + PLACE] = 0;
    own[2]!--;
  }

  /**
   * Takes out the first ticket, a slot having been taken for it; its order becomes the number of
   * those served before it.
   */
  grant(ticket: number): void {
    this.remove(ticket);
    const { words } = this.tickets;
    words[ticket * size + PLACE] = -1;
    words[ticket * size + ORDER] = this.#words[3]!++;
  }

  /** A thread has ended without releasing anything: its tickets leave. */
  releaseThread(thread: number): void {
    for (let ticket = this.first, next; ticket !== 0; ticket = next) {
      next = this.after(ticket);
      if (this.tickets.threadOf(ticket) === thread) this.remove(ticket);
    }
  }
}
