import { assertEquals, assertMatch } from "@std/assert";
import { availableParallelism } from "node:os";
import { affordableThreads, chooseEngine, usableCpus } from "#src/process/engine.ts";
import { runtimeName, test } from "../testing.ts";

test("the CPUs to use are those of the machine, or fewer by a control group's share", () => {
  const all = availableParallelism();
  for (const shares of [[], [""], ["max 100000"], ["9999999 100", "max 100000"]]) {
    assertEquals(usableCpus(shares), all, shares.join());
  }
  assertEquals(usableCpus(["max 100000", "100000 100000"]), 1);
  assertEquals(usableCpus(["50000 100000"]), 1);
  assertEquals(usableCpus(["150000 100000", ""]), Math.min(2, all));
});

test("few descriptors are not spent on threads", () => {
  assertEquals([10, 200, 1024, null].map(affordableThreads), [1, 1, 8, Infinity]);
});

test("an engine is chosen by what there is, by what is wished, and says why", async () => {
  const best = await chooseEngine({ name: null, threads: 3 });
  if (runtimeName === "bun") {
    assertEquals([best.name, best.threads, best.why], ["epoll", 3, "nbthread 3"]);
    const own = await chooseEngine({ name: "epoll", threads: null });
    assertMatch(own.why, /CPU/);
  } else {
    assertEquals([best.name, best.threads], ["sockets", 1]);
    assertMatch(best.why, /^deno .* cannot/);
  }
  const sockets = await chooseEngine({ name: "sockets", threads: 3 });
  assertEquals([sockets.name, sockets.threads, sockets.createWorkerPool], ["sockets", 1, null]);
});
