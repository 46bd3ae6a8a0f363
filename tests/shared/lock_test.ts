import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { crowd } from "./threads.ts";

test("lock: of several threads one at a time is inside", async () => {
  const { words, all, end } = crowd(4, "count", 20_000);
  await all;
  end();
  assertEquals(words[0], 80_000);
});

/** CPU time of this process, in ms, if the kernel counts 100 ticks a second. */
function cpuTime(): number {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ");
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

test("lock: who waits for long sleeps, and has it soon after it was given back", async () => {
  const { lock, words, all, end } = crowd(3, "count", 1, { before: ({ lock }) => lock.lock() });
  // They are started, and wait.
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = cpuTime();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const spent = cpuTime() - before;
  assertEquals(words[0], 0);
  lock.unlock();
  await all;
  end();
  assertEquals(words[0], 3);
  // Three that spin would take 1500 ms, or all that the machine has.
  assert(spent < 250, `${spent} ms of CPU in 500`);
});

test("lock: what a thread that died had taken is free for all; what others have is not", async () => {
  const { lock, done, end } = crowd(1, "hold", 1);
  await until(() => done() === 1, "the thread to have it");
  end();
  const waiting = crowd(1, "hold", 1, {
    before({ lock }) {
      lock.lock();
      // Not those of who died.
      lock.releaseThread(1);
    },
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertEquals(waiting.done(), 0, "this thread's lock was given away");
  waiting.end();

  lock.releaseThread(0);
  lock.releaseThread(1);
  const before = performance.now();
  lock.lock();
  assert(performance.now() - before < 1000);
  lock.unlock();
});
