/**
 * The one table of metrics of proxies and servers, in the order of HAProxy's CSV (management manual,
 * chapter 9.1): `show stat` in all its forms, the statistics page, its JSON and Prometheus are made
 * from it. A metric is added here and read from what the proxy counts; nothing else names it.
 */
import { at, averageTime } from "./counters.ts";
import type { BackendStats, FrontendStats, ServerStats } from "./objects.ts";
import { backendStatus, frontendStatus, serversInUse, serverStatus } from "./status.ts";

/** What the values may depend on besides. */
export interface Moment {
  /** ms since 1970. */
  readonly wall: number;
  readonly pid: number;
  /** Addresses, cookies and algorithms are shown (manual: "stats show-legends"). */
  readonly legends: boolean;
  /** Only servers that are up are shown: the others are counted in their backend's state. */
  readonly onlyUp: boolean;
}

/** null: there is no value here. */
export type Cell = number | string | null;
/** What reads a cell of an object. */
export type Read<T> = (object: T, moment: Moment) => Cell;

/** What a field is, in `show stat typed`: origin, nature and scope, then its type. */
type Tag = `${string}:${"u32" | "u64" | "s32" | "str"}`;

/** What has rows. */
export type Scope = "frontend" | "backend" | "server";
/** The objects of the rows. */
export interface Rows {
  readonly frontend: FrontendStats;
  readonly backend: BackendStats;
  readonly server: ServerStats;
}

/** One metric. */
export interface Column {
  /** Its name in the CSV. */
  readonly field: string;
  /** One line for people. */
  readonly help: string;
  readonly tag: Tag;
  /** In Prometheus, behind `haproxy_<scope>_`; null: it is not there. */
  readonly name: string | null;
  readonly type: "counter" | "gauge";
  /** What a value is multiplied by there; ms are seconds. */
  readonly scale?: number;
  readonly frontend?: Read<FrontendStats>;
  readonly backend?: Read<BackendStats>;
  readonly server?: Read<ServerStats>;
}

type Readers = Pick<Column, Scope>;

const gauge = "MGP:u32";
const max = "MMP:u32";
const counter = "MCP:u64";
const average = "MaP:u32";

function column(
  field: string,
  tag: Tag,
  name: string | null,
  help: string,
  readers: Readers,
  scale?: number,
): Column {
  const type = name?.endsWith("_total") === true ? "counter" : "gauge";
  return { field, tag, name, help, type, ...(scale === undefined ? {} : { scale }), ...readers };
}

const limited = (limit: number) => limit === Infinity || limit === 0 ? null : limit;
const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000));
const isHttp = ({ facts }: { readonly facts: { readonly mode: string } }) => facts.mode === "http";

type Counted = FrontendStats | BackendStats | ServerStats;
type Name = keyof typeof at;

/** A number that is counted, for the scopes given: F, B, S; `http`: in that mode only. */
function counted(scopes: string, name: Name, http = false): Readers {
  const read = (object: Counted) => http && !isHttp(object) ? null : object.counts.sum(at[name]);
  return readers(scopes, read);
}
function highest(scopes: string, name: Name): Readers {
  return readers(scopes, ({ counts }) => Math.round(counts.max(at[name])));
}
function averaged(name: Name): Readers {
  return readers("BS", ({ counts }) => averageTime(counts, at[name]));
}
function zero(scopes: string): Readers {
  return readers(scopes, () => 0);
}
function readers(scopes: string, read: Read<Counted>): Readers {
  return {
    ...(scopes.includes("F") ? { frontend: read } : {}),
    ...(scopes.includes("B") ? { backend: read } : {}),
    ...(scopes.includes("S") ? { server: read } : {}),
  };
}
const responses = (name: Name) => counted("FBS", name, true);

/** Of a server that is checked itself. */
const ofCheck = (
  read: (check: NonNullable<ServerStats["check"]>, server: ServerStats) => Cell,
): Readers => ({
  server: (server) =>
    server.checked && server.check !== null && !server.check.paused
      ? read(server.check, server)
      : null,
});

/** Of a server whose agent is asked. */
const ofAgent = (read: (agent: NonNullable<ServerStats["agent"]>) => Cell): Readers => ({
  server: ({ agent }) => agent !== null && !agent.paused ? read(agent) : null,
});

/** Servers, backups or not, that take new sessions. */
const usable = ({ servers }: BackendStats, backup: boolean) =>
  servers.filter((server) => server.usable && server.backup === backup).length;

/** The columns, `-` apart, which stands before {@linkcode moduleColumns}. */
export const columns: readonly Column[] = [
  column("pxname", "KNS:str", null, "Proxy", {
    frontend: ({ facts }) => facts.name,
    backend: ({ facts }) => facts.name,
    server: ({ facts }) => facts.name,
  }),
  column("svname", "KNS:str", null, "FRONTEND, BACKEND, or the server's name", {
    frontend: () => "FRONTEND",
    backend: () => "BACKEND",
    server: ({ name }) => name,
  }),
  column("qcur", gauge, "current_queue", "Requests that wait", {
    backend: ({ queue }) => queue.length,
    server: ({ queue }) => queue.length,
  }),
  column("qmax", max, "max_queue", "Most requests that ever waited", highest("BS", "queueMax")),
  column("scur", gauge, "current_sessions", "Sessions now", {
    frontend: ({ connections }) => connections.value,
    backend: ({ connections }) => connections.value,
    server: ({ slots }) => slots.value,
  }),
  column(
    "smax",
    max,
    "max_sessions",
    "Most sessions that there ever were",
    highest("FBS", "sessionsMax"),
  ),
  column("slim", "CLP:u32", "limit_sessions", "Sessions at most", {
    frontend: ({ limit }) => limit,
    backend: ({ fullconn }) => fullconn,
    server: ({ maxconn }) => limited(maxconn),
  }),
  column("stot", counter, "sessions_total", "Sessions so far", {
    frontend: ({ total }) => total.value,
    backend: ({ total }) => total.value,
    server: ({ total }) => total.value,
  }),
  column("bin", counter, "bytes_in_total", "Bytes of requests", counted("FBS", "bytesIn")),
  column("bout", counter, "bytes_out_total", "Bytes of responses", counted("FBS", "bytesOut")),
  column(
    "dreq",
    counter,
    "requests_denied_total",
    "Requests that rules denied",
    counted("FB", "deniedRequests"),
  ),
  column(
    "dresp",
    counter,
    "responses_denied_total",
    "Responses that rules denied",
    counted("FBS", "deniedResponses"),
  ),
  column(
    "ereq",
    counter,
    "request_errors_total",
    "Requests that were invalid, or never whole",
    counted("F", "failedRequests"),
  ),
  column(
    "econ",
    counter,
    "connection_errors_total",
    "Requests without a connection to a server",
    counted("BS", "failedConnects"),
  ),
  column(
    "eresp",
    counter,
    "response_errors_total",
    "Responses that were invalid, or none",
    counted("BS", "failedResponses"),
  ),
  column(
    "wretr",
    counter,
    "retry_warnings_total",
    "Connects that were tried again",
    counted("BS", "retries"),
  ),
  column(
    "wredis",
    counter,
    "redispatch_warnings_total",
    "Requests that went to another server",
    counted("BS", "redispatches"),
  ),
  column("status", "SGP:str", "status", "State", {
    frontend: frontendStatus,
    backend: (backend, { onlyUp }) => {
      const status = backendStatus(backend);
      if (!onlyUp || backend.servers.length === 0) return status;
      const up = backend.servers.filter(({ serves }) => serves).length;
      return `${status} (${up}/${backend.servers.length})`;
    },
    server: serverStatus,
  }),
  column("weight", average, "weight", "Weight that counts now", {
    backend: (backend) =>
      serversInUse(backend).reduce((sum, server) => sum + server.effectiveWeight, 0),
    server: ({ effectiveWeight }) => effectiveWeight,
  }),
  column("act", "SGP:u32", "active_servers", "Servers that take sessions, backups apart", {
    backend: (backend) => usable(backend, false),
    server: ({ backup }) => backup ? 0 : 1,
  }),
  column("bck", "SGP:u32", "backup_servers", "Backup servers that would take sessions", {
    backend: (backend) => usable(backend, true),
    server: ({ backup }) => backup ? 1 : 0,
  }),
  column(
    "chkfail",
    counter,
    "check_failures_total",
    "Checks that failed while it was up",
    ofCheck(({ failures }) => failures),
  ),
  column("chkdown", counter, "check_up_down_total", "How often it went down", {
    backend: ({ downs }) => downs,
    ...ofCheck((_, { downs }) => downs),
  }),
  column("lastchg", "MAP:u32", "check_last_change_seconds", "Seconds since it went up or down", {
    backend: ({ changedFor }) => seconds(changedFor),
    server: ({ changedFor }) => seconds(changedFor),
  }),
  column("downtime", "MCP:u32", "downtime_seconds_total", "Seconds that it was down", {
    backend: ({ downFor }) => seconds(downFor),
    ...ofCheck((_, { downFor }) => seconds(downFor)),
  }),
  column("qlimit", "CLS:u32", "queue_limit", "Requests that may wait for it", {
    server: ({ maxqueue }) => limited(maxqueue),
  }),
  column("pid", "KGP:u32", null, "Number of the process: 1", readers("FBS", () => 1)),
  column("iid", "KGS:u32", null, "Number of the proxy", readers("FBS", ({ facts }) => facts.id)),
  column("sid", "KGS:u32", null, "Number of the server", {
    frontend: () => 0,
    backend: () => 0,
    server: ({ id }) => id,
  }),
  column(
    "throttle",
    "MDP:u32",
    "current_throttle",
    "Percent of its weight while it starts slowly",
    {
      server: ({ throttle }) => throttle,
    },
  ),
  column(
    "lbtot",
    counter,
    "loadbalanced_total",
    "Requests whose server the balance chose",
    counted("BS", "balanced"),
  ),
  column("tracked", "CNS:str", null, "Server whose state it follows", {
    server: ({ tracked }) => tracked,
  }),
  column("type", "CGS:u32", null, "0: frontend, 1: backend, 2: server", {
    frontend: () => 0,
    backend: () => 1,
    server: () => 2,
  }),
  column(
    "rate",
    "MRP:u32",
    "current_session_rate",
    "Sessions within the last second",
    readers("FBS", ({ rate }, { wall }) => rate.read(wall)),
  ),
  column("rate_lim", "CLP:u32", "limit_session_rate", "Sessions a second at most", {
    frontend: ({ rateLimit }) => rateLimit,
  }),
  column(
    "rate_max",
    max,
    "max_session_rate",
    "Most sessions within a second",
    readers("FBS", ({ rate }, { wall }) => rate.max(wall)),
  ),
  column(
    "check_status",
    "MOP:str",
    "check_status",
    "What its last check found",
    ofCheck(({ last, checking }) => {
      const status = last?.status ?? "INI";
      return checking ? `* ${status}` : status;
    }),
  ),
  column(
    "check_code",
    "MOP:u32",
    "check_code",
    "Status of the response to its last check",
    ofCheck(({ last }) => last?.code ?? null),
  ),
  column(
    "check_duration",
    "MDP:u64",
    "check_duration_seconds",
    "How long its last check took",
    ofCheck(({ last }) => last === null ? null : Math.floor(last.duration)),
    0.001,
  ),
  column("hrsp_1xx", counter, null, "Responses 1xx", responses("responses1xx")),
  column("hrsp_2xx", counter, null, "Responses 2xx", responses("responses2xx")),
  column("hrsp_3xx", counter, null, "Responses 3xx", responses("responses3xx")),
  column("hrsp_4xx", counter, null, "Responses 4xx", responses("responses4xx")),
  column("hrsp_5xx", counter, null, "Responses 5xx", responses("responses5xx")),
  column(
    "hrsp_other",
    counter,
    null,
    "Responses of another status, or none",
    responses("responsesOther"),
  ),
  column("hanafail", "MCP:str", null, "What observation found", {}),
  column(
    "req_rate",
    "MRP:u32",
    "http_requests_rate_current",
    "HTTP requests within the last second",
    {
      frontend: (frontend, { wall }) => isHttp(frontend) ? frontend.requestRate.read(wall) : 0,
    },
  ),
  column("req_rate_max", max, "http_requests_rate_max", "Most HTTP requests within a second", {
    frontend: (frontend, { wall }) => isHttp(frontend) ? frontend.requestRate.max(wall) : 0,
  }),
  column(
    "req_tot",
    counter,
    "http_requests_total",
    "HTTP requests",
    {
      ...counted("BS", "requests", true),
      frontend: (frontend) => isHttp(frontend) ? frontend.counts.sum(at.requests) : 0,
    },
  ),
  column(
    "cli_abrt",
    counter,
    "client_aborts_total",
    "Transfers that clients broke off",
    counted("BS", "clientAborts"),
  ),
  column(
    "srv_abrt",
    counter,
    "server_aborts_total",
    "Transfers that servers broke off",
    counted("BS", "serverAborts"),
  ),
  column(
    "comp_in",
    counter,
    "http_comp_bytes_in_total",
    "Bytes before compression",
    counted("FB", "compressedIn"),
  ),
  column(
    "comp_out",
    counter,
    "http_comp_bytes_out_total",
    "Bytes after compression",
    counted("FB", "compressedOut"),
  ),
  column(
    "comp_byp",
    counter,
    "http_comp_bytes_bypassed_total",
    "Bytes that could have been compressed",
    counted("FB", "compressedBypassed"),
  ),
  column(
    "comp_rsp",
    counter,
    "http_comp_responses_total",
    "Compressed responses",
    counted("FB", "compressedResponses"),
  ),
  column(
    "lastsess",
    "MAP:s32",
    "last_session_seconds",
    "Seconds since the last session",
    readers("BS", ({ rate }, { wall }) => rate.idle(wall)),
  ),
  column(
    "last_chk",
    "MOP:str",
    null,
    "What its last check said",
    ofCheck(({ last }) => last?.info || null),
  ),
  column(
    "last_agt",
    "MOP:str",
    null,
    "What its last agent check said",
    ofAgent(({ last }) => last?.info || null),
  ),
  column(
    "qtime",
    average,
    "queue_time_average_seconds",
    "Average time in the queue, of the last 1024 requests",
    averaged("queueTime"),
    0.001,
  ),
  column(
    "ctime",
    average,
    "connect_time_average_seconds",
    "Average time to connect",
    averaged("connectTime"),
    0.001,
  ),
  column(
    "rtime",
    average,
    "response_time_average_seconds",
    "Average time to the response",
    averaged("responseTime"),
    0.001,
  ),
  column(
    "ttime",
    average,
    "total_time_average_seconds",
    "Average time of a session",
    averaged("totalTime"),
    0.001,
  ),
  column(
    "agent_status",
    "MOP:str",
    null,
    "What its last agent check found",
    ofAgent(({ last, checking }) => {
      const status = last?.status ?? "INI";
      return checking ? `* ${status}` : status;
    }),
  ),
  column("agent_code", "MOP:u32", null, "Unused", {}),
  column(
    "agent_duration",
    "MDP:u64",
    null,
    "How long its last agent check took",
    ofAgent(({ last }) => last === null ? null : Math.floor(last.duration)),
  ),
  column(
    "check_desc",
    "MOP:str",
    null,
    "What its last check found, in words",
    ofCheck(({ last }) => last === null ? "Initializing" : last.description),
  ),
  column(
    "agent_desc",
    "MOP:str",
    null,
    "What its last agent check found, in words",
    ofAgent(({ last }) => last === null ? "Initializing" : last.description),
  ),
  column("check_rise", "CGS:u32", null, "Checks that must pass", ofCheck(({ rise }) => rise)),
  column("check_fall", "CGS:u32", null, "Checks that must fail", ofCheck(({ fall }) => fall)),
  column(
    "check_health",
    "CGS:u32",
    null,
    "From 0 to check_rise + check_fall - 1",
    ofCheck(({ health }) => health),
  ),
  column("agent_rise", "CGS:u32", null, "Agent checks that must pass", ofAgent(({ rise }) => rise)),
  column("agent_fall", "CGS:u32", null, "Agent checks that must fail", ofAgent(({ fall }) => fall)),
  column(
    "agent_health",
    "CGS:u32",
    null,
    "From 0 to agent_rise + agent_fall - 1",
    ofAgent(({ health }) => health),
  ),
  column("addr", "CGS:str", null, "Address", {
    server: ({ address }, { legends }) => legends ? address : null,
  }),
  column("cookie", "CNS:str", null, "Cookie", {
    backend: ({ cookie }, { legends }) => legends ? cookie : null,
    server: ({ cookie }, { legends }) => legends ? cookie : null,
  }),
  column("mode", "CGS:str", null, "Protocol", readers("FBS", ({ facts }) => facts.mode)),
  column("algo", "CGS:str", null, "How it balances", {
    backend: ({ algorithm }, { legends }) => legends ? algorithm : null,
  }),
  column("conn_rate", "MRP:u32", "connections_rate_current", "Connections within the last second", {
    frontend: ({ rate }, { wall }) => rate.read(wall),
  }),
  column("conn_rate_max", max, "connections_rate_max", "Most connections within a second", {
    frontend: ({ rate }, { wall }) => rate.max(wall),
  }),
  column("conn_tot", counter, "connections_total", "Connections", {
    frontend: ({ total }) => total.value,
  }),
  column(
    "intercepted",
    counter,
    "intercepted_requests_total",
    "Requests that were answered here",
    counted("F", "intercepted", true),
  ),
  column(
    "dcon",
    counter,
    "denied_connections_total",
    "Connections that rules denied",
    counted("F", "deniedConnections"),
  ),
  column(
    "dses",
    counter,
    "denied_sessions_total",
    "Sessions that rules denied",
    counted("F", "deniedSessions"),
  ),
  column(
    "wrew",
    counter,
    "failed_header_rewriting_total",
    "Rewritings for which there was no room",
    counted("FBS", "failedRewrites"),
  ),
  column(
    "connect",
    counter,
    "connection_attempts_total",
    "Connections to servers that were begun",
    counted("BS", "connects"),
  ),
  column(
    "reuse",
    counter,
    "connection_reuses_total",
    "Requests on a connection that stood already",
    counted("BS", "reuses"),
  ),
  column(
    "cache_lookups",
    counter,
    "http_cache_lookups_total",
    "Look-ups in the cache",
    counted("FB", "cacheLookups", true),
  ),
  column(
    "cache_hits",
    counter,
    "http_cache_hits_total",
    "Those that found something",
    counted("FB", "cacheHits", true),
  ),
  column("srv_icur", gauge, "idle_connections_current", "Idle connections", {
    server: ({ pool }) => pool.everywhere.value,
  }),
  column("src_ilim", "CLP:u32", "idle_connections_limit", "Idle connections at most", {}),
  column(
    "qtime_max",
    max,
    "max_queue_time_seconds",
    "Longest time in the queue",
    highest("BS", "queueTimeMax"),
    0.001,
  ),
  column(
    "ctime_max",
    max,
    "max_connect_time_seconds",
    "Longest time to connect",
    highest("BS", "connectTimeMax"),
    0.001,
  ),
  column(
    "rtime_max",
    max,
    "max_response_time_seconds",
    "Longest time to the response",
    highest("BS", "responseTimeMax"),
    0.001,
  ),
  column(
    "ttime_max",
    max,
    "max_total_time_seconds",
    "Longest time of a session",
    highest("BS", "totalTimeMax"),
    0.001,
  ),
  column(
    "eint",
    counter,
    "internal_errors_total",
    "Faults of the program's own",
    counted("FBS", "internalErrors"),
  ),
  column(
    "idle_conn_cur",
    gauge,
    "unsafe_idle_connections_current",
    "Idle connections that may be closing",
    zero("S"),
  ),
  column(
    "safe_conn_cur",
    gauge,
    "safe_idle_connections_current",
    "Idle connections that are good for any request",
    { server: ({ pool }) => pool.everywhere.value },
  ),
  column("used_conn_cur", gauge, "used_connections_current", "Connections in use", {
    server: ({ slots }) => slots.value,
  }),
  column(
    "need_conn_est",
    gauge,
    "need_connections_current",
    "Connections that are likely to be needed",
    { server: ({ slots }) => slots.value },
  ),
  column("uweight", average, "uweight", "Weight that was given", {
    backend: (backend) => serversInUse(backend).reduce((sum, { weight }) => sum + weight, 0),
    server: ({ weight }) => weight,
  }),
  column("agg_server_status", gauge, "agg_server_status", "Servers by state", zero("B")),
  column(
    "agg_server_check_status",
    gauge,
    "agg_server_check_status",
    "Servers by state (old name)",
    zero("B"),
  ),
  column(
    "agg_check_status",
    gauge,
    "agg_check_status",
    "Servers by what their checks found",
    zero("B"),
  ),
];

const open = ({ connections, facts }: FrontendStats) =>
  facts.mode === "http" ? connections.value : 0;
const ofHttp = (name: Name): Readers => ({
  frontend: (frontend) => isHttp(frontend) ? frontend.counts.sum(at[name]) : 0,
  backend: (backend) => isHttp(backend) ? backend.counts.sum(at[name]) : 0,
});
const h2 = [
  "headers_rcvd",
  "data_rcvd",
  "settings_rcvd",
  "rst_stream_rcvd",
  "goaway_rcvd",
  "detected_conn_protocol_errors",
  "detected_strm_protocol_errors",
  "rst_stream_resp",
  "goaway_resp",
];

/** What HAProxy's modules count, behind the column `-`. */
export const moduleColumns: readonly Column[] = [
  column("ssl_sess", counter, null, "TLS sessions", counted("FBS", "tlsSessions")),
  column("ssl_reused_sess", counter, null, "Resumed TLS sessions", counted("FBS", "tlsReused")),
  column(
    "ssl_failed_handshake",
    counter,
    null,
    "TLS handshakes that failed",
    counted("FBS", "tlsFailed"),
  ),
  ...h2.map((name) => column(`h2_${name}`, counter, null, `HTTP/2: ${name}`, zero("FB"))),
  column("h2_open_connections", "MGP:u64", null, "HTTP/2 connections now", zero("FB")),
  column("h2_backend_open_streams", "MGP:u64", null, "HTTP/2 streams to servers now", zero("FB")),
  column("h2_total_connections", counter, null, "HTTP/2 connections", zero("FB")),
  column("h2_backend_total_streams", counter, null, "HTTP/2 streams to servers", zero("FB")),
  column("h1_open_connections", "MGP:u64", null, "HTTP/1 connections now", {
    ...zero("B"),
    frontend: open,
  }),
  column("h1_open_streams", "MGP:u64", null, "HTTP/1 streams now", {
    ...zero("B"),
    frontend: open,
  }),
  column("h1_total_connections", counter, null, "HTTP/1 connections", {
    frontend: (frontend) => isHttp(frontend) ? frontend.total.value : 0,
    backend: (backend) => isHttp(backend) ? backend.counts.sum(at.connects) : 0,
  }),
  column("h1_total_streams", counter, null, "HTTP/1 streams", ofHttp("requests")),
  column("h1_bytes_in", counter, null, "Bytes over HTTP/1 from there", ofHttp("bytesIn")),
  column("h1_bytes_out", counter, null, "Bytes over HTTP/1 to there", ofHttp("bytesOut")),
  column(
    "h1_spliced_bytes_in",
    counter,
    null,
    "Those that passed through a pipe from there",
    zero("FB"),
  ),
  column(
    "h1_spliced_bytes_out",
    counter,
    null,
    "Those that passed through a pipe to there",
    zero("FB"),
  ),
];

/** Both, by their names. */
export const columnOf: ReadonlyMap<string, Column> = new Map(
  [...columns, ...moduleColumns].map((each) => [each.field, each]),
);
