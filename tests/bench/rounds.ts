/**
 * Rounds: every contestant gets its turn in each.
 */
import type { Helpers } from "./helpers.ts";
import type { Placement } from "./processes.ts";
import type { Contestant } from "./proxies.ts";

/** What all measures work with. */
export interface Stand {
  readonly sluice: Contestant;
  readonly haproxy: Contestant;
  readonly helpers: Helpers;
  readonly cpus: Placement;
  /** For configuration files. */
  readonly folder: string;
}

/** Something of sluice's, of haproxy's, and of a second haproxy's: the control. */
export interface Trio<T> {
  readonly sluice: T;
  readonly haproxy: T;
  readonly again: T;
}

const keys = ["sluice", "haproxy", "again"] as const;

/** A trio made of another, one after the other. */
export async function eachOf<A, B>(trio: Trio<A>, make: (one: A) => Promise<B> | B) {
  return {
    sluice: await make(trio.sluice),
    haproxy: await make(trio.haproxy),
    again: await make(trio.again),
  } satisfies Trio<B>;
}

/** What to compare: sluice, and haproxy twice. */
export function contestants({ sluice, haproxy }: Stand): Trio<Contestant> {
  return { sluice, haproxy, again: haproxy };
}

/**
 * Looks at each of three `rounds` times in turns; in every other round in reverse, so that a drift
 * of the machine strikes both ends alike.
 */
export async function inTurns<A, B>(
  trio: Trio<A>,
  rounds: number,
  look: (one: A) => Promise<B>,
): Promise<Trio<B[]>> {
  const seen: Trio<B[]> = { sluice: [], haproxy: [], again: [] };
  for (let round = 0; round < rounds; round++) {
    for (const key of round % 2 === 0 ? keys : keys.toReversed()) {
      seen[key].push(await look(trio[key]));
    }
  }
  return seen;
}
