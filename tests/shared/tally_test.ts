import { assertEquals } from "@std/assert";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { Rate } from "#src/shared/rate.ts";
import { Tally } from "#src/shared/tally.ts";
import { test } from "../testing.ts";

test("tally: threads count apart, anyone adds up", () => {
  const memory = createMemory(3, 0);
  const first = new Tally(memory, 5);
  const second = new Tally(openMemory(memory.blocks, 3, 1), 5);
  first.own[2]! += 7;
  second.own[2]! += 5;
  second.own[4] = 9;
  assertEquals([first.sum(2), second.sum(2), first.max(4), first.sum(0)], [12, 12, 9, 0]);
  first.clearSum(2);
  assertEquals([first.sum(2), second.sum(2)], [0, 0]);
  second.own[2]!++;
  assertEquals(first.sum(2), 1);
  first.clearMax(4, 3);
  assertEquals(second.max(4), 3);
});

test("rate: the events of this second, and what is still within one of the last", () => {
  let count = 0;
  const memory = createMemory(1, 0);
  const rate = new Rate(memory, () => count);
  rate.tick(1000);
  assertEquals([rate.read(1000), rate.idle(1000)], [0, -1]);
  count = 100;
  assertEquals(rate.read(1500), 100);
  rate.tick(2000);
  assertEquals([rate.read(2000), rate.read(2500), rate.read(2900)], [100, 50, 10]);
  count = 120;
  assertEquals(rate.read(2500), 70);
  rate.tick(3000);
  assertEquals([rate.read(3000), rate.max(3000), rate.idle(5000)], [20, 100, 2]);
  rate.tick(4000);
  assertEquals([rate.read(4000), rate.idle(6000)], [0, 3]);
});
