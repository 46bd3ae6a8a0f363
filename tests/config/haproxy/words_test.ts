import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { quoteWord, splitWords } from "#src/config/haproxy/words.ts";
import { test } from "../../testing.ts";
import { anyText } from "../arbitraries.ts";

const env: Record<string, string> = { A: "v1 v2", EMPTY: "", ".LINE": "7" };
const variables = (name: string) => env[name];

function texts(line: string, whole = false): string[] {
  const split = splitWords(line, variables, whole);
  if ("error" in split) throw new Error(split.error.message);
  return split.words.map((word) => word.text);
}

// Lines and their words, after the manual's chapters 2.2 and 2.3.
const lines: [line: string, words: string[]][] = [
  ["", []],
  ["  # only a comment", []],
  ["mode http", ["mode", "http"]],
  ["\tmode\t \thttp  # or tcp", ["mode", "http"]],
  ["mode http\r", ["mode", "http"]],
  ["global#this is a comment", ["global"]],
  ["a\\ b", ["a b"]],
  ["a\\#b", ["a#b"]],
  ["a\\\\b", ["a\\b"]],
  [`a\\'b`, ["a'b"]],
  [`a\\"b`, ['a"b']],
  ["\\$A", ["\\$A"]],
  ["\\n\\r\\t\\x41", ["\n\r\tA"]],
  ["a\\qb", ["a\\qb"]],
  ["a\\", ["a\\"]],
  [`"a b"`, ["a b"]],
  [`"it's # here"`, ["it's # here"]],
  [`"\\"\\\\\\ \\#\\x24\\$"`, ['"\\ #$$']],
  [`"\\r\\n"`, ["\r\n"]],
  [`'a b # "c" $A \\n'`, ['a b # "c" $A \\n']],
  [`%{+Q}o\\ %t "%{+Q}o %t" '%{+Q}o %t' "%{+Q}o"' %t'`, Array(4).fill("%{+Q}o %t")],
  [`"" ''`, ["", ""]],
  [`x""y`, ["xy"]],
  ["$A", ["$A"]],
  [`'$A'`, ["$A"]],
  [`"$A"`, ["v1 v2"]],
  [`"<$A>"`, ["<v1 v2>"]],
  [`"\${A}x"`, ["v1 v2x"]],
  [`"\${A-other}"`, ["v1 v2"]],
  [`"\${B-other one}"`, ["other one"]],
  [`"\${B-}" "$B" "\${EMPTY-x}"`, ["", "", ""]],
  [`"x\${A[*]}y"`, ["xv1", "v2y"]],
  [`"$A[*]"`, ["v1 v2[*]"]],
  [`"$.LINE"`, ["7"]],
];

for (const [line, words] of lines) {
  test(`words of ${JSON.stringify(line)}`, () => assertEquals(texts(line), words));
}

test("a word knows where it was written", () => {
  assertEquals(splitWords(`  ab "c d"e # f`, variables), {
    words: [
      { text: "ab", column: 3, length: 2 },
      { text: "c de", column: 6, length: 6 },
    ],
  });
});

test("as a whole, blanks stay and quotes go", () => {
  assertEquals(texts(` streq("a b" ,'c')  # comment`, true), ["streq(a b ,c)"]);
});

const mistakes: [line: string, column: number, message: string][] = [
  [`mode "http`, 6, "unmatched quote"],
  [`mode 'http`, 6, "unmatched quote"],
  ["a\\x4", 2, "escape"],
  ["a\\xzz b", 2, "escape"],
  ["\\x80", 1, "escape"],
  [`a "$1"`, 4, "environment variable"],
  [`a "$"`, 4, "environment variable"],
  [`a "\${A"`, 4, "environment variable"],
  [`a "\${A+x}"`, 4, "environment variable"],
  [`a "\${}"`, 4, "environment variable"],
  ["a\rb", 2, "carriage return"],
];

for (const [line, column, message] of mistakes) {
  test(`${JSON.stringify(line)} is refused at its column`, () => {
    const split = splitWords(line, variables);
    assert("error" in split, JSON.stringify(split));
    assertEquals(split.error.column, column);
    assert(split.error.message.includes(message), split.error.message);
  });
}

test("any line is cut into words inside it, or refused inside it", () => {
  const pieces = fc.constantFrom(
    " ",
    "\t",
    '"',
    "'",
    "\\",
    "#",
    "$",
    "{",
    "}",
    "A",
    "x4",
    "-",
    "\r",
  );
  const line = fc.oneof(
    anyText(),
    fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }).map((parts) => parts.join("")),
  );
  fc.assert(fc.property(line, fc.boolean(), (line, whole) => {
    const split = splitWords(line, variables, whole);
    const found = "error" in split ? [split.error] : split.words;
    for (const { column, length } of found) {
      assert(column >= 1 && length >= 1 && column + length - 1 <= Math.max(1, line.length));
    }
  }));
});

test("any text, quoted, is one word with that text", () => {
  const text = fc.oneof(fc.string(), anyText());
  fc.assert(fc.property(fc.array(text), (words) => {
    assertEquals(texts(words.map(quoteWord).join(" ")), words);
  }));
});
