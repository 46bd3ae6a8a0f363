/** Errors that nobody foresaw, and what the system refuses: words, never an excerpt of the source. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import { explainFailure } from "#src/cli/failure.ts";
import { explainNoLibrary } from "#src/process/libc-check.ts";
import { programTest, run } from "../binary.ts";
import { missingOf } from "../programs.ts";
import { runtimeName, test } from "../testing.ts";

test("an error of ours: what, where, and what to do about it; the stack with -d only", () => {
  const error = new TypeError("x is not a function");
  const brief = explainFailure(error, false);
  const [first, second, ...rest] = brief.split("\n");
  assertMatch(first!, /^internal error: TypeError: x is not a function \(at .*failure_test.*\)$/);
  assertEquals([second, rest], [
    "  this is a fault of sluice: please report it, with this line",
    [],
  ]);
  assert(explainFailure(error, true).startsWith(`${brief}\n`));
  assertMatch(explainFailure("thrown", false), /^internal error: Error: thrown\n/);
});

test("what is known is no fault of ours: memory", () => {
  for (const message of ["Out of memory", "Array buffer allocation failed"]) {
    assertMatch(explainFailure(new RangeError(message), false), /^out of memory\n {2}fix: /);
  }
});

test("what is known is no fault of ours: descriptors", () => {
  const error = Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE" });
  assertMatch(explainFailure(error, false), /^too many open files\n {2}fix: /);
});

test("why the C library cannot be called", () => {
  const limits = (bytes: string) =>
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
    `Max address space         ${bytes.padEnd(20)} unlimited            bytes     \n`;
  const jit = "sluice needs Linux's C library: TypeError: bun:ffi requires the JIT";
  for (const text of ["", limits("unlimited")]) {
    assertMatch(
      explainNoLibrary(jit, text),
      /written and then executed\n.*MemoryDenyWriteExecute=no/,
    );
  }
  assertMatch(
    explainNoLibrary(jit, limits("1024000000")),
    /limited to 976 MB\n.*ulimit -v unlimited/,
  );
  assertEquals(explainNoLibrary("no such library", ""), "no such library");
});

programTest("a full disk: it says that the output is lost, and the status is 1", async () => {
  for (
    const args of [["schema"], ["convert", "weights"], ["-v"], ["--help"], ["check", "weights"]]
  ) {
    const { status, stdout, stderr } = await run(args, {
      prefix: ["/bin/sh", "-c", 'exec "$0" "$@" >/dev/full'],
    });
    const message = "cannot write to the standard output: no space left on device\n";
    assertEquals([status, stdout, stderr], [1, "", message], args.join(" "));
  }
  // A complaint that nobody can read changes nothing else.
  const deaf = await run(["check", "/nonexistent"], {
    prefix: ["/bin/sh", "-c", 'exec "$0" "$@" 2>/dev/full'],
  });
  assertEquals([deaf.status, deaf.stderr], [1, ""]);
}, existsSync("/dev/full") ? null : "there is no /dev/full");

programTest("a reader that goes early is no failure", async () => {
  const { status, stdout, stderr } = await run(["schema"], {
    prefix: ["bash", "-c", 'set -o pipefail; "$0" "$@" | head -n 1'],
  });
  assertEquals([status, stdout, stderr], [0, "{\n", ""]);
});

/** What a program is started by that may not write memory and then execute it (prctl(2), MDWE). */
const withoutJit: readonly [string, ...string[]] = [
  "python3",
  "-c",
  "import ctypes, os, sys\n" +
  "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0: sys.exit(77)\n" +
  "os.execvp(sys.argv[1], sys.argv[1:])",
];
const walls: [prefix: readonly [string, ...string[]], message: RegExp][] = [
  [withoutJit, /no memory may be written and then executed\n {2}fix: .*MemoryDenyWriteExecute=no/],
  [
    ["/bin/sh", "-c", 'ulimit -v 2000000 && exec "$0" "$@"'],
    /the address space is limited to 1953 MB\n {2}fix: raise the limit/,
  ],
];

programTest("without the C library: what serves says why, the rest does its work", async () => {
  const input = "listen web\n  bind 127.0.0.1:1\n";
  for (const [prefix, message] of walls) {
    const valid = await run(["-c", "-q", "-f", "-"], { input, prefix });
    // 77: this kernel is older than that wall (Linux 6.3).
    if (valid.status === 77) continue;
    assertEquals([valid.status, valid.stderr], [0, ""]);
    for (
      const verb of [["-v"], ["-vv"], ["schema"], ["convert", "weights"], ["check", "weights"]]
    ) {
      const { status, stderr } = await run(verb, { prefix });
      assertEquals([status, stderr], [0, ""], verb.join(" "));
    }
    for (const verb of [["-q", "-db", "-f", "-"], ["-q", "-D", "-f", "-"], ["run", "weights"]]) {
      const { status, stderr } = await run(verb, { input, prefix });
      assertEquals(status, 1);
      assertMatch(stderr, /^cannot start: the C library cannot be called, because /);
      assertMatch(stderr, message);
      assertEquals(stderr.trimEnd().split("\n").length, 2, stderr);
    }
  }
}, runtimeName === "bun" ? missingOf({ python3: "python3" }) : "Deno ends there without a word");
