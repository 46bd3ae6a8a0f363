/**
 * Queues of streams, in memory that all threads share: first come, first served, unless rules have
 * given priorities, whichever thread a stream is of. A stream waits with a ticket, and its thread knows whose ticket it is. All that
 * changes a queue is done with its backend's lock taken.
 */
import type { Priority } from "../expr/context.ts";
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
const size = 7;
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
/** Its class, its offset, and its time of arrival with it (manual: "set-priority-class", "-offset"). */
const CLASS = 4;
const OFFSET = 5;
const KEY = 6;

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

  /** Whether a ticket is served before another one, which waits too: without priorities, as it came. */
  precedes(ticket: number, other: number): boolean {
    const { words } = this;
    const [a, b] = [ticket * size, other * size];
    if (words[a + CLASS] !== words[b + CLASS]) return words[a + CLASS]! < words[b + CLASS]!;
    // Both count on from the greatest of 32 bits to the least.
    const difference = words[a + OFFSET] === words[b + OFFSET]
      ? 0
      : (words[a + KEY]! - words[b + KEY]!) | 0;
    return (difference || (words[a + ORDER]! - words[b + ORDER]!) | 0) < 0;
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

  /**
   * Joins behind all that are served before it: at the end, unless there are priorities.
   * @param order its number among all that ever waited in the backend
   * @param now ms since 1970
   */
  push(ticket: number, order: number, priority: Priority, now: number): void {
    const { words } = this.tickets;
    const own = this.#words;
    const at = ticket * size;
    words[at + PLACE] = this.number;
    words[at + ORDER] = order;
    words[at + CLASS] = priority.class;
    words[at + OFFSET] = priority.offset;
    words[at + KEY] = now + priority.offset;
    let before = own[1]!;
    while (before !== 0 && this.tickets.precedes(ticket, before)) {
      before = words[before * size + PREVIOUS]!;
    }
    const next = before === 0 ? own[0]! : words[before * size + NEXT]!;
    words[at + PREVIOUS] = before;
    words[at + NEXT] = next;
    if (before === 0) own[0] = ticket;
    else words[before * size + NEXT] = ticket;
    if (next === 0) own[1] = ticket;
    else words[next * size + PREVIOUS] = ticket;
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
