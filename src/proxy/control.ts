/** The operators' seam over the running proxies: see services/control.ts. It is of the main thread. */
import { isService } from "../config/keywords/server-names.ts";
import type * as model from "../config/model.ts";
import { admin } from "./server.ts";
import type {
  BackendControl,
  Control,
  FrontendControl,
  ProxyControl,
  Refusal,
  ServerControl,
  SessionFacts,
  ThreadFacts,
} from "../services/control.ts";
import type { CapturedError } from "../stats/error-captures.ts";
import { at, clearTally } from "../stats/counters.ts";
import type { CheckStats, ProcessStats, ProxyFacts } from "../stats/objects.ts";
import { descriptions } from "../health/result.ts";
import type { Backend } from "./backend.ts";
import type { Checks } from "./checks.ts";
import type { DynamicServers } from "./dynamic-servers.ts";
import type { Following } from "./following.ts";
import type { Frontend } from "./frontend.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Proxies } from "./proxies.ts";
import { remove, type Runtime } from "./runtime.ts";
import type { Server } from "./server.ts";
import { nameOf } from "./server-address.ts";
import {
  setAdminState,
  setHealth,
  setMaintenance,
  setResolved,
  setWeight,
} from "./server-admin.ts";
import { KILL, KILL_SESSION, ROOM } from "./workers.ts";

/** What is known of the process, and not of the proxies. */
export interface ProcessFacts {
  readonly version: string;
  readonly releaseDate: string;
  readonly node: string;
  readonly description: string | null;
  readonly pid: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly maxPipes: number;
  /** The runtime API has a frontend of its own: the first number is its. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  startupLogs(): readonly string[];
  memory(): number;
  idle(): number;
  droppedLogs(): number;
  listDescriptors(): string[];
}

/** What the control acts on. */
export interface ControlOptions {
  readonly configuration: model.Configuration;
  readonly proxies: Proxies;
  readonly lifecycle: Lifecycle;
  readonly checks: Checks;
  readonly following: Following;
  readonly dynamicServers: DynamicServers;
  readonly facts: ProcessFacts;
  /** Asks all threads: the answers of those that are not stuck. */
  readonly ask: {
    sessions(): Promise<SessionFacts[]>;
    errors(): Promise<{ readonly total: number; readonly kept: readonly CapturedError[] }>;
    threads(): readonly ThreadFacts[];
  };
}

/** HAProxy counts its own frontend, of the runtime API, first. */
const firstProxy = 2;

/** Makes it. */
export function createControl(options: ControlOptions): Control {
  const { configuration, proxies, lifecycle, facts, ask, following } = options;
  const { runtime, frontends, backends } = proxies;
  const startedAt = runtime.clock.wall();
  const ids = new Map(
    configuration.proxies.map((proxy, index) => [proxy, proxy.id ?? firstProxy + index]),
  );
  const views = proxies.running.map(({ config, frontend, backend }): ProxyControl => {
    const proxyFacts = { name: config.name, id: ids.get(config) ?? 0, mode: config.mode };
    return {
      name: config.name,
      id: proxyFacts.id,
      kind: config.kind,
      mode: config.mode,
      description: config.description,
      frontend: frontend === null ? null : frontendControl(frontend, proxyFacts, lifecycle),
      backend: backend === null ? null : backendControl(backend, proxyFacts, options),
    };
  });
  const bytesOut = () => frontends.reduce((sum, { counts }) => sum + counts.sum(at.bytesOut), 0);
  const accepted = () => frontends.reduce((sum, { total }) => sum + total.value, 0);
  const rate = runtime.rate(accepted);
  const bytesRate = runtime.rate(bytesOut);

  const process: ProcessStats = {
    connections: runtime.connections,
    held: runtime.held,
    serverConnections: runtime.serverConnections,
    faults: runtime.faults,
    get maxconn() {
      return runtime.maxconn;
    },
    hardMaxconn: runtime.hardMaxconn,
    version: facts.version,
    releaseDate: facts.releaseDate,
    node: facts.node,
    description: facts.description,
    threads: facts.threads,
    pid: facts.pid,
    startedAt,
    descriptors: facts.descriptors,
    maxPipes: facts.maxPipes,
    get listeners() {
      return frontends.reduce((sum, { listeners }) => sum + listeners.length, 0);
    },
    get stopping() {
      return frontends.length > 0 && frontends.every(({ stopping }) => stopping);
    },
    get memory() {
      return facts.memory();
    },
    get droppedLogs() {
      return facts.droppedLogs();
    },
    get idle() {
      return facts.idle();
    },
    get accepted() {
      return accepted();
    },
    get requests() {
      return frontends.reduce((sum, { counts }) => sum + counts.sum(at.requests), 0);
    },
    get bytesOut() {
      return bytesOut();
    },
    rate,
    bytesRate,
    compressionRates: {
      bytesIn: runtime.compression.rateIn,
      bytesOut: runtime.compression.rateOut,
    },
    get limits() {
      const { rateLimits } = runtime;
      return {
        connections: rateLimits[0]!,
        sessions: rateLimits[1]!,
        tls: rateLimits[2]!,
        compression: rateLimits[3]!,
      };
    },
  };

  return {
    process,
    proxies: views,
    tables: runtime.tables,
    patterns: proxies.patterns,
    wall: () => runtime.clock.wall(),
    setMaxconn(maxconn) {
      runtime.setMaxconn(maxconn === 0 ? runtime.hardMaxconn : maxconn);
      runtime.workers.broadcast(ROOM);
    },
    setRateLimit(what, limit) {
      runtime.rateLimits[["connections", "sessions", "tls", "compression"].indexOf(what)] = limit;
    },
    clearCounters(all) {
      for (const rate of runtime.rates) rate.clearMax();
      for (const { counts, connections } of frontends) {
        clearTally(counts, { sessions: connections.value, queue: 0 }, all);
      }
      for (const backend of backends) {
        const { counts, connections, queue, servers } = backend;
        clearTally(counts, { sessions: connections.value, queue: queue.length }, all);
        for (const server of servers) {
          const now = { sessions: server.slots.value, queue: server.queue.length };
          clearTally(server.counts, now, all);
          if (all) server.checkFailures = server.checkDowns = server.downFor = 0;
        }
      }
      if (all) { for (const total of runtime.totals) total.clear(); }
    },
    sessions: () => ask.sessions(),
    shutdownSession: (thread, serial) => runtime.workers.post(thread, KILL_SESSION, serial),
    errors: () => ask.errors(),
    get resolvers() {
      return following.facts();
    },
    get threads() {
      return ask.threads();
    },
    get startupLogs() {
      return facts.startupLogs();
    },
    environment: facts.environment,
    descriptors: () => facts.listDescriptors(),
  };
}

function frontendControl(
  frontend: Frontend,
  facts: ProxyFacts,
  lifecycle: Lifecycle,
): FrontendControl {
  const { connections, total, invalid, counts, rate, requestRate, config, runtime } = frontend;
  const state = () => lifecycle.stateOf(frontend);
  const attempt = (act: () => void): Refusal => {
    try {
      act();
      return null;
    } catch {
      return "Failed to resume frontend, check logs for precise cause (port conflict?).";
    }
  };
  return {
    facts,
    connections,
    total,
    invalid,
    counts,
    rate,
    requestRate,
    get limit() {
      return Math.min(frontend.limit, runtime.maxconn);
    },
    rateLimit: frontend.rateLimit?.most ?? 0,
    get state() {
      return state();
    },
    disable() {
      if (state() === "stopped") return "Frontend was previously shut down, cannot disable.";
      if (state() === "paused") return "All sockets are already disabled.";
      return attempt(() => lifecycle.pauseProxy(config.name));
    },
    enable() {
      if (state() === "stopped") return "Frontend was previously shut down, cannot enable.";
      if (state() === "open") return "All sockets are already enabled.";
      return attempt(() => lifecycle.resumeProxy(config.name));
    },
    shutdown() {
      if (state() === "stopped") return "Frontend was already shut down.";
      lifecycle.stopOne(frontend);
      return null;
    },
    setMaxconn(maxconn) {
      frontend.limit = maxconn;
      runtime.workers.broadcast(ROOM);
    },
  };
}

/** Algorithms whose weights may change at any time, whatever the type of hash. */
const dynamicAlgorithms: ReadonlySet<string> = new Set([
  "roundrobin",
  "leastconn",
  "first",
  "random",
]);

function backendControl(
  backend: Backend,
  facts: ProxyFacts,
  { checks, following, dynamicServers }: ControlOptions,
): BackendControl {
  const { connections, total, invalid, counts, rate, queue, config, runtime } = backend;
  // The server behind `dispatch` is none of the configuration's.
  const own = config.dispatch !== null ? [] : backend.servers;
  const servers = own.map((server) => new ServerView(server, facts, checks, following));
  const allKnow = () => new Promise<void>((resolve) => runtime.workers.whenDone(resolve));
  const startedAt = runtime.clock.now();
  const algorithm: string = config.balance;
  return {
    facts,
    connections,
    total,
    invalid,
    counts,
    rate,
    queue,
    get fullconn() {
      return backend.fullconn;
    },
    algorithm,
    cookie: config.cookie?.name ?? null,
    get changedFor() {
      const last = own.reduce((latest, { changedAt }) => Math.max(latest, changedAt), startedAt);
      return runtime.clock.now() - last;
    },
    get downFor() {
      if (own.length === 0 || own.some(({ usable }) => usable)) return 0;
      return runtime.clock.now() - Math.max(...own.map(({ changedAt }) => changedAt));
    },
    downs: 0,
    servers,
    async addServer(name, words) {
      const added = dynamicServers.add(backend, name, words);
      if (typeof added === "string") return added;
      servers.push(new ServerView(added, facts, checks, following, true));
      await allKnow();
      return null;
    },
    async removeServer(server) {
      const view = servers.find((each) => each === server);
      if (view === undefined) return "No such server.";
      // Threads close idle connections when they learn that it is in maintenance.
      await allKnow();
      const refusal = dynamicServers.remove(view.server);
      if (refusal !== null) return refusal;
      remove(servers, view);
      await allKnow();
      return null;
    },
    staticWeights: algorithm === "static-rr" ||
      !dynamicAlgorithms.has(algorithm) && config.hashType === "map-based",
  };
}

/** A server, as operators see it. */
class ServerView implements ServerControl {
  readonly id: number;
  readonly slots;
  readonly total;
  readonly counts;
  readonly rate;
  readonly queue;
  readonly pool;
  /** The server that it tracks, and of that which it does, to the last. */
  readonly #root: Server;
  readonly tracked: string | null;
  /** Its checks were turned off by hand. */
  #unchecked = false;
  #unasked = false;

  constructor(
    readonly server: Server,
    readonly facts: ProxyFacts,
    readonly checks: Checks,
    readonly following: Following,
    added = false,
  ) {
    // Checks of one that is added begin when somebody says so.
    this.#unchecked = added && server.config.check;
    this.#unasked = added;
    this.id = server.id;
    ({
      slots: this.slots,
      total: this.total,
      counts: this.counts,
      rate: this.rate,
      queue: this.queue,
      pool: this.pool,
    } = server);
    let root = server;
    let tracked: Server | null = null;
    for (let next = trackedBy(checks, root); next !== null; next = trackedBy(checks, root)) {
      tracked ??= next;
      root = next;
    }
    this.#root = root;
    this.tracked = tracked === null ? null : `${tracked.backend.config.name}/${tracked.name}`;
  }

  get #runtime(): Runtime {
    return this.server.backend.runtime;
  }
  get name(): string {
    return this.server.name;
  }
  get weight(): number {
    return this.server.givenWeight;
  }
  get effectiveWeight(): number {
    return Math.ceil(this.server.weight);
  }
  get initialWeight(): number {
    return this.server.config.weight;
  }
  get throttle(): number | null {
    const { throttle } = this.server;
    return throttle === 100 ? null : throttle;
  }
  get maxconn(): number {
    return this.server.maxconn;
  }
  get up(): boolean {
    return this.server.up;
  }
  get serves(): boolean {
    return this.server.serves;
  }
  get usable(): boolean {
    return this.server.usable;
  }
  get maintained(): boolean {
    return this.server.maintained;
  }
  get unresolved(): boolean {
    return (this.server.admin & admin.unresolved) !== 0;
  }
  get maintainedVia(): string | null {
    return (this.server.admin & admin.inheritedMaintenance) !== 0 ? this.tracked : null;
  }
  get draining(): boolean {
    return this.server.draining;
  }
  get stopping(): boolean {
    return this.server.stopping;
  }
  get checked(): boolean {
    return this.checks.of(this.server) !== null && !this.#unchecked;
  }
  get unchecked(): boolean {
    return this.#unchecked;
  }
  get agent(): CheckStats | null {
    const agent = this.checks.agentOf(this.server);
    if (agent === null || this.#unasked) return null;
    const { health, checking, last } = agent;
    return {
      rise: 1,
      fall: 1,
      health,
      checking,
      paused: this.server.maintained,
      last: last === null ? null : { ...last, description: descriptions[last.status] },
      failures: 0,
    };
  }
  setAgent(on: boolean): boolean {
    const agent = this.checks.agentOf(this.server);
    if (agent === null) return false;
    this.#unasked = !on;
    if (on) agent.resume();
    else agent.pause();
    return true;
  }
  setAgentHealth(health: "up" | "down"): boolean {
    const agent = this.checks.agentOf(this.server);
    if (agent === null || this.#unasked) return false;
    agent.setHealth(health === "up" ? 1 : 0);
    setHealth(this.server, health, this.checks);
    return true;
  }
  get check(): CheckStats | null {
    const checker = this.checks.of(this.#root);
    if (checker === null || this.#unchecked) return null;
    const { rise, fall } = this.#root.config;
    const { health, checking, last } = checker;
    return {
      rise,
      fall,
      health,
      checking,
      paused: this.server.maintained,
      last: last === null ? null : { ...last, description: descriptions[last.status] },
      failures: this.server.checkFailures,
    };
  }
  get changedFor(): number {
    return this.#runtime.clock.now() - this.server.changedAt;
  }
  get downFor(): number {
    const { downFor, serves } = this.server;
    return serves ? downFor : downFor + this.changedFor;
  }
  get downs(): number {
    return this.server.checkDowns;
  }
  get host(): string {
    return this.server.place.host ?? "-";
  }
  get port(): number {
    const { port, portOffset } = this.server.place.port;
    return port ?? portOffset;
  }
  get address(): string {
    const { address, place } = this.server;
    if (address.kind === "unix") return "unix";
    if (address.kind === "abstract") return "abns";
    const { host } = place;
    if (host === null) return "none";
    return host.includes(":") ? `[${host}]:${this.port}` : `${host}:${this.port}`;
  }
  get fqdn(): string | null {
    const name = nameOf(this.server);
    const followed = this.following.serverOf(this.server);
    return followed === null ? (name !== null && isService(name) ? null : name) : followed.name;
  }
  get service(): string | null {
    const name = nameOf(this.server);
    return name !== null && isService(name) ? name : null;
  }
  get tls(): boolean {
    return this.server.config.ssl;
  }
  get backup(): boolean {
    return this.server.config.backup;
  }
  get cookie(): string | null {
    return this.server.cookie;
  }
  get maxqueue(): number {
    return this.server.config.maxqueue;
  }
  get admin(): number {
    return this.server.admin;
  }

  setState(state: "ready" | "drain" | "maint"): void {
    setAdminState(this.server, state, this.checks);
  }
  setMaintenance(on: boolean): void {
    setMaintenance(this.server, on, this.checks);
  }
  setHealth(health: "up" | "stopping" | "down"): void {
    setHealth(this.server, health, this.checks);
  }
  setWeight(weight: number): void {
    setWeight(this.server, weight);
  }
  setMaxconn(maxconn: number): void {
    this.server.maxconn = maxconn;
    this.server.backend.stateChanged(this.server);
  }
  setChecks(on: boolean): boolean {
    const checker = this.checks.of(this.server);
    if (checker === null) return false;
    this.#unchecked = !on;
    this.checks.setChecking(this.server, on);
    return true;
  }
  setAddress(host: string | null, port: number | null): void {
    const { place } = this.server;
    const now = port === null ? place.port : { port, portOffset: 0 };
    place.set(host ?? place.host, now);
    // Idle connections lead to where it was.
    this.server.backend.stateChanged(this.server);
    if (place.host !== null) setResolved(this.server, this.fqdn ?? "", this.checks);
  }
  setName(name: string): Refusal {
    const failed = "set server <b>/<s> fqdn failed because";
    const followed = this.following.serverOf(this.server);
    if (this.service !== null) return `${failed} SRV resolution is configured.`;
    if (followed === null) return `${failed} no resolution is configured.`;
    if (followed.rename(name)) return null;
    const path = `${this.server.backend.config.name}/${this.name}`;
    return `could not update ${path} FQDN by 'stats socket command'`;
  }
  shutdownSessions(): void {
    const { backend, index } = this.server;
    this.#runtime.workers.broadcast(KILL, backend.index, index);
  }
}

function trackedBy(checks: Checks, server: Server): Server | null {
  for (const [tracked, followers] of checks.followers) {
    if (followers.includes(server)) return tracked;
  }
  return null;
}
