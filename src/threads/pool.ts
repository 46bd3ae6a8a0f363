/**
 * The main thread's side of the threads that serve: it starts them, hands them the listeners, tells
 * them what changes, and puts another in the place of one that failed.
 */
import { URL } from "node:url";
import { Worker } from "node:worker_threads";
import type { Configuration } from "../config/model.ts";
import { closeDescriptor } from "../net/linux/libc.ts";
import { createEvent, wake } from "../net/linux/epoll.ts";
import { descriptorListener } from "../net/linux/listener.ts";
import type { Listener, Network } from "../net/socket.ts";
import { type InstanceCrew, type InstanceHooks } from "../proxy/instance.ts";
import { STOPPING } from "../proxy/crew.ts";
import type { Lock } from "../shared/lock.ts";
import { createMemory } from "../shared/memory.ts";
import { DONE, FAIL, LISTENERS, openBoard, type Plan, type Report, SERVE, STOP } from "./board.ts";
import type { Start, Tuning } from "./worker.ts";

/** How long a thread may take for what it is told, and to end, ms. */
const patience = 5000;
/** A thread that lasted no longer than this is not started anew at once, ms. */
const shortLife = 1000;

/** What the crew needs from outside. */
export interface CrewOptions {
  /** Its names resolved. */
  readonly configuration: Configuration;
  readonly threads: number;
  /** Connections of clients at most, in all threads. */
  readonly maxconn: number;
  /** How their loops are made. */
  readonly loop: Tuning;
  /** Connects, for what the main thread does itself: the checks. */
  readonly network: Network;
  /** Hears what a thread complains of, and that it failed. */
  readonly complain: (line: string) => void;
  /** Writes lines of a log that the threads cannot write to: see log-by-main.ts. */
  readonly writeLines: (target: number, lines: readonly string[]) => void;
}

/** See above. */
export interface ThreadCrew extends InstanceCrew {
  /** To be taken for each write to the streams that the threads log to as well. */
  readonly output: Lock;
  /** Listens for all of them; connects for this thread. */
  readonly network: Network;
  /**
   * Starts the threads, all proxies being built. @returns resolves when all are up, or have ended
   * @throws {Error} if one cannot start
   */
  begin(): Promise<void>;
  /** Lets a thread fail: for tests. */
  fail(thread: number): void;
  /** How many threads are up: for tests. */
  readonly up: number;
}

/** Prepares threads, on memory of their own. */
export function createCrew(options: CrewOptions): ThreadCrew {
  const { configuration, threads, maxconn, complain } = options;
  const enabled = configuration.proxies.filter(({ disabled, bind }) =>
    !disabled && bind.length > 0
  );
  const memory = createMemory(threads + 1, threads);
  const plan: Plan = {
    threads,
    maxconn,
    listeners: enabled.reduce((sum, { bind }) => sum + bind.length, 0),
    frontends: enabled.length,
    wakeups: Array.from({ length: threads }, createEvent),
  };
  const board = openBoard(memory, plan, wake);
  const workers: (Worker | null)[] = Array.from({ length: threads }, () => null);
  let hooks: InstanceHooks = { sessionEnded() {}, forget() {} };
  let listeners = 0;
  let orders = 0;
  let stopped = false;

  /** The first order that a thread has not carried out in time: it is not waited for until it has. */
  const behind = new Map<number, number>();

  /** Has all threads that are up carry out an order, and waits until they have. */
  function order(kind: number, a = 0, b = 0, c = 0): void {
    orders++;
    const up = workers.keys().filter((thread) => board.up[thread] === 1).toArray();
    for (const thread of up) {
      board.boxes[thread]!.send(kind, a, b, c);
      board.boxes[thread]!.send(DONE, orders, 0, 0);
    }
    for (const thread of up) {
      if (board.done[thread]! < (behind.get(thread) ?? 0)) continue;
      behind.delete(thread);
      const deadline = performance.now() + patience;
      while (board.done[thread] !== orders && board.up[thread] === 1) {
        if (performance.now() > deadline) {
          complain(`thread ${thread + 1} does not answer`);
          behind.set(thread, orders);
          break;
        }
        Atomics.wait(board.done, thread, board.done[thread]!, 10);
      }
    }
  }

  /** Changes the board, of which threads learn by an order, or as they come up. */
  function change(word: () => void, kind: number, a = 0): void {
    board.lock.take();
    word();
    board.lock.giveBack();
    order(kind, a);
  }

  function listen(at: Listener["endpoint"], how: Parameters<Network["listen"]>[1]): Listener {
    const index = listeners;
    const set = (value: number) =>
      change(() => Atomics.store(board.listeners, index, value), LISTENERS);
    const listener = descriptorListener(at, how, {
      begin: (fd) => set(fd + 1),
      end: () => set(0),
      serve(fd) {
        const thread = Math.max(0, board.up.indexOf(1));
        Atomics.add(board.handed, thread, 1);
        board.boxes[thread]!.send(SERVE, fd, index, 0);
      },
    });
    // One that cannot listen may be tried again in another way.
    listeners++;
    return listener;
  }

  /** Starts a thread. @returns resolves when it is up, rejects if it fails before */
  function start(self: number): Promise<void> {
    const began = performance.now();
    const data: Start = {
      self,
      plan,
      blocks: memory.blocks,
      configuration,
      loop: options.loop,
    };
    const worker = new Worker(threadUrl(), { workerData: data });
    workers[self] = worker;
    let reason = "it ended";
    return new Promise((resolve, reject) => {
      worker.on("message", (report: Report) => {
        switch (report.kind) {
          case "up":
            return resolve();
          case "quiet":
            return hooks.sessionEnded();
          case "complaint":
            return complain(report.line);
          case "lines":
            return options.writeLines(report.target, report.lines);
          case "failed":
            reason = report.reason;
        }
      });
      worker.on("error", (error: Error) => reason = error.stack ?? String(error));
      worker.on("exit", () => {
        workers[self] = null;
        if (stopped) return resolve();
        reject(new Error(`thread ${self + 1} has failed: ${reason}`));
        complain(`thread ${self + 1} has failed, and its connections with it: ${reason}`);
        bury(self);
        const delay = performance.now() - began < shortLife ? shortLife : 0;
        setTimeout(() => stopped || start(self).catch(() => {}), delay);
      });
    });
  }

  /** What was on its way to a thread that is gone: connections end here. */
  function clear(thread: number): void {
    board.boxes[thread]!.empty((kind, fd) => {
      if (kind === SERVE) closeDescriptor(fd);
    });
    Atomics.store(board.handed, thread, 0);
  }

  /** A thread has died: what it held is free for the others. */
  function bury(self: number): void {
    Atomics.store(board.up, self, 0);
    behind.delete(self);
    board.lock.free(self);
    board.output.free(self);
    for (const box of board.boxes) box.free(self);
    // A sender that finds its box full would wait for ever, with a lock taken.
    clear(self);
    hooks.forget(self);
    // Slots that were taken for it until then: the next thread of this number is not to hear of them.
    clear(self);
    hooks.sessionEnded();
  }

  return {
    memory,
    output: board.output,
    network: { ...options.network, listen },
    tell: (thread, kind, a = 0, b = 0, c = 0) => board.boxes[thread]?.send(kind, a, b, c),
    tellAll(kind, a = 0, b = 0, c = 0) {
      if (kind === STOPPING) change(() => Atomics.store(board.stopping, a, 1), kind, a);
      else order(kind, a, b, c);
    },
    attach: (to) => hooks = to,
    async begin() {
      await Promise.all(workers.keys().map((self) => start(self)));
    },
    stop() {
      if (stopped) return;
      stopped = true;
      change(() => Atomics.store(board.ending, 0, 1), STOP, orders + 1);
      for (const worker of workers) worker?.unref();
      for (let thread = 0; thread < threads; thread++) clear(thread);
      for (const eventfd of plan.wakeups) closeDescriptor(eventfd);
    },
    fail: (thread) => board.boxes[thread]!.send(FAIL, 0, 0, 0),
    get up() {
      return board.up.reduce((sum, up) => sum + up, 0);
    },
  };
}

/** Where the threads' program is: in the executable, or beside this file. */
function threadUrl(): URL {
  const here = import.meta.url;
  return new URL(here.includes("/$bunfs/") ? "./threads/worker.js" : "./worker.ts", here);
}
