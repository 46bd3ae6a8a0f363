/** What a real thread does in the tests of shared memory: it is told what, and tells when it has. */
import { Gauge } from "#src/shared/counts.ts";
import { Lock } from "#src/shared/lock.ts";
import { Mailbox } from "#src/shared/mailbox.ts";
import { openMemory } from "#src/shared/memory.ts";

/** The shared things of a test, laid out in this order by every thread. */
export function layOut(memory: ReturnType<typeof openMemory>, capacity: number) {
  const signal = memory.ints(1);
  return {
    /** Counts how often the owner of the mailbox was woken. */
    signal,
    lock: new Lock(memory),
    gauge: new Gauge(memory),
    /** For the test's own use. */
    words: memory.ints(4),
    box: new Mailbox(memory, capacity, () => {
      Atomics.add(signal, 0, 1);
      Atomics.notify(signal, 0);
    }),
  };
}

/** What a thread is to do. */
export interface Task {
  readonly blocks: readonly SharedArrayBuffer[];
  readonly threads: number;
  readonly self: number;
  readonly capacity: number;
  readonly job: "count" | "enter" | "hold" | "send";
  /** How often. */
  readonly times: number;
  /** For "enter": as many as may be inside. */
  readonly limit: number;
}

interface Scope {
  onmessage: ((event: { data: Task }) => void) | null;
  postMessage(answer: string): void;
  close(): void;
}

function perform(task: Task): void {
  const memory = openMemory(task.blocks, task.threads, task.self);
  const { lock, gauge, words, box, signal } = layOut(memory, task.capacity);
  for (let i = 0; i < task.times; i++) {
    switch (task.job) {
      case "count":
        // Not atomic, and slow: without the lock some would be lost.
        lock.lock();
        for (let seen = words[0]!, spins = 0; spins <= 20; spins++) words[0] = seen + 1;
        lock.unlock();
        break;
      case "enter":
        if (!gauge.increaseBelow(task.limit)) break;
        if (Atomics.add(words, 0, 1) >= task.limit) Atomics.add(words, 1, 1);
        Atomics.add(words, 2, 1);
        Atomics.sub(words, 0, 1);
        gauge.decrease();
        break;
      case "hold":
        lock.lock();
        break;
      case "send":
        // The reader may be behind.
        while (!box.post(task.self, i, -i, task.times)) Atomics.wait(signal, 0, -1, 1);
    }
  }
}

const scope = globalThis as unknown as Scope;
if ("WorkerGlobalScope" in globalThis || typeof scope.postMessage === "function") {
  scope.onmessage = ({ data }) => {
    perform(data);
    scope.postMessage("done");
  };
}
