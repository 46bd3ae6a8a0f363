import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createMemory } from "#src/shared/memory.ts";
import { RateLimit } from "#src/shared/rate-limit.ts";
import { test } from "../testing.ts";

test("never more than the limit within a second, whenever events come; and it is used up", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 50 }),
    fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 }),
    (most, steps) => {
      const limit = new RateLimit(createMemory(1, 0), most);
      const events: number[] = [];
      let now = 1_000_000_000_000;
      for (const step of steps) {
        now += step;
        if (limit.isReached(now)) {
          const wait = limit.wait(now);
          assert(wait >= 1 && wait <= 1000, `${wait}`);
          continue;
        }
        limit.count(now);
        events.push(now);
        // As HAProxy, it counts the last second as if its events had come evenly.
        const within = events.filter((at) => Math.floor(at / 1000) === Math.floor(now / 1000));
        assert(within.length <= most);
      }
      now += 2000;
      assertEquals(limit.isReached(now), false);
    },
  ));
});
