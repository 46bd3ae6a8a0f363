/**
 * What a proxy costs before it does anything: its start, its memory, and that of idle connections.
 */
import { settledMemory } from "./measure.ts";
import { stop } from "./processes.ts";
import { startProxy } from "./proxies.ts";
import { contestants, inTurns, type Stand } from "./rounds.ts";
import type { Series } from "./statistics.ts";
import type { Row } from "./table.ts";

/** The ends of the slope. */
const [FEW, MANY] = [1_000, 5_000];

/** By then a proxy has given back what only its start needed, in ms. */
const startOver = 1500;

/**
 * Memory per idle connection, in bytes: the slope of the process's own memory (without pages of
 * files, such as the program's code, which come and go with what runs) from 1,000 to 5,000
 * keep-alive connections of clients, each of which has made one request. What the proxy keeps of
 * its connections to the server counts too. A fresh process in each round.
 */
export async function measureIdle(rounds: number, stand: Stand): Promise<readonly Row[]> {
  const { helpers, cpus, folder } = stand;
  const series = await inTurns(contestants(stand), rounds, async (contestant) => {
    const service = { origins: [helpers.origin.port] };
    const proxy = await startProxy(contestant, service, cpus.proxy, folder);
    const memoryWith = async (connections: number) => {
      const order = {
        kind: "hold",
        port: proxy.port,
        size: 128,
        connections,
        requests: 0,
      } as const;
      await helpers.client.order(order);
      return (await settledMemory(proxy.pid)).anonymous;
    };
    const few = await memoryWith(FEW);
    const many = await memoryWith(MANY);
    await stop(proxy);
    return (many - few) / (MANY - FEW);
  });
  return [{ name: "idle", unit: "bytes/connection", series }];
}

/**
 * The time from exec to the first answer that comes through (which is a little more than to the
 * first connection accepted), in ms, and the memory then, in MB of 1,000,000 bytes. A fresh process
 * in each round.
 */
export async function measureStart(rounds: number, stand: Stand): Promise<readonly Row[]> {
  const { helpers, cpus, folder } = stand;
  const seen = await inTurns(contestants(stand), rounds, async (contestant) => {
    const service = { origins: [helpers.origin.port] };
    const proxy = await startProxy(contestant, service, cpus.proxy, folder);
    const { resident, anonymous } = await settledMemory(proxy.pid, startOver);
    await stop(proxy);
    return { time: proxy.startTime, resident: resident / 1e6, anonymous: anonymous / 1e6 };
  });
  const pick = (key: "time" | "resident" | "anonymous"): Series => ({
    sluice: seen.sluice.map((look) => look[key]),
    haproxy: seen.haproxy.map((look) => look[key]),
    again: seen.again.map((look) => look[key]),
  });
  return [
    { name: "start", unit: "ms", series: pick("time") },
    { name: "RSS at rest", unit: "MB", series: pick("resident") },
    { name: "- anonymous", unit: "MB", series: pick("anonymous") },
  ];
}
