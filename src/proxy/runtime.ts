import type { Cache as CacheConfig, Global, levels, Proxy } from "../config/model.ts";
import { type Cache, createCaches } from "../filters/cache/caches.ts";
import type { RunProgram } from "../health/external.ts";
import type { CaseTable } from "../http/h1/case-adjust.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Network } from "../net/socket.ts";
import { Counter, Gauge } from "../shared/counts.ts";
import { services } from "../rules/actions/service.ts";
import { Rate } from "../shared/rate.ts";
import { type Host, hostedService } from "../services/hosting.ts";
import type { Service } from "../services/service.ts";
import type { SharedMemory } from "../shared/memory.ts";
import type { TableDefinition } from "../stick-table/definitions.ts";
import { Tables } from "../stick-table/tables.ts";
import type { Clock } from "../time/clock.ts";
import type { TlsMaterial } from "../tls/material.ts";
import { TimerWheel } from "../time/wheel.ts";
import { type Lookups, noLookups } from "./lookups.ts";
import type { Workers } from "./workers.ts";
import { Tickets, type Waiter } from "./queue.ts";
import { Compression } from "./compression.ts";
import { Refusals } from "./refusals.ts";
import { TlsLive } from "./tls/live.ts";

/** What a thread needs from outside to run proxies. */
export interface RuntimeDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: ProxyLog;
  readonly workers: Workers;
  /** Connections of clients at most, in all threads together. */
  readonly maxconn: number;
  /** Addresses of names, for rules that ask for one; by default there are none. */
  readonly lookups?: Lookups;
  /** Called with faults of ours, each of which costs one session; by default they are thrown on. */
  readonly onFault?: (error: unknown) => void;
  /**
   * Called when the traffic has had so many errors in a row with a server (backend, server, errors,
   * the last one: see health/observe.ts).
   */
  readonly observed?: (backend: number, server: number, errors: number, event: number) => void;
  /** What has been loaded for TLS; without it nothing speaks TLS. */
  readonly tls?: TlsMaterial | null;
  /** Tells people by mail about a server of a proxy. */
  readonly mail?: (proxy: Proxy, level: typeof levels[number], text: string) => void;
  /** Runs the programs of checks; without it there are none. */
  readonly run?: RunProgram;
  /** What hosts the services of this process, once it does. */
  readonly host?: () => Host | null;
  /** Called when the state of a server has changed, where that is decided: in the main thread. */
  readonly serversChanged?: () => void;
  /** The number of this thread, from 0. */
  readonly thread?: number;
  /** Random numbers from 0 to 1; Math.random unless a run must be repeatable. */
  readonly random?: () => number;
}

/** What all parts of a running instance share, as one thread has it. */
export interface Runtime extends Omit<RuntimeDeps, "host" | "tls"> {
  /** What has been loaded for TLS; servers that are added bring theirs. */
  readonly tls: TlsMaterial;
  readonly lookups: Lookups;
  /** What of {@linkcode RuntimeDeps.tls} can be replaced. */
  readonly tlsLive: TlsLive;
  /** What hosts the services of this process; null: nothing does. */
  readonly host: Host | null;
  /** Services that rules name (manual: "use-service"). */
  readonly services: ReadonlyMap<string, Service>;
  readonly memory: SharedMemory;
  readonly wheel: TimerWheel;
  /** The process as configured. */
  readonly global: Global;
  /** How names of fields are written for some peers; null: as they come. */
  readonly cases: CaseTable | null;
  /** Largest head of a message, in bytes. */
  readonly headLimit: number;
  /** Connections of clients at this moment (HAProxy's actconn). */
  readonly connections: Gauge;
  /** Connections that were accepted, and wait to be let in. */
  readonly held: Gauge;
  /** Connections to servers at this moment, in use and idle: as many descriptors are reckoned. */
  readonly serverConnections: Gauge;
  /** Connections accepted and requests begun so far. */
  readonly activity: Counter;
  /** Those of streams that wait. */
  readonly tickets: Tickets<Waiter>;
  /** The stick tables of all proxies. */
  readonly tables: Tables;
  /** All backends, for their idle connections. */
  readonly backends: ConnectionHolder[];
  /** Faults of ours so far. */
  readonly faults: Counter;
  /** As it was started: `maxconn` can be no more. */
  readonly hardMaxconn: number;
  /** Sets `maxconn`, for all threads. */
  setMaxconn(maxconn: number): void;
  /** Connections, sessions, TLS sessions, and compressed bytes a second at most; 0: no limit. */
  readonly rateLimits: Int32Array;
  /** Counters of sessions, which operators may clear. */
  readonly totals: Counter[];
  /** The rates of everything: one thread looks at them once a second. */
  readonly rates: readonly Rate[];
  /** Adds one more. @param count how many there ever were @param memory where; by default above */
  rate(count: () => number, memory?: SharedMemory): Rate;
  /** Counters and rates of a server that is no more. */
  forget(total: Counter, rate: Rate): void;
  /** The number of a request among all of the process, from 0: each call gives the next one. */
  nextSerial(): number;
  readonly compression: Compression;
  readonly caches: ReadonlyMap<string, Cache>;
  /** What this thread has refused. */
  readonly refusals: Refusals;
  /**
   * Something of ours has thrown: `session` is given up; null: the caller deals with it. @throws
   * {unknown} it again, where there is no `onFault`
   */
  fault(error: unknown, session: Abandoned | null): void;
}

/** A backend, as far as it holds idle connections to its servers. */
export interface ConnectionHolder {
  readonly servers: readonly {
    readonly pool: { readonly size: number; closeOldest(): void };
    /** Has another thread close one. @returns whether one has any */
    closeIdleElsewhere(): boolean;
  }[];
}

/** What can be given up in whatever state it is: all that it holds is released. */
export interface Abandoned {
  abandon(): void;
}

/**
 * Tickets beside those of a thread's clients and of as many that have just left, whose slots are on
 * their way to it: those of clients that come and leave within one turn.
 */
const spareTickets = 1024;

/**
 * Makes it.
 * @param global the process as configured
 * @param tables the stick tables of all proxies
 */
export function createRuntime(
  deps: RuntimeDeps,
  global: Global,
  tables: readonly TableDefinition[],
  cases: CaseTable | null,
  caches: readonly CacheConfig[],
): Runtime {
  const { memory } = deps.workers;
  const { onFault } = deps;
  const fault = (error: unknown, session: Abandoned | null) => {
    if (onFault === undefined) throw error;
    faults.increase();
    onFault(error);
    try {
      session?.abandon();
    } catch (another) {
      onFault(another);
    }
  };
  const faults = new Counter(memory);
  const rates: Rate[] = [];
  const totals: Counter[] = [];
  const serials = memory.ints(1);
  const limits = memory.ints(5);
  if (memory.fresh) {
    limits.set([
      deps.maxconn,
      global.maxconnrate ?? 0,
      global.maxsessrate ?? 0,
      global.maxsslrate ?? 0,
      1024 * (global.maxcomprate ?? 0),
    ]);
  }
  const rate = (count: () => number, at = memory): Rate => {
    const made = new Rate(at, count);
    rates.push(made);
    return made;
  };
  return {
    ...deps,
    tls: deps.tls ?? { binds: new Map(), servers: new Map() },
    lookups: deps.lookups ?? noLookups,
    tlsLive: new TlsLive(),
    get host() {
      return deps.host?.() ?? null;
    },
    services: new Map([...services].map(([name, label]) => [
      name,
      hostedService(name, label, () => deps.host?.() ?? null),
    ])),
    get maxconn() {
      return limits[0]!;
    },
    hardMaxconn: deps.maxconn,
    setMaxconn: (maxconn) => limits[0] = maxconn,
    rateLimits: limits.subarray(1),
    totals,
    memory,
    faults,
    fault,
    nextSerial: () => Atomics.add(serials, 0, 1) >>> 0,
    rates,
    rate,
    forget(total, rate) {
      remove(totals, total);
      remove(rates, rate);
    },
    compression: new Compression(global, memory, deps.clock, rate, () => limits[4]!),
    caches: createCaches(memory, caches, global.tuneBufsize),
    refusals: new Refusals(),
    wheel: new TimerWheel(deps.clock, onFault === undefined ? null : fault),
    global,
    cases,
    headLimit: global.tuneBufsize - global.tuneMaxrewrite,
    connections: new Gauge(memory),
    held: new Gauge(memory),
    serverConnections: new Gauge(memory),
    activity: new Counter(memory),
    tickets: new Tickets(memory, 2 * deps.maxconn + spareTickets),
    tables: new Tables(memory, tables, deps.clock, deps.maxconn),
    backends: [],
  };
}

/** Removes an element, if it is there. */
export function remove<T>(from: T[], element: T): void {
  const index = from.indexOf(element);
  if (index >= 0) from.splice(index, 1);
}

/** Closes an idle connection to some server, where there is one: of another thread, soon. */
export function closeIdle({ backends }: Runtime): void {
  for (const { servers } of backends) {
    const server = servers.find(({ pool }) => pool.size > 0);
    if (server !== undefined) return server.pool.closeOldest();
  }
  for (const { servers } of backends) {
    if (servers.some((server) => server.closeIdleElsewhere())) return;
  }
}
