/** Origins and clients of a soak, and the trouble that they are in. */
import { illBehaved, wellBehaved, type World } from "./clients.ts";
import { mortalOrigin } from "./origins.ts";
import { until } from "../until.ts";
import { type Random, randomOf } from "./random.ts";

/** Where a soak takes place. */
export interface Place {
  /** Of the proxy. */
  readonly host: string;
  readonly port: number;
  readonly originHost: string;
}

/** The configuration of the proxy, whose global section has such lines too. */
export function configurationText({ host, port, originHost }: Place, ...lines: string[]): string {
  return `
global
  maxconn 200
  log ${originHost}:5140 local0
${lines.map((line) => `  ${line}`).join("\n")}

listen soak
  bind ${host}:${port}
  mode http
  log global
  option httplog
  option dontlognull
  option httpchk GET /check
  option redispatch
  option splice-auto
  retries 3
  timeout connect 1s
  timeout queue 10s
  timeout client 4s
  timeout http-request 2s
  timeout server 8s
  timeout check 3s
  default-server inter 500 downinter 100 fall 3 rise 1
  server a ${originHost}:8001 check maxconn 6
  server b ${originHost}:8002 check maxconn 6
`;
}

/** See {@linkcode gather}. */
export interface Crowd extends World {
  /** Lets clients come for a while, always the same, while `meanwhile` happens. */
  round(ms: number, meanwhile: (random: Random) => Promise<void>): Promise<void>;
  /** What happens within `body` may do harm to anybody. */
  inTrouble(body: () => Promise<void>): Promise<void>;
  /** An origin dies, and comes back. */
  killOrigin(random: Random): Promise<void>;
  /** The origins' part is over. */
  leave(): Promise<void>;
}

/** How long the proxy may take to see that an origin is back, ms. */
const recovery = 700;

/** Starts the origins. */
export async function gather({ host, port, originHost }: Place, seed: number): Promise<Crowd> {
  const origins = [8001, 8002].map((port) => mortalOrigin(originHost, port));
  await Promise.all(origins.map((origin) => origin.start()));
  let trouble = 0;
  let over = false;
  const faults: string[] = [];
  const crowd: Crowd = {
    host,
    port,
    over: () => over,
    trouble: () => trouble,
    answered: 0,
    excused: 0,
    faults,
    async round(ms, meanwhile) {
      over = false;
      const clients = Array.from({ length: 8 }, (_, i) => wellBehaved(crowd, randomOf(seed + i)));
      for (let i = 0; i < 6; i++) clients.push(illBehaved(crowd, randomOf(seed + 100 + i)));
      const end = performance.now() + ms;
      const random = randomOf(seed + 1000);
      while (performance.now() < end) {
        await pause(Math.min(100 + random(500), Math.max(0, end - performance.now())));
        await meanwhile(random);
      }
      over = true;
      let left = clients.length;
      for (const client of clients) void client.then(() => left--);
      await Promise.race([
        Promise.all(clients),
        until(() => left === 0, () => `${left} clients to leave`, 30_000),
      ]);
    },
    async inTrouble(body) {
      trouble++;
      try {
        await body();
      } finally {
        trouble++;
      }
    },
    killOrigin: (random) =>
      crowd.inTrouble(async () => {
        const origin = origins[random(2)]!;
        await origin.die();
        await pause(random(600));
        await origin.start();
        await pause(recovery);
      }),
    async leave() {
      await Promise.all(origins.map((origin) => origin.die()));
      faults.push(...origins.flatMap(({ wrong }) => wrong.map((path) => `${path}: arrived wrong`)));
    },
  };
  return crowd;
}

/** Waits. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
