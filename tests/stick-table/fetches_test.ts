import { assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import { Arguments, ExpressionMistake } from "#src/expr/arguments.ts";
import type { Context } from "#src/expr/context.ts";
import { compileExpression, converterByName, parseCalls } from "#src/expr/expression.ts";
import { phases } from "#src/expr/needs.ts";
import type { References } from "#src/expr/references.ts";
import { BOOL, Sample, SINT } from "#src/expr/sample.ts";
import { sampleText } from "#src/expr/cast.ts";
import { createMemory } from "#src/shared/memory.ts";
import { Counters } from "#src/stick-table/counters.ts";
import { definitionsOf } from "#src/stick-table/definitions.ts";
import { Tables } from "#src/stick-table/tables.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

/** Tables by name, of a thread that is alone, and what an expression is in them. */
function scene(given: Record<string, v.InferInput<typeof StickTable>>) {
  const clock = virtualClock();
  const definitions = definitionsOf(
    { peers: [] },
    Object.entries(given).map(([name, config]) => ({
      name,
      stickTable: v.parse(StickTable, config),
    })),
  );
  const memory = createMemory(1, 0);
  const tables = new Tables(memory, definitions, clock, 10);
  const session = new Counters(null);
  const counters = new Counters(session);
  const addresses = { remoteAddress: "10.0.0.1", remotePort: 1, localAddress: "", localPort: 0 };
  const context = { clock, addresses, counters } as unknown as Context;
  const references = { proxy: "own", table: tables.get.bind(tables) } as unknown as References;
  const track = (counter: number, name: string, key: string, where = counters) => {
    const table = tables.get(name)!;
    const bytes = new TextEncoder().encode(key);
    table.setKey(bytes, 0, bytes.length);
    return where.track(counter, table);
  };
  const compile = (text: string) => compileExpression(text, phases["http-request"], references);
  return {
    clock,
    tables,
    session,
    counters,
    context,
    track,
    compile,
    value(text: string) {
      const sample = new Sample();
      sample.begin();
      const [, literal, input, rest] = /^(str|int)\((.*?)\),(.*)$/.exec(text) ?? [];
      if (literal !== undefined) {
        const [call] = parseCalls(rest!);
        const converter = converterByName.get(call!.name)!;
        const args = new Arguments(call!.name, 0, call!.args, converter.args ?? []);
        if (literal === "int") sample.setInt(Number(input));
        else sample.setString(new TextEncoder().encode(input));
        if (!converter.create(args, references)(sample, context)) return null;
      } else if (!compile(text).evaluate(context, sample)) return null;
      if (sample.type === BOOL) return sample.int === 1;
      return sample.type === SINT ? sample.int : sampleText(sample);
    },
  };
}

const all = "conn_cnt,conn_cur,sess_cnt,http_req_cnt,http_err_cnt,http_fail_cnt,gpc0,gpc1,gpt0"
  .split(",").map((type) => ({ type })) as { type: "gpc0" }[];

test("fetches of counters: what is tracked, nothing where nothing is", () => {
  const { value, track, counters, session } = scene({
    own: { type: "string", size: 10, store: all },
    other: { type: "string", size: 10, store: [{ type: "gpc0" }] },
  });
  assertEquals([value("sc0_conn_cnt"), value("sc_conn_cnt(1)"), value("sc0_tracked")], [
    null,
    null,
    false,
  ]);
  assertEquals(track(0, "own", "key", session), true);
  assertEquals(track(1, "own", "key"), true);
  assertEquals(track(1, "own", "another"), false, "it tracks already");
  counters.count("request");
  session.countSession();
  counters.countIn(1, "error");
  assertEquals(
    [
      "sc0_conn_cnt",
      "sc1_conn_cur",
      "sc_sess_cnt(0)",
      "sc0_http_req_cnt",
      "sc0_http_err_cnt",
      "sc1_trackers",
      "sc0_tracked",
      "sc2_tracked",
      "sc0_key",
      "sc_key(1)",
    ].map(value),
    [2, 2, 1, 2, 1, 2, true, false, "key", "key"],
  );
  assertEquals([value("sc0_get_gpc0(other)"), value("sc0_tracked(other)")], [0, false]);
  assertEquals(value("sc0_bytes_in_rate"), null, "it is not stored");
  counters.end();
  assertEquals([value("sc0_conn_cur"), value("sc1_tracked"), value("sc0_trackers")], [1, false, 1]);
  session.end();
  assertEquals(value("sc0_tracked"), false);
});

test("fetches that change: general purpose counters and tags, alone and in arrays", () => {
  const { value, track } = scene({
    own: {
      type: "string",
      size: 10,
      store: [{ type: "gpc", elements: 3 }, { type: "gpc_rate", elements: 2, period: 10_000 }],
    },
    plain: { type: "ip", size: 10, store: [{ type: "gpc0" }, { type: "gpc1" }] },
    rate: { type: "ip", size: 10, store: [{ type: "gpc0_rate", period: 10_000 }] },
  });
  track(0, "own", "x");
  assertEquals(
    ["sc0_inc_gpc0", "sc0_inc_gpc0", "sc_inc_gpc(1,0)", "sc_inc_gpc(2,0)"].map(value),
    [1, 2, 1, 1],
  );
  assertEquals(
    ["sc0_get_gpc0", "sc_get_gpc(1,0)", "sc0_gpc0_rate", "sc_gpc_rate(1,0)", "sc0_get_gpt0"]
      .map(value),
    [2, 1, 2, 1, null],
  );
  assertEquals([value("sc_get_gpc(3,0)"), value("sc_gpc_rate(2,0)")], [null, null]);
  assertEquals([value("sc0_clr_gpc0"), value("sc0_get_gpc0")], [2, 0]);
  assertEquals([value("src_get_gpc0(plain)"), value("table_cnt(plain)")], [0, 0]);
  assertEquals([value("src_inc_gpc1(plain)"), value("table_cnt(plain)")], [1, 1]);
  assertEquals([value("src_clr_gpc1(plain)"), value("src_get_gpc1(plain)")], [1, 0]);
  assertEquals(value("src_get_gpc(1,plain)"), null, "it is no array");
  assertEquals([value("src_inc_gpc0(rate)"), value("src_inc_gpc0(rate)")], [1, 2]);
  assertEquals(value("table_avl(plain)"), 9);
});

test("fetches of the client's address: counts, and the old src_updt_conn_cnt", () => {
  const { value, clock } = scene({
    own: { type: "ip", size: 10, expire: 1000, store: [{ type: "conn_cnt" }] },
    six: { type: "ipv6", size: 10, store: [{ type: "gpc0" }] },
    text: { type: "string", size: 10, store: [{ type: "gpc0" }] },
  });
  assertEquals([value("src_conn_cnt"), value("src_updt_conn_cnt")], [0, 1]);
  clock.advance(999);
  assertEquals([value("src_updt_conn_cnt"), value("src_conn_cnt(own)")], [2, 2]);
  clock.advance(1000);
  assertEquals(value("src_conn_cnt"), 0);
  assertEquals(value("src_conn_rate"), 0, "where there is no entry all are 0");
  assertEquals([value("src_inc_gpc0(six)"), value("src_inc_gpc0(text)")], [1, 1]);
  assertEquals(value("str(10.0.0.1),table_gpc0(text)"), 1);
  assertEquals(value("str(::ffff:10.0.0.1),in_table(six)"), true);
});

test("converters: look keys up, and do not keep entries from expiring", () => {
  const { value, track, clock, counters } = scene({
    own: {
      type: "string",
      size: 10,
      expire: 5000,
      store: [{ type: "http_req_rate", period: 1000 }, { type: "bytes_in_cnt" }, {
        type: "bytes_in_rate",
        period: 1000,
      }, { type: "server_id" }],
      bratesFactor: 100,
    },
    numbers: { type: "integer", size: 10, store: [{ type: "gpt", elements: 2 }] },
  });
  track(0, "own", "x");
  counters.count("request");
  counters.count("bytesIn", 5050);
  assertEquals(
    [
      "str(x),table_http_req_rate",
      "str(y),table_http_req_rate(own)",
      "str(x),table_kbytes_in",
      "str(x),table_bytes_in_rate",
      "str(x),table_conn_cnt",
      "str(x),table_server_id(own)",
      "str(x),table_trackers",
      "str(x),in_table",
      "str(y),in_table",
      "int(3),in_table(numbers)",
      "int(3),table_gpt(1,numbers)",
    ].map(value),
    [1, 0, 4, 5100, null, 0, 1, true, false, false, 0],
  );
  counters.end();
  clock.advance(4000);
  assertEquals(
    ["str(x),table_expire(own)", "str(x),table_idle(own)", "str(y),table_idle(own)"].map(value),
    [1000, 4000, null],
  );
  assertEquals(value("str(y),table_expire(own,7)"), 7);
  clock.advance(1000);
  assertEquals(value("str(x),in_table"), false);
});

test("a table that is not there, or a counter, is an error", () => {
  const { compile } = scene({ other: { type: "ip", size: 10 } });
  const wrong = [
    ["sc0_conn_cnt(x)", "there is no stick table 'x'"],
    ["src_conn_cnt", "'own' has no stick table"],
    ["always_true,table_conn_cnt", "'own' has no stick table"],
    ["sc_conn_cnt(12,other)", "there is no counter 12"],
    ["sc_conn_cnt", "expects an argument: ctr"],
    ["src_get_gpc(x,other)", "'x' is not an integer"],
  ] as const;
  for (const [text, message] of wrong) {
    assertThrows(() => compile(text), ExpressionMistake, message);
  }
});

test("counters: what a thread tracked that has failed is released, and its connections not counted", () => {
  const { track, tables, value, counters, session } = scene({
    own: { type: "string", size: 10, store: [{ type: "conn_cur" }] },
  });
  track(0, "own", "x", session);
  track(1, "own", "y", session);
  session.end();
  track(0, "own", "x");
  track(2, "own", "x");
  assertEquals([value("sc0_conn_cur"), value("sc0_trackers")], [2, 2]);
  tables.releaseThread(0);
  assertEquals(["str(x),table_conn_cur", "str(x),table_trackers"].map(value), [0, 0]);
  assertEquals(counters.length, 3);
});
