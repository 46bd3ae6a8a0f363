/** The static map behind `static-rr` and `hash-type map-based`: weights turned into positions. */
import type { Candidate } from "./balancer.ts";

/**
 * Spreads servers over as many positions as their weights sum up to, each server over as many as
 * its weight. Built as HAProxy builds its map, so that a client's address leads to the same server:
 * at each position, a server's score grows by its weight; the best whole score takes the position,
 * the first in order among equals, and pays the sum of the weights.
 * @param weights integers from 0
 * @returns indexes into `weights`, one a position
 */
export function smoothMap(weights: readonly number[]): Uint32Array {
  const divisor = weights.reduce(greatestCommonDivisor, 0) || 1;
  const shares = weights.map((weight) => weight / divisor);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const scores = new Float64Array(shares.length);
  const map = new Uint32Array(total);
  for (let position = 0; position < total; position++) {
    let best = -1;
    let bestScore = 0;
    for (let i = 0; i < shares.length; i++) {
      if (shares[i] === 0) continue;
      scores[i]! += shares[i]!;
      const score = Math.floor((scores[i]! + total) / total);
      if (best < 0 || score > bestScore) {
        best = i;
        bestScore = score;
      }
    }
    scores[best]! -= total;
    map[position] = best;
  }
  return map;
}

/**
 * The weights of static algorithms, which a running server keeps (manual: "balance", static-rr):
 * the first that a server showed, or 0 while it takes no new sessions.
 */
export function fixedWeights<S extends Candidate>(): (servers: readonly S[]) => number[] {
  const first = new WeakMap<S, number>();
  return (servers) =>
    servers.map((server) => {
      if (server.weight === 0) return 0;
      const weight = first.get(server) ?? server.weight;
      first.set(server, weight);
      return weight;
    });
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}
