/**
 * Waiting, without blocking, until threads have acted on what they were told. A number is posted
 * behind what they are to act on; each notes on the board that it has come so far.
 */
import type { Clock } from "../time/clock.ts";
import type { Board } from "./shared-state.ts";

/** How long a thread may take to act on what it is told, ms. */
const answerTimeout = 5000;

/** See {@linkcode createEpochs}. */
export interface Epochs {
  /**
   * Calls back when all threads that are up have acted on what was posted before, twice over: what
   * one of them has posted to another meanwhile has been acted on too. One that is stuck, or takes
   * longer than 5 s, is not waited for.
   */
  whenDone(callback: () => void): void;
  /** Calls back when each of them has acted on it, or has ended: however long that takes. */
  whenAllPassed(callback: () => void): void;
  /** Looks who has come how far. To be called when a thread says so, or ends, and now and then. */
  check(): void;
  /** All threads have ended: nobody is waited for. */
  close(): void;
}

interface Wait {
  readonly epoch: number;
  /** Threads that have not come to it. */
  readonly threads: Set<number>;
  /** When to wait no longer for those that are stuck; Infinity: never. */
  readonly deadline: number;
  readonly callback: () => void;
}

/** @param post posts an epoch's number to a thread */
export function createEpochs(
  board: Pick<Board, "up" | "stalled" | "done">,
  clock: Clock,
  post: (thread: number, epoch: number) => void,
): Epochs {
  let epoch = 0;
  let waits: Wait[] = [];

  function wait(deadline: number, callback: () => void): void {
    epoch = (epoch + 1) | 0;
    const threads = new Set<number>();
    for (const [thread, up] of board.up.entries()) if (up === 1) threads.add(thread);
    waits.push({ epoch, threads, deadline, callback });
    for (const thread of threads) post(thread, epoch);
    check();
  }

  function isOver(wait: Wait): boolean {
    const late = clock.now() >= wait.deadline;
    let left = 0;
    for (const thread of wait.threads) {
      const behind = (Atomics.load(board.done, thread) - wait.epoch | 0) < 0;
      if (!behind || Atomics.load(board.up, thread) === 0) wait.threads.delete(thread);
      else if (wait.deadline === Infinity || !late && board.stalled[thread] === 0) left++;
    }
    return left === 0;
  }

  function check(): void {
    const over = waits.filter(isOver);
    if (over.length === 0) return;
    waits = waits.filter((wait) => !over.includes(wait));
    for (const { callback } of over) callback();
  }

  return {
    whenDone(callback) {
      const deadline = clock.now() + answerTimeout;
      wait(deadline, () => wait(deadline, callback));
    },
    whenAllPassed: (callback) => wait(Infinity, callback),
    check,
    close() {
      for (const { callback } of waits.splice(0)) callback();
    },
  };
}
