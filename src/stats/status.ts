/** The states of proxies and servers, in HAProxy's words (management manual, chapter 9.1). */
import type { BackendStats, FrontendStats, ServerStats } from "./objects.ts";

/** The state of a frontend. */
export function frontendStatus(frontend: FrontendStats): string {
  if (frontend.state === "stopped") return "STOP";
  if (frontend.state === "paused") return "PAUSED";
  return frontend.connections.value >= frontend.limit ? "FULL" : "OPEN";
}

/** The state of a backend. */
export function backendStatus(backend: BackendStats): string {
  return isBackendUp(backend) ? "UP" : "DOWN";
}

/** Whether any server takes sessions. One without servers counts as up. */
export function isBackendUp({ servers }: BackendStats): boolean {
  return servers.length === 0 || servers.some(({ usable }) => usable);
}

/** Servers that take sessions now: backups only where there are no others. */
export function serversInUse(backend: BackendStats): readonly ServerStats[] {
  const usable = backend.servers.filter((server) => server.usable);
  const main = usable.filter(({ backup }) => !backup);
  return main.length > 0 ? main : usable;
}

/** The state of a server in one word. */
export type ServerWord = "DOWN" | "UP" | "NOLB" | "DRAIN" | "no check" | "MAINT";

/** See above. */
export function serverWord(server: ServerStats): ServerWord {
  if (server.maintained) return "MAINT";
  if (!server.up) return "DOWN";
  if (server.draining) return "DRAIN";
  if (server.stopping) return "NOLB";
  return server.check === null ? "no check" : "UP";
}

/** The state of a server, with how far its checks are: `UP 1/3`. */
export function serverStatus(server: ServerStats): string {
  const word = serverWord(server);
  const { check } = server;
  if (word === "MAINT") {
    if (server.unresolved) return "MAINT (resolution)";
    return server.maintainedVia === null ? "MAINT" : `MAINT (via ${server.maintainedVia})`;
  }
  if (check === null) return word;
  const { health, rise, fall } = check;
  if (word === "DOWN") return health > 0 ? `DOWN ${health}/${rise}` : "DOWN";
  return health < rise + fall - 1 ? `${word} ${health - rise + 1}/${fall}` : word;
}
