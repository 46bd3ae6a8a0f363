import { assertEquals } from "@std/assert";
import { collectWhenQuiet } from "#src/threads/collect-garbage.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";

/** How often memory is tidied in each of the seconds, given the count of requests at its start. */
function tidyings(counts: number[]): number[] {
  const clock = virtualClock();
  let activity = 0;
  let collected = 0;
  const stop = collectWhenQuiet(() => activity, clock, () => collected++);
  const seen = counts.map((count) => {
    activity = count;
    const before = collected;
    clock.advance(1000);
    return collected - before;
  });
  stop();
  clock.advance(10_000);
  assertEquals(collected, seen.reduce((a, b) => a + b, 0), "nothing after it was stopped");
  return seen;
}

test("garbage is collected once when a burst is over", () => {
  assertEquals(tidyings([5000, 5000, 5000]), [1, 0, 0]);
});

test("no garbage is collected after little traffic", () => {
  assertEquals(tidyings([900, 900, 901]), [0, 0, 0]);
});

test("no garbage is collected while requests come", () => {
  const clock = virtualClock();
  let activity = 0;
  let collected = 0;
  const stop = collectWhenQuiet(() => activity += 10_000, clock, () => collected++);
  clock.advance(10_000);
  stop();
  assertEquals(collected, 0);
});
