/** Servers to balance over, and ways to look at a sequence of picks. */
import { algorithmOf, type BalanceOptions } from "#src/balance/algorithms.ts";
import { type Balance, balanceOf } from "#src/balance/balance-text.ts";
import type { Balancer, BalancerMemory } from "#src/balance/balancer.ts";
import { hashTypeOf } from "#src/balance/hash-type.ts";
import { placeOfId } from "#src/balance/ring.ts";

/** A server whose state the test sets. */
export interface TestServer {
  readonly index: number;
  readonly name: string;
  weight: number;
  readonly id: number;
  readonly ringPlace: number;
  load: number;
  readonly served: number;
  full: boolean;
  queueFull: boolean;
  /** There is room in its queue. */
  mayWait: boolean;
  readonly saturated: boolean;
}

/** Servers A, B, C, ... of these weights; from the 27th on S27, S28, ... */
export function farm(...weights: number[]): TestServer[] {
  return weights.map((weight, i) => ({
    index: i,
    name: i < 26 ? String.fromCharCode(65 + i) : `S${i + 1}`,
    weight,
    id: i + 1,
    ringPlace: placeOfId(i + 1),
    load: 0,
    get served(): number {
      return this.load;
    },
    full: false,
    queueFull: false,
    mayWait: false,
    get saturated(): boolean {
      return this.full && !this.mayWait;
    },
  }));
}

/** How a backend balances that says this. */
export function options(
  balance = "roundrobin",
  hashType = "map-based",
  more: Partial<BalanceOptions> = {},
): BalanceOptions {
  return {
    balance: balanceOf(balance) as Balance,
    hashType: hashTypeOf(hashType),
    factor: 0,
    affinity: "always",
    random: Math.random,
    ...more,
  };
}

/** The balancer of such a backend. */
export function balancerOf(...says: Parameters<typeof options>): Balancer<TestServer> {
  const how = options(...says);
  return algorithmOf(how.balance.name).create<TestServer>(memory(), how);
}

/** What a balancer remembers, for as many servers as a test may have. */
export function memory(): BalancerMemory {
  return new Float64Array(4096);
}

/** The next `count` picks. */
export function picks(balancer: Balancer<TestServer>, count: number): (TestServer | null)[] {
  return Array.from({ length: count }, () => balancer.pick(0, null));
}

/** The names of the next `count` picks in one word; "-" where there was none. */
export function word(balancer: Balancer<TestServer>, count: number): string {
  return picks(balancer, count).map((server) => server?.name ?? "-").join("");
}

/** How often each of `servers` was picked. */
export function tally(servers: readonly TestServer[], picked: readonly (TestServer | null)[]) {
  return servers.map((server) => picked.filter((other) => other === server).length);
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
