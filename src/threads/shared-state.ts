/**
 * What the main thread and the workers know of each other, in memory that all share: it holds what
 * is so, and a message only says that it has changed. So a worker that is started anew needs no
 * history.
 */
import { Lock } from "../shared/lock.ts";
import { Mailbox } from "../shared/mailbox.ts";
import type { Question } from "../proxy/lookups.ts";
import type { SharedMemory } from "../shared/memory.ts";
import type { NamedChange } from "../expr/patterns/store.ts";
import type { HostedReport } from "./remote-host.ts";

/**
 * Messages that a thread may leave unread, apart from those about streams, of which each has one.
 */
const messageReserve = 4096;

/** What all threads must agree on before they share anything; plain data. */
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
export interface SharedState {
  /** Which descriptor each listener accepts from, and 1 more; 0: it does not. */
  readonly listeners: Int32Array;
  /** How often that has changed: the same descriptor may come again. */
  readonly versions: Int32Array;
  /** 1 for each frontend that stops. */
  readonly stopping: Int32Array;
  /** 1 when all is over: a thread that comes up only then must end. */
  readonly ending: Int32Array;
  /**
   * 1 for each thread that is up. It reads the state after it has set this, and the main thread
   * posts to all that are up after it has changed the state: so no change is missed.
   */
  readonly up: Int32Array;
  /** 1 for each thread that is stuck, as the main thread sees it: it is given nothing new. */
  readonly stalled: Int32Array;
  /** Turns of each thread's event loop, modulo 2^32: a thread that is not stuck makes them. */
  readonly turns: Int32Array;
  /** What each thread's loop waits on (a descriptor), and 1 more; 0: there is none. */
  readonly epolls: Int32Array;
  /** Taken for each write to standard output, and to standard error. */
  readonly output: Lock;
  /** The last epoch that each thread has come to: all that was posted before has been acted on. */
  readonly done: Int32Array;
  /** Connections on their way to each thread: another one has accepted them. */
  readonly handed: Int32Array;
  readonly mailboxes: readonly Mailbox[];
}

/**
 * Lays the state out in new memory, or finds it there. @param wake ends a thread's sleep, by its
 * eventfd
 */
export function openSharedState(
  memory: SharedMemory,
  plan: Plan,
  wake: (eventfd: number) => void,
): SharedState {
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
    mailboxes: wakeups.map((eventfd) =>
      new Mailbox(memory, maxconn + messageReserve, () => wake(eventfd))
    ),
  };
}

// Messages of the main thread, beside those that threads post to one another (see proxy/workers.ts).
/** The listeners in the shared state have changed. */
export const LISTENERS = 101;
/** The thread must serve a connection (descriptor, listener). */
export const SERVE = 102;
/** All before this has been acted on (number of the epoch). */
export const DONE = 103;
/** The thread must end. */
export const STOP = 104;
/** The thread must fail: for tests of what happens then. */
export const FAIL = 105;

/** Shows whether the thread reads its messages: it does nothing more. */
export const ASK = 107;
/** Pieces of responses of hosted services have come. */
export const HOSTED = 108;
/** The thread must do nothing for so long: for tests (ms; 1 to sleep in the kernel, else 0). */
export const STALL = 106;

/** What a thread reports to the main thread, by postMessage. */
export type WorkerReport =
  /** No client is connected any more, while proxies stop. */
  | { readonly kind: "quiet" }
  | { readonly kind: "up" }
  /** It has come to an epoch: see {@linkcode SharedState.done}. */
  | { readonly kind: "done" }
  /** It has closed all that it had. */
  | { readonly kind: "ended" }
  /** It answers a question of this number. */
  | { readonly kind: "answer"; readonly question: number; readonly answer: unknown }
  /** It asks for the address of a name. */
  | ({ readonly kind: "lookup" } & Question)
  | HostedReport
  /** It has changed a map, or the list of an ACL. */
  | { readonly kind: "patterns"; readonly change: NamedChange }
  /** A log cannot be written, say. */
  | { readonly kind: "warning"; readonly line: string }
  /** Its traffic has had errors with a server: see RuntimeDeps. */
  | { readonly kind: "observed"; readonly numbers: [number, number, number, number] }
  /** It ends, for this reason. */
  | { readonly kind: "failed"; readonly reason: string }
  /** Lines for the log number `target` that only the main thread can write. */
  | { readonly kind: "lines"; readonly target: number; readonly lines: readonly string[] };
