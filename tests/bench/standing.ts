/**
 * What a proxy costs before it does anything: its start, its memory, and that of idle connections.
 */
import type { Helpers } from "./helpers.ts";
import { settledMemory } from "./measure.ts";
import { type Placement, stop } from "./processes.ts";
import { type Contestant, haproxy, sluice, startProxy } from "./proxies.ts";
import type { Series } from "./statistics.ts";

/** The ends of the slope. */
const [FEW, MANY] = [1_000, 5_000];

/** Runs `look` at a fresh process of each contestant, `rounds` times in turns. */
async function inTurns<T>(
  rounds: number,
  look: (contestant: Contestant) => Promise<T>,
): Promise<{ sluice: T[]; haproxy: T[]; again: T[] }> {
  const seen = { sluice: [] as T[], haproxy: [] as T[], again: [] as T[] };
  for (let round = 0; round < rounds; round++) {
    seen.sluice.push(await look(sluice));
    seen.haproxy.push(await look(haproxy));
    seen.again.push(await look(haproxy));
  }
  return seen;
}

/**
 * Memory per idle connection, in bytes: the slope of the resident memory from 1,000 to 5,000
 * keep-alive connections of clients, each of which has made one request. What the proxy keeps of
 * its connections to the server counts too.
 */
export function measureIdle(
  rounds: number,
  helpers: Helpers,
  cpus: Placement,
  folder: string,
): Promise<Series> {
  return inTurns(rounds, async (contestant) => {
    const proxy = await startProxy(contestant, helpers.origin, "", cpus.proxy, folder);
    const memoryWith = async (connections: number) => {
      await helpers.order({
        kind: "hold",
        port: proxy.port,
        size: 128,
        connections,
        requests: 0,
      });
      return await settledMemory(proxy.pid);
    };
    const few = await memoryWith(FEW);
    const many = await memoryWith(MANY);
    await stop(proxy);
    return (many - few) * 1024 / (MANY - FEW);
  });
}

/**
 * The time from exec to the first answer that comes through (which is a little more than to the
 * first connection accepted), in ms, and the resident memory then, in MiB.
 */
export async function measureStart(
  rounds: number,
  helpers: Helpers,
  cpus: Placement,
  folder: string,
): Promise<{ readonly time: Series; readonly memory: Series }> {
  const seen = await inTurns(rounds, async (contestant) => {
    const proxy = await startProxy(contestant, helpers.origin, "", cpus.proxy, folder);
    const memory = await settledMemory(proxy.pid) / 1024;
    await stop(proxy);
    return { time: proxy.startTime, memory };
  });
  const pick = (key: "time" | "memory"): Series => ({
    sluice: seen.sluice.map((look) => look[key]),
    haproxy: seen.haproxy.map((look) => look[key]),
    again: seen.again.map((look) => look[key]),
  });
  return { time: pick("time"), memory: pick("memory") };
}
