/** What the sessions run on: an event loop of our own in threads, or the runtime's sockets. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import type { Engine as Name } from "../config/model.ts";
import type { WorkerPool, WorkerPoolOptions } from "../threads/pool.ts";
import { descriptorLimit } from "./limits.ts";
import { runtimeName } from "./runtime.ts";

/** See above. */
export interface Engine {
  readonly name: Name;
  readonly threads: number;
  /** Why it is this one, for a person to read. */
  readonly why: string;
  /** Makes its threads; null: sessions are the main thread's. */
  readonly createWorkerPool: ((options: WorkerPoolOptions) => WorkerPool) | null;
}

/** What decides about it. */
export interface EngineOptions {
  /** `tune.engine`, or a flag; null: the best there is. */
  readonly name: Name | null;
  /** `nbthread`; null: as many as CPUs. */
  readonly threads: number | null;
  /** Descriptors that the process may open; null: nobody knows. */
  readonly descriptors?: number | null;
}

/** "epoll, 4 threads": an engine as messages show it. */
export function showEngine({ name, threads }: Engine): string {
  return `${name}, ${threads === 1 ? "one thread" : `${threads} threads`}`;
}

/** Chooses what to run on. */
export async function chooseEngine(options: EngineOptions): Promise<Engine> {
  const lack = whyNoEpoll();
  if (lack !== null || options.name === "sockets") {
    const why = lack ?? "as configured";
    return { name: "sockets", threads: 1, why, createWorkerPool: null };
  }
  const { createWorkerPool } = await import("../threads/pool.ts");
  if (options.threads !== null) {
    const { threads } = options;
    return { name: "epoll", threads, why: `nbthread ${threads}`, createWorkerPool };
  }
  const cpus = usableCpus();
  const threads = Math.min(cpus, affordableThreads(options.descriptors ?? descriptorLimit()));
  const why = threads < cpus
    ? `${cpus} CPUs to use, and few descriptors`
    : cpus === 1
    ? "one CPU to use"
    : `${cpus} CPUs to use`;
  return { name: "epoll", threads, why, createWorkerPool };
}

/** Threads whose own descriptors leave the most of them to connections. */
export function affordableThreads(descriptors: number | null): number {
  return descriptors === null ? Infinity : Math.max(1, Math.floor(descriptors / 128));
}

/** Why the loop of our own cannot run here; null: it can. */
function whyNoEpoll(): string | null {
  if (!("Bun" in globalThis)) return `${runtimeName()} cannot run an event loop of ours`;
  if (process.platform !== "linux") return "there is epoll on Linux only";
  return null;
}

/** The CPUs that this process may use: by its affinity, and by its share of them (cgroups(7)). */
export function usableCpus(shares = readShares()): number {
  let cpus = availableParallelism();
  for (const share of shares) {
    const [quota, period] = share.split(" ").map(Number);
    if (quota! > 0 && period! > 0) cpus = Math.min(cpus, Math.ceil(quota! / period!));
  }
  return Math.max(1, cpus);
}

/**
 * What cpu.max says of the process's control group and of those around it: "max 100000", or the
 * microseconds of CPU in a period of so many.
 */
function readShares(): string[] {
  const shares: string[] = [];
  let group = /^0::(\/.*)$/m.exec(read("/proc/self/cgroup"))?.[1] ?? "/";
  for (;;) {
    shares.push(read(`/sys/fs/cgroup${group}/cpu.max`));
    if (group === "" || group === "/") return shares;
    group = group.slice(0, group.lastIndexOf("/"));
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch {
    return "";
  }
}
