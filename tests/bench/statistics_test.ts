import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { noise, ratios, spread } from "./statistics.ts";

/** Numbers between 0 and 1, the same in every run (a linear congruential generator). */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32) / 2 ** 32;
}

test("the median is the middle, or between the two middles, in whatever order", () => {
  assertEquals(spread([3, 1, 2]).median, 2);
  assertEquals(spread([4, 1, 3, 2]).median, 2.5);
  assertEquals(spread([7]), { median: 7, error: 0, min: 7, max: 7 });
});

test("of few values the error is half of their range", () => {
  assertEquals(spread([5, 1, 2, 3, 4]).error, 2);
  assertEquals(spread([10, 20]).error, 5);
});

test("a wild round moves neither the median nor its error much", () => {
  const calm = Array.from({ length: 41 }, (_, i) => 1 + i / 1000);
  const wild = [...calm.slice(1), 50];
  assertEquals(spread(wild).max, 50);
  assert(Math.abs(spread(wild).median - spread(calm).median) < 0.002);
  assert(Math.abs(spread(wild).error - spread(calm).error) < 0.002);
});

test("the error holds the true median in about 95 of 100 runs", () => {
  const draw = draws(7);
  for (const rounds of [16, 60]) {
    let held = 0;
    for (let run = 0; run < 1_000; run++) {
      // Skewed as times are; its median is 0.25.
      const { median, error } = spread(Array.from({ length: rounds }, () => draw() ** 2));
      if (Math.abs(median - 0.25) <= error) held++;
    }
    assert(held >= 900 && held <= 990, `${rounds} rounds: ${held} of 1000`);
  }
});

test("the ratio is to both haproxys of the same round; the noise is one over the other", () => {
  const series = { sluice: [30, 8, 6], haproxy: [10, 4, 2], again: [20, 4, 4] };
  assertEquals(ratios(series), { median: 2, error: 0, min: 2, max: 2 });
  assertEquals(noise(series).median, 2);
  assertEquals([noise(series).min, noise(series).max], [1, 2]);
});
