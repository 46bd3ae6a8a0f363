import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatDiagnostic, formatDiagnostics } from "#src/config/diagnostic.ts";
import { editDistance, nearest } from "#src/text/nearest.ts";
import { test } from "../testing.ts";
import { anyText } from "./arbitraries.ts";
import { load } from "./support.ts";

test("a diagnostic shows its place, its line, the word, the fix", () => {
  const text = "listen l :80\n\tblance roundrobin\n    mode htp # comment\n";
  const { diagnostics } = load(text);
  assertEquals(
    formatDiagnostics(diagnostics, [{ name: "x.cfg", text }]),
    [
      "x.cfg:2:2: error: unknown keyword 'blance' in a 'listen' section",
      "    \tblance roundrobin",
      "    \t^^^^^^",
      "    did you mean 'balance'?",
      "x.cfg:3:10: error: 'htp' is not a mode",
      "        mode htp # comment",
      "             ^^^",
      "    did you mean 'http'?",
    ].join("\n"),
  );
});

const sample = {
  severity: "warning",
  file: "f",
  line: 1,
  column: 3,
  length: 2,
  message: "m",
} as const;

test("colour is only asked for", () => {
  assertEquals(formatDiagnostic(sample, "ab cd"), "f:1:3: warning: m\n    ab cd\n      ^^");
  const coloured = formatDiagnostic(sample, "ab cd", true);
  assert(coloured.includes("\x1b[33mwarning:\x1b[0m"));
  assertEquals(
    // deno-lint-ignore no-control-regex
    coloured.replace(/\x1b\[\d+m/g, ""),
    formatDiagnostic(sample, "ab cd"),
  );
});

test("a long line is shown around its word", () => {
  const line = "x".repeat(500) + " word " + "y".repeat(500);
  const [, shown = "", marks = ""] = formatDiagnostic(
    { ...sample, column: 502, length: 4 },
    line,
  ).split("\n");
  assert(shown.length < 200);
  assertEquals(shown.slice(marks.indexOf("^"), marks.lastIndexOf("^") + 1), "word");
});

test("control characters of a file do not reach the terminal", () => {
  const place = fc.record({ column: fc.integer({ min: 1, max: 300 }), length: fc.nat(300) });
  fc.assert(fc.property(anyText(), place, (line, place) => {
    const shown = formatDiagnostic({ ...sample, ...place }, line);
    // deno-lint-ignore no-control-regex
    assert(!/[\x00-\x08\x0b-\x1f\x7f-\x9f]/.test(shown));
  }));
});

test("without the file, there is the message", () => {
  assertEquals(formatDiagnostics([sample], []), "f:1:3: warning: m");
});

test("near misses", () => {
  const words = ["balance", "bind", "mode", "http", "option httplog", "rise", "cookie"];
  const cases: [word: string, meant: string | undefined][] = [
    ["blance", "balance"],
    ["BALANCE", "balance"],
    ["balnace", "balance"],
    ["bnid", "bind"],
    ["htp", "http"],
    ["riise", "rise"],
    ["x", undefined],
    ["rate", undefined],
    ["cokie", "cookie"],
    ["coke", undefined],
    ["entirely", undefined],
  ];
  assertEquals(cases.map(([word]) => [word, nearest(word, words)]), cases);
});

test("the edit distance is a metric as far as swaps allow", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(fc.property(word, word, (a, b) => {
    const distance = editDistance(a, b);
    assertEquals(distance, editDistance(b, a));
    assertEquals(distance === 0, a === b);
    assert(distance >= Math.abs(a.length - b.length));
    assert(distance <= Math.max(a.length, b.length));
  }));
});

/** The same by the book: the whole table. */
function plainDistance(a: string, b: string): number {
  const table = [...a, ""].map((_, i) => [...b, ""].map((_, j) => i === 0 ? j : j === 0 ? i : 0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      table[i]![j] = Math.min(
        table[i - 1]![j]! + 1,
        table[i]![j - 1]! + 1,
        table[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
        swap ? table[i - 2]![j - 2]! + 1 : Infinity,
      );
    }
  }
  return table[a.length]![b.length]!;
}

test("the edit distance within a limit is that of the whole table, or beyond", () => {
  const word = fc.stringMatching(/^[abc]{0,9}$/);
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 9 }), (a, b, limit) => {
      const distance = plainDistance(a, b);
      assertEquals(editDistance(a, b), distance);
      assertEquals(editDistance(a, b, limit), distance > limit ? Infinity : distance);
    }),
    { numRuns: 2000 },
  );
});
