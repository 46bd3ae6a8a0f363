/** Proxies and servers, as expressions see them (expr/context.ts). */
import type { ProcessFacts, ProxyFacts, ServerFacts } from "../../expr/context.ts";
import type { Proxy, Server as ServerConfig } from "../../config/model.ts";
import type { Clock } from "../../time/clock.ts";

/** A number that is kept for all threads. */
interface Count {
  readonly value: number;
}
/** How many there are a second. @param wall ms since 1970 */
interface RateOf {
  read(wall: number): number;
}
interface RuntimeOf {
  readonly clock: Clock;
  readonly maxconn: number;
}

/** A frontend, as far as expressions ask. */
interface FrontendOf {
  readonly config: Proxy;
  readonly runtime: RuntimeOf;
  readonly connections: Count;
  readonly rate: RateOf;
  readonly requestRate: RateOf;
}

/** A backend, likewise. */
interface BackendOf {
  readonly config: Proxy;
  readonly runtime: RuntimeOf;
  readonly connections: Count;
  readonly queue: { readonly length: number };
  readonly rate: RateOf;
  readonly servers: readonly { readonly facts: ServerFacts }[];
}

/** A server, likewise. */
interface ServerOf {
  readonly name: string;
  readonly id: number;
  readonly config: ServerConfig;
  readonly backend: { readonly runtime: RuntimeOf };
  readonly serves: boolean;
  readonly weight: number;
  readonly maxconn: number;
  readonly slots: Count;
  readonly queue: { readonly length: number };
  readonly rate: RateOf;
  readonly pool: { readonly size: number };
}

const timeouts = ({ timeout }: Proxy): ProxyFacts["timeout"] => (which) => timeout[which];

/** The process's, whose threads share connections. */
export function processFacts(
  { memory, connections, clock }: {
    readonly memory: { readonly self: number };
    readonly connections: Count;
    readonly clock: Clock;
  },
  stopping: () => boolean,
): ProcessFacts {
  return {
    thread: memory.self,
    startedAt: clock.wall(),
    get connections() {
      return connections.value;
    },
    get stopping() {
      return stopping();
    },
  };
}

/** A frontend's. Its numbers are read when they are asked for. */
export function frontendFacts(frontend: FrontendOf, id: number): ProxyFacts {
  const { config, runtime } = frontend;
  return {
    name: config.name,
    id,
    mode: config.mode,
    defaultBackend: config.defaultBackend,
    get connections() {
      return frontend.connections.value;
    },
    connectionLimit: config.maxconn || runtime.maxconn,
    queueLength: 0,
    get sessionRate() {
      return frontend.rate.read(runtime.clock.wall());
    },
    get requestRate() {
      return frontend.requestRate.read(runtime.clock.wall());
    },
    servers: [],
    timeout: timeouts(config),
  };
}

/** A backend's. */
export function backendFacts(backend: BackendOf, id: number): ProxyFacts {
  const { config, runtime } = backend;
  return {
    name: config.name,
    id,
    mode: config.mode,
    defaultBackend: config.defaultBackend,
    get connections() {
      return backend.connections.value;
    },
    connectionLimit: config.fullconn ?? (config.maxconn || runtime.maxconn),
    get queueLength() {
      return backend.queue.length;
    },
    get sessionRate() {
      return backend.rate.read(runtime.clock.wall());
    },
    get requestRate() {
      return backend.rate.read(runtime.clock.wall());
    },
    get servers() {
      return backend.servers.map(({ facts }) => facts);
    },
    timeout: timeouts(config),
  };
}

/** A server's. */
export function serverFacts(server: ServerOf): ServerFacts {
  const { runtime } = server.backend;
  return {
    name: server.name,
    id: server.id,
    get up() {
      return server.serves;
    },
    get weight() {
      return server.weight;
    },
    initialWeight: server.config.weight,
    get connections() {
      return server.slots.value;
    },
    get connectionLimit() {
      return server.maxconn;
    },
    get queueLength() {
      return server.queue.length;
    },
    get sessionRate() {
      return server.rate.read(runtime.clock.wall());
    },
    get idleConnections() {
      return server.pool.size;
    },
  };
}
