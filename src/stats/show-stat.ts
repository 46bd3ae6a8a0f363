/** `show stat` in its forms: CSV, typed, JSON (management manual, chapters 9.1 and 9.3). */
import {
  type Cell,
  type Column,
  columns,
  moduleColumns,
  type Moment,
  type Scope,
} from "./columns.ts";
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

const header = `# ${columns.map(({ field }) => field).join()},-,${
  moduleColumns.map(({ field }) => field).join()
},\n`;

type Reader = (object: unknown, moment: Moment) => Cell;

/** What reads the cells of a line, in the order of the header; null: there is nothing. */
function readersOf(scope: Scope): readonly (Reader | null)[] {
  const read = (column: Column) => (column[scope] ?? null) as Reader | null;
  return [...columns.map(read), () => "-", ...moduleColumns.map(read)];
}
const readers: Readonly<Record<Scope, readonly (Reader | null)[]>> = {
  frontend: readersOf("frontend"),
  backend: readersOf("backend"),
  server: readersOf("server"),
};

/** The CSV. */
export function statCsv(rows: readonly StatRow[], moment: Moment): string {
  const lines = [header];
  for (const { scope, object } of rows) {
    let line = "";
    for (const read of readers[scope]) {
      if (read !== null) {
        const value = read(object, moment);
        if (typeof value === "number") {
          if (value < Infinity) line += value;
        } else if (value !== null) line += csvCell(value);
      }
      line += ",";
    }
    lines.push(line, "\n");
  }
  return lines.join("");
}

/** A value that has a comma, a quote or a line's end is quoted (RFC 4180). */
function csvCell(value: string): string {
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

const letters: Readonly<Record<Scope, string>> = { frontend: "F", backend: "B", server: "S" };
const all = [...columns, ...moduleColumns];
/** HAProxy's tags of a field differ for some kinds of rows. */
const otherTags: Readonly<Record<string, string>> = {
  "backend act": "MGP:u32",
  "backend bck": "MGP:u32",
  "backend rate": "MGP:u32",
  "backend rate_max": "MGP:u32",
};

function tagOf(column: Column, scope: Scope): string {
  return otherTags[`${scope} ${column.field}`] ?? column.tag;
}

/** Each value in a line, with what it is. @param described what a field means follows */
export function statTyped(rows: readonly StatRow[], moment: Moment, described: boolean): string {
  let text = "";
  for (const row of rows) {
    const { id } = row.object.facts;
    const sid = row.scope === "server" ? row.object.id : 0;
    for (const [position, column] of all.entries()) {
      const value = cellOf(column, row, moment);
      if (value === null) continue;
      const place = `${letters[row.scope]}.${id}.${sid}.${position}.${column.field}.1`;
      const more = described ? `:"${column.help}"` : "";
      text += `${place}:${tagOf(column, row.scope)}:${value}${more}\n`;
    }
  }
  return text;
}

const objectTypes: Readonly<Record<Scope, string>> = {
  frontend: "Frontend",
  backend: "Backend",
  server: "Server",
};
const origins: Readonly<Record<string, string>> = {
  M: "Metric",
  S: "Status",
  K: "Key",
  C: "Config",
  P: "Product",
};
const natures: Readonly<Record<string, string>> = {
  A: "Age",
  C: "Counter",
  D: "Duration",
  G: "Gauge",
  L: "Limit",
  M: "Max",
  N: "Name",
  O: "Output",
  R: "Rate",
  a: "Avg",
  m: "Min",
};
const scopes: Readonly<Record<string, string>> = {
  C: "Cluster",
  P: "Process",
  S: "Service",
  s: "System",
};

/** The tags of a field as JSON has them. */
export function tagsOf(tag: string) {
  return {
    origin: origins[tag[0]!] ?? "?",
    nature: natures[tag[1]!] ?? "?",
    scope: scopes[tag[2]!] ?? "?",
  };
}

/** All values as JSON. */
export function statJson(rows: readonly StatRow[], moment: Moment): string {
  const objects = rows.map((row) => {
    const proxyId = row.object.facts.id;
    const id = row.scope === "server" ? row.object.id : 0;
    return all.flatMap((column, pos) => {
      const value = cellOf(column, row, moment);
      if (value === null) return [];
      const tag = tagOf(column, row.scope);
      return [{
        objType: objectTypes[row.scope],
        proxyId,
        id,
        field: { pos, name: column.field },
        processNum: 1,
        tags: tagsOf(tag),
        value: { type: tag.slice(4), value },
      }];
    });
  });
  return JSON.stringify(objects);
}
