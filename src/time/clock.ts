/**
 * The seam to time. Production uses {@linkcode systemClock}; tests drive a {@linkcode
 * VirtualClock}.
 */
export interface Clock {
  /** Milliseconds on a monotonic scale, with fractions; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC, for log lines. */
  wall(): number;
  /** Calls `callback` once, `delay` ms from now. @returns a function that cancels it */
  schedule(delay: number, callback: () => void): () => void;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  schedule(delay, callback) {
    const id = setTimeout(callback, Math.max(0, delay));
    return () => clearTimeout(id);
  },
};

/** A clock that stands still until it is advanced. */
export interface VirtualClock extends Clock {
  /** Moves time on by `ms`, calling what falls due on the way, in order. */
  advance(ms: number): void;
  /** When the next callback is due, on the scale of {@linkcode Clock.now}; Infinity: none is. */
  next(): number;
}

interface Entry {
  readonly at: number;
  /** Of two that are due at one moment, the one that was scheduled first comes first. */
  readonly order: number;
  /** null: cancelled. */
  callback: (() => void) | null;
}

/** A {@linkcode VirtualClock} which starts at `wall` ms since 1970. */
export function virtualClock(wall = 1_700_000_000_000): VirtualClock {
  let now = 0;
  let order = 0;
  /** A binary heap: the entry at i is due no later than those at 2i + 1 and 2i + 2. */
  const heap: Entry[] = [];
  const earlier = (a: Entry, b: Entry) => a.at < b.at || a.at === b.at && a.order < b.order;

  function push(entry: Entry): void {
    let i = heap.push(entry) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!earlier(entry, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = entry;
  }

  function dropFirst(): void {
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child++;
      if (!earlier(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }

  function next(): number {
    while (heap.length > 0 && heap[0]!.callback === null) dropFirst();
    return heap[0]?.at ?? Infinity;
  }

  return {
    now: () => now,
    wall: () => wall + now,
    schedule(delay, callback) {
      const entry: Entry = { at: now + Math.max(0, delay), order: order++, callback };
      push(entry);
      return () => void (entry.callback = null);
    },
    advance(ms) {
      const until = now + ms;
      while (next() <= until) {
        const { at, callback } = heap[0]!;
        dropFirst();
        now = Math.max(now, at);
        callback!();
      }
      now = until;
    },
    next,
  };
}
