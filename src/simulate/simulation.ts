/**
 * A world inside the process: a memory network, a virtual clock and a source of chance, driven
 * together. What is awaited in it takes no time of the machine's but what it computes, and with the
 * same seed everything happens in the same order.
 */
import { type VirtualClock, virtualClock } from "../time/clock.ts";
import { type MemoryNetwork, memoryNetwork, type MemoryOptions } from "./network.ts";

/** A {@linkcode MemoryNetwork} and a {@linkcode VirtualClock} that move together. */
export interface Simulation {
  readonly network: MemoryNetwork;
  readonly clock: VirtualClock;
  /** From 0 to 1, the same series for the same seed. */
  readonly random: () => number;
  /**
   * Runs until `work` is done: whenever nothing is due on the network and nobody is left to call,
   * time jumps to the next timer.
   * @returns what `work` resolves to
   * @throws {Error} if `work` is not done, and nothing is left that could ever happen
   */
  complete<T>(work: Promise<T>): Promise<T>;
}

/** Makes one. @param seed any integer */
export function simulate(seed = 1, options: MemoryOptions = {}): Simulation {
  const network = memoryNetwork(options);
  const clock = virtualClock();
  return {
    network,
    clock,
    random: randomOf(seed),
    async complete(work) {
      let over = false;
      const done = work.finally(() => over = true);
      // The caller gets a failure; here it must not count as unhandled meanwhile.
      done.catch(() => {});
      for (;;) {
        await turn();
        if (over) return done;
        if (!network.atRest) continue;
        const next = clock.next();
        if (next === Infinity) throw new Error("the simulation waits for what never comes");
        clock.advance(next - clock.now());
      }
    },
  };
}

/** Resolves when all that is ready to run has run, promises included. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/**
 * Numbers from 0 to 1 (exclusive), the same for the same seed: xorshift32 (Marsaglia, Journal of
 * Statistical Software 8:14, 2003), whose first state is spread over all bits of it.
 */
export function randomOf(seed: number): () => number {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
