/** How a story waits. */
import type { Clock } from "../time/clock.ts";

/** How long a story waits for what must follow from a step, ms. */
export const grace = 1000;
/** How long it looks for what must not follow, ms. */
export const lull = 100;

/** How often {@linkcode eventually} looks, ms. */
const interval = 10;

/** Resolves after so many ms. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve));
}

/** Resolves as soon as it is so, or after so many ms. @returns whether it is so */
export async function eventually(
  clock: Clock,
  ms: number,
  isSo: () => boolean,
): Promise<boolean> {
  const start = clock.now();
  while (!isSo()) {
    if (clock.now() - start >= ms) return false;
    await sleep(clock, interval);
  }
  return true;
}
