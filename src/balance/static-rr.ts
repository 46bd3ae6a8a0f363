/** Round robin over a map made in advance (manual: "balance", static-rr). */
import type { Balancer, BalancerMemory, Candidate } from "./balancer.ts";
import { fixedWeights, smoothMap } from "./static-map.ts";

/** A `static-rr` balancer. Weights are those of the start; picks cost one step. */
export function staticRoundrobin<S extends Candidate>(memory: BalancerMemory): Balancer<S> {
  const weightsOf = fixedWeights<S>();
  let servers: readonly S[] = [];
  let map: Uint32Array = new Uint32Array(0);
  // The position in it is the memory's first number.

  const open = (avoid: S | null): boolean => {
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (server.weight > 0 && !server.full && server !== avoid) return true;
    }
    return false;
  };

  function follow(next: readonly S[]): void {
    servers = next.slice();
    map = smoothMap(weightsOf(servers));
  }

  return {
    update(next) {
      follow(next);
      if (memory[0]! >= map.length) memory[0] = 0;
    },
    follow,
    pick(_key, avoid) {
      // Asked first, so that a saturated farm is not searched through all of a great map.
      const passOver = open(avoid) ? avoid : null;
      if (passOver === null && !open(null)) return null;
      for (let steps = 0; steps < map.length; steps++) {
        const position = memory[0]!;
        const server = servers[map[position]!]!;
        memory[0] = position + 1 === map.length ? 0 : position + 1;
        if (!server.full && server !== passOver) return server;
      }
      return null;
    },
  };
}
