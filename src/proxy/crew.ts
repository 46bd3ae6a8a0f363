/** The threads that serve together. What they hold in common is in shared memory. */
import type { Receive } from "../shared/mailbox.ts";
import type { SharedMemory } from "../shared/memory.ts";

// What one thread tells another, and the numbers that go with it.
/** A ticket's wait is over: the slot of a server is taken for it (ticket, backend, server). */
export const GRANTED = 1;
/** There is room for connections again where there was none. */
export const ROOM = 2;
/** A server's idle connections are too many: one is to go (backend, server). */
export const IDLE = 3;
/** A server's state has changed (backend, server). */
export const STATE = 4;
/** A frontend stops: its sessions are to be seen out (frontend). */
export const STOPPING = 5;

/** The threads, as one of them sees them. */
export interface Crew {
  readonly memory: SharedMemory;
  /** Tells another thread, which acts on it soon. */
  tell(thread: number, kind: number, a?: number, b?: number, c?: number): void;
  /** Tells every thread that serves, this one too: those act on it soon. */
  tellAll(kind: number, a?: number, b?: number, c?: number): void;
  /**
   * Calls back when all threads have acted on what they were told before, and have what connections
   * they accepted until then; without those that are stuck. At once, where this one serves alone.
   */
  whenDone(callback: () => void): void;
}

/**
 * A thread that serves alone.
 * @param receive what it does with what it is told
 */
export function alone(memory: SharedMemory, receive: Receive): Crew {
  const tellAll = (kind: number, a = 0, b = 0, c = 0) => receive(kind, a, b, c);
  return {
    memory,
    tell: (_thread, ...message) => tellAll(...message),
    tellAll,
    whenDone: (callback) => callback(),
  };
}
