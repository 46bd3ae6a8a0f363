/**
 * Queueing: how long a crowd waits for servers with few slots, beside the shortest wait possible.
 */
import { type Client, startOrigin } from "./helpers.ts";
import { idealWait } from "./ideal.ts";
import { stop } from "./processes.ts";
import { type Proxy, startProxy } from "./proxies.ts";
import { contestants, eachOf, inTurns, type Stand } from "./rounds.ts";
import type { Row } from "./table.ts";

const CLIENTS = 3_000;
const SERVERS = 3;
const MAXCONN = 4;
/** What a response takes the server, in ms. */
const SERVICE = 10;
/** A smaller crowd, which comes before those that count. */
const WARM_UP = 600;

/**
 * 3,000 clients connect at once and make one request each. The mean of their waits (from the
 * request to the end of the response, less the service), over that of an ideal queue to which they
 * came at the same moments.
 */
export async function measureQueueing(rounds: number, stand: Stand): Promise<readonly Row[]> {
  const { helpers, cpus, folder } = stand;
  const origin = await startOrigin(cpus.origin, SERVICE);
  const service = {
    origins: new Array<number>(SERVERS).fill(origin.port),
    server: `maxconn ${MAXCONN}`,
  };
  const proxies = await eachOf(
    contestants(stand),
    (contestant) => startProxy(contestant, service, cpus.proxy, folder),
  );
  for (const proxy of Object.values(proxies)) await crowd(proxy, WARM_UP, helpers.client);
  const series = await inTurns(proxies, rounds, (proxy) => crowd(proxy, CLIENTS, helpers.client));
  for (const proxy of Object.values(proxies)) await stop(proxy);
  await origin.stop();
  return [{ name: "queue", unit: "mean wait/ideal", series }];
}

/** Lets a crowd come to one proxy. @returns its mean wait over the ideal one */
async function crowd({ name, port }: Proxy, connections: number, client: Client): Promise<number> {
  try {
    const order = { kind: "burst", port, size: 128, connections, requests: 0 } as const;
    const { exchanges } = await client.order(order);
    const waits = exchanges.map(([asked, answered]) => answered - asked - SERVICE);
    const mean = waits.reduce((sum, wait) => sum + wait, 0) / waits.length;
    return mean / idealWait(exchanges.map(([asked]) => asked), SERVERS * MAXCONN, SERVICE);
  } catch (error) {
    throw new Error(`${name}, queueing: ${error instanceof Error ? error.message : error}`);
  }
}
