import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { idealWait } from "./ideal.ts";

test("who finds a free slot waits for nothing", () => {
  assertEquals(idealWait([0, 0, 0], 3, 10), 0);
  assertEquals(idealWait([0, 10, 20], 1, 10), 0);
});

test("a crowd that comes at once is served in ranks of as many as there are slots", () => {
  // Three ranks of two: 0, 10 and 20 ms.
  assertEquals(idealWait([5, 5, 5, 5, 5, 5], 2, 10), 10);
  // 250 ranks of 12: 0 to 2490 ms.
  assertEquals(idealWait(new Array<number>(3_000).fill(0), 12, 10), 1_245);
});

test("arrivals count in order of time, and what has been idle is lost", () => {
  // One slot: 0-10, 12-22 (no wait), 22-32 (waits 7).
  assertEquals(idealWait([15, 0, 12], 1, 10), 7 / 3);
});

test("the total wait is that of a queue played event by event", () => {
  let state = 3;
  const draw = (below: number) => (state = (state * 69_069 + 1) % 2 ** 32) % below;
  for (let play = 0; play < 50; play++) {
    const [slots, service] = [1 + draw(5), 1 + draw(9)];
    const asked = Array.from({ length: 1 + draw(40) }, () => draw(60));
    const waiting = asked.toSorted((a, b) => a - b);
    const serving: number[] = [];
    let waited = 0;
    for (let now = 0; waiting.length > 0; now++) {
      for (const end of [...serving]) if (end === now) serving.splice(serving.indexOf(end), 1);
      while (serving.length < slots && waiting[0] !== undefined && waiting[0] <= now) {
        waited += now - waiting.shift()!;
        serving.push(now + service);
      }
    }
    const difference = idealWait(asked, slots, service) * asked.length - waited;
    assert(Math.abs(difference) < 1e-6, `${slots} slots, ${service} ms: ${asked}`);
  }
});
