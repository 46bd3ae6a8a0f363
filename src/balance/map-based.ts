/**
 * Hashing into the static map (manual: "hash-type", map-based): even, but most clients change their
 * server when one comes or goes. A full server is not passed over: its clients wait for it.
 */
import type { Balancer, BalancerMemory, Candidate } from "./balancer.ts";
import { NO_KEY } from "./request-key.ts";
import { staticRoundrobin } from "./static-rr.ts";
import { fixedWeights, smoothMap } from "./static-map.ts";

/**
 * A `hash-type map-based` balancer: the position is the key modulo the sum of the weights. Without a
 * key, positions take turns.
 */
export function mapBased<S extends Candidate>(memory: BalancerMemory): Balancer<S> {
  const weightsOf = fixedWeights<S>();
  const turns = staticRoundrobin<S>(memory);
  let servers: readonly S[] = [];
  let map: Uint32Array = new Uint32Array(0);

  function follow(next: readonly S[]): void {
    servers = next.slice();
    map = smoothMap(weightsOf(servers));
  }

  return {
    update(next) {
      follow(next);
      turns.update(next);
    },
    follow(next) {
      follow(next);
      turns.follow(next);
    },
    pick(key, avoid) {
      if (map.length === 0) return null;
      if (key === NO_KEY) return turns.pick(0, avoid);
      const position = key % map.length;
      const server = servers[map[position]!]!;
      if (server !== avoid) return server;
      for (let i = position + 1; i < position + map.length; i++) {
        const other = servers[map[i % map.length]!]!;
        if (other !== avoid) return other;
      }
      return server;
    },
  };
}
