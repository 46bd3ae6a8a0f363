import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { ServerKeys } from "#src/stick-table/server-keys.ts";
import type { Table } from "#src/stick-table/table.ts";
import { definitionsOf } from "#src/stick-table/definitions.ts";
import { Tables } from "#src/stick-table/tables.ts";
import {
  clearEntries,
  clearKey,
  entryLine,
  type Filter,
  namedField,
  setData,
  setKeyText,
  tableLine,
  viewEntries,
  viewKey,
} from "#src/stick-table/view.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

function scene(config: v.InferInput<typeof StickTable>) {
  const stickTable = v.parse(StickTable, config);
  const clock = virtualClock();
  const tables = new Tables(
    createMemory(1, 0),
    definitionsOf({ peers: [] }, [{ name: "t", stickTable }]),
    clock,
    1,
  );
  const table = tables.get("t")!;
  const lines = (...filters: Filter[]) =>
    [...viewEntries(table, tables.serverKeys, filters)]
      .map((view) => entryLine(view).replace(/^0x\S+ /, ""));
  const set = (key: string, values: Record<string, number | string>) => {
    if (!setKeyText(table, key)) return null;
    const named = Object.entries(values).map(([name, value]) => ({
      field: field(table, name),
      value,
    }));
    return setData(table, tables.serverKeys, named);
  };
  return { clock, tables, table, lines, set };
}

function field(table: Table, name: string) {
  const found = namedField(table, name);
  if (typeof found === "string") throw new Error(`${name}: ${found}`);
  return found;
}

test("view: an entry is shown as HAProxy shows it", () => {
  const { table, lines, set, clock } = scene({
    type: "ip",
    size: 100,
    expire: 60_000,
    store: [
      { type: "gpc", elements: 2 },
      { type: "gpc_rate", elements: 2, period: 10_000 },
      { type: "conn_cur" },
      { type: "http_req_rate", period: 10_000 },
      { type: "gpt", elements: 1 },
      { type: "server_id" },
      { type: "server_key" },
    ],
  });
  assertEquals(set("10.0.0.1", { http_req_rate: 7, gpc: 5, gpc1: 6, server_key: "web1" }), true);
  clock.advance(100);
  assertEquals(set("10.0.0.2", { gpt0: 3, gpc1_rate: 4, server_id: 2 }), true);
  assertEquals(tableLine(table), "# table: t, type: ip, size:100, used:2");
  assertEquals(lines(), [
    "key=10.0.0.1 use=0 exp=59900 server_id=0 conn_cur=0 http_req_rate(10000)=7 server_key=web1 " +
    "gpt0=0 gpc0=5 gpc1=6 gpc0_rate(10000)=0 gpc1_rate(10000)=0",
    "key=10.0.0.2 use=0 exp=60000 server_id=2 conn_cur=0 http_req_rate(10000)=0 server_key=- " +
    "gpt0=3 gpc0=0 gpc1=0 gpc0_rate(10000)=0 gpc1_rate(10000)=4",
  ]);
  assertEquals(["nope", "conn_cnt", "gpc2", "gpt0_rate"].map((name) => namedField(table, name)), [
    "unknown",
    "not stored",
    "not stored",
    "unknown",
  ]);
});

test("view: keys of each type, as text and back", () => {
  const shown = (config: v.InferInput<typeof StickTable>, ...keys: string[]) => {
    const { lines, set } = scene({ store: [{ type: "gpc0" }], ...config });
    return keys.map((key) => set(key, { gpc0: 1 })).concat(
      lines().map((line) => /^key=(.*) use/.exec(line)![1]! as never),
    );
  };
  assertEquals(shown({ type: "ip", size: 9 }, "1.2.3.4", "::1", "x"), [
    true,
    null,
    null,
    "1.2.3.4" as never,
  ]);
  assertEquals(shown({ type: "ipv6", size: 9 }, "1.2.3.4", "2001:db8::1"), [
    true,
    true,
    "::ffff:1.2.3.4" as never,
    "2001:db8::1" as never,
  ]);
  assertEquals(shown({ type: "integer", size: 9 }, "-5", "7", "abc"), [
    true,
    true,
    null,
    "7" as never,
    "4294967291" as never,
  ]);
  assertEquals(shown({ type: "string", len: 9, size: 9 }, "a=b c\\\t\x01d", "longer than nine"), [
    true,
    true,
    "a\\=b\\ c\\\\\\t\\x01d" as never,
    "longer\\ th" as never,
  ]);
  assertEquals(shown({ type: "binary", size: 9 }, "aa"), [null]);
});

test("view: filters, one key, and what is in use stays", () => {
  const { table, tables, lines, set } = scene({
    type: "string",
    size: 9,
    store: [{ type: "gpc0" }],
  });
  for (const [i, key] of ["a", "b", "c", "d"].entries()) set(key, { gpc0: i });
  const gpc0 = field(table, "gpc0");
  const filter = (operator: Filter["operator"], value: number): Filter => ({
    field: gpc0,
    operator,
    value,
  });
  const keys = (...filters: Filter[]) => lines(...filters).map((line) => line[4]).join("");
  assertEquals(
    [keys(filter("gt", 1)), keys(filter("eq", 1)), keys(filter("ne", 0), filter("le", 2))],
    ["cd", "b", "bc"],
  );
  assertEquals([keys(filter("lt", 1)), keys(filter("ge", 3))], ["a", "d"]);
  setKeyText(table, "b");
  assertEquals(viewKey(table, tables.serverKeys)?.data, [{ name: "gpc0", period: 0, value: 1 }]);
  table.hold(table.find(0));
  assertEquals(clearKey(table), false);
  clearEntries(table, [filter("ge", 1)]);
  assertEquals(keys(), "ab");
  setKeyText(table, "a");
  assertEquals([clearKey(table), clearKey(table), viewKey(table, tables.serverKeys)], [
    true,
    true,
    null,
  ]);
  clearEntries(table);
  assertEquals(keys(), "b");
});

test("server keys: all threads give a name the same number", () => {
  const memory = createMemory(2, 0);
  const mine = new ServerKeys(memory);
  const theirs = new ServerKeys(openMemory(memory.blocks, 2, 1));
  assertEquals([mine.number("web1"), theirs.number("web2"), mine.number("web2")], [1, 2, 2]);
  assertEquals([theirs.number("web1"), theirs.text(2), mine.text(1)], [1, "web2", "web1"]);
  assertEquals([mine.text(0), mine.text(3), mine.number("x".repeat(256))], [null, null, 0]);
  for (let i = 3; i <= 4096; i++) assertEquals(mine.number(`s${i}`), i);
  assertEquals([mine.number("one more"), theirs.text(4096)], [0, "s4096"]);
});
