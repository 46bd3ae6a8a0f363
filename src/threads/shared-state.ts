/**
 * What the main thread and those that serve know of each other, in memory that all share: what is
 * so stands on the board, and a message says only that it is worth a look. So a thread that starts
 * anew needs no history.
 */
import { Lock } from "../shared/lock.ts";
import { Mailbox } from "../shared/mailbox.ts";
import type { SharedMemory } from "../shared/memory.ts";

/** Messages that a thread may leave unread, apart from those of streams, of which each has one. */
const mailReserve = 4096;

/** What all threads have to agree on before they share anything; plain data. */
export interface Plan {
  /** Threads that serve. The main thread is one more, the last. */
  readonly threads: number;
  readonly listeners: number;
  readonly frontends: number;
  /** Connections of clients at most. */
  readonly maxconn: number;
  /** For each thread an eventfd that ends its sleep: they outlive it. */
  readonly wakeups: readonly number[];
}

/** See above. */
export interface Board {
  /** Which descriptor each listener accepts from, and 1 more; 0: it does not. */
  readonly listeners: Int32Array;
  /** How often that has changed: the same descriptor may come again. */
  readonly versions: Int32Array;
  /** 1 for each frontend that stops. */
  readonly stopping: Int32Array;
  /** 1 when all is over: a thread that comes up only then is to end. */
  readonly ending: Int32Array;
  /**
   * 1 for each thread that is up. It looks at the board after it has said so, and the main thread
   * tells all that are up after it has changed the board: so no change is missed.
   */
  readonly up: Int32Array;
  /** 1 for each thread that does not get on, as the main thread sees it: it is given nothing new. */
  readonly stalled: Int32Array;
  /** Turns of each thread's event loop, modulo 2^32: who turns gets on. */
  readonly turns: Int32Array;
  /** What each thread's loop waits on (a descriptor), and 1 more; 0: there is none. */
  readonly epolls: Int32Array;
  /** Taken for each write to standard output, and to standard error. */
  readonly output: Lock;
  /** The last epoch that each thread has come to: all that was posted before has been acted on. */
  readonly done: Int32Array;
  /** Connections on their way to each thread: another one has accepted them. */
  readonly handed: Int32Array;
  readonly boxes: readonly Mailbox[];
}

/** Lays the board out, or finds it. @param wake ends a thread's sleep, by its eventfd */
export function openBoard(
  memory: SharedMemory,
  plan: Plan,
  wake: (eventfd: number) => void,
): Board {
  const { threads, maxconn, wakeups } = plan;
  return {
    listeners: memory.ints(plan.listeners),
    versions: memory.ints(plan.listeners),
    stopping: memory.ints(plan.frontends),
    ending: memory.ints(1),
    up: memory.ints(threads),
    stalled: memory.ints(threads),
    turns: memory.ints(threads),
    epolls: memory.ints(threads),
    output: new Lock(memory),
    done: memory.ints(threads),
    handed: memory.ints(threads),
    boxes: wakeups.map((eventfd) =>
      new Mailbox(memory, maxconn + mailReserve, () => wake(eventfd))
    ),
  };
}

// Orders of the main thread, beside what threads post to one another (see proxy/workers.ts).
/** The listeners on the board have changed. */
export const LISTENERS = 101;
/** A connection is the thread's to serve (descriptor, listener). */
export const SERVE = 102;
/** All before this has been acted on (number of the epoch). */
export const DONE = 103;
/** The thread is to end. */
export const STOP = 104;
/** The thread is to fail: for tests of what happens then. */
export const FAIL = 105;

/** Whether the thread reads its messages: nothing more need be done. */
export const ASK = 107;
/** The thread is to do nothing for so long: for tests (ms; 1 to sleep in the kernel, else 0). */
export const STALL = 106;

/** What a thread says to the main thread, by postMessage. */
export type Report =
  /** Nobody is connected any more, while proxies stop. */
  | { readonly kind: "quiet" }
  | { readonly kind: "up" }
  /** It has come to an epoch, as the board says. */
  | { readonly kind: "done" }
  /** It has closed all that it had. */
  | { readonly kind: "ended" }
  /** A log cannot be written, say. */
  | { readonly kind: "complaint"; readonly line: string }
  /** It ends, for this reason. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Lines for the log number `target` that only the main thread can write. */
  | { readonly kind: "lines"; readonly target: number; readonly lines: readonly string[] };
