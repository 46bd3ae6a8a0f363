import { type Checker, startChecker } from "#src/health/checker.ts";
import type { InitState } from "#src/health/state.ts";
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { endpoint, probing, type Scene, scene } from "./scene.ts";

const settings = { inter: 2000, fastinter: 500, downinter: 1000, rise: 2, fall: 3 };

/** Checks the server of a scene; `log` has what changed and when. */
function checking(
  stage: Scene,
  options: { offset?: number; spread?: number; random?: number; initState?: InitState } = {},
) {
  const log: string[] = [];
  const news: boolean[] = [];
  const checker: Checker = startChecker({
    settings,
    offset: options.offset ?? 0,
    spreadChecks: options.spread ?? 0,
    probe: probing(stage, { kind: "tcp" }),
    clock: stage.clock,
    random: () => options.random ?? 0.5,
    ...(options.initState === undefined ? {} : { initState: options.initState }),
    ended({ result, wasUp, news: isNews }) {
      news.push(isNews);
      if (checker.up === wasUp) return;
      log.push(`${stage.clock.now()} ${checker.up ? "up" : "down"} ${result.status}`);
    },
  });
  return { checker, log, news };
}

const times = ({ visits }: Scene) => visits.map(({ at }) => at);

test("checker: the first check comes at the offset, the others by `inter`", () => {
  const stage = scene();
  stage.serve({});
  const { log } = checking(stage, { offset: 300 });
  stage.advance(7000);
  assertEquals(times(stage), [300, 2300, 4300, 6300]);
  assertEquals(log, []);
});

test("checker: up before the first check, down at once if that fails", () => {
  const stage = scene();
  const { checker, log } = checking(stage, { offset: 300 });
  stage.advance(299);
  assertEquals([checker.up, checker.last], [true, null]);
  stage.advance(1);
  assertEquals(log, ["300 down L4CON"]);
  assertEquals([checker.up, checker.health, checker.last?.status], [false, 0, "L4CON"]);
});

test("checker: falls after `fall` checks by `fastinter`, rises after `rise` of them", () => {
  const stage = scene();
  const listener = stage.serve({});
  const { log } = checking(stage);
  stage.advance(2100);
  listener.close();
  // 4000, 4500, 5000: down; then each 1000
  stage.advance(4000);
  assertEquals(log, ["5000 down L4CON"]);
  stage.serve({});
  // 7000, 7500: up; then each 2000
  stage.advance(5000);
  assertEquals(log, ["5000 down L4CON", "7500 up L4OK"]);
  assertEquals(times(stage), [0, 2000, 7000, 7500, 9500]);
});

test("checker: an interval begins when the check before has ended", () => {
  const stage = scene();
  stage.network.answer(endpoint, "silence");
  const { checker, log } = checking(stage);
  stage.advance(1999);
  assertEquals(checker.checking, true);
  stage.advance(1);
  assertEquals([checker.checking, log], [false, ["2000 down L4TOUT"]]);
  stage.network.answer(endpoint, "listener");
  stage.serve({});
  stage.advance(1600);
  assertEquals(times(stage), [3000, 3500]);
});

test("checker: `spread-checks` moves checks both ways, by chance", () => {
  for (const [random, second] of [[0, 1000], [0.25, 1500], [1, 3000]] as const) {
    const stage = scene();
    stage.serve({});
    checking(stage, { spread: 50, random });
    stage.advance(3500);
    assertEquals(times(stage).slice(0, 2), [0, second]);
  }
});

test("checker: stopped, it checks no more and drops the check on its way", () => {
  const stage = scene();
  stage.network.answer(endpoint, "silence");
  const { checker, log } = checking(stage);
  stage.advance(500);
  checker.stop();
  checker.stop();
  stage.network.answer(endpoint, "listener");
  stage.serve({});
  stage.advance(10_000);
  assertEquals([log, times(stage), stage.network.openSockets], [[], [], 0]);
  assert(checker.up && !checker.checking);
});

test("checker: it may be stopped from its own report", () => {
  const stage = scene();
  const checker: Checker = startChecker({
    settings,
    offset: 0,
    spreadChecks: 0,
    probe: probing(stage, { kind: "tcp" }),
    clock: stage.clock,
    random: Math.random,
    ended: () => checker.stop(),
  });
  stage.advance(10);
  stage.serve({});
  stage.advance(5000);
  assertEquals(times(stage), []);
});

test("checker: what a server begins as, and what it takes to change that", () => {
  for (
    const [initState, health, log] of [
      ["fully-up", 4, ["1000 down L4CON"]],
      ["up", 2, ["0 down L4CON"]],
      ["down", 1, []],
      ["fully-down", 0, []],
    ] as const
  ) {
    const stage = scene();
    const seen = checking(stage, { initState });
    assertEquals([seen.checker.health, seen.checker.up], [health, health >= 2]);
    stage.advance(1100);
    assertEquals(seen.log, [...log]);
  }
});

test("checker: what is no news is not reported as such", () => {
  const stage = scene();
  const { news } = checking(stage);
  stage.advance(3100);
  stage.serve({});
  stage.advance(5000);
  assertEquals(news.slice(0, 7), [true, false, false, false, true, true, false]);
});

test("checker: a verdict from elsewhere counts, and the next check may be hastened", () => {
  const stage = scene();
  stage.serve({});
  const { checker, log } = checking(stage);
  stage.advance(100);
  checker.hasten();
  stage.advance(499);
  assertEquals(times(stage), [0]);
  stage.advance(1);
  assertEquals(times(stage), [0, 600]);
  checker.setHealth(2);
  checker.take({ status: "HANA", code: null, info: "why" });
  assertEquals(log, ["600 down HANA"]);
  assertEquals([checker.health, checker.last?.duration], [0, -1]);
});
