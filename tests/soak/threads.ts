/** A soak of threads in this process, which fail while they serve (Bun on Linux). */
import { assert, assertEquals } from "@std/assert";
import { until } from "../until.ts";
import { descriptors, isQuiet, start } from "../threads/scene.ts";
import { configurationText, gather, pause } from "./crowd.ts";
import type { SoakOptions } from "./program.ts";

const count = 3;

/** Soaks threads. @throws if anything is not accounted for */
export async function soakThreads({ place, seconds, seed, say }: SoakOptions): Promise<void> {
  const crowd = await gather(place, seed);
  const before = descriptors();
  const threads = await start(configurationText(place), count);
  const { serving, workers, complaints, fail, allUp } = threads;
  let failures = 0;
  const after: number[] = [];
  try {
    await serving.begun;
    for (let round = 1; round <= 2; round++) {
      await crowd.round(Math.max(2000, seconds * 1000 / 2), async (random) => {
        if (random(3) === 0) return crowd.killOrigin(random);
        const thread = random(count);
        // One that is down already does not fail.
        if (workers.up < count) return;
        failures++;
        await crowd.inTrouble(async () => {
          await fail(thread);
          await pause(200);
        });
      });
      await allUp();
      await until(() => isQuiet(serving), () => serving.report().join("\n"));
      // Idle connections to servers go after some seconds.
      await until(
        () => descriptors() <= (after[0] ?? Infinity) + 14,
        () => `${descriptors()}`,
        15_000,
      );
      after.push(descriptors());
      say(
        `threads: after round ${round} ${after.at(-1)} descriptors; ${failures} failures, ` +
          `${crowd.answered} answers, ${crowd.excused} excused`,
      );
    }
  } finally {
    serving.stop();
    await crowd.leave();
  }
  const unexpected = complaints.filter((line) => !line.includes("a test makes it fail"));
  assertEquals(unexpected, []);
  assertEquals(complaints.length, failures);
  assert(failures > 0, "no thread failed");
  assertEquals(crowd.faults, []);
  assert(crowd.answered > 50, `only ${crowd.answered} answers`);
  await until(() => descriptors() <= before, () => `descriptors: ${before}, then ${descriptors()}`);
}
