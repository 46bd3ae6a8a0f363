/** Scripts in Lua: how they are loaded, what they may take, what they wait for. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import type { Context } from "#src/expr/context.ts";
import { PatternStore } from "#src/expr/patterns/store.ts";
import type { References } from "#src/expr/references.ts";
import { Sample } from "#src/expr/sample.ts";
import { loadScripts } from "#src/lua/scripts.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

const limits = { burst: 50, session: 100, service: 100, task: 50 };

function load(script: string, ...args: string[]) {
  const clock = virtualClock();
  const logged: string[] = [];
  const faults: string[] = [];
  const scripts = loadScripts([{ file: "/x/a.lua", args }], () => bytesOf(script), {
    clock,
    network: null,
    resolve: () => () => {},
    log: (level, text) => logged.push(`${level} ${text}`),
    limits,
    patterns: new PatternStore(() => "key value\n"),
    thread: 3,
    version: "0",
    proxies: [{ name: "web", mode: "http", kind: "listen", servers: [{ name: "s1" }] }],
    server: () => ({ address: "10.0.0.1:80", status: "UP", weight: 2, sessions: 5 }),
    paths: [],
  }, ({ message }) => faults.push(message));
  const value = (name: string, ...args: string[]): string | null => {
    const sample = new Sample();
    const fetch = scripts.fetch(`lua.${name}`)!(args, {} as References);
    if (!fetch({} as Context, sample)) return null;
    return sample.type < 6 ? String(sample.int) : textOf(sample.bytes, sample.from, sample.to);
  };
  return { clock, logged, faults, scripts, value };
}

/** A script whose fetch `v` has the value of an expression. */
const show = (code: string) => `core.register_fetches("v", function(txn, ...) return ${code} end)`;

test("Lua: what is wrong with a script names its line", () => {
  assertMatch(load("local a\nlocal = 1").faults[0]!, /a\.lua:2: <name> expected/);
  assertMatch(load("\n\nerror('no')").faults[0]!, /a\.lua:3: no/);
  assertMatch(load("core.register_fetches('a', 1)").faults[0]!, /a function is expected/);
  assertMatch(load("core.register_action('a', {'http'}, print)").faults[0]!, /'http': tcp-req/);
  assertMatch(load("core.sleep(1)").faults[0]!, /nothing can be waited for here/);
});

test("Lua: a value of each type, and none", () => {
  const values = ["'text'", "12", "true", "nil", "{}", "core.thread", "1.5 * 2"];
  assertEquals(values.map((code) => load(show(code)).value("v")), [
    "text",
    "12",
    "1",
    null,
    null,
    "3",
    "3",
  ]);
  assertEquals(load(show("select('#', ...) .. table.concat({...})")).value("v", "a", "b"), "2ab");
  assertEquals(load(`local a, b = ...\n${show("a .. b")}`, "1", "2").value("v"), "12");
  assertEquals(load(`local m = Map.new("m")\n${show("m:lookup('key')")}`).value("v"), "value");
  assertEquals(load(show("core.proxies.web.name")).value("v"), "web");
  const server = "core.backends.web.servers.s1";
  const facts = `${server}:get_addr() .. ${server}:get_stats().status`;
  assertEquals(load(show(facts)).value("v"), "10.0.0.1:80UP");
});

test("Lua: an error costs the value, and is logged with its place", () => {
  const { value, logged } = load(`\n${show("nothing.at.all")}`);
  assertEquals(value("v"), null);
  assertMatch(logged[0]!, /^1 Lua sample-fetch 'lua\.v': runtime error: .*a\.lua:2: /);
});

test("Lua: tasks wait on the clock, and share the state", () => {
  const { scripts, clock, value } = load(`
    local n = 0
    core.register_task(function() for i = 1, 3 do core.sleep(1) n = n + 1 end end)
    core.register_init(function() n = 10 end)
    ${show("n")}`);
  assertEquals(value("v"), "0");
  scripts.begin();
  assertEquals(value("v"), "10");
  clock.advance(2500);
  assertEquals(value("v"), "12");
  clock.advance(60_000);
  assertEquals(value("v"), "13");
});

test("Lua: a task that computes for ever lets others run, and ends", () => {
  const { scripts, clock, logged } = load("core.register_task(function() while true do end end)");
  scripts.begin();
  assertEquals(logged, []);
  for (let turn = 0; turn < 1000 && logged.length === 0; turn++) clock.advance(1);
  assertMatch(logged[0]!, /execution timeout/);
});

test("Lua: a task that cannot be resumed by anybody else does not go on", () => {
  const { scripts, logged } = load(
    "core.register_task(function() coroutine.wrap(function() core.sleep(1) end)() end)",
  );
  scripts.begin();
  assertMatch(logged[0]!, /nothing can be waited for here/);
});

test("Lua: nothing is registered once scripts are loaded", () => {
  const { value, logged } = load(show("core.register_fetches('w', print)"));
  assertEquals(value("v"), null);
  assertMatch(logged[0]!, /only while scripts are loaded/);
});

test("Lua: files are read and written", () => {
  const folder = mkdtempSync(`${tmpdir()}/sluice-lua-`);
  try {
    writeFileSync(`${folder}/a`, "one\ntwo\n3 4\nlast");
    const path = JSON.stringify(`${folder}/a`);
    const read = (format: string) =>
      load(`local f = io.open(${path})\n${show(`table.concat({f:read(${format})}, "|")`)}`)
        .value("v");
    assertEquals(read(""), "one");
    assertEquals(read("'l', 'L'"), "one|two\n");
    assertEquals(read("2, '*a'"), "on|e\ntwo\n3 4\nlast");
    const lines = `(function() local t = {} for l in io.lines(${path}) do t[#t + 1] = l end
      return table.concat(t, "|") end)()`;
    assertEquals(load(show(lines)).value("v"), "one|two|3 4|last");
    const missing = `(function() local f, e = io.open("/none/such") return tostring(f) .. e end)()`;
    assertEquals(load(show(missing)).value("v"), "nil/none/such: No such file or directory");
    load(`local f = io.open(${path}, "a") f:write("x", 5) f:close()`);
    assertEquals(readFileSync(`${folder}/a`, "latin1"), "one\ntwo\n3 4\nlastx5");
    load(`local f = io.open(${path}, "r+") f:seek("set", 4) f:write("TWO") f:close()`);
    assertEquals(readFileSync(`${folder}/a`, "latin1"), "one\nTWO\n3 4\nlastx5");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("Lua: near misses are found among what is registered", () => {
  const { scripts } = load(`${show("1")}\ncore.register_service("s", "http", print)`);
  assertEquals(scripts.names("fetches"), ["lua.v"]);
  assertEquals(scripts.names("services"), ["lua.s"]);
  assert(scripts.fetch("v") === null);
});
