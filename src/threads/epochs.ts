/**
 * Waiting, without blocking, until threads have acted on their messages. A number is posted behind
 * the messages; each thread notes in the shared state that it has come so far.
 */
import type { Clock } from "../time/clock.ts";
import type { SharedState } from "./shared-state.ts";

/** How long a thread may take to act on its messages, ms. */
const answerTimeout = 5000;

/** See {@linkcode createEpochs}. */
export interface Epochs {
  /**
   * Calls back when all threads that are up have acted on what was posted before, twice over: what
   * one of them has posted to another meanwhile has been acted on too. A thread that is stuck, or
   * takes longer than 5 s, is not waited for.
   */
  whenDone(callback: () => void): void;
  /** Calls back when each of them has acted on it, or has ended: however long that takes. */
  whenAllPassed(callback: () => void): void;
  /**
   * Checks how far each thread has come. To be called when one reports that, or ends, and now and
   * then.
   */
  check(): void;
  /** All threads have ended: calls back everything that waits. */
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
  state: Pick<SharedState, "up" | "stalled" | "done">,
  clock: Clock,
  post: (thread: number, epoch: number) => void,
): Epochs {
  let epoch = 0;
  let waits: Wait[] = [];

  function wait(deadline: number, callback: () => void): void {
    epoch = (epoch + 1) | 0;
    const threads = new Set<number>();
    for (const [thread, up] of state.up.entries()) if (up === 1) threads.add(thread);
    waits.push({ epoch, threads, deadline, callback });
    for (const thread of threads) post(thread, epoch);
    check();
  }

  function isOver(wait: Wait): boolean {
    const late = clock.now() >= wait.deadline;
    let left = 0;
    for (const thread of wait.threads) {
      const behind = (Atomics.load(state.done, thread) - wait.epoch | 0) < 0;
      if (!behind || Atomics.load(state.up, thread) === 0) wait.threads.delete(thread);
      else if (wait.deadline === Infinity || !late && state.stalled[thread] === 0) left++;
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
