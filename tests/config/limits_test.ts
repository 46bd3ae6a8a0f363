/** Configurations that are large, or made to be: the check is linear, and ends with a message. */
import { assert, assertEquals } from "@std/assert";
import { formatDiagnostic, formatDiagnostics } from "#src/config/diagnostic.ts";
import { convertConfiguration, loadConfiguration } from "#src/config/load.ts";
import { test } from "../testing.ts";
import { brief, errors, load, valid, warnings } from "./support.ts";

const defaults = "defaults\ntimeout client 1s\ntimeout server 1s\ntimeout connect 1s\n";
const many = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join("\n") + "\n";

function inJson(servers: readonly object[]) {
  const address = { kind: "ip", host: "*", port: 80 };
  return JSON.stringify({ proxies: [{ name: "l", kind: "listen", bind: [{ address }], servers }] });
}

/** Texts whose check took time by the square of their length, or more; with how many errors. */
const large: [what: string, errors: number, text: () => string][] = [
  ["a chain of tracks", 0, () =>
    `${defaults}listen l :80\nserver s20000 10.0.0.1:80 check\n` +
    many(20_000, (i) => `server s${i} 10.0.0.1:80 track s${i + 1}`)],
  ["a loop of tracks", 20_000, () =>
    `${defaults}listen l :80\n` +
    many(20_000, (i) => `server s${i} 10.0.0.1:80 track s${(i + 1) % 20_000}`)],
  ["tracks of other proxies", 0, () =>
    defaults + "listen l :80\nserver s 10.0.0.1:80 check\n" +
    many(
      8000,
      (i) => `backend b${i}\nserver s 10.0.0.1:80 track ${i === 0 ? "l" : `b${i - 1}`}/s`,
    )],
  [
    "JSON of many servers",
    0,
    () =>
      JSON.stringify(
        JSON.parse(inJson(Array.from({ length: 8000 }, (_, i) => ({
          name: `s${i}`,
          address: { kind: "ip", host: "10.0.0.1", port: 80 },
        })))),
        null,
        1,
      ),
  ],
  ["JSON of servers without anything", 80_000, () => inJson(new Array(40_000).fill({}))],
  [
    "JSON of many unknown properties",
    60_000,
    () =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 60_000 }, (_, i) => [`k${i}`, i]))),
  ],
  [
    "frontends with backends",
    0,
    () =>
      defaults +
      many(10_000, (i) => `frontend f${i} :${i + 1}\ndefault_backend b${i}\nbackend b${i}`),
  ],
  [
    "backends that are misspelt",
    4000,
    () =>
      defaults +
      many(4000, (i) => `frontend f${i} :${i + 1}\ndefault_backend c${i}\nbackend b${i}`),
  ],
  ["many errors", 100_000, () => `${defaults}listen l :80\n` + many(100_000, (i) => `foo${i} x`)],
  ["many logs of many proxies", 0, () =>
    defaults + "log 127.0.0.1 local0\n".repeat(10_000) +
    many(10_000, (i) => `listen l${i} :${i + 1}`)],
  [
    "tracks that are misspelt",
    20_000,
    () => `${defaults}listen l :80\n` + many(20_000, (i) => `server s${i} 10.0.0.1:80 track x${i}`),
  ],
  [
    "many domains of a cookie of many proxies",
    0,
    () =>
      `${defaults}mode http\ncookie C insert ${"domain ab ".repeat(20_000)}\n` +
      many(10_000, (i) => `listen l${i} :${i + 1}`),
  ],
  ["defaults by name", 0, () =>
    many(15_000, (i) => `defaults d${i}`) +
    many(15_000, (i) => `backend b${i} from d${i}`) + "listen l :80\n"],
  [
    "nested blocks",
    0,
    () => ".if 1\n".repeat(20_000) + "listen l :80\n" + ".endif\n".repeat(20_000),
  ],
  [
    "a line of a megabyte",
    1,
    () => `${defaults}listen l :80\nserver s 10.0.0.1:80 ${"weigth ".repeat(140_000)}`,
  ],
  ["a condition of a megabyte", 0, () => `.if ${"1||".repeat(300_000)}1\n.endif\nlisten l :80\n`],
  [
    "a cookie of many domains",
    0,
    () => `listen l :80\nmode http\ncookie C insert ${"domain .a.b ".repeat(80_000)}\n`,
  ],
  ["addresses of many variables", 1, () => `listen l\nbind ${"${A-1}".repeat(150_000)}:80\n`],
];

for (const [what, count, text] of large) {
  test(`${what}: checked in no time`, () => {
    const file = { name: what.startsWith("JSON") ? "x.json" : "x.cfg", text: text() };
    const start = performance.now();
    const { diagnostics } = loadConfiguration([file], {});
    const shown = formatDiagnostics(diagnostics, [file]);
    const elapsed = performance.now() - start;
    const found = diagnostics.filter(({ severity }) => severity === "error").length;
    assert(count <= 1 ? found === count || count === 1 : found === Math.min(count, 1000), shown);
    // Before they were linear, these took from 10 s to minutes; now a second on a busy machine.
    assert(elapsed < 6000, `${elapsed} ms`);
  });
}

test("after a thousand errors, reading ends", () => {
  const found = load("listen l :80\n" + many(1500, (i) => `foo${i} x`)).diagnostics
    .filter(({ severity }) => severity === "error");
  assertEquals(found.length, 1000);
  assertEquals(brief(found.slice(-1)), [
    "1001:1 error too many errors: reading ends here - the first ones may explain the rest",
  ]);
});

test("parentheses inside each other: a thousand, and not 20,000", () => {
  const nested = (depth: number) =>
    `.if ${"(".repeat(depth)}1${")".repeat(depth)}\n.endif\nlisten l :80\n`;
  assertEquals(errors(nested(500)), []);
  assertEquals(errors(nested(20_000)), [
    "1:1029 error in the condition: more than 1024 parentheses inside each other",
  ]);
});

test("a variable that doubles again and again", () => {
  const text = `global\nsetenv A x\n${'setenv A "$A$A"\n'.repeat(30)}listen l :80\n`;
  const found = errors(text);
  assertEquals(found.length, 10);
  assertEquals(
    found[0],
    "23:13 error the line is longer than 1048576 characters with its variables put in - " +
      "a variable that contains itself grows each time",
  );
});

test("a long variable in many lines", () => {
  const text = "listen l :80\n" + 'description "$A"\n'.repeat(10_000);
  assertEquals(errors(text, { A: "x".repeat(10_000) }), [
    "3357:1 error the variables of this configuration are too long: reading ends here - " +
    "shorter values, or fewer uses of them",
  ]);
});

test("ranges of ports make so many listeners and no more", () => {
  assertEquals(
    valid("listen l\nbind :1-65535,127.0.0.1:1-65535\n").proxies[0]?.bind.length,
    131_070,
  );
  assertEquals(errors(`listen l\nbind ${":1-65535,".repeat(10_000)}:80\n`), [
    "2:6 error the configuration has too many listening sockets - " +
    "fewer addresses, or shorter ranges of ports",
  ]);
});

test("lists of 'defaults' that proxies add to have a bound", () => {
  const text = "defaults\n" + "log 127.0.0.1 local0\n".repeat(5000) +
    many(300, (i) => `listen l${i} :${i + 1}\nlog 127.0.0.2 local0`);
  assertEquals(errors(text).slice(0, 1), [
    "5421:15 error the proxies of this configuration log to too many places - " +
    "fewer 'log' lines in 'defaults' sections",
  ]);
});

test("a proxy that adds to the logs of its 'defaults' does not add to those of others", () => {
  const { proxies } = valid(
    "defaults\nlog 127.0.0.1 local0\nlisten a :80\nlog 127.0.0.2 local0\nlog 127.0.0.3 local0\n" +
      "listen b :81\nno log\nlisten c :82\n",
  );
  assertEquals(proxies.map(({ log }) => log.length), [3, 0, 1]);
});

// deno-lint-ignore no-control-regex
const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;
const hostile = "a\x1b[2J\x07\x9b31mb\u202ec\u2066d\u200be\x7ff\u0085g";

test("what a terminal obeys is shown as escapes, wherever it comes from", () => {
  const texts = [
    `listen l :80\n${hostile} x\n`,
    `listen l :80\nmode ${hostile}\n`,
    `listen ${hostile}\n`,
    `listen l :80\nserver s ${hostile}:80\n`,
    `listen l :80\nbind ${hostile}:80\n`,
    `listen l :80\ndefault_backend ${hostile}\n`,
    `listen l :80\nserver s 10.0.0.1:80 track ${hostile}\n`,
    `listen l :80\nmode http\ncookie C insert domain ${hostile}\n`,
    `listen l :80\n.alert "${hostile}"\n`,
    `.if ${hostile}\n.endif\nlisten l :80\n`,
    `.${hostile}\nlisten l :80\n`,
    `listen l :80\nmode "\\x1b[2J"\n`,
    `${hostile}\n`,
    `defaults ${hostile}\nlisten l from ${hostile}x\n`,
  ];
  const jsons = [
    hostile,
    `{"${hostile}": 1}`,
    `{"proxies": [{"name": ${JSON.stringify(hostile)}, "kind": "listen"}]}`,
    `{"proxies": [{"name": "l", "kind": "${hostile}"}]}`,
    `{"proxies": [{"name": "l", "kind": "\\u001b[2J\\u202e"}]}`,
    `{"global": {"\\u009b": 1}}`,
  ];
  for (
    const [extension, text] of [
      ...texts.map((text) => ["cfg", text] as const),
      ...jsons.map((text) => ["json", text] as const),
    ]
  ) {
    const file = { name: `${hostile}.${extension}`, text };
    const { diagnostics } = loadConfiguration([file], {});
    const shown = formatDiagnostics(diagnostics, [file]);
    assert(diagnostics.length > 0 && !obeyed.test(shown), JSON.stringify(shown));
    assert(shown.includes("\\x1b[2J"), shown);
  }
});

test("escapes are wider than what they stand for: the mark stays under its word", () => {
  const place = { severity: "error", file: "f", line: 1, message: "m" } as const;
  const line = "\tmode \x1b\u202e htp x";
  assertEquals(formatDiagnostic({ ...place, column: 10, length: 3 }, line).split("\n"), [
    "f:1:10: error: m",
    "    \tmode \\x1b\\u202e htp x",
    "    \t                ^^^",
  ]);
  assertEquals(
    formatDiagnostic({ ...place, column: 7, length: 2 }, line).split("\n")[2],
    "    \t     ^^^^^^^^^^",
  );
});

test("JSON that is converted to has escapes for what a terminal obeys", () => {
  const text = `listen l\n    description "\x80\u202e\u{e0001}"\n    bind *:80\n`;
  const { text: json } = convertConfiguration([{ name: "x.cfg", text }], {});
  assert(json !== null && !obeyed.test(json.replaceAll("\n", "")));
  assertEquals(convertConfiguration([{ name: "x.json", text: json }], {}).text, text);
});

test("where memory or stack is at an end, there is a message", () => {
  const env = {
    get A(): string {
      throw new RangeError("Out of memory");
    },
  };
  assertEquals(
    brief(loadConfiguration([{ name: "x.cfg", text: "listen l :80\n" }], env).diagnostics),
    [
      "1:1 error checking this configuration takes more stack or memory than there is - " +
      "see 'ulimit -s' and 'ulimit -v'",
    ],
  );
});

test("a long message is without its middle", () => {
  const { diagnostics } = load(`listen l :80\n${"x".repeat(100_000)}\n`);
  assert(formatDiagnostics(diagnostics, []).length < 5000);
  assertEquals(warnings("listen l :80\n").length, 1);
});
