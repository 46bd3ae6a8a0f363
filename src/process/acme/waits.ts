/** Timers that all end with what has made them. */
import type { Clock } from "../../time/clock.ts";

/** See above. */
export interface Waits extends Pick<Clock, "schedule"> {
  wait(ms: number): Promise<void>;
  /** Cancels them. */
  stop(): void;
}

/** None yet. */
export function createWaits(clock: Clock): Waits {
  const cancels = new Set<() => void>();
  const schedule: Clock["schedule"] = (delay, callback) => {
    const cancel = clock.schedule(delay, () => {
      cancels.delete(end);
      callback();
    });
    const end = () => {
      cancels.delete(end);
      cancel();
    };
    cancels.add(end);
    return end;
  };
  return {
    schedule,
    wait: (ms) => new Promise((resolve) => void schedule(ms, resolve)),
    stop() {
      for (const cancel of cancels) cancel();
    },
  };
}
