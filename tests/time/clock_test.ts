import { systemClock, virtualClock } from "#src/time/clock.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

test("virtual clock: stands still until it is told to advance", () => {
  const clock = virtualClock(5000);
  assertEquals([clock.now(), clock.wall()], [0, 5000]);
  clock.advance(1.5);
  clock.advance(0);
  assertEquals([clock.now(), clock.wall()], [1.5, 5001.5]);
});

test("virtual clock: calls what falls due, in order, each at its time", () => {
  const clock = virtualClock();
  const calls: [string, number][] = [];
  const call = (name: string) => () => void calls.push([name, clock.now()]);
  clock.schedule(20, call("b"));
  clock.schedule(10, call("a"));
  clock.schedule(20, call("c"));
  clock.schedule(-5, call("now"));
  clock.schedule(31, call("later"));
  clock.advance(30);
  assertEquals(calls, [["now", 0], ["a", 10], ["b", 20], ["c", 20]]);
  assertEquals(clock.now(), 30);
  clock.advance(1);
  assertEquals(calls.at(-1), ["later", 31]);
});

test("virtual clock: tells when the next callback is due, those taken back left out", () => {
  const clock = virtualClock();
  assertEquals(clock.next(), Infinity);
  const takeBack = clock.schedule(5, () => {});
  clock.schedule(8, () => {});
  assertEquals(clock.next(), 5);
  takeBack();
  assertEquals(clock.next(), 8);
  clock.advance(8);
  assertEquals(clock.next(), Infinity);
});

test("virtual clock: whatever is scheduled and taken back, in whatever order, comes in its order", () => {
  const delays = fc.array(fc.tuple(fc.nat(50), fc.boolean()), { maxLength: 60 });
  fc.assert(fc.property(delays, (list) => {
    const clock = virtualClock();
    const calls: [number, number][] = [];
    const cancels = list.map(([delay], i) =>
      clock.schedule(delay, () => calls.push([clock.now(), i]))
    );
    list.forEach(([, stays], i) => stays || cancels[i]!());
    clock.advance(50);
    const expected = list.flatMap(([delay, stays], i) => stays ? [[delay, i]] : [])
      .sort(([a = 0, i = 0], [b = 0, j = 0]) => a - b || i - j);
    assertEquals(calls, expected);
  }));
});

test("virtual clock: what is scheduled on the way is called on the way", () => {
  const clock = virtualClock();
  const times: number[] = [];
  const again = () => {
    times.push(clock.now());
    if (times.length < 5) clock.schedule(10, again);
  };
  clock.schedule(10, again);
  clock.advance(35);
  assertEquals(times, [10, 20, 30]);
});

test("virtual clock: what was taken back is not called", () => {
  const clock = virtualClock();
  const calls: string[] = [];
  const cancelLater = clock.schedule(20, () => calls.push("later"));
  clock.schedule(10, () => {
    calls.push("first");
    cancelLater();
  });
  const cancel = clock.schedule(5, () => calls.push("never"));
  cancel();
  cancel();
  clock.advance(100);
  assertEquals(calls, ["first"]);
});

test("system clock: calls once the time has come, and not what was taken back", async () => {
  const start = systemClock.now();
  const wall = systemClock.wall();
  let cancelled = true;
  systemClock.schedule(1, () => cancelled = false)();
  await new Promise<void>((resolve) => void systemClock.schedule(20, resolve));
  // A runtime's timer may be early by less than a millisecond.
  assert(systemClock.now() - start > 19);
  assert(Math.abs(wall - Date.now()) < 60_000);
  assert(cancelled);
});
