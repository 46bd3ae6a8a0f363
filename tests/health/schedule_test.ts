import { spread, startOffsets } from "#src/health/schedule.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

test("schedule: first checks are spread over the interval", () => {
  assertEquals(startOffsets([2000, 2000, 2000, 2000]), [0, 500, 1000, 1500]);
  assertEquals(startOffsets([2000]), [0]);
  assertEquals(startOffsets([]), []);
  assertEquals(startOffsets([2000, 2000, 2000, 2000], 400), [0, 100, 200, 300]);
});

// HAProxy 2.6 starts the checks of nine such servers at these times, to the millisecond.
test("schedule: different intervals have their places where HAProxy puts them", () => {
  const intervals = [200, 200, 200, 200, 1500, 3000, 200, 3000, 3000];
  assertEquals(
    startOffsets(intervals).map(Math.round),
    [0, 167, 333, 500, 667, 1667, 1000, 2333, 2667],
  );
});

test("schedule: short intervals alone set their own pace", () => {
  assertEquals(startOffsets([400, 400, 800, 400]), [0, 100, 400, 300]);
});

test("schedule: noise stays within its percentage and reaches both ends", () => {
  assertEquals([0, 0.5, 1].map((random) => spread(2000, 5, random)), [1900, 2000, 2100]);
  assertEquals(spread(2000, 0, 0.123), 2000);
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(fc.property(fc.nat(100_000), fc.nat(50), unit, (interval, percent, random) => {
    const off = Math.abs(spread(interval, percent, random) - interval);
    assert(off <= (interval * percent) / 100 + 1e-6);
  }));
});
