/**
 * The ideal queue: what no proxy can better.
 */

/**
 * The mean time that requests wait for one of `slots`, each of which serves one request at a time
 * in `service`, if the first to come is the first to be served and no slot is ever idle while
 * somebody waits.
 * @param asked when each request came, in any order
 */
export function idealWait(asked: readonly number[], slots: number, service: number): number {
  // The times from which the slots are free stay in order: service takes the same time for all.
  const free = new Array<number>(slots).fill(-Infinity);
  let waited = 0;
  let next = 0;
  for (const at of asked.toSorted((a, b) => a - b)) {
    const begins = Math.max(at, free[next] ?? NaN);
    free[next] = begins + service;
    next = (next + 1) % slots;
    waited += begins - at;
  }
  return waited / asked.length;
}
