import { assert, assertEquals, assertThrows } from "@std/assert";
import { eachPatternLine, type PatternLine } from "#src/expr/patterns/lines.ts";
import { PatternMistake } from "#src/expr/patterns/pattern.ts";
import { type NamedChange, PatternStore } from "#src/expr/patterns/store.ts";
import { test } from "../../testing.ts";
import { stringSample } from "../samples.ts";

function lines(text: string, pairs: boolean): PatternLine[] {
  const found: PatternLine[] = [];
  eachPatternLine(text, pairs, (line) => found.push(line));
  return found;
}

const storeOf = (files: Record<string, string>) =>
  new PatternStore((path) => {
    const text = files[path];
    if (text === undefined) throw new Error("no such file");
    return text;
  });

test("lines of a map, as HAProxy reads them", () => {
  const text = "a 1\n\n   b   two words  \r\n# c\n #d 4\nk\n\te\t5\n \t\nlast  x";
  assertEquals(lines(text, true), [
    { key: "a", value: "1", line: 1 },
    { key: "b", value: "two words", line: 3 },
    { key: "#d", value: "4", line: 5 },
    { key: "k", value: "", line: 6 },
    { key: "e", value: "5", line: 7 },
    { key: "last", value: "x", line: 9 },
  ]);
});

test("lines of patterns: what is behind a space belongs to them", () => {
  assertEquals(lines("x \n\n y\r\n#z\n a b", false), [
    { key: "x ", value: null, line: 1 },
    { key: "y", value: null, line: 3 },
    { key: "a b", value: null, line: 5 },
  ]);
});

test("all who name a file share its entries, each in its own way", () => {
  const store = storeOf({ "m.map": "/a one\n/a/b two\n/A three\n" });
  const map = store.file("m.map", true, "map at file 'c' line 1");
  assertEquals(store.file("m.map", true, "acl at file 'c' line 2"), map);
  const [beg, folded] = [map.index("beg", false), map.index("str", true)];
  assertEquals(map.index("beg", false), beg);
  const value = (id: number) => map.entry(id)?.value;
  assertEquals(value(beg.find(stringSample("/a/b/c"))), "two");
  assertEquals(value(folded.find(stringSample("/A"))), "one");
  const description =
    "pattern loaded from file 'm.map' used by map at file 'c' line 1, by acl at file 'c' line 2";
  assertEquals(map.description, description);
  assertThrows(() => store.file("m.map", false, "acl"), PatternMistake, "two column");
  assertThrows(() => store.file("n.map", true, "map"), PatternMistake, "failed to open");
  assertEquals(store.file("virt@n", true, "map").size, 0);
  assertEquals(store.file("opt@n.map", true, "map").size, 0);
});

test("a wrong entry is named with its line", () => {
  const store = storeOf({ f: "10/8 1\n\nx 2\n" });
  const map = store.file("f", true, "map");
  assertThrows(() => map.index("ip", false), PatternMistake, "at line 3 of file 'f'");
  map.requireValues("int");
  assertThrows(() => map.requireValues("ip"), PatternMistake, "at line 1 of file 'f'");
  assertThrows(() => map.add("y", "z"), PatternMistake, "'z' is not an integer");
  assertEquals(map.size, 2);
});

test("numbers: those that are asked for with -u, then the first that are free", () => {
  const store = storeOf({ f: "a\n" });
  const third = store.inline("acl 'x'", 0);
  const [first, second] = [store.file("f", false, "acl"), store.inline("acl 'y'")];
  assertEquals(store.references, [third, first, second]);
  assertEquals([store.find("#0"), store.find("#1"), store.find("f")], [third, first, first]);
  assertEquals([store.find("#7"), store.find("g")], [undefined, undefined]);
});

test("changes act on all indexes, and go to the other threads", () => {
  const files = { f: "a 1\nb 2\nb 3\n" };
  const store = storeOf(files);
  const other = storeOf(files);
  const changes: NamedChange[] = [];
  store.onChange = (change) => changes.push(change);
  const map = store.file("f", true, "map");
  const copy = other.file("f", true, "map");
  const indexes = [map.index("str", false), map.index("sub", true)];
  const copied = copy.index("str", false);
  const look = (text: string) =>
    indexes.map((index) => map.entry(index.find(stringSample(text)))?.value);

  assertEquals(look("b"), ["2", "2"]);
  assertEquals(store.change(map, { change: "set", key: "b", value: "x" }), null);
  assertEquals(look("b"), ["x", "x"]);
  assertEquals(store.change(map, { change: "delete", key: "b" }), null);
  assertEquals(look("b"), [undefined, undefined]);
  assertEquals(store.change(map, { change: "delete", key: "b" }), "Key not found.");
  assertEquals(store.change(map, { change: "set", key: "b", value: "x" }), "entry not found.");
  store.change(map, { change: "put", key: "b", value: "y" });
  store.change(map, { change: "put", key: "b", value: "z" });
  assertEquals(look("b"), ["z", "z"]);
  assertEquals(map.size, 2);
  store.change(map, { change: "add", key: "b", value: "w" });
  assertEquals(look("b"), ["z", "z"]);

  const version = store.prepare(map);
  store.prepared(map, version)!.push({ key: "q", value: "9" });
  assertEquals(look("q"), [undefined, undefined]);
  assertEquals([store.commit(map, version), store.commit(map, version)], [true, false]);
  assertEquals(look("q"), ["9", "9"]);
  assertEquals(look("a"), [undefined, undefined]);
  assertEquals(store.versions(map), { current: 1, next: 1 });

  for (const change of structuredClone(changes)) other.receive(change);
  assertEquals([...copy.entries].map(({ key, value }) => [key, value]), [["q", "9"]]);
  assertEquals(copy.entry(copied.find(stringSample("q")))?.value, "9");
});

test("a change that is wrong for one of those who use the list changes nothing", () => {
  const store = storeOf({ f: "10/8 1\n" });
  const map = store.file("f", true, "map");
  const [text, net] = [map.index("str", false), map.index("ip", false)];
  assert(net !== text);
  assertThrows(() => store.change(map, { change: "add", key: "x", value: "1" }), PatternMistake);
  assertEquals(text.find(stringSample("x")), -1);
  const entries = [{ key: "11/8", value: "1" }, { key: "y", value: "1" }];
  assertThrows(() => store.change(map, { change: "replace", entries }), PatternMistake);
  assertEquals([...map.entries].map(({ key }) => key), ["10/8"]);
});

test("a map of 100,000 lines is there in no time", () => {
  const text = Array.from({ length: 100_000 }, (_, i) => `host-${i}.example.com backend-${i % 7}\n`)
    .join("");
  let best = Infinity;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    const map = storeOf({ f: text }).file("f", true, "map");
    const index = map.index("str", true);
    assertEquals(map.entry(index.find(stringSample("HOST-99999.example.com")))?.value, "backend-4");
    best = Math.min(best, performance.now() - start);
  }

  assert(best < 1000, `${best.toFixed(0)} ms`);
});
