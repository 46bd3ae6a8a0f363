/** The threads that serve together. What they hold in common is in shared memory. */
import type { Receive } from "../shared/mailbox.ts";
import type { SharedMemory } from "../shared/memory.ts";

// What threads post to one another, and the numbers that go with it.
/** A ticket's wait is over: the slot of a server is taken for it (ticket, backend, server). */
export const GRANTED = 1;
/** There is room for connections again where there was none. */
export const ROOM = 2;
/** A server has too many idle connections: one must be closed (backend, server). */
export const IDLE = 3;
/** A server's state has changed (backend, server). */
export const STATE = 4;
/** A frontend stops: its sessions must finish (frontend). */
export const STOPPING = 5;
/** The sessions on a server must end (backend, server). */
export const KILL = 6;
/** A session must end (its number in the thread). */
export const KILL_SESSION = 7;
/** The main thread asks for the sessions, or for the errors captured (number of the question). */
export const ASK_SESSIONS = 8;
export const ASK_ERRORS = 9;
/** The answer to a lookup: no address, one of IPv4, or the halves of one of IPv6 (see lookups.ts). */
export const NO_ADDRESS = 10;
export const ADDRESS4 = 11;
export const ADDRESS6_HIGH = 12;
export const ADDRESS6_LOW = 13;

/** The threads, as each of them sees the others. */
export interface Workers {
  readonly memory: SharedMemory;
  /** Posts to another thread, which acts on it soon. */
  post(thread: number, kind: number, a?: number, b?: number, c?: number): void;
  /** Posts to every worker, this one too: they act on it soon. */
  broadcast(kind: number, a?: number, b?: number, c?: number): void;
  /**
   * Calls back when all threads have acted on what was posted to them before, and have what
   * connections they accepted until then; without those that are stuck. At once, where this one
   * serves alone.
   */
  whenDone(callback: () => void): void;
}

/**
 * A thread that serves alone.
 * @param receive what it does with a message
 */
export function singleThread(memory: SharedMemory, receive: Receive): Workers {
  const broadcast = (kind: number, a = 0, b = 0, c = 0) => receive(kind, a, b, c);
  return {
    memory,
    post: (_thread, ...message) => broadcast(...message),
    broadcast,
    whenDone: (callback) => callback(),
  };
}
