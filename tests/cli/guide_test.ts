import { assertEquals, assertMatch } from "@std/assert";
import { programTest, run } from "../binary.ts";
import { guide } from "./guide.ts";

programTest("each of the guide's 22 configurations is valid as it stands: -c says so", async () => {
  const all = Object.entries(guide);
  assertEquals(all.length, 22);
  // Four at a time, for each is a process.
  const lanes = Array.from({ length: 4 }, async () => {
    for (let next = all.pop(); next !== undefined; next = all.pop()) {
      const [name, input] = next;
      const { status, stdout, stderr } = await run(["-c", "-f", "-"], { input });
      assertEquals([name, status, stdout], [name, 0, "Configuration file is valid\n"]);
      // The guide leaves the time-outs to the reader; the manual wants them (chapter 4.2).
      if (!/timeout/.test(input)) assertMatch(stderr, /warning: missing timeouts for/);
    }
  });
  await Promise.all(lanes);
});
