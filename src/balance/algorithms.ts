/**
 * The balancing algorithms (manual: "balance"), one entry each: the configuration, and what chooses
 * servers, know them from here.
 */
import type { Balancer, BalancerMemory } from "./balancer.ts";
import { addressKey } from "./hash.ts";
import { consistent, type NamedCandidate } from "./consistent.ts";
import { leastconn } from "./leastconn.ts";
import { mapBased } from "./map-based.ts";
import { roundrobin } from "./roundrobin.ts";
import { staticRoundrobin } from "./static-rr.ts";

/** How algorithms that hash go from a hash to a server (manual: "hash-type"). */
export const hashTypes = ["map-based", "consistent"] as const;
/** {@linkcode hashTypes} */
export type HashType = (typeof hashTypes)[number];

/** A balancing algorithm. */
export interface Algorithm<Name extends string = string> {
  /** As the configuration has it. */
  readonly name: Name;
  /** Choosing again would, in all likelihood, choose another server, if there is one. */
  readonly alternates?: boolean;
  /** What the choice hashes on, 32 bits unsigned; without it, it does not depend on the client. */
  key?(client: BalancedClient): number;
  /** How many numbers of {@linkcode BalancerMemory} it needs for so many servers. */
  memory(servers: number): number;
  create<S extends NamedCandidate>(memory: BalancerMemory, hashType: HashType): Balancer<S>;
}

/** A client, as far as a choice may depend on it. Asking can cost a system call. */
export interface BalancedClient {
  readonly clientAddress: string;
}

const algorithms = [
  {
    name: "roundrobin",
    alternates: true,
    memory: (servers) => 2 * servers,
    create: roundrobin,
  },
  { name: "static-rr", alternates: true, memory: () => 1, create: staticRoundrobin },
  { name: "leastconn", memory: (servers) => servers + 1, create: leastconn },
  {
    name: "source",
    key: ({ clientAddress }) => addressKey(clientAddress),
    memory: () => 0,
    create: (_, hashType) => hashType === "consistent" ? consistent() : mapBased(),
  },
] as const satisfies readonly Algorithm[];

/** The name of an algorithm. */
export type BalanceName = (typeof algorithms)[number]["name"];

/** Their names, in the order of the table. */
export const algorithmNames: readonly BalanceName[] = algorithms.map(({ name }) => name);

/** The algorithm of this name. */
export function algorithmOf(name: BalanceName): Algorithm<BalanceName> {
  const found: readonly Algorithm<BalanceName>[] = algorithms;
  return found.find((each) => each.name === name) ?? algorithms[0];
}
