/**
 * What the folders of `src` may import, and what of them may name a runtime: the order of the house.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path/posix";
import { assertEquals } from "./assert.ts";
import { test } from "./testing.ts";

/**
 * The layers from top to bottom; folders of one line do not import each other. The languages, keywords
 * and checks of the configuration stand above the tables that describe themselves (algorithms of
 * balance, kinds of checks, log variables), from which they derive; the types of the model, which is
 * plain data, may be imported from anywhere.
 */
const layers = [
  ["main"],
  ["cli"],
  ["scenario", "process"],
  ["simulate", "threads"],
  ["proxy"],
  ["services", "filters"],
  ["config"],
  ["lua"],
  ["rules"],
  ["expr", "health", "balance", "persist", "log", "stats"],
  ["stick-table"],
  ["dns", "http", "tls"],
  ["net"],
  ["shared"],
  ["time", "bytes", "text"],
];
const layerOf = (file: string) =>
  layers.findIndex((folders) => folders.includes(file.split(/[/.]/)[0]!));

/** Files that name Bun or Deno outside of `net/<runtime>`, `process` and `threads`, and why. */
const runtimeExceptions = [
  "net/linux/calls.ts", // the one binding of the C library: bun:ffi or Deno.dlopen
  "net/tls/openssl.ts", // the one binding of OpenSSL, likewise
];

interface Import {
  readonly from: string;
  readonly to: string;
  readonly kind: "value" | "type" | "dynamic";
}

const root = new URL("../src/", import.meta.url).pathname;
const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".ts")
);
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source));

function importsOf(from: string, source: string): Import[] {
  const statements =
    /^(?:import|export)\s+(type\s)?(?:[\w*{][^;"]*?\sfrom\s+)?"(\.[^"]+\.ts)"|\bimport\("(\.[^"]+\.ts)"\)/gm;
  return [...source.matchAll(statements)].map(([, type, fixed, loaded]) => ({
    from,
    to: normalize(join(dirname(from), (fixed ?? loaded)!)),
    kind: type !== undefined ? "type" : fixed !== undefined ? "value" : "dynamic",
  }));
}

/** All that `file` loads before it runs, itself included. */
const loadedBy = (file: string) => reachable(file, ({ kind }) => kind === "value");

/** All files that `file` comes to along such imports, itself included. */
function reachable(
  file: string,
  follows: (one: Import) => boolean,
  reached = new Set<string>(),
): Set<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  for (const one of imports) {
    if (one.from === file && follows(one)) reachable(one.to, follows, reached);
  }
  return reached;
}

test("imports: every file is in a layer, and every import is of a file", () => {
  assertEquals(files.filter((file) => layerOf(file) < 0), []);
  assertEquals(imports.filter(({ to }) => !sources.has(to)), []);
  assertEquals(imports.length > 500, true, "imports are found");
});

test("imports: no circle of files, not even one of types", () => {
  const fixed = ({ kind }: Import) => kind !== "dynamic";
  const ahead = new Map(files.map((file) => [file, reachable(file, fixed)]));
  assertEquals(imports.filter((one) => fixed(one) && ahead.get(one.to)!.has(one.from)), []);
});

test("imports: folders import downward only", () => {
  const upward = imports.filter(({ from, to, kind }) => {
    const [folder] = from.split("/");
    if (to.startsWith(`${folder}/`) || kind === "type" && to === "config/model.ts") return false;
    return layerOf(to) <= layerOf(from);
  });
  assertEquals(upward, []);
});

test("imports: a proxy that runs loads no scenario and no simulation", () => {
  const loaded = [...loadedBy("main.ts"), ...loadedBy("threads/worker.ts")];
  assertEquals(loaded.filter((file) => /^(scenario|simulate)\//.test(file)), []);
});

test("imports: only net/<runtime>, process and threads name a runtime", () => {
  const comment = /^\s*(?:\/?\*|\/\/).*$/gm;
  const named = [...sources].filter(([, source]) =>
    /\b(?:Bun|Deno)\.\w|"(?:Bun|Deno)" in |"bun:|typeof (?:Bun|Deno)\b/.test(
      source.replace(comment, ""),
    )
  ).map(([file]) => file);
  const allowed = /^(?:net\/(?:bun|deno|epoll)|process|threads)\//;
  assertEquals(named.filter((file) => !allowed.test(file)), runtimeExceptions);
});
