/** The caches of a configuration, as each thread has them (manual, chapter 6). */
import type { Cache as CacheConfig } from "../../config/model.ts";
import type { SharedMemory } from "../../shared/memory.ts";
import { CacheStore } from "./store.ts";

const mebi = 2 ** 20;
/** `max-age` where it is not set, s. */
const usualAge = 60;
const usualVariants = 10;

/** One of them. */
export interface Cache {
  readonly name: string;
  readonly store: CacheStore;
  /** Bytes of an entry at most. */
  readonly largest: number;
  /** s */
  readonly maxAge: number;
  /** Responses that vary are kept. */
  readonly varies: boolean;
  /** How many of them of one key at most. */
  readonly variants: number;
  /** What variants are hashed with, the same in all threads. */
  readonly seed: number;
}

/** Lays them out, in the memory of all threads. @param longestKey bytes */
export function createCaches(
  memory: SharedMemory,
  configs: readonly CacheConfig[],
  longestKey: number,
): ReadonlyMap<string, Cache> {
  return new Map(configs.map((config) => {
    const bytes = (config.totalMaxSize ?? 1) * mebi;
    const [a = 0, b = 0, c = 0] = crypto.getRandomValues(new Int32Array(3));
    const seed = memory.ints(1);
    if (memory.fresh) seed[0] = c;
    return [config.name, {
      name: config.name,
      store: new CacheStore(memory, bytes, [a, b], longestKey),
      largest: config.maxObjectSize ?? bytes / 256,
      maxAge: config.maxAge ?? usualAge,
      varies: config.processVary === "on",
      variants: config.maxSecondaryEntries ?? usualVariants,
      seed: seed[0]!,
    }];
  }));
}
