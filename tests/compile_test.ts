import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "./testing.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const root = join(import.meta.dirname ?? ".", "..");

/** Runs compile.sh from a foreign folder, as a caller may. */
function compile(
  args: string[],
  { script = join(root, "compile.sh"), path = "/usr/bin:/bin" } = {},
) {
  const { status, stdout, stderr } = spawnSync("/bin/sh", [script, ...args], {
    cwd: "/",
    encoding: "utf8",
    env: { PATH: path, HOME: "/nonexistent" },
  });
  return { status, stdout, stderr };
}

test("compile.sh --help names every option and target, and exits 0", () => {
  const { status, stdout, stderr } = compile(["--help"]);
  assertEquals({ status, stderr }, { status: 0, stderr: "" });
  const words = ["--target", "--runtime", "--help", "linux-x64", "linux-arm64-musl"];
  for (const word of words) assertStringIncludes(stdout, word);
});

const MISUSES: [args: string[], complaint: string][] = [
  [["--target"], "--target needs a value"],
  [["--target", "sparc"], "unknown target 'sparc'"],
  [["--target=linux x64"], "unknown target 'linux x64'"],
  [["--runtime"], "--runtime needs a value"],
  [["--runtime=node"], "unknown runtime 'node'"],
  [["--fast"], "unknown argument '--fast'"],
  [["dist/other"], "unknown argument 'dist/other'"],
];
for (const [args, complaint] of MISUSES) {
  test(`compile.sh ${args.join(" ")}: refused with the usage`, () => {
    const { status, stdout, stderr } = compile(args);
    assertEquals({ status, stdout }, { status: 2, stdout: "" });
    assertStringIncludes(stderr, complaint);
    assertStringIncludes(stderr, "Usage: sh compile.sh");
  });
}

test("compile.sh refuses Deno for musl before it does anything", () => {
  const { status, stdout, stderr } = compile(["--runtime", "deno", "--target", "linux-x64-musl"]);
  assertEquals({ status, stdout }, { status: 1, stdout: "" });
  assertMatch(stderr, /no runtime for musl\n {2}fix: /);
});

test("compile.sh on a machine without deno, npm and bun says what to install, and leaves nothing", () => {
  const folder = mkdtempSync(join(tmpdir(), "slu ice "));
  try {
    for (const file of ["compile.sh", "deno.json", "deno.lock"]) {
      cpSync(join(root, file), join(folder, file));
    }
    // A machine with the script's few tools and no more.
    const tools = ["cat", "dirname", "grep", "head", "mkdir", "mktemp", "rm", "sed", "sort", "tr"];
    for (const tool of tools) {
      const found = spawnSync("/bin/sh", ["-c", `command -v ${tool}`], { encoding: "utf8" });
      symlinkSync(found.stdout.trim(), join(folder, tool));
    }
    const { status, stdout, stderr } = compile([], {
      script: join(folder, "compile.sh"),
      path: folder,
    });
    assertEquals({ status, stdout }, { status: 1, stdout: "" });
    assertMatch(stderr, /neither deno nor npm nor bun on the PATH\n {2}fix: install one/);
    assertEquals(readdirSync(join(folder, "dist")), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("compile.sh and .ci/run ask for one version of deno", () => {
  const pinned = /^deno_version=(\S+)/m.exec(readFileSync(join(root, "compile.sh"), "utf8"))?.[1];
  assertMatch(pinned ?? "", /^\d+\.\d+\.\d+$/);
  const ci = readFileSync(join(root, ".ci/run"), "utf8");
  assertEquals([...ci.matchAll(/deno@([\d.]+)/g)].map((hit) => hit[1]), [pinned]);
});
