import {
  healthAfter,
  initialHealth,
  intervalFor,
  isUp,
  type Thresholds,
} from "#src/health/state.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

type Transition = "up" | "down" | null;

/** What the way from one health to another means. */
function transition(thresholds: Thresholds, before: number, after: number): Transition {
  const up = isUp(thresholds, after);
  if (up === isUp(thresholds, before)) return null;
  return up ? "up" : "down";
}

/** The transitions that checks cause, "+" passed and "-" failed, from the start. */
function transitions(thresholds: Thresholds, checks: string): Transition[] {
  let health = initialHealth(thresholds);
  return [...checks].map((check) => {
    const before = health;
    health = healthAfter(thresholds, before, check === "+");
    return transition(thresholds, before, health);
  });
}

test("state: a server begins up and falls at the first check that fails", () => {
  const thresholds = { rise: 2, fall: 3 };
  assertEquals(isUp(thresholds, initialHealth(thresholds)), true);
  assertEquals(transitions(thresholds, "-"), ["down"]);
});

test("state: later it takes `fall` failures in a row, and `rise` passes to come back", () => {
  const thresholds = { rise: 2, fall: 3 };
  assertEquals(transitions(thresholds, "+--+---"), [null, null, null, null, null, null, "down"]);
  assertEquals(transitions(thresholds, "-+-++"), ["down", null, null, null, "up"]);
});

test("state: thresholds of one act at once", () => {
  assertEquals(transitions({ rise: 1, fall: 1 }, "+-+-"), [null, "down", "up", "down"]);
});

test("state: does as counting in a row does", () => {
  const thresholds = fc.record({
    rise: fc.integer({ min: 1, max: 5 }),
    fall: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(fc.property(thresholds, fc.array(fc.boolean()), (thresholds, checks) => {
    const model = { up: true, passes: 0, failures: 0, passedOnce: false };
    let health = initialHealth(thresholds);
    for (const passed of checks) {
      const before = health;
      health = healthAfter(thresholds, before, passed);
      let expected: Transition = null;
      model.passes = passed ? model.passes + 1 : 0;
      model.failures = passed ? 0 : model.failures + 1;
      const needed = model.passedOnce ? thresholds.fall : 1;
      if (passed) model.passedOnce = true;
      if (model.up && model.failures >= needed) {
        model.up = false;
        expected = "down";
      } else if (!model.up && model.passes >= thresholds.rise) {
        model.up = true;
        expected = "up";
      }
      // Once it has been down, a server comes up by passes only.
      if (!model.up) model.passedOnce = true;
      assertEquals(transition(thresholds, before, health), expected);
      assertEquals(isUp(thresholds, health), model.up);
    }
  }));
});

test("state: `inter` when up, `downinter` when down, `fastinter` between", () => {
  const thresholds = { rise: 2, fall: 3 };
  const intervals = { inter: 2000, fastinter: 500, downinter: 1000 };
  const after = (checks: string) => {
    let health = initialHealth(thresholds);
    for (const check of checks) health = healthAfter(thresholds, health, check === "+");
    return intervalFor(thresholds, intervals, health);
  };
  assertEquals(after("+"), 2000);
  assertEquals(after("+-"), 500);
  assertEquals(after("+--"), 500);
  assertEquals(after("+---"), 1000);
  assertEquals(after("+---+"), 500);
  assertEquals(after("+---+-"), 1000);
  assertEquals(after("+---++"), 2000);
  assertEquals(after("+-+"), 2000);
});

test("state: intervals that are not set are `inter`", () => {
  const intervals = { inter: 2000, fastinter: null, downinter: null };
  for (let health = 0; health <= 4; health++) {
    assertEquals(intervalFor({ rise: 2, fall: 3 }, intervals, health), 2000);
  }
});
