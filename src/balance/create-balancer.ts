/** From the configuration's words to a balancer. */
import { algorithmOf, type BalanceName, type HashType } from "./algorithms.ts";
import type { Balancer, BalancerMemory } from "./balancer.ts";
import type { NamedCandidate } from "./consistent.ts";

/**
 * The balancer for a backend's `balance` and `hash-type` (the latter counts with `source` only,
 * whose key is {@linkcode addressKey} of the client's address).
 * @param memory see {@linkcode memoryFor}
 */
export function createBalancer<S extends NamedCandidate>(
  balance: BalanceName,
  hashType: HashType,
  memory: BalancerMemory,
): Balancer<S> {
  return algorithmOf(balance).create(memory, hashType);
}
