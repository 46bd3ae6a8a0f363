/**
 * A thread that serves: an event loop of its own, with whole sessions on it. The entry of a worker
 * of the main thread, which tells it what to do by the board (see board.ts); it never returns to the
 * runtime's own event loop.
 */
import { hostname } from "node:os";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { Configuration } from "../config/model.ts";
import { openProxyLog, type ProxyLog } from "../log/proxy-log.ts";
import { createLogOutputs } from "../log/sink.ts";
import { createLoop, type EpollLoop, type LoopOptions, wake } from "../net/epoll/loop.ts";
import type { Listener, Network, Socket, SocketEvents } from "../net/socket.ts";
import { IDLE, type Workers } from "../proxy/workers.ts";
import type { Frontend } from "../proxy/frontend.ts";
import { faultReporter, logToAll } from "../proxy/faults.ts";
import { listenAll } from "../proxy/instance.ts";
import { createProxies } from "../proxy/proxies.ts";
import { createSessions } from "../proxy/sessions.ts";
import { openMemory, type SharedMemory } from "../shared/memory.ts";
import { Outbox } from "../shared/outbox.ts";
import { tidyWhenQuiet } from "./collect-garbage.ts";
import {
  type Board,
  DONE,
  FAIL,
  LISTENERS,
  openBoard,
  type Plan,
  type Report,
  SERVE,
  STALL,
  STOP,
} from "./shared-state.ts";
import { openTransportOf } from "./log-forwarding.ts";

/** What the main thread gives a thread. */
export interface Start {
  readonly self: number;
  readonly plan: Plan;
  readonly blocks: readonly SharedArrayBuffer[];
  /** Its names resolved. */
  readonly configuration: Configuration;
  readonly loop: Tuning;
}

/** How the loops of all threads are made. */
export type Tuning = Pick<LoopOptions, "splice" | "maxPipes" | "pipeSize" | "maxAccepts">;

/** How soon to try again to post to a thread whose box was full, ms. */
const retryInterval = 5;

/** A listener whose connections this thread accepts, with others. */
interface Shared {
  readonly frontend: Frontend;
  readonly accept: (socket: Socket) => SocketEvents;
  /** Of the board's, the one that was seen last. */
  version: number;
  /** What watches its descriptor; null: nothing does. */
  watch: { pause(): void; resume(): void; stop(): void } | null;
  paused: boolean;
}

if (parentPort !== null) serve(workerData as Start);

/** Serves until it is told to end, or fails; closes all that it has. */
function serve(start: Start): void {
  const { self, plan, blocks, configuration } = start;
  const memory = openMemory(blocks, plan.threads + 1, self);
  const board = openBoard(memory, plan, wake);
  const box = board.boxes[self]!;
  const loop = createLoop({
    ...start.loop,
    wakeFd: plan.wakeups[self]!,
    mailbox: { sleeps: () => box.sleeps(), wakes: () => box.wakes() },
    onFault: (error) => onFault(error),
  });
  const { clock } = loop;
  const onFault = faultReporter(clock, (line, whole) => {
    logToAll(configuration, log, "crit", line);
    report({ kind: "complaint", line: whole });
  });
  const outputs = createLogOutputs({
    open: openTransportOf(configuration, board.output, report),
    clock,
    originator: { tag: configuration.global.logTag, pid: process.pid, hostname: hostname() },
    defer: (callback) => loop.defer(callback),
    onFailure: (line) => report({ kind: "complaint", line }),
  });
  const log = openProxyLog(configuration, outputs, clock);
  try {
    work(start, memory, board, loop, log, onFault);
    log.close();
  } catch (error) {
    // What its sessions hold is given back by the main thread: they may be in any state.
    report({ kind: "failed", reason: (error as Error).stack ?? String(error) });
  }
  Atomics.store(board.up, self, 0);
  Atomics.store(board.epolls, self, 0);
  loop.close();
  log.close();
  report({ kind: "ended" });
}

/** Has sessions, until it is told to end. */
function work(
  { self, plan, configuration }: Start,
  memory: SharedMemory,
  board: Board,
  loop: EpollLoop,
  log: ProxyLog,
  onFault: (error: unknown) => void,
): void {
  const { clock } = loop;
  const box = board.boxes[self]!;
  const shared: Shared[] = [];
  const outbox = new Outbox(board.boxes);
  let ending = false;

  const workers: Workers = {
    memory,
    post(thread, kind, a = 0, b = 0, c = 0) {
      const to = board.boxes[thread];
      // A wish that comes again: a thread that has much to read is not to be held up by it.
      if (to === undefined || kind === IDLE && to.crowded) return;
      outbox.post(thread, kind, a, b, c);
    },
    broadcast: onlyMain,
    whenDone: onlyMain,
  };
  const { network } = loop;
  const proxies = createProxies(configuration, {
    network,
    clock,
    log,
    workers,
    maxconn: plan.maxconn,
    onFault,
  });
  const { runtime, frontends } = proxies;
  const sessions = createSessions(proxies, () => {
    if (runtime.connections.value > 0 || runtime.held.value > 0) return;
    if (frontends.some(({ stopping }) => stopping)) report({ kind: "quiet" });
  });
  for (const frontend of frontends) {
    const listening: Network = {
      ...network,
      listen: (at, _options, accept) => share(at, accept, frontend),
    };
    listenAll(frontend, listening, (bind, number) => sessions.acceptor(frontend, bind, number));
  }

  /** A listener whose descriptor the main thread has, and hands out by the board. */
  function share(
    at: Listener["endpoint"],
    accept: Shared["accept"],
    frontend: Frontend,
  ): Listener {
    const one: Shared = { frontend, accept, version: 0, watch: null, paused: false };
    shared.push(one);
    const ours = () => {
      throw new Error("the main thread's listener");
    };
    return {
      endpoint: at,
      pause() {
        one.paused = true;
        one.watch?.pause();
      },
      resume() {
        one.paused = false;
        one.watch?.resume();
      },
      close() {
        one.watch?.stop();
        one.watch = null;
      },
      release: ours,
      reclaim: ours,
      drain: ours,
    };
  }

  /** Accepts where the board says. */
  function look(): void {
    for (const [index, one] of shared.entries()) {
      const version = Atomics.load(board.versions, index);
      if (version === one.version) continue;
      const fd = Atomics.load(board.listeners, index) - 1;
      one.version = version;
      one.watch?.stop();
      one.watch = fd < 0 ? null : loop.accepting(fd, one.accept, (client) => place(client, index));
      if (one.paused) one.watch?.pause();
    }
  }

  /** Where a connection is to be served. @returns whether here; else it has gone to another thread */
  function place(client: number, listener: number): boolean {
    // Where it cannot be let in this thread is to know, and to accept no more.
    if (plan.threads === 1 || isFull(shared[listener]!.frontend)) return true;
    let least = self;
    let fewest = load(self) - 1;
    for (let thread = 0; thread < plan.threads; thread++) {
      if (board.up[thread] !== 1 || board.stalled[thread] === 1) continue;
      if (load(thread) >= fewest) continue;
      least = thread;
      fewest = load(thread);
    }
    if (least === self) return true;
    Atomics.add(board.handed, least, 1);
    workers.post(least, SERVE, client, listener);
    return false;
  }
  /** Whether connections are as many as may be, with those on their way to another thread. */
  function isFull({ connections, limit }: Frontend): boolean {
    let coming = 0;
    for (let thread = 0; thread < plan.threads; thread++) coming += board.handed[thread]!;
    return runtime.connections.value + coming >= plan.maxconn ||
      connections.value + coming >= limit;
  }
  function load(thread: number): number {
    return runtime.connections.share(thread) + board.handed[thread]!;
  }

  function receive(kind: number, a: number, b: number, c: number): void {
    if (sessions.receive(kind, a, b, c)) return;
    switch (kind) {
      case LISTENERS:
        look();
        break;
      case SERVE:
        Atomics.sub(board.handed, self, 1);
        loop.serve(a, shared[b]!.accept);
        break;
      case DONE:
        Atomics.store(board.done, self, a);
        report({ kind: "done" });
        break;
      case STOP:
        ending = true;
        break;
      case FAIL:
        throw new Error("told to fail");
      case STALL:
        stall(a, b === 1);
    }
  }

  const stopTidying = tidyWhenQuiet(() => runtime.activity.value, clock);
  Atomics.store(board.epolls, self, loop.epollFd + 1);
  Atomics.store(board.up, self, 1);
  ending = Atomics.load(board.ending, 0) === 1;
  for (const frontend of frontends) {
    frontend.stopping = Atomics.load(board.stopping, frontend.index) === 1;
  }
  look();
  report({ kind: "up" });
  while (!ending) {
    loop.turn(outbox.empty ? Infinity : retryInterval);
    board.turns[self]!++;
    if (!outbox.empty) outbox.flush();
    box.empty(receive);
  }
  stopTidying();
  sessions.close();
}

function onlyMain(): never {
  throw new Error("only the main thread tells all");
}

/** Does nothing for so long, ms: for tests. */
function stall(ms: number, asleep: boolean): void {
  if (asleep) Bun.sleepSync(ms);
  else for (const end = performance.now() + ms; performance.now() < end;);
}

function report(report: Report): void {
  parentPort!.postMessage(report);
}
