/** What SIGHUP asks for: the state of every server and proxy, worded as HAProxy words it. */
import type * as model from "../config/model.ts";
import type { Backend } from "./backend.ts";
import type { Frontend } from "./frontend.ts";
import { countUsable } from "./server.ts";

/** A proxy with what runs of it: `listen` has both halves. */
export interface Running {
  readonly config: model.Proxy;
  readonly frontend: Frontend | null;
  readonly backend: Backend | null;
}

/** The lines of one proxy: its servers', then its own. */
export function reportLines({ config, frontend, backend }: Running): string[] {
  const servers = config.servers.length === 0 ? [] : backend?.servers ?? [];
  const lines = servers.map((server) =>
    `SIGHUP: Server ${config.name}/${server.name} is ${server.serves ? "UP" : "DOWN"}. ` +
    `Conn: ${server.slots.value} act, ${server.queue.length} pend, ${server.total.value} tot.`
  );
  const { active, backup } = countUsable(servers);
  const state = servers.length === 0
    ? "has no servers."
    : active > 0
    ? `has ${active} active servers and ${backup} backup servers available.`
    : backup > 0
    ? "is running on backup servers !"
    : "has no server available !";
  const unassigned = backend?.queue.length ?? 0;
  const pending = servers.reduce((sum, { queue }) => sum + queue.length, unassigned);
  lines.push(
    `SIGHUP: Proxy ${config.name} ${state} ` +
      `Conn: act(FE+BE): ${frontend?.connections.value ?? 0}+${backend?.connections.value ?? 0}, ` +
      `${pending} pend (${unassigned} unass), ` +
      `tot(FE+BE): ${frontend?.total.value ?? 0}+${backend?.total.value ?? 0}.`,
  );
  return lines;
}
