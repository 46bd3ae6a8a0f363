/**
 * The watchdog of the workers. A worker either sleeps, and has nothing to do, or makes progress:
 * its loop turns, or it reads its messages. One that does neither is stuck, in a system call that
 * does not return or in a computation without end. It is given nothing new, other threads serve
 * what it was given and has not read, and no thread waits for it. It is reported, and not ended: it
 * may hold a lock, all of its connections would end with it, and most stuck threads recover.
 */
import type { Mailbox } from "../shared/mailbox.ts";
import type { Clock } from "../time/clock.ts";
import type { SharedState } from "./shared-state.ts";

/** How often threads are checked, ms. */
const interval = 250;
/** After so long a thread is given nothing new, ms. */
const stalledAfter = 500;
/** After so long it is reported, ms. */
const reportedAfter = 2000;

/** What is done about threads that are stuck. */
export interface WatchdogOptions {
  /** Called with a line for people: a thread is stuck, or answers again. */
  readonly report: (line: string) => void;
  /** A thread begins to be stuck: a message that it must read shows when that is over. */
  readonly ask: (thread: number) => void;
  /** A thread is stuck; called at each check. */
  readonly stalled: (thread: number) => void;
  /** All have been checked. */
  readonly checked: () => void;
}

/** See {@linkcode createWatchdog}. */
export interface Watchdog {
  begin(): void;
  /** A thread has ended. */
  releaseThread(thread: number): void;
  stop(): void;
}

/** The progress of a thread. */
interface Progress {
  turns: number;
  read: number;
  /** How long it has made no progress, ms. */
  unchangedFor: number;
  reported: boolean;
}

/** Creates a watchdog. */
export function createWatchdog(
  state: Pick<SharedState, "up" | "stalled" | "turns"> & {
    mailboxes: readonly Pick<Mailbox, "read" | "idle">[];
  },
  clock: Clock,
  options: WatchdogOptions,
): Watchdog {
  const all: Progress[] = state.mailboxes.map(() => ({
    turns: 0,
    read: 0,
    unchangedFor: 0,
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
    options.checked();
    cancel = clock.schedule(interval, look);
  }

  function lookAt(thread: number, passed: number): void {
    const one = all[thread]!;
    const mailbox = state.mailboxes[thread]!;
    const turns = Atomics.load(state.turns, thread);
    const { read } = mailbox;
    const stands = turns === one.turns && read === one.read && !mailbox.idle &&
      Atomics.load(state.up, thread) === 1;
    one.turns = turns;
    one.read = read;
    if (!stands) return progressed(thread, one);
    one.unchangedFor += passed;
    if (one.unchangedFor < stalledAfter) return;
    if (Atomics.exchange(state.stalled, thread, 1) === 0) options.ask(thread);
    options.stalled(thread);
    if (one.unchangedFor < reportedAfter || one.reported) return;
    one.reported = true;
    options.report(
      `thread ${thread + 1} has not answered for ${seconds(one.unchangedFor)}: ` +
        "its connections wait, the other threads serve on",
    );
  }

  function progressed(thread: number, one: Progress): void {
    const { unchangedFor, reported } = one;
    one.unchangedFor = 0;
    one.reported = false;
    Atomics.store(state.stalled, thread, 0);
    if (reported) {
      options.report(`thread ${thread + 1} answers again, after ${seconds(unchangedFor)}`);
    }
  }

  return {
    begin() {
      last = clock.now();
      cancel = clock.schedule(interval, look);
    },
    releaseThread(thread) {
      Object.assign(all[thread]!, { unchangedFor: 0, reported: false });
      Atomics.store(state.stalled, thread, 0);
    },
    stop: () => cancel(),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
