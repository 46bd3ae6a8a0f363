/** From the configuration's words to a balancer. */
import type { Proxy } from "../config/model.ts";
import type { Balancer, Memory } from "./balancer.ts";
import { consistent, type NamedCandidate } from "./consistent.ts";
import { leastconn } from "./leastconn.ts";
import { mapBased } from "./map-based.ts";
import { roundrobin } from "./roundrobin.ts";
import { staticRoundrobin } from "./static-rr.ts";

/**
 * The balancer for a backend's `balance` and `hash-type` (the latter counts with `source` only,
 * whose key is {@linkcode addressKey} of the client's address).
 * @param memory see {@linkcode memoryFor}
 */
export function createBalancer<S extends NamedCandidate>(
  balance: Proxy["balance"],
  hashType: Proxy["hashType"],
  memory: Memory,
): Balancer<S> {
  switch (balance) {
    case "roundrobin":
      return roundrobin(memory);
    case "static-rr":
      return staticRoundrobin(memory);
    case "leastconn":
      return leastconn(memory);
    case "source":
      return hashType === "consistent" ? consistent() : mapBased();
  }
}
