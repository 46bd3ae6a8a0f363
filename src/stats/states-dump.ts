/** What SIGHUP asks for: the state of every server and proxy, worded as HAProxy words it. */
import type { Count } from "./objects.ts";

interface Dumped {
  readonly connections: Count;
  readonly total: Count;
}

interface DumpedServer {
  readonly name: string;
  readonly slots: Count;
  readonly total: Count;
  readonly queue: { readonly length: number };
  /** It is up, and not disabled. */
  readonly serves: boolean;
  /** It takes new sessions. */
  readonly usable: boolean;
  readonly config: { readonly backup: boolean };
}

interface DumpedBackend extends Dumped {
  /** Streams that any of its servers may take. */
  readonly queue: { readonly length: number };
  readonly servers: readonly DumpedServer[];
}

/** A proxy with what runs of it: `listen` has both halves. */
export interface DumpedProxy {
  readonly name: string;
  readonly frontend: Dumped | null;
  readonly backend: DumpedBackend | null;
}

/** The lines of one proxy: its servers', then its own. */
export function dumpStates({ name, frontend, backend }: DumpedProxy): string[] {
  const servers = backend?.servers ?? [];
  const unassigned = backend?.queue.length ?? 0;
  const pending = servers.reduce((sum, { queue }) => sum + queue.length, unassigned);
  const [front, back] = [frontend, backend].map((half) =>
    half === null ? [0, 0] : [half.connections.value, half.total.value]
  );
  return [
    ...servers.map((server) => serverLine(name, server)),
    `SIGHUP: Proxy ${name} ${serversText(backend)} ` +
    `Conn: act(FE+BE): ${front![0]}+${back![0]}, ${pending} pend (${unassigned} unass), ` +
    `tot(FE+BE): ${front![1]}+${back![1]}.`,
  ];
}

function serverLine(proxy: string, server: DumpedServer): string {
  const { name, serves, slots, queue, total } = server;
  return `SIGHUP: Server ${proxy}/${name} is ${serves ? "UP" : "DOWN"}. ` +
    `Conn: ${slots.value} act, ${queue.length} pend, ${total.value} tot.`;
}

function serversText(backend: DumpedBackend | null): string {
  if (backend === null || backend.servers.length === 0) return "has no servers.";
  const usable = backend.servers.filter((server) => server.usable);
  const backup = usable.filter(({ config }) => config.backup).length;
  const active = usable.length - backup;
  if (active > 0) return `has ${active} active servers and ${backup} backup servers available.`;
  return backup > 0 ? "is running on backup servers !" : "has no server available !";
}
