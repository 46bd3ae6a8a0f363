/** What the page's own JSON says: every proxy and server with its numbers, by HAProxy's fields. */
import { columns, type Moment } from "../../stats/columns.ts";
import { cellOf, type StatRow } from "../../stats/rows.ts";
import type { Control, ProxyControl } from "../control.ts";

/** The numbers of an object by HAProxy's fields; those without a value are left out. */
export type Fields = Record<string, number | string>;

/** One proxy. */
export interface ProxyStatus {
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  /** The backends that its frontend names. */
  readonly routes: readonly string[];
  readonly frontend: Fields | null;
  readonly backend: Fields | null;
  readonly servers: readonly Fields[];
}

/** The whole. */
export interface Status {
  readonly node: string;
  readonly uptime: number;
  readonly connections: number;
  readonly maxconn: number;
  readonly rate: number;
  readonly bytesRate: number;
  readonly requests: number;
  readonly proxies: readonly ProxyStatus[];
}

/** Which proxies are shown (manual: "stats scope"); `filter` is what the reader looks for. */
export function inScope(
  proxies: readonly ProxyControl[],
  scope: readonly string[],
  own: string,
  filter: string,
): ProxyControl[] {
  return proxies.filter(({ name }) =>
    (scope.length === 0 || scope.includes(name) || scope.includes(".") && name === own) &&
    name.includes(filter)
  );
}

/** The state now. */
export function statusOf(
  { process, wall }: Control,
  proxies: readonly ProxyControl[],
  legends: boolean,
): Status {
  const now = wall();
  const moment: Moment = { wall: now, pid: process.pid, legends, onlyUp: false };
  const fields = (row: StatRow): Fields => {
    const found: Fields = {};
    for (const column of columns) {
      const value = cellOf(column, row, moment);
      if (value !== null) found[column.field] = value;
    }
    return found;
  };
  return {
    node: process.node,
    uptime: Math.max(0, Math.floor((now - process.startedAt) / 1000)),
    connections: process.connections.value,
    maxconn: process.maxconn,
    rate: process.rate.read(now),
    bytesRate: process.bytesRate.read(now),
    requests: process.requests,
    proxies: proxies.map(({ name, kind, mode, routes, frontend, backend }) => ({
      name,
      kind,
      mode,
      routes,
      frontend: frontend === null ? null : fields({ scope: "frontend", object: frontend }),
      backend: backend === null ? null : fields({ scope: "backend", object: backend }),
      servers: (backend?.servers ?? []).map((object) => fields({ scope: "server", object })),
    })),
  };
}
