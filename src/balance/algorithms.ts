/**
 * The balancing algorithms (manual: "balance"), one entry each: what chooses servers knows them from
 * here.
 */
import { type Balance, type BalanceName } from "./balance-text.ts";
import type { Balancer, BalancerMemory } from "./balancer.ts";
import { addressKey } from "./hash.ts";
import type { HashType } from "./hash-type.ts";
import { type Affinity, consistent, consistentMemory } from "./consistent.ts";
import { first, type NumberedCandidate } from "./first.ts";
import { leastconn } from "./leastconn.ts";
import { mapBased } from "./map-based.ts";
import { random } from "./random.ts";
import { fieldKey, parameterKey, rdpCookieKey, type RequestKey, uriKey } from "./request-key.ts";
import type { PlacedCandidate } from "./ring.ts";
import { roundrobin } from "./roundrobin.ts";
import { staticRoundrobin } from "./static-rr.ts";
import { sticky } from "./sticky.ts";

/** What a backend says of its balancing. */
export interface BalanceOptions {
  readonly balance: Balance;
  readonly hashType: HashType;
  /** Percent of its share that a server may have (manual: "hash-balance-factor"); 0: no bound. */
  readonly factor: number;
  readonly affinity: Affinity;
  /** Numbers from 0 to 1. */
  readonly random: () => number;
}

/** What algorithms know of a server, all together. */
export type AnyCandidate = PlacedCandidate & NumberedCandidate;

/** A balancing algorithm. */
export interface Algorithm {
  /** As the configuration has it. */
  readonly name: BalanceName;
  /** Choosing again would, in all likelihood, choose another server, if there is one. */
  readonly alternates?: boolean;
  /** The choice hashes on the client's address. */
  readonly hashesAddress?: boolean;
  /** It hashes on an expression, which the proxy works out. */
  readonly hashesSample?: boolean;
  /** What it hashes on, of the request. */
  readonly requestKey?: (balance: Balance) => RequestKey;
  /** That is in the head of an HTTP request: in TCP mode there is none. */
  readonly needsHttp?: boolean;
  /** How many numbers of {@linkcode BalancerMemory} it needs for so many servers. */
  memory(servers: number): number;
  create<S extends AnyCandidate>(memory: BalancerMemory, options: BalanceOptions): Balancer<S>;
}

/** What all algorithms that hash have in common. */
const hashing = {
  memory: () => consistentMemory,
  create: <S extends AnyCandidate>(memory: BalancerMemory, options: BalanceOptions) =>
    options.hashType.consistent ? consistent<S>(memory, options) : mapBased<S>(memory),
};

const algorithms: Readonly<Record<BalanceName, Omit<Algorithm, "name">>> = {
  roundrobin: { alternates: true, memory: (servers) => 2 * servers, create: roundrobin },
  "static-rr": { alternates: true, memory: () => 1, create: staticRoundrobin },
  leastconn: { memory: (servers) => servers + 1, create: leastconn },
  first: { memory: () => 0, create: () => first() },
  random: {
    alternates: true,
    memory: () => 0,
    create: (_, options) => random(options.balance.draws, options.factor, options.random),
  },
  sticky: { memory: () => 1, create: sticky },
  source: { ...hashing, hashesAddress: true },
  uri: { ...hashing, needsHttp: true, requestKey: uriKey },
  url_param: { ...hashing, needsHttp: true, requestKey: parameterKey },
  hdr: { ...hashing, needsHttp: true, requestKey: fieldKey },
  "rdp-cookie": { ...hashing, requestKey: rdpCookieKey },
  hash: { ...hashing, hashesSample: true },
};

/** The algorithm of this name. */
export function algorithmOf(name: BalanceName): Algorithm {
  return { name, ...algorithms[name] };
}

/** The key of a client's address. */
export function addressHash({ finish }: HashType, clientAddress: string): number {
  return finish(addressKey(clientAddress));
}

/** Hashes what an algorithm found. */
export function hashOf({ hash, finish }: HashType): HashType["hash"] {
  return (bytes, from, to) => finish(hash(bytes, from, to));
}
