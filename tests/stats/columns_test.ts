import { assert, assertEquals, assertMatch } from "@std/assert";
import { columns, moduleColumns, type Moment } from "#src/stats/columns.ts";
import type { ServerStats } from "#src/stats/objects.ts";
import { cellOf, everything, type StatRow, statRows } from "#src/stats/rows.ts";
import { statCsv, statJson, statTyped } from "#src/stats/show-stat.ts";
import { serverStatus } from "#src/stats/status.ts";
import { dumpStates } from "#src/stats/states-dump.ts";
import { test } from "../testing.ts";
import { backend, frontend, server } from "./objects.ts";

const moment: Moment = { wall: 0, pid: 1, legends: true, onlyUp: false };

/** The values of all metrics of an object, by HAProxy's fields. */
function values(row: StatRow): Record<string, unknown> {
  return Object.fromEntries(columns.map((each) => [each.field, cellOf(each, row, moment)]));
}
const ofServer = (object: ServerStats) => values({ scope: "server", object });

test("columns: HAProxy 2.6's, in its order, each with one line of documentation", () => {
  const names = columns.map(({ field }) => field);
  assertEquals(names.length, 103);
  assertEquals([names[4], names[17], names[33], names[73], names[99]], [
    "scur",
    "status",
    "rate",
    "addr",
    "uweight",
  ]);
  assertEquals(new Set(names).size, names.length);
  for (const { name, type, help, tag } of [...columns, ...moduleColumns]) {
    assertMatch(help, /^[A-Z0-9].{2,}[^.]$/);
    assertMatch(tag, /^[A-Z][A-Za-z][PS]:(u32|u64|s32|str)$/);
    // Prometheus: a counter ends in _total, and nothing else does.
    if (name !== null) assertEquals(name.endsWith("_total"), type === "counter");
  }
});

test("columns: of a frontend", () => {
  const { scur, slim, stot, status, qcur, sid } = values({ scope: "frontend", object: frontend });
  assertEquals([scur, slim, stot, status, qcur, sid], [8, 2000, 90, "OPEN", null, 0]);
  const state = (object: Partial<typeof frontend>) =>
    values({ scope: "frontend", object: { ...frontend, ...object } })["status"];
  assertEquals([state({ state: "stopped" }), state({ state: "paused" }), state({ limit: 8 })], [
    "STOP",
    "PAUSED",
    "FULL",
  ]);
});

test("columns: of a server", () => {
  const { qcur, slim, weight, act, bck, lastchg, addr } = ofServer(
    server("a", { queue: { length: 3 }, weight: 9 }),
  );
  assertEquals([qcur, slim, weight, act, bck, lastchg, addr], [
    3,
    null,
    9,
    1,
    0,
    12,
    "10.0.0.1:80",
  ]);
  const limited = ofServer(server("a", { maxconn: 5, maxqueue: 6, backup: true }));
  assertEquals([limited["slim"], limited["qlimit"], limited["act"]], [5, 6, 0]);
});

test("status: HAProxy's words, with how far the checks are", () => {
  const check = {
    rise: 2,
    fall: 3,
    health: 4,
    checking: false,
    paused: false,
    last: null,
    failures: 0,
  };
  const status = (settings: Partial<ServerStats>) =>
    serverStatus(server("a", { check, ...settings }));
  const at = (health: number) => ({ check: { ...check, health } });
  assertEquals(status({}), "UP");
  assertEquals(status({ check: null }), "no check");
  assertEquals(status(at(2)), "UP 1/3");
  assertEquals(status({ up: false, ...at(1) }), "DOWN 1/2");
  assertEquals(status({ up: false, ...at(0) }), "DOWN");
  assertEquals(status({ draining: true }), "DRAIN");
  assertEquals(status({ draining: true, ...at(2) }), "DRAIN 1/3");
  assertEquals(status({ stopping: true }), "NOLB");
  assertEquals(status({ maintained: true }), "MAINT");
  assertEquals(status({ maintained: true, maintainedVia: "b/s" }), "MAINT (via b/s)");
});

test("columns: of a backend, whose backups count only where they serve", () => {
  const all = (...servers: ServerStats[]) => {
    const { status, weight, act, bck } = values({ scope: "backend", object: backend(...servers) });
    return [status, weight, act, bck];
  };
  const spare = server("s", { backup: true, weight: 7 });
  assertEquals(all(server("a", { weight: 2 }), server("b", { weight: 3 }), spare), ["UP", 5, 2, 1]);
  assertEquals(all(server("a", { up: false }), spare), ["UP", 7, 0, 1]);
  assertEquals(all(server("a", { up: false })), ["DOWN", 0, 0, 0]);
  assertEquals(all(server("a", { draining: true })), ["DOWN", 0, 0, 0]);
  assertEquals(all(), ["UP", 0, 0, 0]);
});

test("show stat: filters, and every value in every form", () => {
  const proxies = [
    { id: 2, name: "web", frontend, backend: backend(server('a,"b'), server("c", { up: false })) },
  ];
  const rows = statRows(proxies, everything);
  assertEquals(rows.map(({ scope }) => scope), ["frontend", "server", "server", "backend"]);
  assertEquals(statRows(proxies, { ...everything, type: 4, up: true }).length, 1);
  assertEquals(statRows(proxies, { ...everything, iid: 3 }), []);
  const lines = statCsv(rows, moment).trimEnd().split("\n");
  assertEquals(lines.length, 5);
  assert(lines[2]!.startsWith('web,"a,""b",0,0,2,0,,30,'));
  // Of the header, a comma for each; the line's name is quoted.
  const commas = (line: string) => line.replace(/"(""|[^"])*"/g, "").split(",").length;
  for (const line of lines) assertEquals(commas(line), commas(lines[0]!));
  assert(statTyped(rows, moment, false).includes("S.2.1.17.status.1:SGP:str:DOWN\n"));
  const json = JSON.parse(statJson(rows, moment)) as {
    field: { name: string };
    value: unknown;
  }[][];
  assertEquals(json.length, 4);
  assertEquals(json[0]!.find(({ field }) => field.name === "scur")?.value, {
    type: "u32",
    value: 8,
  });
});

test("SIGHUP's lines, to the letter of HAProxy", () => {
  const made = (name: string, settings: Partial<ServerStats> = {}) => {
    const one = server(name, settings);
    return { ...one, config: { backup: one.backup } };
  };
  const of = (...servers: ReturnType<typeof made>[]) => ({ ...backend(), servers });
  const servers = [
    made("a", { queue: { length: 1 } }),
    made("b", { up: false, queue: { length: 2 } }),
    made("c", { maintained: true }),
    made("d", { backup: true }),
  ];
  assertEquals(dumpStates({ name: "web", frontend, backend: of(...servers) }), [
    "SIGHUP: Server web/a is UP. Conn: 2 act, 1 pend, 30 tot.",
    "SIGHUP: Server web/b is DOWN. Conn: 2 act, 2 pend, 30 tot.",
    "SIGHUP: Server web/c is DOWN. Conn: 2 act, 0 pend, 30 tot.",
    "SIGHUP: Server web/d is UP. Conn: 2 act, 0 pend, 30 tot.",
    "SIGHUP: Proxy web has 1 active servers and 1 backup servers available. " +
    "Conn: act(FE+BE): 8+5, 10 pend (7 unass), tot(FE+BE): 90+60.",
  ]);
  const last = (backend: ReturnType<typeof of> | null) =>
    dumpStates({ name: "web", frontend: null, backend }).at(-1);
  assertEquals(
    last(of(made("d", { backup: true }))),
    "SIGHUP: Proxy web is running on backup servers ! " +
      "Conn: act(FE+BE): 0+5, 7 pend (7 unass), tot(FE+BE): 0+60.",
  );
  assertEquals(
    last(of(made("a", { up: false }))),
    "SIGHUP: Proxy web has no server available ! " +
      "Conn: act(FE+BE): 0+5, 7 pend (7 unass), tot(FE+BE): 0+60.",
  );
  assertEquals(
    last(null),
    "SIGHUP: Proxy web has no servers. Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
  );
});
