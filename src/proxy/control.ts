/** The operators' seam over the running proxies: see services/control.ts. It is of the main thread. */
import type * as model from "../config/model.ts";
import type {
  BackendControl,
  Control,
  FrontendControl,
  ProxyControl,
  Refusal,
  SessionFacts,
  ThreadFacts,
} from "../services/control.ts";
import type { CertificateControl } from "../services/certificates.ts";
import type { CapturedError } from "../stats/error-captures.ts";
import { at, clearTally } from "../stats/counters.ts";
import type { ProcessStats, ProxyFacts } from "../stats/objects.ts";
import type { Backend } from "./backend.ts";
import type { Checks } from "./checks.ts";
import type { DynamicServers } from "./dynamic-servers.ts";
import type { Following } from "./following.ts";
import type { Frontend } from "./frontend.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Proxies } from "./proxies.ts";
import { remove } from "./runtime.ts";
import { ServerView } from "./server-view.ts";
import { KILL_SESSION, ROOM } from "./workers.ts";

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
  /** Certificates, and what else TLS is made of. */
  readonly certificates?: CertificateControl | null;
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
      routes: frontend === null ? [] : routesOf(config),
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
    caches: runtime.caches,
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
    certificates: facts.certificates ?? null,
    descriptors: () => facts.listDescriptors(),
  };
}

/** The backends that a proxy names; an expression names none. */
function routesOf({ name, kind, defaultBackend, useBackend }: model.Proxy): string[] {
  const byDefault = defaultBackend ?? (kind === "listen" ? name : null);
  const named = useBackend.map(({ backend }) => backend);
  return [...new Set(byDefault === null ? named : [...named, byDefault])];
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
    setDynamicCookie(dynamic) {
      dynamicServers.setCookieKey(backend, { ...backend.cookieKey, dynamic });
    },
    setDynamicCookieKey(key) {
      dynamicServers.setCookieKey(backend, { ...backend.cookieKey, key });
    },
    async addServer(name, words) {
      const added = dynamicServers.add(backend, name, words);
      if (typeof added === "string") return added;
      servers.push(new ServerView(added, facts, checks, following, true));
      await allKnow();
      return null;
    },
    whyNotRemove(server) {
      const view = servers.find((each) => each === server);
      return view === undefined ? "No such server." : dynamicServers.whyNotRemove(view.server);
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
