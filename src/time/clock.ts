/** The seam to time. Production uses {@linkcode systemClock}; tests drive a {@linkcode VirtualClock}. */
export interface Clock {
  /** Milliseconds on a monotonic scale, with fractions; only differences mean anything. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC, for log lines. */
  wall(): number;
  /** Calls `callback` once, `delay` ms from now. @returns a function that takes that back */
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

/** A clock that stands still until it is told to advance. */
export interface VirtualClock extends Clock {
  /** Moves time on by `ms`, calling what falls due on the way, in order. */
  advance(ms: number): void;
}

/** A {@linkcode VirtualClock} which starts at `wall` ms since 1970. */
export function virtualClock(wall = 1_700_000_000_000): VirtualClock {
  let now = 0;
  let order = 0;
  const due = new Map<number, { at: number; callback: () => void }>();
  return {
    now: () => now,
    wall: () => wall + now,
    schedule(delay, callback) {
      const id = order++;
      due.set(id, { at: now + Math.max(0, delay), callback });
      return () => due.delete(id);
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        let next = -1;
        let at = Infinity;
        for (const [id, entry] of due) {
          if (entry.at <= until && entry.at < at) {
            next = id;
            at = entry.at;
          }
        }
        const entry = due.get(next);
        if (entry === undefined) break;
        due.delete(next);
        now = Math.max(now, entry.at);
        entry.callback();
      }
      now = until;
    },
  };
}
