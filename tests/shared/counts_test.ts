import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Counter, Gauge, LockedGauge } from "#src/shared/counts.ts";
import { createMemory, openMemory, type SharedMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";
import { crowd } from "./threads.ts";

const threads = 3;

/** Every thread's view of one memory, on which each makes the same. */
function views<T>(make: (memory: SharedMemory) => T): T[] {
  const memory = createMemory(threads, 0);
  const first = make(memory);
  return [
    first,
    ...[1, 2].map((self) => make(openMemory(memory.blocks, threads, self))),
  ];
}

const step = fc.record({
  act: fc.constantFrom("increase", "increaseBelow", "decrease", "forget"),
  thread: fc.nat(threads - 1),
});

test("gauge: the sum is that of the shares, whatever threads do, and whoever dies", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.nat(6), (steps, limit) => {
    const gauges = views((memory) => new Gauge(memory));
    const shares = [0, 0, 0];
    const sum = () => shares.reduce((a, b) => a + b);
    for (const { act, thread } of steps) {
      const gauge = gauges[thread]!;
      if (act === "increase") {
        shares[thread]!++;
        assertEquals(gauge.increase(), sum());
      } else if (act === "increaseBelow") {
        const fits = sum() < limit;
        assertEquals(gauge.increaseBelow(limit), fits);
        if (fits) shares[thread]!++;
      } else if (act === "decrease") {
        if (shares[thread]! === 0) continue;
        shares[thread]!--;
        gauge.decrease();
      } else {
        shares[thread] = 0;
        gauges[(thread + 1) % threads]!.releaseThread(thread);
      }
      for (const each of gauges) {
        assertEquals(each.value, sum());
        assertEquals(shares.map((_share, i) => each.share(i)), shares);
      }
      for (let self = 0; self < threads; self++) {
        const holder = gauge.holder(self);
        if (holder >= 0) assert(holder !== self && shares[holder]! > 0);
        else assertEquals(sum(), shares[self]!);
      }
    }
  }));
});

test("gauge: threads that race for places never have more than there are", async () => {
  const times = 30_000;
  const { gauge, words, all, end } = crowd(4, "enter", times, { limit: 2 });
  await all;
  end();
  assertEquals([gauge.value, words[0], words[1]], [0, 0, 0], "value, inside, too many");
  assert(words[2]! > 0, "nobody ever got in");
});

test("gauge with a lock: what is counted for another thread is that thread's", () => {
  const [mine, theirs] = views((memory) => new LockedGauge(memory)) as [LockedGauge, LockedGauge];
  mine.increase(1);
  mine.increase(1);
  mine.increase(0);
  theirs.decrease(1);
  assertEquals([mine.value, theirs.value], [2, 2]);
  mine.releaseThread(1);
  assertEquals([mine.value, theirs.value], [1, 1]);
  mine.decrease(0);
  assertEquals(theirs.value, 0);
});

test("counter: counts what all threads do, those that died too", () => {
  const counters = views((memory) => new Counter(memory));
  counters.forEach((counter, i) => {
    for (let n = 0; n <= i; n++) counter.increase();
  });
  assertEquals(counters.map(({ value }) => value), [6, 6, 6]);
});

test("memory: who opens it must ask for the same blocks, and finds what was written", () => {
  const memory = createMemory(2, 0);
  assert(memory.fresh);
  memory.ints(3)[1] = 7;
  memory.floats(2)[0] = 0.5;
  const other = openMemory(memory.blocks, 2, 1);
  assertEquals([other.fresh, other.self, other.threads], [false, 1, 2]);
  assertEquals([...other.ints(3)], [0, 7, 0]);
  assertEquals([...other.floats(2)], [0.5, 0]);
  assertThrows(() => other.ints(1), Error, "another one");
  assertThrows(() => openMemory(memory.blocks, 2, 1).ints(4), Error, "another one");
});
