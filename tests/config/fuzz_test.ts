/**
 * Files that were damaged, in both languages, from a fixed seed: the check ends soon, with messages
 * that are fit for a terminal, and what it calls valid can be converted there and back.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatDiagnostics } from "#src/config/diagnostic.ts";
import { printHaproxy } from "#src/config/haproxy/print.ts";
import { printJson } from "#src/config/json.ts";
import { convertConfiguration, loadConfiguration } from "#src/config/load.ts";
import { families } from "#src/config/registry.ts";
import { test } from "../testing.ts";
import { configuration } from "./arbitraries.ts";

const statements = families.flatMap(({ table: { keywords, foreign } }) => [
  ...[...keywords.values()].map(({ name, example }) => `${name} ${example}`),
  ...[...foreign].slice(0, 10),
]);

/** What may be where it does not belong. */
const oddities = [
  ..."\0\x1b\r\n\t \"'\\$()#,:@[]{}-+\u009b\u202e\ufeffé😀",
  ...["\ud800", "${", "${A", "$A", '"$A"', '"${A[*]}"', "\\x", "\\x4", "\\x41", "::", "-1", "0"],
  ...["99999999999999999999", "65536", "1e9", "no ", "from ", "null", "true", "[]", "{}"],
  ...["\n.if 1\n", "\n.if ((\n", "\n.endif\n", "\n.elif ", "\n.else\n", '"__proto__":1,'],
  ...['"constructor":{},', "__proto__", "toString", "fd@", "unix@", "abns@"],
  ...["\ndefaults x\n", "\nlisten l :80\n", "\nfrontend f\n", "\nbackend b\n", "\nglobal\n"],
];

/** One damage to a text. */
const damage: fc.Arbitrary<(text: string) => string> = fc.record({
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  other: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof(fc.nat(3), fc.nat(30), fc.nat(300)),
  what: fc.oneof(
    fc.constantFrom(...oddities),
    fc.constantFrom(...statements).map((statement) => `\n${statement} `),
    fc.constantFrom(...statements).map((statement) => ` ${statement} `),
  ),
  kind: fc.constantFrom("insert", "replace", "remove", "double", "move"),
}).map(({ from, other, length, what, kind }) => (text: string) => {
  const at = Math.floor(from * text.length);
  const to = at + length;
  const elsewhere = Math.floor(other * text.length);
  switch (kind) {
    case "insert":
      return text.slice(0, at) + what + text.slice(at);
    case "replace":
      return text.slice(0, at) + what + text.slice(to);
    case "remove":
      return text.slice(0, at) + text.slice(to);
    case "double":
      return text.slice(0, to) + text.slice(at);
    default:
      return text.slice(0, at) + text.slice(elsewhere, elsewhere + length) + text.slice(to);
  }
});

// deno-lint-ignore no-control-regex
const obeyed = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;
const nothing = {
  sourceAddress: false,
  unix: false,
  abstract: false,
  inherited: false,
  ipv6Only: false,
  transparent: false,
  socketOptions: false,
};

for (const [extension, print] of [["cfg", printHaproxy], ["json", printJson]] as const) {
  test(`damaged .${extension} files end in messages, and soon`, () => {
    const damages = fc.array(damage, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(configuration, damages, (model, damages) => {
        const text = damages.reduce((text, damage) => damage(text), print(model));
        const file = { name: `x.${extension}`, text };
        const start = performance.now();
        const { diagnostics } = loadConfiguration([file], { A: "x y" }, nothing);
        const shown = formatDiagnostics(diagnostics, [file]);
        assert(performance.now() - start < 2000, text);
        assert(!obeyed.test(shown), JSON.stringify(shown));
        const converted = convertConfiguration([file], { A: "x y" }).text;
        if (converted === null) return;
        const other = extension === "cfg" ? "json" : "cfg";
        const back = convertConfiguration([{ name: `x.${other}`, text: converted }], {}).text ?? "";
        assertEquals(convertConfiguration([{ ...file, text: back }], {}).text, converted);
      }),
      { seed: 20_261_130, numRuns: 600 },
    );
  });
}
