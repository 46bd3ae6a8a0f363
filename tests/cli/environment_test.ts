/**
 * The environment of a binary that may have capabilities by its file (capabilities(7)): no variable
 * makes it run other code, listen for a debugger, write a file or take a descriptor.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { inFolder, programTest, run } from "../binary.ts";
import { runtimeName } from "../testing.ts";

const noBinary = runtimeName === "bun" ? null : "only the binary carries its runtime";

programTest("no variable makes the binary run other code", () =>
  inFolder(async (folder) => {
    const script = join(folder, "other.js");
    const written = join(folder, "written");
    writeFileSync(script, `require("node:fs").writeFileSync(${JSON.stringify(written)}, "")`);
    const usual = await run(["-v"]);
    assertEquals(usual.status, 0);
    const cases: Record<string, string>[] = [
      { BUN_BE_BUN: "1" },
      { BUN_BE_BUN: "1", BUN_OPTIONS: `--preload=${script}` },
      { BUN_OPTIONS: `--preload=${script}` },
      { BUN_OPTIONS: `--preload ${script}` },
      { BUN_OPTIONS: `-r ${script}` },
      { BUN_OPTIONS: `--import ${script}` },
      { BUN_OPTIONS: "--inspect-wait=127.0.0.1:0" },
      { BUN_OPTIONS: "--cpu-prof" },
      { BUN_OPTIONS: "--config=bunfig.toml" },
      { BUN_INSPECT: "127.0.0.1:0?wait=1" },
      { BUN_INSPECT: "127.0.0.1:0?break=1" },
      { BUN_INSPECT_PRELOAD: script },
      { BUN_INSPECT: "127.0.0.1:0", BUN_INSPECT_PRELOAD: script },
      { BUN_BYTECODE_ORDER_OUT: join(folder, "order") },
      { NODE_OPTIONS: `--require ${script}` },
      { NODE_CHANNEL_FD: "garbage" },
      { NODE_CHANNEL_FD: "0" },
      { NODE_UNIQUE_ID: "1", NODE_CHANNEL_FD: "3" },
      { NODE_PATH: folder, NODE_V8_COVERAGE: join(folder, "coverage") },
    ];
    writeFileSync(join(folder, "bunfig.toml"), `preload = ["${script}"]\n`);
    writeFileSync(join(folder, ".env"), `BUN_OPTIONS=--preload=${script}\n`);
    for (const env of cases) {
      assertEquals(await run(["-v"], { env, cwd: folder }), usual, JSON.stringify(env));
      assert(!existsSync(written), JSON.stringify(env));
    }
    assertEquals(readdirSync(folder).sort(), [".env", "bunfig.toml", "other.js"]);
    const evaluated = await run(["-e", "console.log(1)"], { env: { BUN_BE_BUN: "1" } });
    assertEquals([evaluated.status, evaluated.stdout], [1, ""]);
    assertStringIncludes(evaluated.stderr, "unknown option '-e'");
  }), noBinary);

programTest("no variable makes the binary call a debugger", async () => {
  let calls = 0;
  const debuggers = createServer((socket) => {
    calls++;
    socket.destroy();
  }).listen(0, "127.0.0.1");
  await once(debuggers, "listening");
  try {
    const { port } = debuggers.address() as { port: number };
    const usual = await run(["-v"]);
    for (const name of ["BUN_INSPECT_CONNECT_TO", "BUN_INSPECT_NOTIFY", "BUN_INSPECT"]) {
      for (const scheme of ["", "tcp://", "ws://"]) {
        const env = { [name]: `${scheme}127.0.0.1:${port}` };
        assertEquals(await run(["-v"], { env }), usual, JSON.stringify(env));
      }
    }
    assertEquals(calls, 0);
  } finally {
    debuggers.close();
  }
}, noBinary);

programTest("where the runtime itself cannot start, its crash says what is needed", async () => {
  const { signal, stderr } = await run(["-v"], {
    prefix: ["/bin/sh", "-c", 'ulimit -c 0; ulimit -v 300000 && exec "$0" "$@"'],
  });
  assertEquals(signal, "SIGABRT");
  assertStringIncludes(stderr, "sluice cannot go on.\nAt its start: it needs /proc, memory");
  assert(!stderr.includes("bug in Bun"), stderr);
}, noBinary);
