/**
 * CPU time per request under load: both proxies warmed up, then in turns.
 */
import type { Helpers } from "./helpers.ts";
import { cpuTime, modeTicks } from "./measure.ts";
import { isRunning, type Placement, stop } from "./processes.ts";
import { haproxy, type Proxy, sluice, startProxy } from "./proxies.ts";
import type { Series } from "./statistics.ts";

/** A kind of load. */
export interface Load {
  /** Content of each response, in bytes. */
  readonly size: number;
  readonly connections: number;
  /** Responses in each round. */
  readonly requests: number;
  /** The client's way, as in {@linkcode Order}. */
  readonly kind: "keepalive" | "close";
}

/** What a load costs. Arrays have one element a round. */
export interface LoadFigures {
  /** CPU time per request, user and system, in us. */
  readonly cpu: Series;
  /** The share of it in user mode, over all rounds. */
  readonly user: { readonly sluice: number; readonly haproxy: number };
  /** CPU time over elapsed time: below 0.9 or so the proxy had to wait for the helpers. */
  readonly busy: { readonly sluice: number; readonly haproxy: number };
}

/** Rounds that do not count: the time that a just-in-time compiler needs. */
const WARM_UP = 8;
/** Work put off until after a round still counts as the round's. In ms. */
const AFTERMATH = 20;

/** A proxy and what its rounds have shown. */
interface Subject {
  readonly proxy: Proxy;
  /** us a request, a round each. */
  readonly cpu: number[];
  readonly elapsed: number[];
}

/** Measures one load in `rounds` rounds, after a warm-up. */
export async function measureLoad(
  load: Load,
  rounds: number,
  helpers: Helpers,
  cpus: Placement,
  folder: string,
): Promise<LoadFigures> {
  const subjects: Subject[] = [];
  for (const contestant of [sluice, haproxy, haproxy]) {
    const option = load.kind === "close" ? "option httpclose" : "";
    const proxy = await startProxy(contestant, helpers.origin, option, cpus.proxy, folder);
    subjects.push({ proxy, cpu: [], elapsed: [] });
  }
  for (const { proxy } of subjects) {
    for (let round = 0; round < WARM_UP; round++) await burden(proxy, load, helpers);
  }
  const before = subjects.map(({ proxy }) => modeTicks(proxy.pid));
  for (let round = 0; round < rounds; round++) {
    // Every other round in reverse, so that a drift of the machine strikes both ends alike.
    for (const { proxy, cpu, elapsed } of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const figures = await burden(proxy, load, helpers);
      cpu.push(figures.cpu);
      elapsed.push(figures.elapsed);
    }
  }
  const user = subjects.map(({ proxy }, index) => {
    const after = modeTicks(proxy.pid);
    const userTicks = after.user - (before[index]?.user ?? 0);
    return userTicks / (userTicks + after.system - (before[index]?.system ?? 0));
  });
  for (const { proxy } of subjects) await stop(proxy);

  const [ours, theirs, again] = subjects;
  const busy = (subject?: Subject) => sum(subject?.cpu) / sum(subject?.elapsed);
  return {
    cpu: { sluice: ours?.cpu ?? [], haproxy: theirs?.cpu ?? [], again: again?.cpu ?? [] },
    user: { sluice: user[0] ?? NaN, haproxy: ((user[1] ?? NaN) + (user[2] ?? NaN)) / 2 },
    busy: { sluice: busy(ours), haproxy: busy(theirs) },
  };
}

/** One round of one proxy. @returns CPU time and elapsed time per request, in us */
async function burden(proxy: Proxy, load: Load, helpers: Helpers) {
  try {
    const before = cpuTime(proxy.pid);
    const { seconds } = await helpers.order({ port: proxy.port, ...load });
    await new Promise((resolve) => setTimeout(resolve, AFTERMATH));
    const cpu = cpuTime(proxy.pid) - before;
    return { cpu: cpu / load.requests, elapsed: seconds * 1e6 / load.requests };
  } catch (error) {
    const fate = isRunning(proxy) ? "" : " (it has died)";
    throw new Error(`${proxy.name}${fate}: ${error instanceof Error ? error.message : error}`);
  }
}

function sum(values: readonly number[] = []): number {
  return values.reduce((total, value) => total + value, 0);
}
