/**
 * The main thread's side of the workers: it starts them, gives them the listeners, posts changes to
 * them, and replaces one that has failed.
 */
import { URL } from "node:url";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import { cpusOf } from "../config/keywords/cpu-map.ts";
import type { Configuration } from "../config/model.ts";
import { closeDescriptor, replace } from "../net/linux/libc.ts";
import { createEvent, unwatch, wake } from "../net/linux/epoll.ts";
import { descriptorListener } from "../net/linux/listener.ts";
import type { Listener, Network } from "../net/socket.ts";
import { type InstanceHooks, type InstanceWorkers } from "../proxy/instance.ts";
import { noLookups, postAnswer } from "../proxy/lookups.ts";
import { STOPPING } from "../proxy/workers.ts";
import type { Host } from "../services/hosting.ts";
import type { Lock } from "../shared/lock.ts";
import type { Message } from "../shared/mailbox.ts";
import { createMemory } from "../shared/memory.ts";
import type { TlsChanges, TlsMaterial } from "../tls/material.ts";
import { Outbox } from "../shared/outbox.ts";
import {
  ASK,
  DONE,
  FAIL,
  HOSTED,
  LISTENERS,
  openSharedState,
  type Plan,
  SERVE,
  STALL,
  STOP,
  type WorkerReport,
} from "./shared-state.ts";
import { systemClock } from "../time/clock.ts";
import { createEpochs } from "./epochs.ts";
import { createHostFor, type SharedChange, type SharedMembership } from "./remote-host.ts";
import { createWatchdog } from "./watchdog.ts";
import type { Start, Tuning } from "./worker.ts";

/** How long a thread may take to end, ms. */
const answerTimeout = 5000;
/** How long a thread may take to answer a question, ms. */
const questionTimeout = 1000;
/** A thread that failed within this time is not started anew at once, ms. */
const shortLife = 1000;

/** What the pool needs from outside. */
export interface WorkerPoolOptions {
  /** Its names resolved. */
  readonly configuration: Configuration;
  readonly threads: number;
  /** Connections of clients at most, in all threads. */
  readonly maxconn: number;
  /** How their loops are made. */
  readonly loop: Tuning;
  /** What has been loaded for TLS; null: nothing. */
  readonly tls?: TlsMaterial | null;
  /** Connects, for what the main thread does itself: the checks. */
  readonly network: Network;
  /** What hosts services for the threads, once it does. */
  readonly host?: () => Host | null;
  /** Called with warnings of threads, and when one has failed. */
  readonly warn: (line: string) => void;
  /** Writes lines to a log that the threads cannot write to: see log-forwarding.ts. */
  readonly writeLines: (target: number, lines: readonly string[]) => void;
}

/** See above. */
export interface WorkerPool extends InstanceWorkers {
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
  /** Lets a thread do nothing for so long, ms, in a busy loop or asleep in the kernel: for tests. */
  stall(thread: number, ms: number, asleep: boolean): void;
  /** How many threads are up: for tests. */
  readonly up: number;
}

/** Prepares workers, on memory that they share. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { configuration, threads, maxconn, warn } = options;
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
  const state = openSharedState(memory, plan, wake);
  const workers: (Worker | null)[] = Array.from({ length: threads }, () => null);
  const ports: (MessagePort | null)[] = Array.from({ length: threads }, () => null);
  /** It takes the place of a closed listening socket, until no thread can be using its number. */
  const placeholder = createEvent();
  const outbox = new Outbox(state.mailboxes);
  const epochs = createEpochs(
    state,
    systemClock,
    (thread, epoch) => outbox.post(thread, DONE, epoch, 0, 0),
  );
  const cpus = cpusOf(configuration.global.cpuMap, threads);
  let hooks: InstanceHooks = {
    sessionEnded() {},
    releaseThread() {},
    report() {},
    patternsChanged() {},
    changedPatterns: () => [],
    changedServers: () => [],
    connectionsOf: () => 0,
    resolve: noLookups.resolve,
    observed() {},
  };
  let listeners = 0;
  let stopped: Promise<void> | null = null;
  /** Threads that have not closed all that they had. */
  const running = new Set<number>();
  let allEnded = () => {};
  let cleaned = false;
  let lastQuestion = 0;
  let challenges: NonNullable<TlsChanges["challenges"]> = new Map();
  /** By its number, what takes the answers to a question. */
  const questions = new Map<number, (answer: unknown) => void>();

  const watchdog = createWatchdog(state, systemClock, {
    report(line) {
      warn(line);
      hooks.report(line);
    },
    ask: (thread) => post(thread, ASK),
    stalled: rescue,
    checked() {
      outbox.flush();
      epochs.check();
      checkEnd();
    },
  });

  function post(thread: number, kind: number, a = 0, b = 0, c = 0): void {
    if (thread < threads) outbox.post(thread, kind, a, b, c);
  }

  /** Posts to all threads that are up; one that comes up later reads the shared state. */
  function broadcast(kind: number, a = 0, b = 0, c = 0): void {
    for (let thread = 0; thread < threads; thread++) {
      if (Atomics.load(state.up, thread) === 1) post(thread, kind, a, b, c);
    }
  }

  /** Has other threads serve the connections that a stuck one has not taken yet. */
  function rescue(stuck: number): void {
    for (const [, fd, listener] of state.mailboxes[stuck]!.withdraw(SERVE)) {
      Atomics.sub(state.handed, stuck, 1);
      serve(fd, listener);
    }
  }

  /** Has a thread serve a connection. */
  function serve(fd: number, listener: number): void {
    let thread = 0;
    let fewest = Infinity;
    for (let each = 0; each < threads; each++) {
      if (state.up[each] !== 1 || state.stalled[each] === 1) continue;
      if (state.handed[each]! >= fewest) continue;
      thread = each;
      fewest = state.handed[each]!;
    }
    Atomics.add(state.handed, thread, 1);
    post(thread, SERVE, fd, listener);
  }

  function listen(at: Listener["endpoint"], how: Parameters<Network["listen"]>[1]): Listener {
    const index = listeners;
    function set(value: number): void {
      Atomics.store(state.listeners, index, value);
      Atomics.add(state.versions, index, 1);
      broadcast(LISTENERS);
    }
    const listener = descriptorListener(at, how, {
      begin: (fd) => set(fd + 1),
      end(fd) {
        set(0);
        // A thread that is stuck would keep its place among the waiters that the kernel wakes.
        for (const epoll of state.epolls) if (epoll > 0) unwatch(epoll - 1, fd);
      },
      close(fd) {
        replace(fd, placeholder);
        epochs.whenAllPassed(() => closeDescriptor(fd));
      },
      serve: (fd) => serve(fd, index),
    });
    // A listener that cannot listen may be tried again in another way.
    listeners++;
    return listener;
  }

  /** Starts a thread. @returns resolves when it is up, rejects if it fails before */
  function start(self: number): Promise<void> {
    const began = performance.now();
    const { port1, port2 } = new MessageChannel();
    ports[self] = port1;
    for (const change of hooks.changedPatterns()) port1.postMessage({ change });
    for (const membership of hooks.changedServers()) port1.postMessage({ membership });
    // The rest is in what it begins with.
    if (challenges.size > 0) port1.postMessage({ tls: { binds: [], servers: [], challenges } });
    const hosted = createHostFor(options.host ?? (() => null), port1, () => post(self, HOSTED));
    const data: Start = {
      port: port2,
      self,
      plan,
      blocks: memory.blocks,
      configuration,
      loop: options.loop,
      tls: options.tls ?? null,
      cpus: cpus[self] ?? null,
    };
    const worker = new Worker(threadUrl(), { workerData: data, transferList: [port2] });
    workers[self] = worker;
    running.add(self);
    let reason = "it ended";
    return new Promise((resolve, reject) => {
      worker.on("message", (report: WorkerReport) => {
        switch (report.kind) {
          case "up":
            // What was put into its port before.
            post(self, HOSTED);
            return resolve();
          case "quiet":
            return hooks.sessionEnded();
          case "done":
            return epochs.check();
          case "ended":
            return ended(self);
          case "answer":
            return questions.get(report.question)?.(report.answer);
          case "lookup": {
            const { question, section, name, type } = report;
            hooks.resolve(section, name, type, (address) => {
              postAnswer((...message) => post(self, ...message), question, address);
            });
            return;
          }
          case "observed":
            return hooks.observed(...report.numbers);
          case "patterns":
            hooks.patternsChanged(report.change);
            return share({ change: report.change }, self);
          case "serve":
          case "cancel":
            return hosted.receive(report);
          case "warning":
            return warn(report.line);
          case "lines":
            return options.writeLines(report.target, report.lines);
          case "failed":
            reason = report.reason;
        }
      });
      worker.on("error", (error: Error) => reason = error.stack ?? String(error));
      worker.on("exit", () => {
        ports[self] = null;
        hosted.close();
        workers[self] = null;
        ended(self);
        if (stopped !== null) return resolve();
        reject(new Error(`thread ${self + 1} has failed: ${reason}`));
        warn(`thread ${self + 1} has failed, and its connections with it: ${reason}`);
        release(self);
        const delay = performance.now() - began < shortLife ? shortLife : 0;
        setTimeout(() => {
          if (stopped === null) start(self).catch(() => {});
        }, delay);
      });
    });
  }

  /** Removes the messages to a thread that has ended. @returns the connections among them */
  function clear(thread: number): Message[] {
    const connections: Message[] = [];
    const take = (...message: Message) => {
      if (message[0] === SERVE) connections.push(message);
    };
    state.mailboxes[thread]!.empty(take);
    for (const message of outbox.withdraw(thread)) take(...message);
    Atomics.store(state.handed, thread, 0);
    return connections;
  }

  /** A thread has ended without releasing anything: releases what it held, for the others. */
  function release(self: number): void {
    Atomics.store(state.up, self, 0);
    Atomics.store(state.epolls, self, 0);
    watchdog.releaseThread(self);
    state.output.releaseThread(self);
    for (const mailbox of state.mailboxes) mailbox.releaseThread(self);
    hooks.releaseThread(self);
    // Also slots that were granted to it until then: the next thread of this number does not know
    // them.
    for (const [, fd, listener] of clear(self)) serve(fd, listener);
    epochs.check();
    hooks.sessionEnded();
  }

  function ended(self: number): void {
    running.delete(self);
    checkEnd();
    if (stopped !== null) cleanUp();
  }

  /** Whether all have ended but those that are stuck. */
  function checkEnd(): void {
    if (running.keys().every((thread) => state.stalled[thread] === 1)) allEnded();
  }

  /** Ends the threads. */
  async function stop(): Promise<void> {
    Atomics.store(state.ending, 0, 1);
    // Also to those that are about to come up.
    for (let thread = 0; thread < threads; thread++) post(thread, STOP);
    if (running.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, answerTimeout);
        allEnded = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    watchdog.stop();
    for (const worker of workers) worker?.unref();
    cleanUp();
  }

  /** Closes what the threads had in common, when no thread can use it any more. */
  function cleanUp(): void {
    if (running.size > 0 || cleaned) return;
    cleaned = true;
    for (let thread = 0; thread < threads; thread++) {
      for (const [, fd] of clear(thread)) closeDescriptor(fd);
    }
    epochs.close();
    closeDescriptor(placeholder);
    for (const eventfd of plan.wakeups) closeDescriptor(eventfd);
  }

  /** Has the other threads make a change. @param from the thread that has made it */
  function share(message: SharedChange | SharedMembership, from: number): void {
    for (const [thread, port] of ports.entries()) {
      if (port === null || thread === from) continue;
      port.postMessage(message);
      post(thread, HOSTED);
    }
  }

  /** Asks all threads that are up, and not stuck. */
  function ask(kind: number): Promise<unknown[]> {
    const asked = [...state.up.keys()].filter((thread) =>
      Atomics.load(state.up, thread) === 1 && state.stalled[thread] !== 1
    );
    const question = lastQuestion = (lastQuestion + 1) | 0;
    const answers: unknown[] = [];
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        questions.delete(question);
        resolve(answers);
      };
      const timer = setTimeout(end, questionTimeout);
      questions.set(question, (answer) => {
        if (answers.push(answer) === asked.length) end();
      });
      for (const thread of asked) post(thread, kind, question);
      if (asked.length === 0) end();
    });
  }

  return {
    memory,
    ask,
    shareChange: (change) => share({ change }, -1),
    shareMembership: (membership) => share({ membership }, -1),
    shareTls(tls) {
      challenges = tls.challenges ?? challenges;
      share({ tls }, -1);
    },
    whenAllPassed: (callback) => epochs.whenAllPassed(callback),
    threadFacts: () =>
      Array.from({ length: threads }, (_, thread) => ({
        thread,
        up: state.up[thread] === 1,
        stalled: state.stalled[thread] === 1,
        turns: state.turns[thread]!,
        connections: hooks.connectionsOf(thread),
      })),
    output: state.output,
    network: { ...options.network, listen },
    post,
    broadcast(kind, a = 0, b = 0, c = 0) {
      if (kind === STOPPING) Atomics.store(state.stopping, a, 1);
      broadcast(kind, a, b, c);
    },
    whenDone: (callback) => epochs.whenDone(callback),
    attach: (to) => hooks = to,
    async begin() {
      watchdog.begin();
      await Promise.all(workers.keys().map((self) => start(self)));
    },
    stop: () => stopped ??= stop(),
    fail: (thread) => post(thread, FAIL),
    stall: (thread, ms, asleep) => post(thread, STALL, ms, asleep ? 1 : 0),
    get up() {
      return state.up.reduce((sum, up) => sum + up, 0);
    },
  };
}

/** Where the workers' program is: in the executable, or beside this file. */
function threadUrl(): URL {
  const here = import.meta.url;
  return new URL(here.includes("/$bunfs/") ? "./threads/worker.js" : "./worker.ts", here);
}
