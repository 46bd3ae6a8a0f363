/** The first server with room (manual: "balance", first): as few as possible are used. */
import type { Balancer, Candidate } from "./balancer.ts";

/** A candidate with its id, by which they are asked. */
export interface NumberedCandidate extends Candidate {
  readonly id: number;
}

/** A `first` balancer. Weights do not count, but for 0. */
export function first<S extends NumberedCandidate>(): Balancer<S> {
  let servers: readonly S[] = [];

  function update(next: readonly S[]): void {
    servers = next.filter(({ weight }) => weight > 0).sort((a, b) => a.id - b.id);
  }

  return {
    update,
    follow: update,
    pick(_key, avoid) {
      let avoided: S | null = null;
      for (let i = 0; i < servers.length; i++) {
        const server = servers[i]!;
        if (server.full) continue;
        if (server !== avoid) return server;
        avoided = server;
      }
      return avoided;
    },
  };
}
