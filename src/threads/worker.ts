/**
 * A worker: a thread with an event loop of its own, and whole sessions on it. The main thread
 * directs it by the shared state (see shared-state.ts); it never returns to the runtime's own event
 * loop.
 */
import { hostname } from "node:os";
import process from "node:process";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import type { Configuration } from "../config/model.ts";
import { openProxyLog, type ProxyLog } from "../log/proxy-log.ts";
import { originatorOf } from "../log/originator.ts";
import { createLogOutputs } from "../log/sink.ts";
import { createLoop, type EpollLoop, type LoopOptions, wake } from "../net/epoll/loop.ts";
import type { Listener, Network, Socket, SocketEvents } from "../net/socket.ts";
import { ASK_ERRORS, ASK_SESSIONS, IDLE, type Workers } from "../proxy/workers.ts";
import { followMembership } from "../proxy/dynamic-servers.ts";
import type { Frontend } from "../proxy/frontend.ts";
import { faultReporter, logToAll } from "../proxy/faults.ts";
import { listenAll } from "../proxy/instance.ts";
import { RemoteLookups } from "../proxy/lookups.ts";
import { createProxies } from "../proxy/proxies.ts";
import { createSessions } from "../proxy/sessions.ts";
import { openMemory, type SharedMemory } from "../shared/memory.ts";
import type { TlsMaterial } from "../tls/material.ts";
import { Outbox } from "../shared/outbox.ts";
import { collectWhenQuiet } from "./collect-garbage.ts";
import {
  DONE,
  FAIL,
  HOSTED,
  LISTENERS,
  openSharedState,
  type Plan,
  SERVE,
  type SharedState,
  STALL,
  STOP,
  type WorkerReport,
} from "./shared-state.ts";
import { runOn } from "../net/linux/affinity.ts";
import { createRemoteHost } from "./remote-host.ts";
import { openTransportOf } from "./log-forwarding.ts";

/** What the main thread gives a thread. */
export interface Start {
  readonly self: number;
  readonly plan: Plan;
  readonly blocks: readonly SharedArrayBuffer[];
  /** Its names resolved. */
  readonly configuration: Configuration;
  readonly loop: Tuning;
  /** Whence the answers of hosted services come. */
  readonly port: MessagePort;
  readonly tls: TlsMaterial | null;
  /** The CPUs that it may run on; null: all. */
  readonly cpus: readonly number[] | null;
}

/** How the loops of all threads are made. */
export type Tuning = Pick<LoopOptions, "splice" | "maxPipes" | "pipeSize" | "maxAccepts">;

/** How soon to try again to post to a thread whose mailbox was full, ms. */
const retryInterval = 5;

/** A listener whose connections this thread accepts, with others. */
interface SharedListener {
  readonly frontend: Frontend;
  readonly accept: (socket: Socket) => SocketEvents;
  /** The version in the shared state that was read last. */
  version: number;
  /** What accepts from its descriptor; null: nothing does. */
  watch: { pause(): void; resume(): void; stop(): void } | null;
  paused: boolean;
}

if (parentPort !== null) serve(workerData as Start);

/** Serves until the main thread ends it, or it fails; closes all that it has. */
function serve(start: Start): void {
  const { self, plan, blocks, configuration, cpus } = start;
  if (cpus !== null && !runOn(cpus)) {
    report({ kind: "warning", line: `thread ${self + 1}: 'cpu-map' has no CPU that can be used` });
  }
  const memory = openMemory(blocks, plan.threads + 1, self);
  const state = openSharedState(memory, plan, wake);
  const mailbox = state.mailboxes[self]!;
  const loop = createLoop({
    ...start.loop,
    wakeFd: plan.wakeups[self]!,
    mailbox: { sleeps: () => mailbox.sleeps(), wakes: () => mailbox.wakes() },
    onFault: (error) => onFault(error),
  });
  const { clock } = loop;
  const onFault = faultReporter(clock, (line, whole) => {
    logToAll(configuration, log, "crit", line);
    report({ kind: "warning", line: whole });
  });
  const outputs = createLogOutputs({
    open: openTransportOf(configuration, state.output, report),
    clock,
    originator: originatorOf(configuration.global, process.pid, hostname()),
    defer: (callback) => loop.defer(callback),
    onFailure: (line) => report({ kind: "warning", line }),
  });
  const log = openProxyLog(configuration, outputs, clock);
  try {
    work(start, memory, state, loop, log, onFault);
    log.close();
  } catch (error) {
    // The main thread releases what its sessions hold: they may be in any state.
    report({ kind: "failed", reason: (error as Error).stack ?? String(error) });
  }
  Atomics.store(state.up, self, 0);
  Atomics.store(state.epolls, self, 0);
  loop.close();
  log.close();
  report({ kind: "ended" });
}

/** Has sessions, until the main thread ends it. */
function work(
  { self, plan, configuration, port, tls }: Start,
  memory: SharedMemory,
  state: SharedState,
  loop: EpollLoop,
  log: ProxyLog,
  onFault: (error: unknown) => void,
): void {
  const { clock } = loop;
  const mailbox = state.mailboxes[self]!;
  const listeners: SharedListener[] = [];
  const outbox = new Outbox(state.mailboxes);
  let ending = false;

  const workers: Workers = {
    memory,
    post(thread, kind, a = 0, b = 0, c = 0) {
      const to = state.mailboxes[thread];
      // A request that is repeated: it must not hold up a thread that has much to read.
      if (to === undefined || kind === IDLE && to.crowded) return;
      outbox.post(thread, kind, a, b, c);
    },
    broadcast: onlyMain,
    whenDone: onlyMain,
  };
  const { network } = loop;
  const lookups = new RemoteLookups(
    (question) => report({ kind: "lookup", ...question }),
    Math.random,
  );
  const host = createRemoteHost(
    port,
    report,
    (change) => proxies.patterns.receive(change),
    (change) => followMembership(proxies.backends, proxies.runtime, change),
    (changes) => proxies.runtime.tlsLive.apply(changes),
  );
  const proxies = createProxies(configuration, {
    network,
    lookups,
    clock,
    log,
    workers,
    maxconn: plan.maxconn,
    thread: self,
    tls,
    onFault,
    observed: (...numbers) => report({ kind: "observed", numbers }),
    host: () => host,
  });
  const { runtime, frontends } = proxies;
  proxies.scripts.begin();
  proxies.patterns.onChange = (change) => report({ kind: "patterns", change });
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

  /** A listener whose descriptor the main thread has, and passes on by the shared state. */
  function share(
    at: Listener["endpoint"],
    accept: SharedListener["accept"],
    frontend: Frontend,
  ): Listener {
    const one: SharedListener = { frontend, accept, version: 0, watch: null, paused: false };
    listeners.push(one);
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

  /** Accepts from the listeners in the shared state. */
  function look(): void {
    for (const [index, one] of listeners.entries()) {
      const version = Atomics.load(state.versions, index);
      if (version === one.version) continue;
      const fd = Atomics.load(state.listeners, index) - 1;
      one.version = version;
      one.watch?.stop();
      one.watch = fd < 0 ? null : loop.accepting(fd, one.accept, (client) => place(client, index));
      if (one.paused) one.watch?.pause();
    }
  }

  /**
   * Decides which thread serves a connection. @returns whether this one; else it has gone to
   * another
   */
  function place(client: number, listener: number): boolean {
    // A connection that cannot be admitted stays here, so that this thread accepts no more.
    if (plan.threads === 1 || isFull(listeners[listener]!.frontend)) return true;
    let least = self;
    let fewest = load(self) - 1;
    for (let thread = 0; thread < plan.threads; thread++) {
      if (state.up[thread] !== 1 || state.stalled[thread] === 1) continue;
      if (load(thread) >= fewest) continue;
      least = thread;
      fewest = load(thread);
    }
    if (least === self) return true;
    Atomics.add(state.handed, least, 1);
    workers.post(least, SERVE, client, listener);
    return false;
  }
  /** Whether `maxconn` is reached, with the connections on their way to another thread. */
  function isFull({ connections, limit }: Frontend): boolean {
    let coming = 0;
    for (let thread = 0; thread < plan.threads; thread++) coming += state.handed[thread]!;
    return runtime.connections.value + coming >= runtime.maxconn ||
      connections.value + coming >= limit;
  }
  function load(thread: number): number {
    return runtime.connections.share(thread) + state.handed[thread]!;
  }

  function receive(kind: number, a: number, b: number, c: number): void {
    if (sessions.receive(kind, a, b, c) || lookups.receive(kind, a, b, c)) return;
    switch (kind) {
      case LISTENERS:
        look();
        break;
      case SERVE:
        Atomics.sub(state.handed, self, 1);
        loop.serve(a, listeners[b]!.accept);
        break;
      case DONE:
        Atomics.store(state.done, self, a);
        report({ kind: "done" });
        break;
      case STOP:
        ending = true;
        break;
      case FAIL:
        throw new Error("a test makes it fail");
      case HOSTED:
        host.receive();
        break;
      case STALL:
        stall(a, b === 1);
        break;
      case ASK_SESSIONS:
        report({ kind: "answer", question: a, answer: sessions.facts() });
        break;
      case ASK_ERRORS:
        report({ kind: "answer", question: a, answer: sessions.errors() });
    }
  }

  // Servers that have come since the start, before anything is assigned to one.
  host.receive();
  const stopCollecting = collectWhenQuiet(() => runtime.activity.value, clock);
  Atomics.store(state.epolls, self, loop.epollFd + 1);
  Atomics.store(state.up, self, 1);
  ending = Atomics.load(state.ending, 0) === 1;
  for (const frontend of frontends) {
    frontend.stopping = Atomics.load(state.stopping, frontend.index) === 1;
  }
  look();
  report({ kind: "up" });
  while (!ending) {
    loop.turn(outbox.empty ? Infinity : retryInterval);
    state.turns[self]!++;
    if (!outbox.empty) outbox.flush();
    mailbox.empty(receive);
  }
  stopCollecting();
  sessions.close();
}

function onlyMain(): never {
  throw new Error("only the main thread broadcasts");
}

/** Does nothing for so long, ms: for tests. */
function stall(ms: number, asleep: boolean): void {
  if (asleep) Bun.sleepSync(ms);
  else for (const end = performance.now() + ms; performance.now() < end;);
}

function report(report: WorkerReport): void {
  parentPort!.postMessage(report);
}
