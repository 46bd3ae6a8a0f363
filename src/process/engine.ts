/** What the sessions run on: an event loop of our own in threads, or the runtime's sockets. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import process from "node:process";
import type { Engine as Name } from "../config/model.ts";
import type { CrewOptions, ThreadCrew } from "./threads/crew.ts";
import { runtimeName } from "./runtime.ts";

/** See above. */
export interface Engine {
  readonly name: Name;
  readonly threads: number;
  /** Why it is this one, for a person to read. */
  readonly why: string;
  /** Makes its threads; null: sessions are the main thread's. */
  readonly createCrew: ((options: CrewOptions) => ThreadCrew) | null;
}

/** What decides about it. */
export interface EngineWishes {
  /** `tune.engine`, or a flag; null: the best there is. */
  readonly name: Name | null;
  /** `nbthread`; null: as many as CPUs. */
  readonly threads: number | null;
}

/** Chooses what to run on. */
export async function chooseEngine(wishes: EngineWishes): Promise<Engine> {
  const lack = whyNoEpoll();
  if (lack !== null || wishes.name === "sockets") {
    const why = lack ?? "as it was told to";
    return { name: "sockets", threads: 1, why, createCrew: null };
  }
  const { createCrew } = await import("./threads/crew.ts");
  const cpus = usableCpus();
  const threads = wishes.threads ?? cpus;
  const why = wishes.threads !== null
    ? `nbthread ${threads}`
    : `${cpus === 1 ? "one CPU" : `${cpus} CPUs`} to use`;
  return { name: "epoll", threads, why, createCrew };
}

/** Why the loop of our own cannot run here; null: it can. */
function whyNoEpoll(): string | null {
  if (!("Bun" in globalThis)) return `${runtimeName()} cannot run an event loop of ours`;
  if (process.platform !== "linux") return "there is epoll on Linux only";
  return null;
}

/** The CPUs that this process may use: by its affinity, and by its share of them (cgroups(7)). */
export function usableCpus(cpuMax = readShare()): number {
  const cpus = availableParallelism();
  const [quota, period] = cpuMax.split(" ").map(Number);
  const share = quota! > 0 && period! > 0 ? Math.ceil(quota! / period!) : cpus;
  return Math.max(1, Math.min(cpus, share));
}

/** "max 100000", or the microseconds of CPU in a period of so many. */
function readShare(): string {
  try {
    return readFileSync("/sys/fs/cgroup/cpu.max", "utf8").trim();
  } catch {
    return "";
  }
}
