/** Real threads, for the tests of what they share. */
import { createMemory } from "#src/shared/memory.ts";
import { layOut, type Task } from "./worker.ts";

/** Threads at work on the same memory, of which this one is number 0. */
export interface Crowd extends ReturnType<typeof layOut> {
  /** How many have done what they were told. */
  done(): number;
  /** Resolves when all have. */
  readonly all: Promise<void>;
  /** Ends them, whatever they do. */
  end(): void;
}

/** What else there may be to say about a {@linkcode crowd}. */
export interface CrowdOptions {
  /** For "enter": as many as may be inside. */
  readonly limit?: number;
  /** Of the mailbox. */
  readonly capacity?: number;
  /** Is done before any of them begins. */
  readonly before?: (shared: ReturnType<typeof layOut>) => void;
}

/** Sets `count` threads, numbered from 1, to work. */
export function crowd(
  count: number,
  job: Task["job"],
  times: number,
  { limit = 0, capacity = 16, before }: CrowdOptions = {},
): Crowd {
  const threads = count + 1;
  const memory = createMemory(threads, 0);
  const shared = layOut(memory, capacity);
  before?.(shared);
  let done = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const workers = Array.from({ length: count }, (_, i) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = () => {
      done++;
      if (done === count) resolve();
    };
    worker.onerror = (event) => reject(new Error(event.message));
    const { blocks } = memory;
    worker.postMessage({ blocks, threads, self: i + 1, job, times, limit, capacity } as Task);
    return worker;
  });
  return {
    ...shared,
    done: () => done,
    all: promise,
    end() {
      for (const worker of workers) worker.terminate();
    },
  };
}
