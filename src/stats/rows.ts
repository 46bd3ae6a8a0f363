/** The rows of the statistics: which objects of proxies are shown, and the cells of their columns. */
import type { Cell, Column, Moment } from "./columns.ts";
import type { BackendStats, FrontendStats, ServerStats } from "./objects.ts";

/** A line: an object of a proxy. */
export type StatRow =
  | { readonly scope: "frontend"; readonly object: FrontendStats }
  | { readonly scope: "backend"; readonly object: BackendStats }
  | { readonly scope: "server"; readonly object: ServerStats };

/** A proxy whose rows are shown. */
export interface StatProxy {
  readonly id: number;
  readonly name: string;
  readonly frontend: FrontendStats | null;
  readonly backend: BackendStats | null;
}

/** Which rows are shown. */
export interface StatFilter {
  /** -1: all. */
  readonly iid: number;
  /** Of 1 frontends, 2 backends, 4 servers; -1: all. */
  readonly type: number;
  readonly sid: number;
  /** Leave out servers that are down, or in maintenance. */
  readonly up: boolean;
  readonly noMaintenance: boolean;
}

/** All rows. */
export const everything: StatFilter = {
  iid: -1,
  type: -1,
  sid: -1,
  up: false,
  noMaintenance: false,
};

/** The rows of proxies that a filter leaves, in HAProxy's order. */
export function statRows(proxies: readonly StatProxy[], filter: StatFilter): StatRow[] {
  const rows: StatRow[] = [];
  const { iid, type, sid, up, noMaintenance } = filter;
  const has = (bit: number) => type < 0 || (type & bit) !== 0;
  for (const { id, frontend, backend } of proxies) {
    if (iid > 0 && id !== iid) continue;
    if (frontend !== null && has(1) && sid <= 0) rows.push({ scope: "frontend", object: frontend });
    if (backend === null) continue;
    for (const server of has(4) ? backend.servers : []) {
      if (sid > 0 && server.id !== sid) continue;
      if (up && !server.serves) continue;
      if (noMaintenance && server.maintained) continue;
      rows.push({ scope: "server", object: server });
    }
    if (has(2) && sid <= 0) rows.push({ scope: "backend", object: backend });
  }
  return rows;
}

/** The value of a column in a row; null: none. */
export function cellOf(column: Column, row: StatRow, moment: Moment): Cell {
  const read = column[row.scope] as ((object: unknown, moment: Moment) => Cell) | undefined;
  const value = read?.(row.object, moment) ?? null;
  return typeof value === "number" && !Number.isFinite(value) ? null : value;
}
