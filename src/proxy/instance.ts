/** A running configuration: built from the model, stopped as a whole. */
import type * as model from "../config/model.ts";
import type { RunProgram } from "../health/external.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import { type Endpoint, type Network, showEndpoint } from "../net/socket.ts";
import type { Host } from "../services/hosting.ts";
import { createMemory } from "../shared/memory.ts";
import type { Tables } from "../stick-table/tables.ts";
import type { TlsChanges, TlsMaterial } from "../tls/material.ts";
import type { Clock } from "../time/clock.ts";
import { type Checks, startChecks } from "./checks.ts";
import { ASK_ERRORS, ASK_SESSIONS, singleThread, type Workers } from "./workers.ts";
import { createControl, type ProcessFacts } from "./control.ts";
import type { Control, SessionFacts, ThreadFacts } from "../services/control.ts";
import type { NamedChange } from "../expr/patterns/store.ts";
import type { CapturedError } from "../stats/error-captures.ts";
import {
  createDynamicServers,
  type DynamicServers,
  type LoadServerTls,
  type Membership,
} from "./dynamic-servers.ts";
import { logToAll } from "./faults.ts";
import {
  type Following,
  type InitialAddresses,
  setInitialAddresses,
  startFollowing,
} from "./following.ts";
import type { Frontend } from "./frontend.ts";
import { createLifecycle } from "./lifecycle.ts";
import { type Lookups, noLookups } from "./lookups.ts";
import type { OnAccept } from "./monitor-net.ts";
import { createMailAlerts } from "./mail-alerts.ts";
import { createProxies } from "./proxies.ts";
import { listenerPlace, listenerSocket } from "./socket-options.ts";
import { reportLines } from "./report.ts";
import { createSessions, type Sessions } from "./sessions.ts";

/** What an instance needs from outside. */
export interface InstanceDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: ProxyLog;
  /** Connections of clients at most. */
  readonly maxconn: number;
  /** Runs the programs of checks; without it there are none. */
  readonly run?: RunProgram;
  /** What has been loaded for TLS; without it nothing speaks TLS. */
  readonly tls?: TlsMaterial | null;
  /** Loads what the TLS of a server needs that is added. */
  readonly loadServerTls?: LoadServerTls;
  /** Random numbers from 0 to 1; Math.random unless a run must be repeatable. */
  readonly random?: () => number;
  /** Called with a line for people about what happens to a whole proxy. */
  readonly announce?: (line: string) => void;
  /** Called with faults of ours, each of which costs one session; by default they are thrown on. */
  readonly onFault?: (error: unknown) => void;
  /** Called when the state of a server has changed. */
  readonly serversChanged?: () => void;
  /** What hosts the services of this process, where this thread has the sessions. */
  readonly host?: () => Host | null;
  /** The threads that have the sessions; by default this one has them, alone. */
  readonly workers?: InstanceWorkers;
  /** It listens, and accepts nothing until {@linkcode Instance.accept}. */
  readonly paused?: boolean;
  /** The first addresses of servers whose address is a name; by default they have none. */
  readonly addresses?: InitialAddresses;
}

/** The threads that have the sessions of an instance. */
export interface InstanceWorkers extends Workers {
  /** Asks all threads: the answers of those that give one within a second. */
  ask(kind: number): Promise<unknown[]>;
  /** Has all threads make a change of a map or of an ACL's list that this one has made. */
  shareChange(change: NamedChange): void;
  /** The same, of a server that has come or gone. */
  shareMembership(change: Membership): void;
  /** Has all threads take what is new of TLS; those that begin later find it in the material. */
  shareTls(changes: TlsChanges): void;
  /** Calls back when no thread can be using what was taken from it before, however long that takes. */
  whenAllPassed(callback: () => void): void;
  /** How the threads are. */
  threadFacts(): ThreadFacts[];
  /** Sets the callbacks of the threads. */
  attach(hooks: InstanceHooks): void;
  /**
   * Ends their sessions. @returns resolves when that is done, or a thread that is stuck has had
   * time
   */
  stop(): Promise<void>;
}

/** What the threads of an instance call back. */
export interface InstanceHooks {
  /** A session has ended: perhaps the last one. */
  sessionEnded(): void;
  /** A thread has ended without releasing anything: releases what it held. */
  releaseThread(thread: number): void;
  /** A thread has changed a map, or the list of an ACL. */
  patternsChanged(change: NamedChange): void;
  /** What a thread that begins must know of such changes. */
  changedPatterns(): NamedChange[];
  /** And of servers that have come or gone. */
  changedServers(): Membership[];
  /** Connections that a thread has. */
  connectionsOf(thread: number): number;
  /** A thread's traffic has had so many errors in a row with a server: see RuntimeDeps. */
  observed(backend: number, server: number, errors: number, event: number): void;
  /** A line for the logs: a thread is stuck, say. */
  report(line: string): void;
  /** A thread asks for the address of a name. */
  resolve: Lookups["resolve"];
}

/** A server's state, as an observer sees it. */
export interface ServerState {
  readonly proxy: string;
  readonly name: string;
  readonly up: boolean;
  /** Where it is; null: it has no address. */
  readonly address: string | null;
}

/** A running configuration. */
export interface Instance {
  /** Where it listens, with the ports that the kernel chose. */
  readonly endpoints: readonly { proxy: string; endpoint: Endpoint }[];
  /** Connections accepted and requests begun so far: it stands still while there is no traffic. */
  readonly activity: () => number;
  /** Its stick tables, for who operates it: see stick-table/view.ts. */
  readonly tables: Tables;
  /** The state of each server, now. */
  servers(): Iterable<ServerState>;
  /** Begins to accept, on all listeners at once, where it was started `paused`. */
  accept(): void;
  /**
   * SIGTTOU: releases all ports, for another process to listen there; what is connected goes on.
   */
  pause(): void;
  /**
   * SIGTTIN: listens again after {@linkcode pause}.
   * @throws {SocketError} if a proxy cannot; the others do, and the next attempt tries it again
   */
  resume(): void;
  /** {@linkcode pause} for one proxy. @throws {Error} if no proxy of this name listens */
  pauseProxy(name: string): void;
  /** {@linkcode resume} for one proxy. @throws {SocketError} */
  resumeProxy(name: string): void;
  /**
   * SIGUSR1, the soft-stop: each proxy stops listening, after its `grace`; responses close their
   * connections, and a connection without a request is closed after 2 s. Resolves when the last
   * session has ended, `hard-stop-after` has passed, or {@linkcode stop} was called. Idempotent.
   */
  finish(): Promise<void>;
  /** SIGHUP: logs the state of every server and proxy. @returns it, in lines for people */
  report(): string[];
  /** What operators see of it and do to it. */
  control(facts: ProcessFacts): Control;
  /**
   * Has connections that begin from now on have what is new of TLS.
   * @param unused called when nothing of what it replaces is used for new ones any more
   * @returns resolves when all threads have it, but those that are stuck
   */
  replaceTls(changes: TlsChanges, unused?: () => void): Promise<void>;
  /** Resolves when all threads have acted on what they were told, but those that are stuck. */
  settled(): Promise<void>;
  /** A second has begun: rates are known by that. */
  tick(): void;
  /** Logs a line that concerns the whole process, once to each set of logs that proxies have. */
  note(line: string): void;
  /**
   * Ends at once: listeners, checks and connections. Idempotent. @returns resolves when all threads
   * have done so, or one that is stuck has had its time
   */
  stop(): Promise<void>;
}

/**
 * Starts the proxies of a configuration whose names, servers' apart, have been resolved.
 * @throws {SocketError} if an address cannot be listened on; nothing is left running then
 */
export function startProxies(configuration: model.Configuration, deps: InstanceDeps): Instance {
  const { global } = configuration;
  const { network, log, announce = () => {} } = deps;
  const workers = deps.workers ??
    singleThread(createMemory(1, 0), (...message) => sessions.receive(...message));
  const lookups: Lookups = {
    resolve(section, ...lookup) {
      const resolver = following?.resolver(section) ?? null;
      return resolver === null
        ? noLookups.resolve(section, ...lookup)
        : resolver.resolve(...lookup);
    },
  };
  function mail(proxy: model.Proxy, level: typeof model.levels[number], text: string): void {
    mails.send(proxy, level, text);
  }
  function observed(backend: number, server: number, errors: number, event: number): void {
    const found = proxies.backends[backend]?.servers.find(({ index }) => index === server);
    if (found !== undefined) checks?.observed(found, errors, event);
  }
  const proxies = createProxies(configuration, { ...deps, workers, lookups, observed, mail });
  setInitialAddresses(proxies.backends, deps.addresses ?? new Map());
  const { runtime, frontends, running } = proxies;
  const sessions: Sessions = createSessions(proxies, () => lifecycle.sessionEnded());
  const lifecycle = createLifecycle({
    proxies: running,
    runtime,
    hardStopAfter: global.hardStopAfter,
    announce,
    end: () => void stop(),
  });
  const changedLists = new Set<string>();
  if (deps.workers === undefined) proxies.scripts.begin();
  else {
    const { workers } = deps;
    proxies.patterns.onChange = (change) => {
      changedLists.add(change.list);
      workers.shareChange(change);
    };
  }
  deps.workers?.attach({
    sessionEnded: () => lifecycle.sessionEnded(),
    releaseThread: (thread) => sessions.releaseThread(thread),
    report: (line) => logToAll(configuration, log, "alert", line),
    patternsChanged(change) {
      changedLists.add(change.list);
      proxies.patterns.receive(change);
    },
    changedPatterns: () =>
      [...changedLists].flatMap((list): NamedChange[] => {
        const found = proxies.patterns.find(list);
        if (found === undefined) return [];
        const entries = [...found.entries].map(({ key, value }) => ({ key, value }));
        return [{ list, change: { change: "replace", entries } }];
      }),
    changedServers: () => dynamicServers?.changes() ?? [],
    connectionsOf: (thread) => runtime.connections.share(thread),
    resolve: lookups.resolve,
    observed,
  });
  let checks: Checks | null = null;
  const mails = createMailAlerts(configuration, runtime);
  let following: Following | null = null;
  let dynamicServers: DynamicServers | null = null;
  let stopSweeps = () => {};
  let stopped: Promise<void> | null = null;

  function stop(): Promise<void> {
    if (stopped !== null) return stopped;
    stopped = Promise.resolve();
    for (const { listeners } of frontends) for (const listener of listeners) listener.close();
    checks?.stop();
    mails.stop();
    proxies.scripts.end();
    following?.stop();
    stopSweeps();
    stopped = deps.workers?.stop() ?? stopped;
    sessions.close();
    lifecycle.ended();
    return stopped;
  }

  function report(): string[] {
    const lines = ["SIGHUP received, dumping servers states."];
    for (const proxy of running) {
      const { config } = proxy;
      log.event(
        config,
        "notice",
        `SIGHUP received, dumping servers states for proxy ${config.name}.`,
      );
      for (const line of reportLines(proxy)) {
        log.event(config, "notice", line);
        lines.push(line);
      }
    }
    return lines;
  }

  try {
    const ports = portsOf(frontends.flatMap(({ config }) => config.bind));
    for (const frontend of frontends) {
      const acceptor: Acceptor = (bind, number) => sessions.acceptor(frontend, bind, number);
      listenAll(frontend, network, acceptor, { paused: deps.paused ?? false, ports });
    }
  } catch (error) {
    void stop();
    throw error;
  }
  stopSweeps = runtime.tables.startSweeps();
  checks = startChecks(proxies.backends, configuration, runtime);
  following = startFollowing(configuration, proxies.backends, checks, runtime);
  dynamicServers = createDynamicServers({
    configuration,
    backends: proxies.backends,
    runtime,
    checks,
    loadTls: deps.loadServerTls ?? (() => null),
    share: (change) => deps.workers?.shareMembership(change),
  });

  return {
    endpoints: frontends.flatMap(({ config, listeners }) =>
      listeners.map(({ endpoint }) => ({ proxy: config.name, endpoint }))
    ),
    activity: () => runtime.activity.value,
    tables: runtime.tables,
    *servers() {
      for (const { config, servers } of proxies.backends) {
        for (const { name, up, place } of servers) {
          yield { proxy: config.name, name, up, address: place.host };
        }
      }
    },
    accept() {
      if (deps.paused !== true || stopped !== null) return;
      for (const { listeners } of frontends) for (const listener of listeners) listener.resume();
    },
    pause: lifecycle.pause,
    resume: lifecycle.resume,
    pauseProxy: lifecycle.pauseProxy,
    resumeProxy: lifecycle.resumeProxy,
    finish: lifecycle.finish,
    report,
    control(facts) {
      const { workers } = deps;
      return createControl({
        configuration,
        proxies,
        lifecycle,
        checks: checks!,
        following: following!,
        dynamicServers: dynamicServers!,
        facts,
        ask: {
          async sessions() {
            if (workers === undefined) return sessions.facts();
            return (await workers.ask(ASK_SESSIONS)).flat() as SessionFacts[];
          },
          async errors() {
            const all = workers === undefined ? [sessions.errors()] : await workers.ask(ASK_ERRORS);
            const found = all as { total: number; kept: CapturedError[] }[];
            return {
              total: found.reduce((sum, { total }) => sum + total, 0),
              kept: found.flatMap(({ kept }) => kept).sort((a, b) => a.wallMs - b.wallMs),
            };
          },
          threads: () =>
            workers?.threadFacts() ?? [{
              thread: 0,
              up: true,
              stalled: false,
              turns: 0,
              connections: runtime.connections.value,
            }],
        },
      });
    },
    replaceTls(changes, unused = () => {}) {
      runtime.tlsLive.apply(changes);
      deps.workers?.shareTls(changes);
      if (deps.workers === undefined) unused();
      else deps.workers.whenAllPassed(unused);
      return new Promise((resolve) => workers.whenDone(resolve));
    },
    settled: () => new Promise((resolve) => workers.whenDone(resolve)),
    tick() {
      const wall = runtime.clock.wall();
      for (const rate of runtime.rates) rate.tick(wall);
    },
    note: (line) => logToAll(configuration, log, "warning", line),
    stop,
  };
}

/** What a listener does with its connections; `number`: its own in its frontend, from 1. */
type Acceptor = (bind: model.Bind, number: number) => OnAccept;

/** How the listeners of an instance begin. */
interface Listening {
  readonly paused: boolean;
  /** How many of them there are on each port. */
  readonly ports: ReadonlyMap<string, number>;
}

function portsOf(binds: readonly model.Bind[]): Map<string, number> {
  const ports = new Map<string, number>();
  for (const { address } of binds) {
    ports.set(portOf(address), (ports.get(portOf(address)) ?? 0) + 1);
  }
  return ports;
}

/**
 * What two listeners cannot both have as a matter of course: a port, whatever the address; a path.
 */
function portOf(address: model.Bind["address"]): string {
  return address.kind === "ip" ? String(address.port) : showEndpoint(address);
}

/** Opens the listeners of a frontend. @throws {SocketError} */
export function listenAll(
  frontend: Frontend,
  network: Network,
  acceptor: Acceptor,
  { paused, ports }: Listening = { paused: false, ports: new Map() },
): void {
  for (const [index, bind] of frontend.config.bind.entries()) {
    const { address, backlog, v6only, transparent } = bind;
    const at: Endpoint = address.kind === "ip" && address.host === "*"
      ? { ...address, host: "0.0.0.0" }
      : address;
    const socket = listenerSocket(frontend.config, bind, frontend.runtime.global);
    const queue = backlog ?? frontend.config.backlog;
    const options = {
      ipv6Only: v6only,
      transparent,
      paused,
      shared: (ports.get(portOf(address)) ?? 0) > 1,
      ...(queue === null ? {} : { backlog: queue }),
      ...listenerPlace(bind),
      ...(socket === null ? {} : { socket }),
    };
    frontend.listeners.push(network.listen(at, options, acceptor(bind, index + 1)));
  }
}
