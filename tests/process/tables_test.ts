import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import { claimTables, prepareLegacy } from "#src/process/tables.ts";
import { createMemory } from "#src/shared/memory.ts";
import { definitionsOf } from "#src/stick-table/definitions.ts";
import { Tables } from "#src/stick-table/tables.ts";
import { entryLine, namedField, setData, setKeyText, viewEntries } from "#src/stick-table/view.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

const configs: Record<string, v.InferInput<typeof StickTable>> = {
  a: {
    type: "string",
    size: 100,
    expire: 60_000,
    store: [
      { type: "gpc0" },
      { type: "gpt0" },
      { type: "http_req_rate", period: 10_000 },
      { type: "conn_cur" },
      { type: "server_key" },
      { type: "server_id" },
    ],
  },
  b: { type: "ip", size: 5000, store: [{ type: "bytes_in_cnt" }] },
};

/** The tables of a process, and the clock of all. */
function tablesOf(names: readonly string[], clock = virtualClock(), peers: string | null = null) {
  const proxies = names.map((name) => ({ name, stickTable: v.parse(StickTable, configs[name]!) }));
  const definitions = definitionsOf({ peers: [] }, proxies).map((each) => ({ ...each, peers }));
  const tables = new Tables(createMemory(1, 0), definitions, clock, 1);
  return {
    clock,
    tables,
    set(name: string, key: string, values: Record<string, number | string>) {
      const table = tables.get(name)!;
      assert(setKeyText(table, key));
      setData(
        table,
        tables.serverKeys,
        Object.entries(values).map(([name, value]) => {
          const field = namedField(table, name);
          assert(typeof field !== "string");
          return { field, value };
        }),
      );
    },
    lines: (name: string) =>
      [...viewEntries(tables.get(name)!, tables.serverKeys)]
        .map((view) => entryLine(view).replace(/^0x\S+ key=/, "")),
  };
}

test("tables over a reload: the new process has what the old one had, and what it counted itself", async () => {
  const old = tablesOf(["a", "b"]);
  const next = tablesOf(["b", "a"], old.clock);
  old.set("a", "x", { gpc0: 5, gpt0: 7, http_req_rate: 10, conn_cur: 3, server_key: "s1" });
  for (let i = 0; i < 3000; i++) {
    old.set("b", `10.0.${i >> 8}.${i & 255}`, { bytes_in_cnt: 2 ** 40 + i });
  }
  old.clock.advance(15_000);
  old.set("a", "y", { gpc0: 1 });
  next.set("a", "x", { gpc0: 2, gpt0: 9, http_req_rate: 4, server_id: 2, conn_cur: 1 });
  const legacy = prepareLegacy(old.tables);
  const heritage = claimTables([process.pid]);
  const taken = heritage.take(next.tables);
  legacy.leave();
  await taken;
  assertEquals(next.lines("a").sort(), [
    "x use=0 exp=60000 server_id=2 gpt0=9 gpc0=7 conn_cur=1 http_req_rate(10000)=9 server_key=s1",
    "y use=0 exp=60000 server_id=0 gpt0=0 gpc0=1 conn_cur=0 http_req_rate(10000)=0 server_key=-",
  ]);
  assertEquals(next.lines("b").sort(), old.lines("b").sort());
  assertEquals(next.lines("b").length, 3000);
  legacy.close();
});

test("tables over a reload: what nobody wants is not left; who does not leave any is not waited for", async () => {
  const old = tablesOf(["a"]);
  old.set("a", "x", { gpc0: 5 });
  const legacy = prepareLegacy(old.tables);
  legacy.leave();
  legacy.close();
  const next = tablesOf(["a"]);
  await claimTables([process.pid, 2 ** 22 + 1]).take(next.tables);
  assertEquals(next.lines("a"), []);
});

test("tables over a reload: what peers have taught already is not counted twice", async () => {
  const old = tablesOf(["a"], virtualClock(), "mates");
  const next = tablesOf(["a"], old.clock, "mates");
  old.set("a", "x", { gpc0: 5, http_req_rate: 10 });
  next.set("a", "x", { gpc0: 5, http_req_rate: 10, gpt0: 1 });
  const legacy = prepareLegacy(old.tables);
  const taken = claimTables([process.pid]).take(next.tables);
  legacy.leave();
  await taken;
  legacy.close();
  assertEquals(next.lines("a"), old.lines("a"));
});
