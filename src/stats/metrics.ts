/**
 * The one table of metrics, from which everything that shows numbers is made: today what SIGHUP
 * asks for. An entry is added here and read from what the proxy counts; nothing else names it.
 */
import type { BackendStats, FrontendStats, ProcessStats, ServerStats } from "./objects.ts";

/** What has metrics, and what each is read from. */
export interface Scopes {
  readonly process: ProcessStats;
  readonly frontend: FrontendStats;
  readonly backend: BackendStats;
  readonly server: ServerStats;
}

/** The name of a scope. */
export type Scope = keyof Scopes;

/** One metric. */
export interface Metric<T, V extends number | string = number> {
  /**
   * A counter only grows; a gauge goes up and down; a limit is what the configuration allows; a
   * state is a word.
   */
  readonly type: "counter" | "gauge" | "limit" | (V extends string ? "state" : never);
  /** Its field in HAProxy's CSV, of the process in "show info"; null: HAProxy has none. */
  readonly field: string | null;
  /** One line of documentation. */
  readonly help: string;
  /** null: there is no value, such as a limit where nothing is limited. */
  read(object: T): V | null;
}

const limited = (limit: number) => limit === Infinity || limit === 0 ? null : limit;

/** Manual of the management, chapter 9.3, "show info". */
const processMetrics = {
  current_connections: {
    type: "gauge",
    field: "CurrConns",
    help: "Connections of clients",
    read: ({ connections }) => connections.value,
  },
  max_connections: {
    type: "limit",
    field: "Maxconn",
    help: "Connections of clients that there may be",
    read: ({ maxconn }) => limited(maxconn),
  },
  held_connections: {
    type: "gauge",
    field: null,
    help: "Connections of clients that wait to be let in",
    read: ({ held }) => held.value,
  },
  server_connections: {
    type: "gauge",
    field: null,
    help: "Connections to servers, in use and idle",
    read: ({ serverConnections }) => serverConnections.value,
  },
  faults_total: {
    type: "counter",
    field: null,
    help: "Faults of the program's own, each of which cost one session",
    read: ({ faults }) => faults.value,
  },
} as const satisfies Readonly<Record<string, Metric<ProcessStats>>>;

/** Manual of the management, chapter 9.1; so are the next. */
export const frontendMetrics = {
  current_sessions: {
    type: "gauge",
    field: "scur",
    help: "Connections of clients",
    read: ({ connections }) => connections.value,
  },
  limit_sessions: {
    type: "limit",
    field: "slim",
    help: "Connections of clients that there may be",
    read: ({ limit }) => limited(limit),
  },
  sessions_total: {
    type: "counter",
    field: "stot",
    help: "Connections of clients so far",
    read: ({ total }) => total.value,
  },
  request_errors_total: {
    type: "counter",
    field: "ereq",
    help: "Requests that were refused, for they were invalid",
    read: ({ invalid }) => invalid.value,
  },
  status: {
    type: "state",
    field: "status",
    help: "OPEN, or STOP when it has stopped listening for good",
    read: ({ stopping }) => stopping ? "STOP" : "OPEN",
  },
} as const satisfies Readonly<Record<string, Metric<FrontendStats, number | string>>>;

/** Servers that take new sessions, backups or the others. */
const usable = ({ servers }: BackendStats, backup: boolean) =>
  servers.filter((server) => server.usable && server.config.backup === backup);

/** Those that take sessions now: backups only where there are no others. */
function inUse(backend: BackendStats): readonly ServerStats[] {
  const active = usable(backend, false);
  return active.length > 0 ? active : usable(backend, true);
}

/** See above. */
export const backendMetrics = {
  current_queue: {
    type: "gauge",
    field: "qcur",
    help: "Streams that wait without a server assigned",
    read: ({ queue }) => queue.length,
  },
  current_sessions: {
    type: "gauge",
    field: "scur",
    help: "Streams",
    read: ({ connections }) => connections.value,
  },
  sessions_total: {
    type: "counter",
    field: "stot",
    help: "Streams so far",
    read: ({ total }) => total.value,
  },
  response_errors_total: {
    type: "counter",
    field: "eresp",
    help: "Responses that were refused, for they were invalid",
    read: ({ invalid }) => invalid.value,
  },
  status: {
    type: "state",
    field: "status",
    help: "UP, or DOWN when it has servers and none takes new sessions",
    read: (backend) => backend.servers.length === 0 || inUse(backend).length > 0 ? "UP" : "DOWN",
  },
  weight: {
    type: "gauge",
    field: "weight",
    help: "Weight of all servers that take sessions now",
    read: (backend) => inUse(backend).reduce((sum, { weight }) => sum + weight, 0),
  },
  active_servers: {
    type: "gauge",
    field: "act",
    help: "Servers that take new sessions, backups not counted",
    read: (backend) => usable(backend, false).length,
  },
  backup_servers: {
    type: "gauge",
    field: "bck",
    help: "Backup servers that would take new sessions",
    read: (backend) => usable(backend, true).length,
  },
} as const satisfies Readonly<Record<string, Metric<BackendStats, number | string>>>;

/** See above. */
export const serverMetrics = {
  current_queue: {
    type: "gauge",
    field: "qcur",
    help: "Streams that wait for this server",
    read: ({ queue }) => queue.length,
  },
  current_sessions: {
    type: "gauge",
    field: "scur",
    help: "Streams that hold one of its slots",
    read: ({ slots }) => slots.value,
  },
  limit_sessions: {
    type: "limit",
    field: "slim",
    help: "Slots that it has at most",
    read: ({ maxconn }) => limited(maxconn),
  },
  sessions_total: {
    type: "counter",
    field: "stot",
    help: "Streams so far that held a slot",
    read: ({ total }) => total.value,
  },
  status: {
    type: "state",
    field: "status",
    help: "UP, DOWN, or MAINT when it is disabled",
    read: ({ config, serves }) => config.disabled ? "MAINT" : serves ? "UP" : "DOWN",
  },
  weight: {
    type: "gauge",
    field: "weight",
    help: "Its weight",
    read: ({ weight }) => weight,
  },
  active: {
    type: "gauge",
    field: "act",
    help: "1 for a server, 0 for a backup",
    read: ({ config }) => config.backup ? 0 : 1,
  },
  backup: {
    type: "gauge",
    field: "bck",
    help: "1 for a backup, else 0",
    read: ({ config }) => config.backup ? 1 : 0,
  },
  queue_limit: {
    type: "limit",
    field: "qlimit",
    help: "Streams that may wait for this server",
    read: ({ config }) => limited(config.maxqueue),
  },
  idle_connections_current: {
    type: "gauge",
    field: "idle_conn_cur",
    help: "Idle connections to it",
    read: ({ pool }) => pool.everywhere.value,
  },
} as const satisfies Readonly<Record<string, Metric<ServerStats, number | string>>>;

/** All metrics, by scope and name. */
export const metrics: {
  readonly [S in Scope]: Readonly<Record<string, Metric<Scopes[S], number | string>>>;
} = {
  process: processMetrics,
  frontend: frontendMetrics,
  backend: backendMetrics,
  server: serverMetrics,
};

/** The name of a metric in Prometheus, that of HAProxy's exporter where it has one. */
export function prometheusName(scope: Scope, name: string): string {
  return `haproxy_${scope}_${name}`;
}
