import { test } from "../testing.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { demo, type DemoOptions } from "#src/cli/demo.ts";
import { scenarios } from "#src/cli/scenarios.ts";
import { loadConfiguration } from "#src/config/load.ts";
import { titleOf } from "#src/config/title.ts";
import type { Host } from "#src/scenario/run.ts";
import { addressesToFind } from "#src/scenario/name-server.ts";
import { parseStory } from "#src/scenario/story.ts";
import { topologyOf } from "#src/simulate/topology.ts";
import { showEndpoint } from "#src/net/socket.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { systemClock } from "#src/time/clock.ts";
import { noSignals } from "./balancer.ts";
import { playOut } from "./play.ts";

const all = scenarios().map(({ name, text }) => {
  const loaded = loadConfiguration([{ name, text }], {});
  return { name, text, ...loaded };
});

test("every scenario is a configuration without errors or warnings", () => {
  assert(all.length >= 4);
  for (const { name, configuration, diagnostics } of all) {
    assertEquals(diagnostics, [], name);
    assert(configuration !== null);
  }
});

test("every scenario tells a story that can be played, and says in one line what it is", () => {
  for (const { name, text, configuration } of all) {
    const { steps, errors } = parseStory(
      text,
      name,
      topologyOf(configuration!, addressesToFind(text)).names,
    );
    assertEquals(errors, [], name);
    assertMatch(
      titleOf(text),
      new RegExp(`^${name}: \\S.* \\((?:guide, chapters? |manual, ).*\\)$`),
    );
    const asserted = steps.map(({ expectations }) => expectations.length);
    assert(asserted.reduce((sum, count) => sum + count) > 3, name);
    assert(/^# Purpose$/m.test(text) && /^# Limits$/m.test(text) && /^# Flows$/m.test(text), name);
  }
});

test("two scenarios can run at once: they share no address", () => {
  const users = new Map<string, string>();
  for (const { name, text, configuration } of all) {
    const { servers, entries } = topologyOf(configuration!, addressesToFind(text));
    for (const endpoint of new Set([...servers, ...entries].map((e) => showEndpoint(e.endpoint)))) {
      assertEquals(users.get(endpoint), undefined, `${endpoint}: ${name}`);
      users.set(endpoint, name);
      assertMatch(endpoint, /^127\.0\.\d+\.\d+:[1-9]\d{3,4}$/);
    }
  }
});

test("every scenario holds in a simulation, whatever the seed: and is drawn alike for the same", async () => {
  const drawn = new Map<string, string>();
  for (const seed of [1, 2, 3, 1]) {
    for (const { name, text } of all) {
      const { status, out, err, left } = await playOut(text, {}, {}, seed);
      assertEquals([status, err, left], [0, "", 0], `${name}, seed ${seed}: ${out}`);
      if (seed !== 1) continue;
      assertEquals(drawn.get(name) ?? out, out, name);
      drawn.set(name, out);
    }
  }
});

function host(): Host & { out: string; err: string } {
  const self = {
    out: "",
    err: "",
    network: memoryNetwork(),
    clock: systemClock,
    simulated: false,
    descriptors: null,
    start: () => ({ ...noSignals, stop() {}, servers: () => [] }),
    write: (text: string) => self.out += text,
    printError: (text: string) => self.err += text,
    terminal: false,
    columns: 80,
    env: {},
    interrupted: () => Promise.resolve(),
    complete: <T>(work: Promise<T>) => work,
  };
  return self;
}

const at = (host: Host) => {
  const there = () => Promise.resolve(host);
  return { wire: there, simulated: there };
};

test("the command finds scenarios by name and files by path, and says what it cannot find", async () => {
  const missing = host();
  assertEquals(await demo(["cookie-inserd"], {}, at(missing)), 1);
  assertStringIncludes(
    missing.err,
    "'cookie-inserd' is neither a file nor a scenario: did you mean 'cookie-insert'?",
  );

  const none = host();
  assertEquals(await demo([], {}, at(none)), 1);
  assertStringIncludes(none.err, ", balance-source, ");

  // Nothing is behind this host's addresses, so that every request fails: the story is played.
  const played = host();
  assertEquals(await demo(["weights"], { check: true }, at(played)), 1);
  assertStringIncludes(played.out, "scenarios/weights.cfg: 6 of 6 expectations FAILED");

  const path = new URL("../../scenarios/weights.cfg", import.meta.url).pathname;
  const byPath = host();
  assertEquals(await demo([path], { check: true }, at(byPath)), 1);
  assertStringIncludes(byPath.out, `${path}: 6 of 6 expectations FAILED`);
});

test("--check and --seed simulate, unless --wire or --keep want real sockets", async () => {
  const played = async (options: DemoOptions) => {
    const used: string[] = [];
    const on = (name: string) => {
      const there = host();
      return Object.assign(there, { write: () => void used.push(name) });
    };
    const status = await demo(["weights"], options, {
      wire: () => Promise.resolve(on("wire")),
      simulated: (seed) => Promise.resolve(on(`seed ${seed}`)),
    });
    return [status, ...new Set(used)];
  };
  assertEquals(await played({}), [1, "wire"]);
  assertEquals(await played({ check: true }), [1, "seed 1"]);
  assertEquals(await played({ seed: 7 }), [1, "seed 7"]);
  assertEquals(await played({ check: true, seed: 7 }), [1, "seed 7"]);
  assertEquals(await played({ check: true, wire: true }), [1, "wire"]);
  assertEquals(await played({ keep: true }), [1, "wire"]);
  assertEquals(await played({ seed: 7, wire: true }), [1]);
});
