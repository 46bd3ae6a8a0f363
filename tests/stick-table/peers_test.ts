import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import { createMemory } from "#src/shared/memory.ts";
import { PeerSession } from "#src/stick-table/peers/session.ts";
import { Reader, Writer } from "#src/stick-table/peers/wire.ts";
import { ServerKeys } from "#src/stick-table/server-keys.ts";
import { Table } from "#src/stick-table/table.ts";
import { namedField, setData, setKeyText, viewEntries } from "#src/stick-table/view.ts";
import { test } from "../testing.ts";

test("peers: encoded integers are those of the manual, and come back", () => {
  const encode = (value: number) => {
    const writer = new Writer();
    writer.integer(value);
    return writer.take();
  };
  assertEquals(encode(0x1234), Uint8Array.of(0xf4, 0x94, 0x01));
  assertEquals([0xef, 0xf0, 2287, 2288, 264_431, 264_432].map((n) => encode(n).length), [
    1,
    2,
    2,
    3,
    3,
    4,
  ]);
  fc.assert(fc.property(fc.maxSafeNat(), fc.nat(100_000), (large, small) => {
    for (const value of [large, small]) {
      const bytes = encode(value);
      const reader = new Reader(bytes, 0, bytes.length);
      assertEquals([reader.integer(), reader.left, reader.broken], [value, 0, false]);
      const cut = new Reader(bytes, 0, bytes.length - 1);
      cut.integer();
      assert(cut.broken);
    }
  }));
});

type Config = v.InferInput<typeof StickTable>;

/** Peers with a table each, and sessions between them that pass bytes on in pieces. */
function scene(mine: Config, theirs: Config = mine, piece = Infinity) {
  let now = 1000;
  const time = { now: () => now };
  const queue: (() => void)[] = [];
  const events: string[] = [];
  const sides = [mine, theirs].map((given) => {
    const memory = createMemory(1, 0);
    const config = v.parse(StickTable, given);
    const table = new Table(memory, "t", config, [1, 2], time, true);
    return { table, keys: new ServerKeys(memory), session: null! as PeerSession };
  }) as [Side, Side];
  const connect = (known: ReadonlyMap<string, number> | null = null) => {
    for (const [i, side] of sides.entries()) {
      const other = sides[1 - i]!;
      side.session = new PeerSession({
        tables: [{ name: "t", table: side.table }],
        keys: side.keys,
        send(bytes) {
          for (let at = 0; at < bytes.length; at += piece) {
            queue.push(() => other.session.receive(bytes.slice(at, at + piece)));
          }
          return queue.length < 100;
        },
        writeTo: () => null,
        failed: (reason) => events.push(`${i} failed: ${reason}`),
        isComplete: () => i === 0,
        taught: (complete) => events.push(`${i} taught ${complete}`),
      }, i === 0 ? known : null);
    }
  };
  connect();
  const run = () => {
    for (let idle = false; !idle;) {
      idle = true;
      for (const { session } of sides) session.push();
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        next();
        idle = false;
      }
    }
  };
  return {
    sides,
    events,
    connect,
    run,
    advance: (ms: number) => void (now += ms),
    set(side: number, key: string, values: Record<string, number | string>) {
      const { table, keys } = sides[side]!;
      assert(setKeyText(table, key), key);
      const data = Object.entries(values).map(([name, value]) => {
        const field = namedField(table, name);
        assert(typeof field !== "string", name);
        return { field, value };
      });
      setData(table, keys, data);
    },
    shown: (side: number): Record<string, (string | number)[]> =>
      Object.fromEntries(
        [...viewEntries(sides[side]!.table, sides[side]!.keys)].map((
          { key, exp, data },
        ) => [key, [exp, ...data.map(({ value }) => value)]]),
      ),
  };
}
interface Side {
  table: Table;
  keys: ServerKeys;
  session: PeerSession;
}

const everything: Config = {
  type: "string",
  len: 40,
  size: 2000,
  expire: 60_000,
  store: [
    { type: "server_id" },
    { type: "server_key" },
    { type: "gpc", elements: 3 },
    { type: "gpt", elements: 1 },
    { type: "gpc_rate", elements: 2, period: 10_000 },
    { type: "conn_cur" },
    { type: "http_req_rate", period: 5000 },
    { type: "bytes_in_cnt" },
  ],
};

for (const piece of [Infinity, 7, 1]) {
  test(`peers: what changes on either side is known on the other, in pieces of ${piece}`, () => {
    const { set, run, shown, advance, events } = scene(everything, everything, piece);
    set(0, "a", { server_id: 3, server_key: "web3", gpc1: 9, gpc1_rate: 4, bytes_in_cnt: 2 ** 45 });
    set(0, "b", { http_req_rate: 100, server_key: "web3", conn_cur: 5 });
    set(1, "c", { gpt0: 8, server_key: "web1" });
    run();
    //              exp, id, cur, rate, bytes, key, gpt0, gpc0, 1, 2, rate0, 1
    const a = [60_000, 3, 0, 0, 2 ** 45, "web3", 0, 0, 9, 0, 0, 4];
    const b = [60_000, 0, 0, 100, 0, "web3", 0, 0, 0, 0, 0, 0];
    const c = [60_000, 0, 0, 0, 0, "web1", 8, 0, 0, 0, 0, 0];
    assertEquals(shown(1), { a, b, c });
    assertEquals(shown(0), { a, b: b.with(2, 5), c }, "conn_cur is one's own");
    advance(7500);
    set(1, "a", { gpc0: 1, gpc1: 10 });
    run();
    assertEquals(shown(0)["a"], [60_000, 3, 0, 0, 2 ** 45, "web3", 0, 1, 10, 0, 0, 4]);
    assertEquals([shown(1)["b"]![0], shown(1)["b"]![3]], [52_500, 50]);
    assertEquals(events, []);
  });
}

test("peers: keys of all types go over", () => {
  const of = (type: Config["type"], ...keys: string[]) => {
    const { set, run, shown } = scene({ type, size: 10, store: [{ type: "gpc0" }] });
    keys.forEach((key, i) => set(0, key, { gpc0: i }));
    run();
    assertEquals(shown(1), shown(0));
    return Object.keys(shown(1));
  };
  assertEquals(of("ip", "10.0.0.1", "1.2.3.4"), ["1.2.3.4", "10.0.0.1"]);
  assertEquals(of("ipv6", "2001:db8::1", "::"), ["::", "2001:db8::1"]);
  assertEquals(of("integer", "7", "4000000000"), ["7", "4000000000"]);
});

test("peers: one that asks is told all, with the time that is left, and whether that is all there is", () => {
  const { set, run, shown, sides, advance, connect, events } = scene(everything);
  for (let i = 0; i < 1500; i++) set(0, `key ${i}`, { gpc0: i });
  advance(10_000);
  set(0, "later", { gpc0: 1 });
  const heads = new Map([["t", sides[0].table.updates!.head]]);
  connect(heads);
  run();
  assertEquals(shown(1), {}, "what is known nobody tells unasked");
  sides[1].session.requestAll();
  run();
  assertEquals(shown(1), shown(0));
  assertEquals([shown(1)["key\\ 3"]![0], shown(1)["later"]![0]], [50_000, 60_000]);
  assertEquals(events, ["1 taught true"]);
  sides[0].session.requestAll();
  run();
  assertEquals(events, ["1 taught true", "0 taught false"]);
});

test("peers: after a break, what was not acknowledged is told again; what is lost, with the rest", () => {
  const { set, run, shown, sides, connect } = scene({ ...everything, size: 10 });
  set(0, "a", { gpc0: 1 });
  run();
  const known = sides[0].session.acknowledged();
  set(0, "a", { gpc0: 2 });
  connect(known);
  run();
  assertEquals(shown(1), shown(0));
  const before = sides[0].session.acknowledged();
  for (let i = 0; i < 100; i++) set(0, "b", { gpc0: i });
  connect(before);
  run();
  assertEquals(shown(1), shown(0));
  assertEquals(Object.keys(shown(1)), ["a", "b"]);
});

test("peers: a table that differs is left alone; data that are not stored, or others, are not taken", () => {
  const store: Config["store"] = [
    { type: "gpc0" },
    { type: "http_req_rate", period: 9000 },
    { type: "gpc1" },
    { type: "glitch_cnt" },
  ];
  const { set, run, shown } = scene({ type: "string", size: 10, store }, {
    type: "string",
    size: 10,
    store: [{ type: "gpc1" }, { type: "http_req_rate", period: 1000 }],
  });
  set(0, "a", { gpc0: 1, gpc1: 2, http_req_rate: 3, glitch_cnt: 4 });
  run();
  assertEquals(shown(1), { a: [0, 0, 2] });
  const other = scene({ type: "string", size: 10, store }, { type: "string", len: 8, size: 10 });
  other.set(0, "a", { gpc0: 1 });
  other.run();
  assertEquals([other.shown(1), other.events], [{}, []]);
});

test("peers: whatever comes, nothing is thrown", () => {
  fc.assert(fc.property(
    fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 30 }),
        fc.tuple(fc.integer({ min: 128, max: 135 }), fc.uint8Array({ maxLength: 40 }))
          .map(([type, bytes]) => Uint8Array.of(10, type, bytes.length, ...bytes)),
      ),
      { maxLength: 8 },
    ),
    (pieces) => {
      const { sides, set, run } = scene(everything);
      set(0, "a", { gpc0: 1 });
      run();
      for (const piece of pieces) sides[1].session.receive(piece);
      sides[1].session.push();
      assert(sides[1].table.count < 10);
    },
  ));
});
