import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { methods } from "#src/expr/patterns/methods.ts";
import { type MatchMethod, type PatternIndex, PatternMistake } from "#src/expr/patterns/pattern.ts";
import { versionPattern } from "#src/expr/patterns/numbers.ts";
import type { Sample } from "#src/expr/sample.ts";
import { test } from "../../testing.ts";
import { addressSample, binarySample, integerSample, stringSample } from "../samples.ts";

function index(name: MatchMethod, patterns: readonly string[], ignoreCase = false): PatternIndex {
  const made = methods.get(name)!.create(ignoreCase);
  patterns.forEach((pattern, id) => made.add(pattern, id));
  return made;
}

/** The ids that samples find. */
const ids = (
  name: MatchMethod,
  patterns: readonly string[],
  samples: readonly Sample[],
  ignoreCase = false,
) => {
  const made = index(name, patterns, ignoreCase);
  return samples.map((sample) => made.find(sample));
};
const strings = (...texts: string[]) => texts.map((text) => stringSample(text));

test("str: the whole string, the first of equal ones", () => {
  const samples = strings("a", "b", "A", "", "ab", "a.b");
  assertEquals(ids("str", ["a", "a.b", "a", ""], samples), [0, -1, -1, 3, -1, 1]);
  assertEquals(ids("str", ["A", "b"], samples, true), [0, 1, 0, -1, -1, -1]);
});

test("beg: the longest; with -i the first", () => {
  const samples = strings("/static/img/a", "/static", "/STATIC/img", "/sta");
  assertEquals(ids("beg", ["/static", "/static/img"], samples), [1, 0, -1, -1]);
  assertEquals(ids("beg", ["/static", "/static/img"], samples, true), [0, 0, 0, -1]);
  assertEquals(ids("beg", [""], strings("", "a")), [0, 0]);
});

test("end and sub: the first that is there", () => {
  const ends = strings("a.gif", "a.png", ".g", "", "gif");
  assertEquals(ids("end", [".gif", "g", ".png"], ends), [0, 1, 1, -1, -1]);
  assertEquals(ids("sub", ["bot", "o"], strings("robot", "no", "BOT", "b")), [0, 1, -1, -1]);
  assertEquals(ids("sub", ["bot"], strings("roBOt"), true), [0]);
});

test("dir and dom: whole words, as HAProxy delimits them", () => {
  const paths = strings("/a/img/b", "/img", "img/", "/img.x", "/imgx", "/a/b/img?x", "/x/img/y/z");
  assertEquals(ids("dir", ["img"], paths), [0, 0, 0, -1, -1, 0, 0]);
  assertEquals(ids("dir", ["/img/y/"], paths), [-1, -1, -1, -1, -1, -1, 0]);
  const hosts = strings("www.a.org", "a.org:80", "xa.org", "a.orgx", "A.ORG", "http://a.org/");
  assertEquals(ids("dom", ["a.org"], hosts), [0, 0, -1, -1, -1, 0]);
  assertEquals(ids("dom", ["a.org"], hosts, true), [0, 0, -1, -1, 0, 0]);
  assertEquals(ids("dom", ["", "/"], strings("a", "/")), [-1, -1]);
});

test("int: values, ranges, operators; the first that it lies in", () => {
  const numbers = [-7, 0, 1, 5, 10, 11, 2n ** 62n].map(integerSample);
  assertEquals(ids("int", ["1", "5:10", "0:100"], numbers), [-1, 2, 0, 1, 1, 2, -1]);
  assertEquals(ids("int", ["5-10"], numbers), [-1, -1, -1, 0, 0, -1, -1]);
  assertEquals(ids("int", [":1"], numbers), [0, 0, 0, -1, -1, -1, -1]);
  assertEquals(ids("int", ["-1"], numbers), [0, 0, 0, -1, -1, -1, -1]);
  assertEquals(ids("int", ["10:"], numbers), [-1, -1, -1, -1, 0, 0, 0]);
  assertEquals(ids("int", ["gt 10"], numbers), [-1, -1, -1, -1, -1, 0, 0]);
  assertEquals(ids("int", ["le 1", "ge 5"], numbers), [0, 0, 0, 1, 1, 1, 1]);
  assertEquals(ids("int", ["lt 1", "eq 5"], numbers), [0, 0, -1, 1, -1, -1, -1]);
  assertEquals(ids("int", ["4611686018427387904"], numbers), [-1, -1, -1, -1, -1, -1, 0]);
  assertEquals(ids("len", ["2:3", "0"], strings("ab", "", "a")), [0, 1, -1]);
  for (const wrong of ["", "a", "5:1", ":", "-", "1:2:3", "gt", "gt 1:2", "99999999999999999999"]) {
    assertThrows(() => index("int", [wrong]), PatternMistake);
  }
  assertEquals(versionPattern("gt 3.1"), `gt ${3 * 65536 + 1}`);
});

test("ip: the longest prefix, of either family", () => {
  const patterns = ["10/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "1.2.3.4/255.0.255.0"];
  const addresses = ["10.9.9.9", "10.1.9.9", "10.1.2.3", "11.0.0.1", "1.77.3.9", "1.77.4.9"];
  assertEquals(ids("ip", patterns, addresses.map(addressSample)), [0, 1, 2, -1, 4, -1]);
  const others = [
    "2001:db8::1",
    "::ffff:10.1.2.3",
    "::10.9.9.9",
    "2002:a01:203::1",
    "::1",
    "fe80::1",
  ];
  assertEquals(ids("ip", patterns, others.map(addressSample)), [3, 2, 0, 2, -1, -1]);
  assertEquals(ids("ip", ["::ffff:0:0/96"], [addressSample("1.2.3.4")]), [0]);
  assertEquals(ids("ip", ["0.0.0.0/0", "::/0"], ["1.2.3.4", "fe80::1"].map(addressSample)), [0, 1]);
  for (const wrong of ["", "a", "10.0.0.0/33", "1.2.3.4.5", "::1/129"]) {
    assertThrows(() => index("ip", [wrong]), PatternMistake);
  }
});

test("bin, found and bool", () => {
  assertEquals(ids("bin", ["0a00FF", ""], [binarySample(10, 0, 255), binarySample(1)]), [0, -1]);
  assertThrows(() => index("bin", ["0a0"]), PatternMistake);
  assertThrows(() => index("bin", ["xx"]), PatternMistake);
  assertEquals(ids("found", [], strings("")), [0]);
  assertEquals(ids("bool", [], [integerSample(0), integerSample(3)]), [-1, 0]);
});

/** What each method says, as plainly as it can be written. */
const plain: Partial<Record<MatchMethod, (text: string, pattern: string) => boolean>> = {
  str: (text, pattern) => text === pattern,
  beg: (text, pattern) => text.startsWith(pattern),
  end: (text, pattern) => text.endsWith(pattern),
  sub: (text, pattern) => text.includes(pattern),
  dir: (text, pattern) => hasWord(text, pattern, /[/?]/),
  dom: (text, pattern) => hasWord(text, pattern, /[/?.:]/),
};

function hasWord(text: string, pattern: string, delimiter: RegExp): boolean {
  const d = delimiter.source;
  const word = pattern.replace(new RegExp(`^${d}+|${d}+$`, "g"), "");
  if (word === "") return false;
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const before = at === 0 || delimiter.test(text[at - 1]!);
    const after = at + word.length === text.length || delimiter.test(text[at + word.length]!);
    if (before && after) return true;
  }
  return false;
}

const letters = fc.string({ unit: fc.constantFrom("a", "b", "A", "/", ".", "?"), maxLength: 8 });

for (const [name, matches] of Object.entries(plain)) {
  test(`${name}: finds what comparing one by one finds, also after patterns came and went`, () => {
    const operation = fc.tuple(letters, fc.boolean());
    fc.assert(
      fc.property(
        fc.array(operation, { maxLength: 60 }),
        fc.array(letters, { maxLength: 20 }),
        fc.boolean(),
        (operations, texts, ignoreCase) => {
          const made = index(name as MatchMethod, [], ignoreCase);
          const list: { pattern: string; id: number }[] = [];
          operations.forEach(([pattern, adds], id) => {
            if (adds || list.length === 0) {
              made.add(pattern, id);
              list.push({ pattern, id });
            } else {
              const at = id % list.length;
              made.remove(list[at]!.pattern, list[at]!.id);
              list.splice(at, 1);
            }
          });
          const fold = (text: string) => ignoreCase ? text.toLowerCase() : text;
          for (const text of texts) {
            const found = list.filter(({ pattern }) => matches(fold(text), fold(pattern)));
            if (name === "beg" && !ignoreCase) {
              found.sort((a, b) => b.pattern.length - a.pattern.length);
            }
            assertEquals(made.find(stringSample(text)), found[0]?.id ?? -1, `'${text}'`);
          }
        },
      ),
    );
  });
}

test("int: finds what comparing one by one finds", () => {
  const range = fc.tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 5 }));
  fc.assert(fc.property(fc.array(range), fc.array(fc.nat(30)), (ranges, values) => {
    const made = index("int", ranges.map(([low, more]) => `${low}:${low + more}`));
    for (const value of values) {
      const expected = ranges.findIndex(([low, more]) => value >= low && value <= low + more);
      assertEquals(made.find(integerSample(value)), expected);
    }
  }));
});

test("ip: finds what comparing one by one finds", () => {
  const network = fc.tuple(fc.nat(7), fc.nat(32));
  const addressOf = (n: number) => `${(n & 4) * 60}.${(n & 2) * 80}.0.${n & 1}`;
  const bits = (text: string) =>
    text.split(".").map((byte) => Number(byte).toString(2).padStart(8, "0")).join("");
  fc.assert(fc.property(fc.array(network), fc.array(fc.nat(7)), (networks, values) => {
    const made = index("ip", networks.map(([n, length]) => `${addressOf(n)}/${length}`));
    for (const value of values) {
      const text = bits(addressOf(value));
      let best = -1;
      networks.forEach(([n, length], id) => {
        const longer = best < 0 || length > networks[best]![1];
        if (text.startsWith(bits(addressOf(n)).slice(0, length)) && longer) best = id;
      });
      assertEquals(made.find(addressSample(addressOf(value))), best);
    }
  }));
});

test("a list of 100,000 costs no more per lookup than one of 10", () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `/host-${i * 7919}/x`);
  const nets = (count: number) =>
    Array.from({ length: count }, (_, i) => `10.${i >> 16}.${i >> 8 & 255}.${i & 255}`);
  for (const name of ["str", "beg", "end", "sub", "dir", "dom", "ip", "int"] as const) {
    const list = (count: number) =>
      name === "ip"
        ? nets(count)
        : name === "int"
        ? names(count).map((_, i) => `${i * 3}`)
        : names(count);
    const samples = name === "ip"
      ? ["10.0.0.7", "10.3.0.1", "11.1.1.1"].map(addressSample)
      : name === "int"
      ? [3, 4, 12_000_000].map(integerSample)
      : strings("/host-7919/x", "/host-1/x", "www.example.com", "/static/images/logo.png");
    const small = index(name, list(10));
    const large = index(name, list(100_000));
    const cost = (made: PatternIndex) => {
      let best = Infinity;
      for (let round = 0; round < 7; round++) {
        const start = performance.now();
        for (let i = 0; i < 3000; i++) for (const sample of samples) made.find(sample);
        best = Math.min(best, performance.now() - start);
      }
      return best;
    };
    const ratio = cost(large) / cost(small);
    assert(ratio < 8, `${name}: ${ratio.toFixed(1)} times as long`);
  }
});
