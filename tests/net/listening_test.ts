import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { listenerWith } from "#src/net/listening.ts";
import { test } from "../testing.ts";

const endpoint = { kind: "ip", host: "192.0.2.1", port: 80 } as const;
const calls = ["pause", "resume", "release", "reclaim", "drain", "close"] as const;

test("listening: whatever is called, each verb comes where it makes sense, and once", () => {
  fc.assert(fc.property(fc.array(fc.constantFrom(...calls)), fc.boolean(), (made, paused) => {
    let accepts = false;
    let has = true;
    let closed = false;
    const listener = listenerWith(endpoint, {
      begin() {
        assert(!accepts && has && !closed);
        accepts = true;
      },
      end() {
        assert(accepts);
        accepts = false;
      },
      release() {
        assert(!accepts && has && !closed);
        has = false;
      },
      reclaim() {
        assert(!has && !closed);
        has = true;
      },
      drain() {
        assert(has && !closed);
        return true;
      },
      close(released) {
        assert(!accepts && !closed);
        assertEquals(released, !has);
        closed = true;
      },
    }, paused);
    // What the calls mean, said once more.
    let [pausedNow, released, over] = [paused, false, false];
    for (const call of made) {
      const drains = !released && !over;
      const result = listener[call]();
      if (call === "drain") assertEquals(result, drains);
      if (call === "pause") pausedNow = true;
      if (call === "resume") pausedNow = false;
      if (call === "release" && !over) released = true;
      if (call === "reclaim" && !over) released = false;
      if (call === "close") over = true;
      assertEquals([accepts, has, closed], [!pausedNow && !released && !over, !released, over]);
    }
  }));
});

test("listening: one that cannot be reclaimed stays released, and may be tried again", () => {
  const said: string[] = [];
  let fails = true;
  const listener = listenerWith(endpoint, {
    begin: () => said.push("begin"),
    end: () => said.push("end"),
    release: () => said.push("release"),
    reclaim() {
      if (fails) throw new Error("in use");
      said.push("reclaim");
    },
    close: (released) => said.push(`close ${released}`),
  });
  listener.release();
  assertThrows(() => listener.reclaim(), Error, "in use");
  assertEquals(listener.drain(), false);
  fails = false;
  listener.reclaim();
  assertEquals(listener.drain(), false);
  listener.close();
  listener.close();
  assertEquals(said, ["begin", "end", "release", "reclaim", "begin", "end", "close false"]);
});
