/** A thread that writes to a stream as fast as it can, and counts its attempts: see its test. */
import { workerData } from "node:worker_threads";
import { openStream } from "#src/log/open-transport.ts";
import { Lock } from "#src/shared/lock.ts";
import { openMemory } from "#src/shared/memory.ts";

/** What it is given. */
export interface Writer {
  readonly fd: number;
  readonly threads: number;
  readonly self: number;
  /** Of the lock, of each thread's attempts, and of the word that ends them. */
  readonly blocks: readonly SharedArrayBuffer[];
}

const { fd, threads, self, blocks } = workerData as Writer;
const memory = openMemory(blocks, threads, self);
const transport = openStream(fd, new Lock(memory));
const attempts = memory.ints(threads);
const over = memory.ints(1);
const line = new TextEncoder().encode("x".repeat(4095) + "\n");
while (Atomics.load(over, 0) === 0) {
  transport.send(line, [line.length], 0, 1);
  Atomics.add(attempts, self, 1);
}
