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
      // Who awaits `work` hears of a failure; here it must not count as unhandled meanwhile.
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

/** Mulberry32 (Tommy Ettinger, public domain): numbers from 0 to 1, the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
