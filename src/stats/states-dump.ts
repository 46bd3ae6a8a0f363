/** What SIGHUP asks for: the state of every server and proxy, worded as HAProxy words it. */
import { backendMetrics, frontendMetrics, serverMetrics } from "./metrics.ts";
import type { BackendStats, FrontendStats, ServerStats } from "./objects.ts";

/** A proxy with what runs of it: `listen` has both halves. */
export interface ProxyStats {
  readonly name: string;
  readonly frontend: FrontendStats | null;
  readonly backend: BackendStats | null;
}

/** The lines of one proxy: its servers', then its own. */
export function dumpStates({ name, frontend, backend }: ProxyStats): string[] {
  const servers = backend?.servers ?? [];
  const { current_queue, current_sessions, sessions_total } = backendMetrics;
  const unassigned = backend === null ? 0 : current_queue.read(backend);
  const pending = servers.reduce(
    (sum, server) => sum + serverMetrics.current_queue.read(server),
    unassigned,
  );
  const front = frontend === null ? [0, 0] : [
    frontendMetrics.current_sessions.read(frontend),
    frontendMetrics.sessions_total.read(frontend),
  ];
  const back = backend === null
    ? [0, 0]
    : [current_sessions.read(backend), sessions_total.read(backend)];
  return [
    ...servers.map((server) => serverLine(name, server)),
    `SIGHUP: Proxy ${name} ${serversText(backend)} ` +
    `Conn: act(FE+BE): ${front[0]}+${back[0]}, ${pending} pend (${unassigned} unass), ` +
    `tot(FE+BE): ${front[1]}+${back[1]}.`,
  ];
}

function serverLine(proxy: string, server: ServerStats): string {
  const { status, current_sessions, current_queue, sessions_total } = serverMetrics;
  return `SIGHUP: Server ${proxy}/${server.name} is ${
    status.read(server) === "UP" ? "UP" : "DOWN"
  }. Conn: ${current_sessions.read(server)} act, ${current_queue.read(server)} pend, ` +
    `${sessions_total.read(server)} tot.`;
}

function serversText(backend: BackendStats | null): string {
  if (backend === null || backend.servers.length === 0) return "has no servers.";
  const active = backendMetrics.active_servers.read(backend);
  const backup = backendMetrics.backup_servers.read(backend);
  if (active > 0) return `has ${active} active servers and ${backup} backup servers available.`;
  return backup > 0 ? "is running on backup servers !" : "has no server available !";
}
