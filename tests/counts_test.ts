import { test } from "./testing.ts";
import { assertEquals } from "@std/assert";
import { add, countsOfBun, countsOfDeno, skippedTests, summary } from "./counts.ts";

test("deno's counts: a good run, a failed one, in colour, with steps", () => {
  const ofGood = "a ... ok (1ms)\n\nok | 12 passed | 0 failed | 1 ignored (9ms)\n\n";
  assertEquals(countsOfDeno(ofGood), { passed: 12, failed: 0, skipped: 1 });
  const ofBad = "FAILED | 2 passed (5 steps) | 31 failed (1 step) (10ms)\n\nerror: Test failed\n";
  assertEquals(countsOfDeno(ofBad), { passed: 2, failed: 31, skipped: 0 });
  const inColour = "\x1b[32mok\x1b[0m | 3 passed | 0 failed \x1b[90m(9ms)\x1b[0m\n";
  assertEquals(countsOfDeno(inColour), { passed: 3, failed: 0, skipped: 0 });
});

test("bun's counts: a good run, a failed one, in colour", () => {
  const ofGood = "(pass) a\n\n 12 pass\n 1 skip\n 2 todo\n 0 fail\n 40 expect() calls\n" +
    "Ran 15 tests across 2 files. [6.00ms]\n";
  assertEquals(countsOfBun(ofGood), { passed: 12, failed: 0, skipped: 3 });
  const ofBad = " 0 pass\n 1 fail\n 1 error\nRan 1 test across 1 file. [7.00ms]\n";
  assertEquals(countsOfBun(ofBad), { passed: 0, failed: 1, skipped: 0 });
  const inColour = "\x1b[32m 3 pass\x1b[0m\n\x1b[2m 0 fail\x1b[0m\nRan 3 tests across 1 file.\n";
  assertEquals(countsOfBun(inColour), { passed: 3, failed: 0, skipped: 0 });
});

test("a run that breaks off has no counts, whatever its tests printed", () => {
  for (const counts of [countsOfDeno, countsOfBun]) {
    assertEquals(counts(""), undefined);
    assertEquals(counts("(pass) a\nb ... ok (1ms)\n 3 pass\nSegmentation fault\n"), undefined);
  }
});

test("the last summary counts: an earlier one is what some test printed", () => {
  const deno = "ok | 1 passed | 0 failed (1ms)\nFAILED | 4 passed | 2 failed (9ms)\n";
  assertEquals(countsOfDeno(deno), { passed: 4, failed: 2, skipped: 0 });
  const bun =
    " 1 pass\n 0 fail\nRan 1 test across 1 file.\n 4 pass\n 2 fail\nRan 6 tests across 2\n";
  assertEquals(countsOfBun(bun), { passed: 4, failed: 2, skipped: 0 });
});

test("skipped tests are named", () => {
  assertEquals(skippedTests("a ... ok (1ms)\noracle: no haproxy ... ignored (0ms)\n"), [
    "oracle: no haproxy",
  ]);
  const ofBun = "(skip) oracle: no haproxy\n\n1 tests skipped:\n(skip) oracle: no haproxy\n";
  assertEquals(skippedTests(ofBun), ["oracle: no haproxy"]);
});

test("counts add up, and are said in one line", () => {
  const sum = add({ passed: 1, failed: 2, skipped: 0 }, { passed: 10, failed: 0, skipped: 3 });
  assertEquals(summary(sum), "11 passed, 2 failed, 3 skipped");
  assertEquals(summary({ passed: 4, failed: 0, skipped: 0 }), "4 passed, 0 failed");
});
