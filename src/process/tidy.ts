/** Gives memory back after a burst. */
import type { Clock } from "../time/clock.ts";

/** How often it looks whether traffic has paused, ms. */
const interval = 250;
/** Less traffic than this leaves nothing worth collecting. */
const burst = 1000;
/** Collections after a burst: the runtime may leave the first one half done. */
const rounds = 2;

/**
 * Collects garbage when traffic has paused after a burst: what the burst left behind is a third of
 * the memory of idle connections, and the runtime by itself may wait for more for hours. The
 * collection runs beside the event loop (0.1 ms of it), and never while requests come.
 * @param activity a count that stands still while traffic pauses
 * @param collect collects; null where the runtime lets nobody
 * @returns a function that ends this
 */
export function tidyWhenQuiet(
  activity: () => number,
  clock: Clock,
  collect: (() => void) | null = collector(),
): () => void {
  if (collect === null) return () => {};
  let tidied = activity();
  let last = tidied;
  let left = 0;
  let cancel = clock.schedule(interval, look);

  function look(): void {
    cancel = clock.schedule(interval, look);
    const now = activity();
    if (now === last && now - tidied >= burst) {
      tidied = now;
      left = rounds;
    }
    last = now;
    if (left === 0) return;
    left--;
    collect?.();
  }
  return () => cancel();
}

/** The runtime's garbage collector; null where it cannot be called. */
function collector(): (() => void) | null {
  return "Bun" in globalThis ? () => void Bun.gc(false) : null;
}
