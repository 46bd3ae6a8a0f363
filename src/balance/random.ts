/** The least loaded of a few that chance draws (manual: "balance", random). */
import type { Balancer } from "./balancer.ts";
import { BoundedLoad } from "./bounded-load.ts";
import { type PlacedCandidate, Ring } from "./ring.ts";

/**
 * A `random` balancer.
 * @param draws how many are drawn, from 1
 * @param factor see "hash-balance-factor"; 0: none
 * @param random numbers from 0 to 1
 */
export function random<S extends PlacedCandidate>(
  draws: number,
  factor: number,
  random: () => number,
): Balancer<S> {
  const ring = new Ring<S>();
  const bound = factor === 0 ? null : new BoundedLoad<S>(factor);

  function update(servers: readonly S[]): void {
    ring.update(servers);
    bound?.update(ring.servers);
  }

  function draw(avoid: S | null, served: number): S {
    const { length } = ring;
    let position = ring.closest(Math.floor(random() * 2 ** 32));
    for (let asked = 0; asked < 2 * length; asked++) {
      const server = ring.server(position);
      if (server !== avoid && (bound === null || bound.admits(server, served))) return server;
      position = position + 1 === length ? 0 : position + 1;
    }
    return ring.server(position);
  }

  return {
    update,
    follow: update,
    pick(_key, avoid) {
      if (ring.length === 0) return null;
      const served = bound?.served ?? 0;
      let best = draw(avoid, served);
      for (let i = 1; i < draws; i++) {
        const other = draw(avoid, served);
        if (other.served * best.weight <= best.served * other.weight) best = other;
      }
      // It is waited for in the backend's queue, where any server may take the request.
      return best.full ? null : best;
    },
  };
}
