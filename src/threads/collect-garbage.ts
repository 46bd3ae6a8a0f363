/** Collects garbage after a burst of traffic. */
import type { Clock } from "../time/clock.ts";

/** How long traffic must pause, and how often that is checked without traffic, ms. */
const pause = 100;
const idle = 500;
/** Less traffic than this leaves nothing worth collecting. */
const burst = 1000;

/**
 * Collects garbage when traffic has paused after a burst: what the burst left behind is a quarter
 * of the memory of idle connections, and the runtime by itself may wait with it for hours. It takes
 * some 5 ms, with 5,000 connections, and never comes while requests do.
 * @param activity a count that stands still while traffic pauses
 * @param collect collects; null where the runtime offers no way
 * @returns a function that ends this
 */
export function collectWhenQuiet(
  activity: () => number,
  clock: Clock,
  collect: (() => void) | null = collector(),
): () => void {
  if (collect === null) return () => {};
  let collected = activity();
  let last = collected;
  let cancel = clock.schedule(idle, look);

  function look(): void {
    const now = activity();
    const quiet = now === last;
    last = now;
    if (quiet && now - collected >= burst) {
      collected = now;
      collect?.();
    }
    cancel = clock.schedule(quiet ? idle : pause, look);
  }
  return () => cancel();
}

/** The runtime's garbage collector; null where it cannot be called. */
function collector(): (() => void) | null {
  return "Bun" in globalThis ? () => Bun.gc(true) : null;
}
