/** Round robin over a map made in advance (manual: "balance", static-rr). */
import type { Balancer, Candidate } from "./balancer.ts";
import { fixedWeights, smoothMap } from "./map.ts";

/** A `static-rr` balancer. Weights are those of the start; picks cost one step. */
export function staticRoundrobin<S extends Candidate>(): Balancer<S> {
  const weightsOf = fixedWeights<S>();
  let servers: readonly S[] = [];
  let map: Uint32Array = new Uint32Array(0);
  let position = 0;

  const open = (avoid: S | null): boolean => {
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (server.weight > 0 && !server.full && server !== avoid) return true;
    }
    return false;
  };

  return {
    update(next) {
      servers = next.slice();
      map = smoothMap(weightsOf(servers));
      if (position >= map.length) position = 0;
    },
    pick(_key, avoid) {
      // Asked first, so that a saturated farm is not searched through all of a great map.
      const passOver = open(avoid) ? avoid : null;
      if (passOver === null && !open(null)) return null;
      for (let steps = 0; steps < map.length; steps++) {
        const server = servers[map[position]!]!;
        if (++position === map.length) position = 0;
        if (!server.full && server !== passOver) return server;
      }
      return null;
    },
  };
}
