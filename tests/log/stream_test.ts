/** Several threads that log to one pipe. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { URL } from "node:url";
import { Worker } from "node:worker_threads";
import { Lock } from "#src/shared/lock.ts";
import { createMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import type { Writer } from "./stream-worker.ts";
import { here, onlyHere } from "../threads/scene.ts";

const threads = 3;

test(
  `stream: a thread whose room another one takes does not wait for the reader${onlyHere}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
    const path = join(folder, "pipe");
    assertEquals(spawnSync("mkfifo", [path]).status, 0);
    // For reading and writing: nobody waits for the other end, and the usual, blocking mode.
    const fd = openSync(path, "r+");
    const memory = createMemory(threads, 0);
    new Lock(memory);
    const attempts = memory.ints(threads);
    const over = memory.ints(1);
    const workers = Array.from({ length: threads }, (_, self) => {
      const workerData: Writer = { fd, threads, self, blocks: memory.blocks };
      return new Worker(new URL("./stream-worker.ts", import.meta.url), { workerData });
    });
    const ends = workers.map((worker) => new Promise((resolve) => worker.on("exit", resolve)));
    const buffer = new Uint8Array(4096);
    try {
      await until(() => attempts.every((count) => count > 100), "all to write");
      for (let i = 0; i < 500; i++) {
        // Room for one of them, when all have seen that there was none.
        const before = attempts.slice();
        assert(readSync(fd, buffer) > 0);
        await until(
          () => attempts.every((count, thread) => count !== before[thread]),
          () => `all to go on after ${i} pages, at ${attempts.join(" ")}`,
        );
      }
    } finally {
      Atomics.store(over, 0, 1);
      // Who waits all the same gets room.
      for (let i = 0; i < threads; i++) readSync(fd, buffer);
      await Promise.all(ends);
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  },
  { skip: !here },
);
