/** One server for all, as long as it is up (manual: "balance", sticky). */
import type { Balancer, BalancerMemory, Candidate } from "./balancer.ts";

/** A `sticky` balancer: one that comes back does not take the place of the one that serves. */
export function sticky<S extends Candidate>(memory: BalancerMemory): Balancer<S> {
  let servers: readonly S[] = [];
  // The memory's first number is the index of the server that serves, and 1.
  let current: S | null = null;

  function follow(next: readonly S[]): void {
    servers = next.filter(({ weight }) => weight > 0);
    current = servers.find(({ index }) => index + 1 === memory[0]) ?? null;
  }

  return {
    update(next) {
      follow(next);
      current ??= servers[0] ?? null;
      memory[0] = current === null ? 0 : current.index + 1;
    },
    follow,
    pick(_key, avoid) {
      if (current !== avoid || servers.length < 2) return current;
      return servers.find((server) => server !== avoid) ?? current;
    },
  };
}
