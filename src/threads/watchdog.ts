/**
 * The watch over threads. Each either sleeps, and has nothing to do, or gets on: its loop turns, or
 * it reads its messages. One that does neither is stuck, in a system call that does not return or in
 * a computation without end. It is given nothing new, and what it was given and has not looked at
 * others serve; nobody waits for it. It is reported, and not ended: it may hold a lock, and all of
 * its connections would end with it, while most of what sticks comes back.
 */
import type { Mailbox } from "../shared/mailbox.ts";
import type { Clock } from "../time/clock.ts";
import type { Board } from "./shared-state.ts";

/** How often to look, ms. */
const interval = 250;
/** After so long a thread is given nothing new, ms. */
const stalledAfter = 500;
/** After so long it is reported, ms. */
const reportedAfter = 2000;

/** What is done about threads that are stuck. */
export interface WatchOptions {
  /** A line for people: a thread is stuck, or answers again. */
  readonly report: (line: string) => void;
  /** A thread begins to be stuck: a message that it has to read shows when that is over. */
  readonly ask: (thread: number) => void;
  /** A thread is stuck; called at each look. */
  readonly stalled: (thread: number) => void;
  /** All have been looked at. */
  readonly looked: () => void;
}

/** See {@linkcode watchThreads}. */
export interface Watch {
  begin(): void;
  /** A thread has died. */
  releaseThread(thread: number): void;
  stop(): void;
}

/** How a thread gets on. */
interface Progress {
  turns: number;
  read: number;
  /** How long it has been as it is, ms. */
  standing: number;
  reported: boolean;
}

/** Makes a watch. */
export function watchThreads(
  board: Pick<Board, "up" | "stalled" | "turns"> & {
    boxes: readonly Pick<Mailbox, "read" | "idle">[];
  },
  clock: Clock,
  options: WatchOptions,
): Watch {
  const all: Progress[] = board.boxes.map(() => ({
    turns: 0,
    read: 0,
    standing: 0,
    reported: false,
  }));
  let last = 0;
  let cancel = () => {};

  function look(): void {
    const now = clock.now();
    // A pause of the whole process is not a thread's.
    const passed = Math.min(now - last, 2 * interval);
    last = now;
    for (const thread of all.keys()) lookAt(thread, passed);
    options.looked();
    cancel = clock.schedule(interval, look);
  }

  function lookAt(thread: number, passed: number): void {
    const one = all[thread]!;
    const box = board.boxes[thread]!;
    const turns = Atomics.load(board.turns, thread);
    const { read } = box;
    const stands = turns === one.turns && read === one.read && !box.idle &&
      Atomics.load(board.up, thread) === 1;
    one.turns = turns;
    one.read = read;
    if (!stands) return moves(thread, one);
    one.standing += passed;
    if (one.standing < stalledAfter) return;
    if (Atomics.exchange(board.stalled, thread, 1) === 0) options.ask(thread);
    options.stalled(thread);
    if (one.standing < reportedAfter || one.reported) return;
    one.reported = true;
    options.report(
      `thread ${thread + 1} has not answered for ${seconds(one.standing)}: ` +
        "its connections wait, the other threads serve on",
    );
  }

  function moves(thread: number, one: Progress): void {
    const { standing, reported } = one;
    one.standing = 0;
    one.reported = false;
    Atomics.store(board.stalled, thread, 0);
    if (reported) options.report(`thread ${thread + 1} answers again, after ${seconds(standing)}`);
  }

  return {
    begin() {
      last = clock.now();
      cancel = clock.schedule(interval, look);
    },
    releaseThread(thread) {
      Object.assign(all[thread]!, { standing: 0, reported: false });
      Atomics.store(board.stalled, thread, 0);
    },
    stop: () => cancel(),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
