/** `show info`: the process (management manual, chapter 9.3). */
import type { ProcessStats } from "./objects.ts";
import { tagsOf } from "./show-stat.ts";

/** One line of it. */
export interface InfoField {
  readonly field: string;
  /** Its place in HAProxy's list. */
  readonly position: number;
  readonly tag: string;
  readonly help: string;
  /** In Prometheus, behind `haproxy_process_`; null: it is not there. */
  readonly name: string | null;
  read(process: ProcessStats, wall: number): number | string;
}

/** Those that `show info float` shows with more digits, in seconds. */
const precise: Readonly<Record<string, (process: ProcessStats, wall: number) => number>> = {
  Uptime_sec: ({ startedAt }, wall) => Math.max(0, wall - startedAt) / 1000,
  Start_time_sec: ({ startedAt }) => startedAt / 1000,
};

const fields: InfoField[] = [];
let position = 0;

function field(
  field: string,
  tag: string,
  name: string | null,
  help: string,
  read: (process: ProcessStats, wall: number) => number | string,
): void {
  fields.push({ field, position: position++, tag, name, help, read });
}
const zero = () => 0;
const gauge = "MGP:u32";
const counter = "MCP:u32";
const limit = "CLP:u32";
const rate = "MRP:u32";
const max = "MMP:u32";
const mega = (bytes: number) => Math.floor(bytes / 2 ** 20);
const secondsUp = ({ startedAt }: ProcessStats, wall: number) =>
  Math.max(0, Math.floor((wall - startedAt) / 1000));

// Clients of the runtime API ask for this one.
field("Name", "POS:str", null, "Whose runtime API it is", () => "HAProxy");
field("Version", "POS:str", null, "Its version", ({ version }) => version);
field("Release_date", "POS:str", null, "When that was released", (p) => p.releaseDate);
field("Nbthread", "CGS:u32", "nbthread", "Threads that serve", ({ threads }) => threads);
field("Nbproc", "CGS:u32", "nbproc", "Processes: 1", () => 1);
field("Process_num", "KGP:u32", "relative_process_id", "Which of them: 1", () => 1);
field("Pid", "SGP:u32", null, "The process's id", ({ pid }) => pid);
field("Uptime", "MDP:str", null, "How long it has run", (process, wall) => {
  const up = secondsUp(process, wall);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  return `${Math.floor(up / 86400)}d ${Math.floor(up / 3600) % 24}h` +
    `${two(up / 60 % 60)}m${two(up % 60)}s`;
});
field("Uptime_sec", "MDP:u32", "uptime_seconds", "Seconds that it has run", secondsUp);
field("Memmax_MB", limit, null, "Memory at most, in MB; 0: no limit", zero);
field("PoolAlloc_MB", gauge, null, "Memory that it has, in MB", ({ memory }) => mega(memory));
field("PoolUsed_MB", gauge, null, "Memory that it uses, in MB", ({ memory }) => mega(memory));
field("PoolFailed", counter, "pool_failures_total", "Allocations that failed", zero);
field("Ulimit-n", limit, "max_fds", "Descriptors at most", ({ descriptors }) => descriptors);
field("Maxsock", limit, "max_sockets", "Sockets at most", ({ descriptors }) => descriptors);
field("Maxconn", limit, "max_connections", "Connections at most", ({ maxconn }) => maxconn);
field("Hard_maxconn", limit, "hard_max_connections", "The same, as started", (p) => p.hardMaxconn);
field("CurrConns", gauge, "current_connections", "Connections", (p) => p.connections.value);
field("CumConns", counter, "connections_total", "Connections so far", (p) => p.accepted);
field("CumReq", counter, "requests_total", "Requests so far", ({ requests }) => requests);
field("MaxSslConns", max, "max_ssl_connections", "TLS connections at most", zero);
field("CurrSslConns", gauge, "current_ssl_connections", "TLS connections", zero);
field("CumSslConns", counter, "ssl_connections_total", "TLS connections so far", zero);
field("Maxpipes", limit, "max_pipes", "Pipes at most", ({ maxPipes }) => maxPipes);
field("PipesUsed", gauge, "pipes_used_total", "Pipes in use", zero);
field("PipesFree", gauge, "pipes_free_total", "Pipes that wait", zero);
field(
  "ConnRate",
  rate,
  "current_connection_rate",
  "Connections a second",
  (p, wall) => p.rate.read(wall),
);
field("ConnRateLimit", limit, "limit_connection_rate", "At most", (p) => p.limits.connections);
field(
  "MaxConnRate",
  max,
  "max_connection_rate",
  "Most within a second",
  (p, wall) => p.rate.max(wall),
);
field(
  "SessRate",
  rate,
  "current_session_rate",
  "Sessions a second",
  (p, wall) => p.rate.read(wall),
);
field("SessRateLimit", limit, "limit_session_rate", "At most", ({ limits }) => limits.sessions);
field(
  "MaxSessRate",
  rate,
  "max_session_rate",
  "Most within a second",
  (p, wall) => p.rate.max(wall),
);
field("SslRate", rate, "current_ssl_rate", "TLS sessions a second", zero);
field("SslRateLimit", limit, "limit_ssl_rate", "At most", ({ limits }) => limits.tls);
field("MaxSslRate", max, "max_ssl_rate", "Most within a second", zero);
field(
  "SslFrontendKeyRate",
  gauge,
  "current_frontend_ssl_key_rate",
  "TLS keys of clients a second",
  zero,
);
field("SslFrontendMaxKeyRate", max, "max_frontend_ssl_key_rate", "Most within a second", zero);
field("SslFrontendSessionReuse_pct", gauge, "frontend_ssl_reuse", "Percent that resumed", zero);
field(
  "SslBackendKeyRate",
  rate,
  "current_backend_ssl_key_rate",
  "TLS keys of servers a second",
  zero,
);
field("SslBackendMaxKeyRate", max, "max_backend_ssl_key_rate", "Most within a second", zero);
field("SslCacheLookups", counter, "ssl_cache_lookups_total", "Look-ups of TLS sessions", zero);
field("SslCacheMisses", counter, "ssl_cache_misses_total", "Those that found none", zero);
field(
  "CompressBpsIn",
  rate,
  "http_comp_bytes_in_total",
  "Bytes a second before compression",
  ({ compressionRates }, wall) => compressionRates.bytesIn.read(wall),
);
field(
  "CompressBpsOut",
  rate,
  "http_comp_bytes_out_total",
  "Bytes a second after compression",
  ({ compressionRates }, wall) => compressionRates.bytesOut.read(wall),
);
field(
  "CompressBpsRateLim",
  limit,
  "limit_http_comp",
  "At most",
  ({ limits }) => limits.compression,
);
// HAProxy without zlib leaves two out here.
position += 2;
field(
  "Tasks",
  gauge,
  "current_tasks",
  "Streams and connections",
  (p) => p.connections.value + p.serverConnections.value,
);
field("Run_queue", gauge, "current_run_queue", "Those that can go on at once", zero);
field(
  "Idle_pct",
  "MaP:u32",
  "idle_time_percent",
  "Percent of the time without work",
  ({ idle }) => idle,
);
field("node", "COS:str", null, "Name of this node", ({ node }) => node);
field("description", "COS:str", null, "What it is for", ({ description }) => description ?? "");
field("Stopping", gauge, "stopping", "1 while it stops", ({ stopping }) => stopping ? 1 : 0);
field("Jobs", gauge, "jobs", "Connections and listeners", (p) => p.connections.value + p.listeners);
field("Unstoppable Jobs", gauge, "unstoppable_jobs", "Those that end last", zero);
field("Listeners", gauge, "listeners", "Listening sockets", ({ listeners }) => listeners);
field("ActivePeers", gauge, "active_peers", "Peers that take part", zero);
field("ConnectedPeers", gauge, "connected_peers", "Peers that are connected", zero);
field("DroppedLogs", gauge, "dropped_logs_total", "Log lines that were lost", (p) => p.droppedLogs);
field("BusyPolling", gauge, "busy_polling_enabled", "1 with busy-polling", zero);
field("FailedResolutions", gauge, "failed_resolutions", "Names that were not found", zero);
field(
  "TotalBytesOut",
  "MGP:u64",
  "bytes_out_total",
  "Bytes sent to clients",
  ({ bytesOut }) => bytesOut,
);
field("TotalSplicdedBytesOut", "MGP:u64", "spliced_bytes_out_total", "Those through pipes", zero);
field(
  "BytesOutRate",
  "MRP:u64",
  "bytes_out_rate",
  "Bytes a second to clients",
  (p, wall) => p.bytesRate.read(wall),
);
field("DebugCommandsIssued", gauge, null, "Commands for developers", zero);
field("CumRecvLogs", counter, "recv_logs_total", "Log lines that were received", zero);
field("Build info", "POS:str", "build_info", "What was built", ({ version }) => version);
field("Memmax_bytes", limit, "max_memory_bytes", "Memory at most; 0: no limit", zero);
field(
  "PoolAlloc_bytes",
  "MGP:u64",
  "pool_allocated_bytes",
  "Memory that it has",
  ({ memory }) => memory,
);
field(
  "PoolUsed_bytes",
  "MGP:u64",
  "pool_used_bytes",
  "Memory that it uses",
  ({ memory }) => memory,
);
field(
  "Start_time_sec",
  "MDP:u32",
  "start_time_seconds",
  "When it was started",
  ({ startedAt }) => Math.floor(startedAt / 1000),
);
field("Tainted", "SGP:str", null, "Unusual features in use", () => "0");

/** All lines, in HAProxy's order. */
export const infoFields: readonly InfoField[] = fields;

/** The forms of `show info`. */
export type InfoForm = "plain" | "desc" | "typed" | "json";

/** What it answers. */
export function showInfo(
  process: ProcessStats,
  wall: number,
  form: InfoForm,
  float = false,
): string {
  const shown = fields.filter(({ field }) =>
    field !== "description" || process.description !== null
  );
  if (form === "json") {
    return JSON.stringify(shown.map((each) => ({
      field: { pos: each.position, name: each.field },
      processNum: 1,
      tags: tagsOf(each.tag),
      value: { type: each.tag.slice(4), value: each.read(process, wall) },
    })));
  }
  return shown.map((each) => {
    const exact = float && Object.hasOwn(precise, each.field) ? precise[each.field] : undefined;
    const value = exact === undefined ? each.read(process, wall) : exact(process, wall).toFixed(6);
    if (form === "typed") return `${each.position}.${each.field}.1:${each.tag}:${value}\n`;
    return `${each.field}: ${value}${form === "desc" ? `:"${each.help}"` : ""}\n`;
  }).join("");
}
