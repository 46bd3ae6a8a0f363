/**
 * Bounds on a server's share (manual: "hash-balance-factor"), after "Consistent Hashing with Bounded
 * Loads" (Mirrokni, Thorup, Zadimoghaddam; arXiv:1608.01350), with weights as HAProxy has them.
 */
import type { Candidate } from "./balancer.ts";

/** A weight in whole numbers: a slow start holds it back in sixteenths. */
const sixteenths = ({ weight }: Candidate) => Math.round(16 * weight);

/**
 * Says who may have one more request of `servers`, each of which may have so many percent of what
 * would be its share.
 */
export class BoundedLoad<S extends Candidate> {
  #servers: readonly S[] = [];
  /** For each server, the weights of those before it. */
  readonly #before = new Map<S, number>();
  #weights = 0;

  /** @param factor in percent, more than 100 */
  constructor(readonly factor: number) {}

  update(servers: readonly S[]): void {
    this.#servers = servers;
    this.#before.clear();
    this.#weights = 0;
    for (const server of servers) {
      this.#before.set(server, this.#weights);
      this.#weights += sixteenths(server);
    }
  }

  /** Requests in progress. */
  get served(): number {
    let served = 0;
    for (let i = 0; i < this.#servers.length; i++) served += this.#servers[i]!.served;
    return served;
  }

  /** @param served {@linkcode BoundedLoad.served}, worked out once a choice */
  admits(server: S, served: number): boolean {
    const weights = this.#weights;
    const all = Math.floor(((served + 1) * this.factor + 99) / 100);
    const rest = all % weights;
    const before = this.#before.get(server) ?? 0;
    const weight = sixteenths(server);
    const own = weight * Math.floor(all / weights) +
      Math.floor((before + weight) * rest / weights) - Math.floor(before * rest / weights);
    return server.served < Math.max(1, own);
  }
}
