import { assert, assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import * as v from "valibot";
import { StickTable } from "#src/config/model.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { fieldOf } from "#src/stick-table/layout.ts";
import { halfSipHash } from "#src/stick-table/hash.ts";
import { Table } from "#src/stick-table/table.ts";
import { test } from "../testing.ts";
import type { Task } from "./worker.ts";

/** A table of strings, unless something else is given. */
function create(given: Partial<v.InferInput<typeof StickTable>> = {}, memory = createMemory(1, 0)) {
  const config = v.parse(StickTable, { type: "string", size: 4, ...given });
  const table = new Table(memory, "t", config, [1, 2], { now: () => 0 });
  const key = (text: string) => {
    const bytes = new TextEncoder().encode(`<${text}>`);
    table.setKey(bytes, 1, bytes.length - 1);
  };
  return {
    table,
    find(text: string, now = 0) {
      key(text);
      return table.find(now);
    },
    obtain(text: string, now = 0) {
      key(text);
      return table.obtain(now);
    },
    keys: () => [...entriesOf(table)].map((entry) => new TextDecoder().decode(table.keyOf(entry))),
  };
}

/** The entries, the oldest first. */
function* entriesOf(table: Table): Iterable<number> {
  for (let entry = table.newerThan(0); entry !== 0; entry = table.newerThan(entry)) yield entry;
}

/** What a table is by its definition. */
class Reference {
  /** In the order of use. */
  readonly entries = new Map<string, { value: number; until: number; held: number }>();

  constructor(readonly size: number, readonly expire: number | null, readonly nopurge: boolean) {}

  find(key: string, now: number) {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    if (this.expire === null || entry.held > 0 || entry.until > now) return entry;
    this.entries.delete(key);
    return undefined;
  }
  touch(key: string, now: number): void {
    const entry = this.entries.get(key)!;
    this.entries.delete(key);
    this.entries.set(key, entry);
    entry.until = now + (this.expire ?? Infinity);
  }
  obtain(key: string, now: number) {
    const found = this.find(key, now);
    if (found !== undefined) return found;
    for (const old of [...this.entries.keys()]) this.find(old, now);
    if (this.entries.size >= this.size) {
      if (this.nopurge) return undefined;
      const leaving = [...this.entries].find(([, { held }]) => held === 0);
      if (leaving === undefined) return undefined;
      this.entries.delete(leaving[0]);
    }
    const entry = { value: 0, until: 0, held: 0 };
    this.entries.set(key, entry);
    this.touch(key, now);
    return entry;
  }
}

test("table: finds, creates, expires, holds and purges as a table does by its definition", () => {
  const step = fc.record({
    act: fc.constantFrom("find", "count", "count", "touch", "hold", "release", "remove"),
    key: fc.constantFrom(..."abcdefgh", "", "a long key", "a long kez"),
    after: fc.constantFrom(0, 0, 1, 10, 60),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.option(fc.integer({ min: 1, max: 100 }), { nil: null }),
      fc.boolean(),
      fc.array(step, { maxLength: 60 }),
      (size, expire, nopurge, steps) => {
        const { table, find, obtain } = create({
          size,
          expire,
          nopurge,
          store: [{ type: "gpc0" }],
        });
        const field = fieldOf(table.layout, "gpc0")!;
        const reference = new Reference(size, expire, nopurge);
        let now = 2 ** 31 - 50;
        for (const { act, key, after } of steps) {
          now += after;
          const entry = act === "count" || act === "hold"
            ? obtain(key, now | 0)
            : find(key, now | 0);
          const expected = act === "count" || act === "hold"
            ? reference.obtain(key, now)
            : reference.find(key, now);
          assertEquals(entry !== 0, expected !== undefined, `${act} ${key}`);
          if (expected === undefined) continue;
          assertEquals(table.get(entry, field, now), expected.value);
          switch (act) {
            case "count":
              table.add(entry, field, 1, now);
              expected.value++;
              break;
            case "touch":
              table.touch(entry, now | 0);
              reference.touch(key, now);
              break;
            case "hold":
              table.hold(entry);
              expected.held++;
              break;
            case "release":
              if (expected.held === 0) break;
              table.release(entry, now | 0);
              expected.held--;
              reference.touch(key, now);
              break;
            case "remove":
              assertEquals(table.remove(entry), expected.held === 0);
              if (expected.held === 0) reference.entries.delete(key);
          }
        }
        table.expire(now | 0, 100);
        for (const key of [...reference.entries.keys()]) reference.find(key, now);
        const left = [...entriesOf(table)].map((entry) =>
          new TextDecoder().decode(table.keyOf(entry))
        );
        assertEquals(new Set(left), new Set(reference.entries.keys()));
        assertEquals(table.count, left.length);
      },
    ),
    { numRuns: 300 },
  );
});

test("table: the oldest leave, a 256th at once, and what is held stays", () => {
  const { table, obtain, find, keys } = create({ size: 512 });
  for (let i = 0; i < 512; i++) obtain(String(i));
  table.touch(find("0"), 0);
  table.hold(find("1"));
  obtain("new");
  assertEquals(table.count, 512 - 3 + 1);
  assertEquals(keys().slice(0, 2), ["5", "6"]);
  assertEquals(keys().slice(-3), ["0", "1", "new"]);
});

test("table: keys are cut to their length, and compared whole", () => {
  const { table, obtain, find, keys } = create({ len: 5, size: 10 });
  const first = obtain("abcdefgh");
  assertEquals([find("abcde"), find("abcdexyz")], [first, first]);
  assertEquals([find("abcd"), find("abcdx")], [0, 0]);
  assertNotEquals(obtain(""), first);
  assertEquals(keys(), ["abcde", ""]);
  assertEquals(table.count, 2);

  const binary = create({ type: "binary", len: 6, size: 10 });
  const padded = binary.obtain("ab");
  assertEquals(binary.find("ab\0"), padded);
  assertEquals(binary.table.keyOf(padded), new Uint8Array([97, 98, 0, 0, 0, 0]));

  const { table: integers } = create({ type: "integer", size: 10 });
  integers.setIntegerKey(4_000_000_000);
  const entry = integers.obtain(0);
  integers.setKey(integers.keyOf(entry), 0, 4);
  assertEquals(integers.find(0), entry);
});

test("table: what was removed leaves nothing to who comes after", () => {
  const { table, obtain, find } = create({ store: [{ type: "gpc0" }, { type: "bytes_in_cnt" }] });
  const [gpc0, bytes] = [fieldOf(table.layout, "gpc0")!, fieldOf(table.layout, "bytes_in_cnt")!];
  const entry = obtain("a");
  table.set(entry, gpc0, 7, 0);
  table.set(entry, bytes, 2 ** 40 + 5, 0);
  assertEquals(table.get(entry, bytes, 0), 2 ** 40 + 5);
  table.add(entry, bytes, 2 ** 32 - 6, 0);
  assertEquals(table.get(entry, bytes, 0), 2 ** 40 + 2 ** 32 - 1);
  table.remove(entry);
  assertEquals(find("a"), 0);
  const next = obtain("b");
  assertEquals(next, entry);
  assertEquals([table.get(next, gpc0, 0), table.get(next, bytes, 0)], [0, 0]);
});

test("table: all types of data have their own place; arrays are found by the old names too", () => {
  const { table, obtain } = create({
    store: [
      { type: "gpc", elements: 3 },
      { type: "gpt", elements: 1 },
      { type: "gpc_rate", elements: 2, period: 1000 },
      { type: "conn_cur" },
      { type: "http_req_rate", period: 10_000 },
    ],
  });
  const entry = obtain("a");
  const names = [
    "gpc0",
    "gpc1",
    "gpt0",
    "gpc0_rate",
    "gpc1_rate",
    "conn_cur",
    "http_req_rate",
  ] as const;
  for (const [i, name] of names.entries()) {
    table.add(entry, fieldOf(table.layout, name)!, i + 1, 500);
  }
  const gpc = fieldOf(table.layout, "gpc")!;
  table.add(entry, gpc, 9, 0, 2);
  assertEquals(
    names.map((name) => table.get(entry, fieldOf(table.layout, name)!, 500)),
    [1, 2, 3, 4, 5, 6, 7],
  );
  assertEquals([0, 1, 2].map((index) => table.get(entry, gpc, 0, index)), [1, 2, 9]);
  assertEquals(fieldOf(table.layout, "conn_rate"), null);
  assertEquals(
    table.layout.fields.map(({ name }) => name),
    ["conn_cur", "http_req_rate", "gpt", "gpc", "gpc_rate"],
  );
});

test("table: two threads have the same one; an entry taught with less time stands where it expires", () => {
  const memory = createMemory(2, 0);
  const mine = create({ expire: 1000, size: 10 }, memory);
  const theirs = create({ expire: 1000, size: 10 }, openMemory(memory.blocks, 2, 1));
  const entry = mine.obtain("a", 0);
  assertEquals(theirs.find("a", 999), entry);
  assertEquals(theirs.find("a", 1000), 0);
  for (const [i, name] of ["p", "q", "r"].entries()) mine.obtain(name, 1000 + i * 100);
  mine.table.shorten(theirs.obtain("s", 1300), 1300, 750);
  assertEquals(mine.keys(), ["p", "s", "q", "r"]);
  mine.table.shorten(theirs.obtain("t", 1300), 1300, 1);
  mine.table.shorten(theirs.obtain("u", 1300), 1300, 5000);
  assertEquals(mine.keys(), ["t", "p", "s", "q", "r", "u"]);
  assertEquals(mine.table.expire(2060, 100), false);
  assertEquals(mine.keys(), ["q", "r", "u"]);
  assertEquals(mine.table.timeLeft(mine.find("q", 2060), 2060), 40);
});

test("hash: keys that look alike are spread, differently for each table", () => {
  const words = new Int32Array(2);
  const seeds = [[1, 2], [3, 4]] as const;
  const [one, other] = seeds.map(([a, b]) =>
    Array.from({ length: 4096 }, (_, i) => {
      words[0] = i << 20;
      return halfSipHash(words, 4, a, b);
    })
  ) as [number[], number[]];
  for (const hashes of [one, other]) {
    const buckets = new Uint32Array(1024);
    for (const hash of hashes) buckets[hash & 1023]!++;
    // On average 4; that one of them has 20 is less likely than 1 in 10^6.
    assert(Math.max(...buckets) < 20, String(Math.max(...buckets)));
  }
  assert(one.filter((hash, i) => hash === other[i]).length < 3);
});

test("table: what several threads count at once is exact", async () => {
  const memory = createMemory(4, 0);
  const config = v.parse(StickTable, {
    type: "integer",
    size: 64,
    expire: 1000,
    store: [{ type: "gpc0" }, { type: "bytes_in_cnt" }, { type: "conn_rate", period: 1000 }],
  });
  const table = new Table(memory, "t", config, [1, 2], { now: () => 0 });
  const times = 20_000;
  const workers = [1, 2, 3].map((self) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    const done = new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = (event) => reject(new Error(event.message));
    });
    worker.postMessage({ blocks: memory.blocks, threads: 4, self, config, times } satisfies Task);
    return { worker, done };
  });
  await Promise.all(workers.map(({ done }) => done));
  for (const { worker } of workers) worker.terminate();
  const sums = [0, 0, 0];
  let entries = 0;
  for (let entry = table.next(0); entry !== 0; entry = table.next(entry)) {
    entries++;
    table.layout.fields.forEach((field, i) => sums[i]! += table.get(entry, field, 5));
    assertEquals(table.holders(entry), 0);
  }
  assertEquals([entries, table.count], [50, 50]);
  assertEquals(sums, [3 * times, 3 * times, 3 * times * 2 ** 20]);
  assertEquals([...entriesOf(table)].length, 50);
});
