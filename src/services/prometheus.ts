/** Metrics in Prometheus's text format, with HAProxy's names (manual: "prometheus-exporter"). */
import { type Column, columns, moduleColumns, type Moment, type Scope } from "../stats/columns.ts";
import { infoFields } from "../stats/info.ts";
import { cellOf, everything, type StatRow, statRows } from "../stats/rows.ts";
import { isBackendUp, serverWord } from "../stats/status.ts";
import type { Control } from "./control.ts";
import type { Application } from "./hosting.ts";

/** The states that a metric `status` has a series for each of. */
const serverStates = ["DOWN", "UP", "MAINT", "DRAIN", "NOLB"] as const;
const checkStates = [
  "HANA",
  "SOCKERR",
  "L4OK",
  "L4TOUT",
  "L4CON",
  "L6OK",
  "L6TOUT",
  "L6RSP",
  "L7TOUT",
  "L7RSP",
  "L7OK",
  "L7OKC",
  "L7STS",
  "PROCERR",
  "PROCTOUT",
  "PROCOK",
] as const;
const codes = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"] as const;

/** What a scrape asks for. */
interface Query {
  readonly scopes: ReadonlySet<string>;
  readonly noMaintenance: boolean;
  /** Also the counters of HTTP/1, HTTP/2 and TLS. */
  readonly extraCounters: boolean;
  /** Whether a metric is wanted, by its name. */
  readonly wants: (name: string) => boolean;
}

/**
 * What `metrics` asks for, as HAProxy 3 has it: names, separated by commas; those behind a `-` are
 * left out, and without another one all others are there.
 */
function wantedBy(lists: readonly string[]): (name: string) => boolean {
  const names = lists.flatMap((list) => list.split(",")).filter((name) => name !== "");
  const without = new Set(names.filter((name) => name[0] === "-").map((name) => name.slice(1)));
  const only = new Set(names.filter((name) => name[0] !== "-"));
  return (name) => !without.has(name) && (only.size === 0 || only.has(name));
}

function queryOf(url: URL): Query {
  const given = url.searchParams.getAll("scope");
  const all = ["global", "frontend", "backend", "server"];
  // `*` stands for all, and an empty one for none.
  const scopes = given.length === 0 || given.includes("*") ? all : given;
  return {
    scopes: new Set(scopes),
    noMaintenance: url.searchParams.has("no-maint"),
    extraCounters: url.searchParams.has("extra-counters"),
    wants: wantedBy(url.searchParams.getAll("metrics")),
  };
}

/** A label's value (Prometheus: text-based format). */
function label(value: string): string {
  return value.replace(/[\\"\n]/g, (char) => char === "\n" ? "\\n" : `\\${char}`);
}

/** One metric: its help, its type, and its series. */
function metric(name: string, type: string, help: string, series: readonly string[]): string {
  if (series.length === 0) return "";
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${series.join("")}`;
}

function labelsOf(row: StatRow): string {
  const proxy = `proxy="${label(row.object.facts.name)}"`;
  return row.scope === "server" ? `${proxy},server="${label(row.object.name)}"` : proxy;
}

/** The state of a row for `status`: the words, and which of them it is. */
function statesOf(row: StatRow): { readonly states: readonly string[]; readonly now: string } {
  if (row.scope === "server") {
    const word = serverWord(row.object);
    return { states: serverStates, now: word === "no check" ? "UP" : word };
  }
  const up = row.scope === "frontend" ? row.object.state !== "stopped" : isBackendUp(row.object);
  return { states: ["DOWN", "UP"], now: up ? "UP" : "DOWN" };
}

/** The series of a column for the rows of a scope. */
function series(
  name: string,
  scope: Scope,
  field: string,
  rows: readonly StatRow[],
  moment: Moment,
): string[] {
  const column = columns.find((each) => each.field === field)!;
  if (field !== "status" && field !== "check_status") return seriesOf(name, column, rows, moment);
  return rows.flatMap((row) => {
    const labels = labelsOf(row);
    if (field === "status") {
      const { states, now } = statesOf(row);
      return states.map((state) =>
        `${name}{${labels},state="${state}"} ${state === now ? 1 : 0}\n`
      );
    }
    const cell = cellOf(column, row, moment);
    if (cell === null || scope !== "server") return [];
    const now = String(cell).replace("* ", "");
    return checkStates.map((state) =>
      `${name}{${labels},state="${state}"} ${state === now ? 1 : 0}\n`
    );
  });
}

/** The series of a column that is a number. */
function seriesOf(
  name: string,
  column: Column,
  rows: readonly StatRow[],
  moment: Moment,
): string[] {
  return rows.flatMap((row) => {
    const cell = cellOf(column, row, moment);
    if (typeof cell !== "number") return [];
    const value = column.scale === undefined ? String(cell) : (cell * column.scale).toFixed(6);
    return [`${name}{${labelsOf(row)}} ${value}\n`];
  });
}

/** Servers, of a backend, in each state. */
function aggregated(name: string, rows: readonly StatRow[]): string[] {
  return rows.flatMap((row) => {
    if (row.scope !== "backend") return [];
    const words = row.object.servers.map((server) => {
      const word = serverWord(server);
      return word === "no check" ? "UP" : word;
    });
    return serverStates.map((state) =>
      `${name}{${labelsOf(row)},state="${state}"} ${
        words.filter((word) => word === state).length
      }\n`
    );
  });
}

function aggregatedChecks(name: string, rows: readonly StatRow[]): string[] {
  return rows.flatMap((row) => {
    if (row.scope !== "backend") return [];
    const found = row.object.servers.flatMap(({ check, checked }) =>
      checked && check !== null && check.last !== null ? [check.last.status] : []
    );
    return checkStates.map((state) =>
      `${name}{${labelsOf(row)},state="${state}"} ${
        found.filter((each) => each === state).length
      }\n`
    );
  });
}

/** All of it. */
function exposition(control: Control, query: Query): string {
  const { scopes, noMaintenance, extraCounters, wants } = query;
  const { process, proxies } = control;
  const wall = control.wall();
  const moment: Moment = { wall, pid: process.pid, legends: false, onlyUp: false };
  const rows = statRows(proxies, { ...everything, noMaintenance });
  let text = "";
  if (scopes.has("global")) {
    for (const { name, help, tag, read } of infoFields) {
      if (name === null) continue;
      const full = `haproxy_process_${name}`;
      if (!wants(full)) continue;
      const value = read(process, wall);
      const type = tag[1] === "C" || name.endsWith("_total") ? "counter" : "gauge";
      const line = name === "build_info"
        ? `${full}{version="${label(String(value))}"} 1\n`
        : `${full} ${value}\n`;
      text += metric(full, type, help, [line]);
    }
  }
  for (const scope of ["frontend", "backend", "server"] as const) {
    if (!scopes.has(scope)) continue;
    const own = rows.filter((row) => row.scope === scope);
    for (const { field, name, type, help } of columns) {
      const column = columns.find((each) => each.field === field)!;
      const responses = `haproxy_${scope}_http_responses_total`;
      if (field === "hrsp_1xx" && wants(responses)) {
        const found = codes.flatMap((code) => {
          const each = columns.find(({ field }) => field === `hrsp_${code}`)!;
          return own.flatMap((row) => {
            const cell = cellOf(each, row, moment);
            return cell === null ? [] : [`${responses}{${labelsOf(row)},code="${code}"} ${cell}\n`];
          });
        });
        text += metric(responses, "counter", "Responses by the class of their status", found);
      }
      if (name === null || column[scope] === undefined) continue;
      if (scope === "server" && (name === "active_servers" || name === "backup_servers")) continue;
      const full = `haproxy_${scope}_${name}`;
      if (!wants(full)) continue;
      const found = field === "agg_check_status"
        ? aggregatedChecks(full, own)
        : field.startsWith("agg_")
        ? aggregated(full, own)
        : series(full, scope, field, own, moment);
      text += metric(full, type, help, found);
    }
    for (const column of extraCounters ? moduleColumns : []) {
      const full = `haproxy_${scope}_${column.field}`;
      if (column[scope] === undefined || !wants(full)) continue;
      const type = column.tag[1] === "C" ? "counter" : "gauge";
      text += metric(full, type, column.help, seriesOf(full, column, own, moment));
    }
  }
  return text;
}

/** The exporter. */
export function prometheusApplication(control: Control): Application {
  return (request) =>
    new Response(exposition(control, queryOf(new URL(request.url))), {
      headers: { "content-type": "text/plain; version=0.0.4", "cache-control": "no-cache" },
    });
}
