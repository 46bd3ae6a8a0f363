/**
 * Hashing onto a ring (manual: "hash-type", consistent): a server that comes or goes, or changes its
 * weight, moves its own clients only. By default a full server is not passed over: its clients wait
 * for it.
 */
import type { Balancer, BalancerMemory } from "./balancer.ts";
import { BoundedLoad } from "./bounded-load.ts";
import { NO_KEY } from "./request-key.ts";
import { type PlacedCandidate, Ring } from "./ring.ts";

/** Whether clients wait for their server (manual: "hash-preserve-affinity"). */
export const affinities = ["always", "maxconn", "maxqueue"] as const;
/** {@linkcode affinities} */
export type Affinity = (typeof affinities)[number];

/** Numbers of the memory: where the turn of servers stands, for requests without a key. */
export const consistentMemory = 2;

/** A `hash-type consistent` balancer: a key belongs to the place that is closest to it. */
export function consistent<S extends PlacedCandidate>(
  memory: BalancerMemory,
  { factor, affinity }: { readonly factor: number; readonly affinity: Affinity },
): Balancer<S> {
  const ring = new Ring<S>();
  const bound = factor === 0 ? null : new BoundedLoad<S>(factor);

  function update(servers: readonly S[]): void {
    ring.update(servers);
    bound?.update(ring.servers);
  }

  /** It cannot be had, though the key is its own. */
  const passes = (server: S): boolean =>
    affinity === "maxconn"
      ? server.full
      : affinity === "maxqueue"
      ? server.full && server.queueFull
      : false;

  /** Without a key: the servers in turn, as they stand on the ring. */
  function inTurn(avoid: S | null): S | null {
    const { length } = ring;
    // The last place is noted by its key, 1 more than that, since positions change.
    let position = memory[0] === 0 ? -1 : ring.at(memory[0]! - 1);
    if (position >= 0) position += ring.keys[position] === memory[0]! - 1 ? memory[1]! : -1;
    let avoided = -1;
    for (let i = 0; i < length; i++) {
      position = (position + 1) % length;
      const server = ring.server(position);
      if (server.full) continue;
      if (server !== avoid) {
        note(position);
        return server;
      }
      avoided = position;
    }
    if (avoided < 0) return null;
    note(avoided);
    return avoid;
  }

  function note(position: number): void {
    const key = ring.keys[position]!;
    memory[0] = key + 1;
    // Of places with one key, which one it is.
    memory[1] = position - ring.at(key);
  }

  return {
    update,
    follow: update,
    pick(key, avoid) {
      const { length } = ring;
      if (length === 0) return null;
      if (key === NO_KEY) return inTurn(avoid);
      let position = ring.closest(key);
      const served = bound?.served ?? 0;
      // As in HAProxy: who is left when all have been asked twice is taken.
      for (let asked = 0; asked < 2 * length; asked++) {
        const server = ring.server(position);
        if (
          server !== avoid && !passes(server) && (bound === null || bound.admits(server, served))
        ) return server;
        position = position + 1 === length ? 0 : position + 1;
      }
      return ring.server(position);
    },
  };
}
