/**
 * Hashing onto a ring (manual: "hash-type", consistent): a server that comes or goes, or changes its
 * weight, moves its own clients only. A full server is not passed over: its clients wait for it.
 */
import type { Balancer, Candidate } from "./balancer.ts";
import { mix, textKey } from "./hash.ts";

/** A candidate with the name that places it on the ring. */
export interface NamedCandidate extends Candidate {
  /** The server's name in the configuration, which restarts and reordering leave alone. */
  readonly name: string;
}

/** Points on the ring for each unit of weight: even enough, yet quick to sort for great weights. */
const pointsPerWeight = 32;
const indexRange = 2 ** 20;

/** A `hash-type consistent` balancer: a key belongs to the first point that follows it. */
export function consistent<S extends NamedCandidate>(): Balancer<S> {
  let servers: readonly S[] = [];
  let points = new Uint32Array(0);
  let owners = new Uint32Array(0);

  /** Where the first point at or after `place` stands, around the end of the ring if need be. */
  function follow(place: number): number {
    let low = 0;
    let high = points.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (points[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return low === points.length ? 0 : low;
  }

  function update(next: readonly S[]): void {
    servers = next.slice();
    const count = servers.reduce((sum, server) => sum + server.weight * pointsPerWeight, 0);
    // Point and owner in one number, 52 bits: typed arrays of numbers sort without comparators.
    const ring = new Float64Array(count);
    let length = 0;
    servers.forEach((server, index) => {
      const seed = textKey(server.name);
      for (let i = 0; i < server.weight * pointsPerWeight; i++) {
        ring[length++] = mix(seed + mix(i + 1)) * indexRange + index;
      }
    });
    ring.sort();
    points = Uint32Array.from(ring, (entry) => Math.floor(entry / indexRange));
    owners = Uint32Array.from(ring, (entry) => entry % indexRange);
  }

  return {
    update,
    follow: update,
    pick(key, avoid) {
      const count = owners.length;
      if (count === 0) return null;
      const place = follow(mix(key));
      const server = servers[owners[place]!]!;
      if (server !== avoid) return server;
      for (let i = place + 1; i < place + count; i++) {
        const other = servers[owners[i % count]!]!;
        if (other !== avoid) return other;
      }
      return server;
    },
  };
}
