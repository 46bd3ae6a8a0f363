import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { methods } from "#src/expr/patterns/methods.ts";
import { PatternMistake } from "#src/expr/patterns/pattern.ts";
import { compileRegex } from "#src/expr/patterns/regex/regex.ts";
import { test } from "../../testing.ts";
import { stringSample } from "../samples.ts";

/** The texts of the whole match and of its groups; null: no match. */
function match(expression: string, text: string, ignoreCase = false): (string | null)[] | null {
  const regex = compileRegex(expression, ignoreCase);
  const bytes = bytesOf(`>${text}<`);
  const found = regex.exec(bytes, 1, bytes.length - 1);
  assertEquals(regex.test(bytes, 1, bytes.length - 1), found !== null, `test ${expression}`);
  if (found === null) return null;
  const pairs = Array.from(
    { length: found.length / 2 },
    (_, i) => [found[2 * i]!, found[2 * i + 1]!],
  );
  return pairs.map(([from, to]) => from! < 0 ? null : textOf(bytes, from!, to!));
}

// [expression, text, what matches first and its groups; null: nothing]
const examples: [string, string, (string | null)[] | null][] = [
  ["^/api/([^/]+)/(.*)$", "/api/users/7?x", ["/api/users/7?x", "users", "7?x"]],
  ["(a)|(b)", "b", ["b", null, "b"]],
  ["(?i)ABC(?-i)d", "xabcd", ["abcd"]],
  ["a(?i:b)c", "aBc", ["aBc"]],
  ["a(?i)b|c", "C", ["C"]],
  ["\\Aab\\z", "ab", ["ab"]],
  ["b\\Z", "ab\n", ["b"]],
  ["b$", "ab\n", ["b"]],
  ["b\\z", "ab\n", null],
  ["(?m)^b$", "a\nb\nc", ["b"]],
  ["a.b", "a\nb", null],
  ["(?s)a.b", "a\nb", ["a\nb"]],
  ["[[:alnum:]]+", "--ab1--", ["ab1"]],
  ["[^[:space:]]+", " ab ", ["ab"]],
  ["[]a]+", "x]a", ["]a"]],
  ["[a-]+", "x-a", ["-a"]],
  ["[\\w.-]+@", "a.b-c@", ["a.b-c@"]],
  ["\\x{41}\\x42\\103\\e\\t", "ABC\x1b\t", ["ABC\x1b\t"]],
  ["\\h+\\H", "a \tb", [" \tb"]],
  ["\\R", "a\r\nb", ["\r\n"]],
  ["\\Qa.b\\E+", "a.bb", ["a.bb"]],
  ["a{2}b{1,}c{0,1}", "aabb", ["aabb"]],
  ["a{,2}", "a{,2}", ["a{,2}"]],
  ["a{x", "a{x", ["a{x"]],
  ["(?x) a b # comment\n c", "abc", ["abc"]],
  ["a(?#comment)b", "ab", ["ab"]],
  ["(?P<one>a)(?<two>b)(?P=one)\\k<two>\\g{-1}", "ababb", ["ababb", "a", "b"]],
  ["(a)\\1", "aa", ["aa", "a"]],
  ["(?>a+)ab", "aaab", null],
  ["a++b", "aaab", ["aaab"]],
  ["a++a", "aaa", null],
  ["a+?", "aaa", ["a"]],
  ["(?U)a+", "aaa", ["a"]],
  ["foo(?=bar)", "foobar", ["foo"]],
  ["foo(?!bar)", "foobar", null],
  ["(?<=\\.)com", "a.com", ["com"]],
  ["(?<!x|yy)a", "xayyaza", ["a"]],
  ["a\\Kb", "ab", ["b"]],
  ["(?|(a)|(b))c", "bc", ["bc", "b"]],
  ["\\bfoo\\b", "a foo.", ["foo"]],
  ["\\bfoo\\B", "a foo.", null],
  ["", "a", [""]],
  ["(a*)*", "aa", ["aa", ""]],
  ["\\xe9", "\xe9", ["\xe9"]],
];

test("regular expressions of PCRE2's language", () => {
  for (const [expression, text, expected] of examples) {
    assertEquals(match(expression, text), expected, `${expression} on '${text}'`);
  }
  assertEquals(match("ÀB[c-d]", "Àbd", true) !== null, true);
  assertEquals(match("B[^c]", "bC", true), null);
});

test("'^' is not there where the text goes on from before", () => {
  const regex = compileRegex("^a|b", false);
  const bytes = bytesOf("aab");
  assertEquals([...regex.exec(bytes, 0, 3)!], [0, 1]);
  assertEquals([...regex.exec(bytes, 1, 3, false)!], [2, 3]);
  assertEquals(regex.test(bytes, 1, 2, false), false);
});

test("what is wrong in a regular expression, and where", () => {
  for (
    const [wrong, at] of [
      ["a(b", 3],
      ["ab)", 2],
      ["*a", 0],
      ["[a", 0],
      ["a\\", 1],
      ["a{3,2}", 1],
      ["[b-a]", 2],
      ["[[:word2:]]", 1],
      ["\\y", 0],
      ["(a)\\2", 3],
      ["(?<=a+)", 0],
      ["(?R)", 0],
      ["(?(1)a)", 0],
      ["(?<a>.)(?<a>.)", 7],
      ["\\x{100}", 0],
    ] as const
  ) {
    const mistake = assertThrows(() => compileRegex(wrong, false), PatternMistake);
    assert(mistake.message.endsWith(`erroffset=${at})`), `${wrong}: ${mistake.message}`);
  }
});

test("the first expression of a list that matches, and -i", () => {
  const list = methods.get("reg")!.create(true);
  ["^/a", "b$", "^/"].forEach((text, id) => list.add(text, id));
  assertEquals(["/AB", "xB", "/c", "c"].map((text) => list.find(stringSample(text))), [
    0,
    1,
    2,
    -1,
  ]);
  list.remove("^/a", 0);
  assertEquals(list.find(stringSample("/ab")), 1);
});

/** Expressions whose meaning is the same in JavaScript. */
const { expression } = fc.letrec<{ expression: string; piece: string }>((tie) => ({
  expression: fc.oneof(
    fc.array(tie("piece"), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join("")),
    fc.tuple(tie("piece"), tie("piece")).map(([a, b]) => `${a}|${b}`),
  ),
  piece: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom("a", "b", "[ab]", "[^a]", ".", "\\d", "\\w", "\\b", "^", "(?=a)", "(?!b)"),
    tie("expression").map((inner) => `(?:${inner})`),
    fc.tuple(
      fc.constantFrom("a", "b", "[^b]", "(?:ab)", "(?:a|bb)", "(a|b)"),
      fc.constantFrom("*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??"),
    ).map(([body, count]) => body + count),
  ),
}));

test("finds what JavaScript's own expressions find", () => {
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "1", " "), maxLength: 9 });
  fc.assert(
    fc.property(expression, fc.array(texts), (source, all) => {
      const own = new RegExp(source);
      for (const text of all) {
        assertEquals(match(source, text)?.[0], own.exec(text)?.[0], `${source} on '${text}'`);
      }
    }),
    { numRuns: 300 },
  );
});

// Each of them takes PCRE, or JavaScript, longer than anybody waits.
const slow: [expression: string, text: string][] = [
  ["(a+)+$", "a".repeat(16383) + "!"],
  ["^(a|a)*$", "a".repeat(16383) + "!"],
  ["(.*a){20}", "b".repeat(8192) + "a".repeat(19) + "b".repeat(8192)],
  ["^(([a-z])+.)+[A-Z]([a-z])+$", "a".repeat(16384)],
  ["(a?){64}a{64}$", "a".repeat(63) + "b".repeat(16000)],
  ["a.*b.*c.*d", "abc".repeat(5400)],
  ["(?:(?=a)a+)+$", "a".repeat(16383) + "!"],
  ["(a+)+\\1$", "a".repeat(16383) + "!"],
];

test("no text takes longer than some milliseconds", () => {
  // A busy machine has its own.
  const limit = 25;
  for (const [source, text] of slow) {
    const regex = compileRegex(source, false);
    const bytes = bytesOf(text);
    let best = Infinity;
    for (let round = 0; round < 10 && best > limit; round++) {
      const start = performance.now();
      assertEquals(regex.test(bytes, 0, bytes.length), false, source);
      assertEquals(regex.exec(bytes, 0, bytes.length), null, source);
      best = Math.min(best, performance.now() - start);
    }
    assert(best <= limit, `${source}: ${best.toFixed(1)} ms`);
  }
});

test("groups of a long match that takes many steps are found all the same", () => {
  const text = "a".repeat(4000);
  const found = match("(a|a)*(b?)", text);
  assertEquals(found?.[0], text);
  assertEquals(match("^(?:(a+)+!|(a*))$", text), [text, null, text]);
});

test("what can give up says so when it is compiled", () => {
  assertEquals(compileRegex("(a+)+$", false).warning, null);
  assertEquals(compileRegex("(?<!a)b+", false).warning, null);
  assert(compileRegex("(?=a)(a+)+$", false).warning !== null);
});
