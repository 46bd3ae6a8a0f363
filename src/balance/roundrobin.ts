/**
 * Smooth weighted round robin (manual: "balance", roundrobin). Each server's k-th turn lies between
 * the moments at which its fair share passes k-1 and k; of the servers whose turn has come, the one
 * whose moment is over first is served. That is earliest deadline first at full load: no server is
 * ever a whole request off its share, and after as many requests as the weights sum up to, all are
 * exactly at their share, and the sequence repeats.
 *
 * (HAProxy's own rule puts a server back by its period, and starts anew every sixteen rounds; it
 * drifts by several requests where many small weights stand beside a great one.)
 */
import type { Balancer, BalancerMemory, Candidate } from "./balancer.ts";

/** A `roundrobin` balancer. Picks cost one pass over the servers. */
export function roundrobin<S extends Candidate>(memory: BalancerMemory): Balancer<S> {
  let servers: S[] = [];
  let weights = new Float64Array(0);
  let total = 0;
  /** Where the memory has share minus turns had, times `total`: integers within ±total, sum 0. */
  let owed = new Uint32Array(0);
  // The word behind each is the same for turns which others could not take: see standIn.

  /** Whose turn it is: never -1 where there are servers, since the sum of `owed` is 0. */
  function due(): number {
    let best = -1;
    let bestRest = 0;
    let bestWeight = 1;
    for (let i = 0; i < weights.length; i++) {
      const weight = weights[i]!;
      const share = memory[owed[i]!]! + weight;
      if (share <= 0) continue;
      const rest = total - share;
      // rest / weight is the time to the deadline; multiplied out, it stays an exact integer.
      if (best < 0 || rest * bestWeight < bestRest * weight) {
        best = i;
        bestRest = rest;
        bestWeight = weight;
      }
    }
    return best;
  }

  /**
   * The server that takes a turn in place of one that is full or avoided: the others by weight,
   * smoothly. The turn still counts as had by the server that missed it, so that it has nothing to
   * catch up.
   */
  function standIn(avoid: S | null): number {
    let open = 0;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (!server.full && server !== avoid) open += weights[i]!;
    }
    let best = -1;
    for (let i = 0; i < servers.length; i++) {
      const server = servers[i]!;
      if (server.full || server === avoid) continue;
      // Bounded by what is open now: credit from a time when more was open would be a burst.
      const credit = Math.max(-open, Math.min(open, memory[owed[i]! + 1]! + weights[i]!));
      memory[owed[i]! + 1] = credit;
      if (best < 0 || credit > memory[owed[best]! + 1]!) best = i;
    }
    if (best >= 0) memory[owed[best]! + 1]! -= open;
    return best;
  }

  function follow(next: readonly S[]): void {
    servers = next.filter((server) => server.weight > 0);
    weights = Float64Array.from(servers, (server) => server.weight);
    total = weights.reduce((sum, weight) => sum + weight, 0);
    owed = Uint32Array.from(servers, (server) => 2 * server.index);
  }

  return {
    update(next) {
      const phases = new Map(servers.map((server, i) => [server, memory[owed[i]!]! / total]));
      follow(next);
      const turns = servers.map((server) => Math.round((phases.get(server) ?? 0) * total));
      balance(turns, weights, total);
      owed.forEach((at, i) => {
        memory[at] = turns[i]!;
        memory[at + 1] = 0;
      });
    },
    follow,
    pick(_key, avoid) {
      const turn = due();
      if (turn < 0) return null;
      let chosen = servers[turn]!;
      if (chosen.full || chosen === avoid) {
        const other = standIn(avoid);
        if (other >= 0) chosen = servers[other]!;
        else if (avoid !== null && !avoid.full && servers.includes(avoid)) chosen = avoid;
        else return null;
      }
      for (let i = 0; i < weights.length; i++) memory[owed[i]!]! += weights[i]!;
      memory[owed[turn]!]! -= total;
      return chosen;
    },
  };
}

/** Brings the sum of `owed` back to 0 by moving time: every server's share changes by its weight. */
function balance(owed: number[], weights: Float64Array, total: number): void {
  const surplus = owed.reduce((sum, value) => sum + value, 0);
  let weightSoFar = 0;
  let moved = 0;
  for (let i = 0; i < owed.length; i++) {
    weightSoFar += weights[i]!;
    const move = Math.round((surplus * weightSoFar) / total) - moved;
    owed[i]! -= move;
    moved += move;
  }
}
