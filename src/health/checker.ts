/** Checks one server time and again, and reports when it falls and rises. */
import type { Clock } from "../time/clock.ts";
import type { Probe } from "./probe.ts";
import type { CheckResult } from "./result.ts";
import { spread } from "./schedule.ts";
import {
  healthAfter,
  initialHealth,
  intervalFor,
  type Intervals,
  isUp,
  type Thresholds,
  transition,
} from "./state.ts";

/** How to check a server. */
export interface CheckerOptions {
  readonly settings: Thresholds & Intervals;
  /** ms until the first check: see startOffsets. */
  readonly offset: number;
  /** Percent of noise in the intervals (manual: "spread-checks"). */
  readonly spreadChecks: number;
  readonly probe: Probe;
  readonly clock: Clock;
  /** From 0 to 1, like Math.random. */
  readonly random: () => number;
  /** A check has ended. @param up the server was up before it */
  readonly checked?: (result: CheckResult, up: boolean) => void;
  /** The server has come up or gone down, by this result. The checker's state shows it already. */
  readonly changed: (change: "up" | "down", result: CheckResult) => void;
}

/** A server's checks, and what they say. */
export interface Checker {
  readonly up: boolean;
  /** See state.ts: 0 to rise + fall - 1. */
  readonly health: number;
  /** The last check that ended; null before the first. */
  readonly last: CheckResult | null;
  /** Whether a check is on its way. */
  readonly checking: boolean;
  /** Sets the health by hand: see state.ts. Whether the server is up is the caller's to change. */
  setHealth(health: number): void;
  /** Checks no more, until {@linkcode resume}; a check on its way is given up. Idempotent. */
  pause(): void;
  /** Checks again, an interval from now. Idempotent. */
  resume(): void;
  /** Ends the checks; a check on its way is given up. Idempotent. */
  stop(): void;
}

/** Starts to check a server. An interval runs from a check's end to the next one's start. */
export function startChecker(options: CheckerOptions): Checker {
  const { settings, clock, probe, random } = options;
  let health = initialHealth(settings);
  let last: CheckResult | null = null;
  let checking = false;
  let stopped = false;
  let paused = false;
  /** Cancels what is scheduled: the next check, or the result of this one. */
  let cancel = clock.schedule(options.offset, check);

  function check(): void {
    checking = true;
    cancel = probe(ended);
  }

  function ended(result: CheckResult): void {
    const before = health;
    health = healthAfter(settings, before, result.passed);
    last = result;
    options.checked?.(result, isUp(settings, before));
    checking = false;
    scheduleNext();
    const change = transition(settings, before, health);
    if (change !== null) options.changed(change, result);
  }

  function scheduleNext(): void {
    const interval = intervalFor(settings, settings, health);
    cancel = clock.schedule(spread(interval, options.spreadChecks, random()), check);
  }

  return {
    get up() {
      return isUp(settings, health);
    },
    get health() {
      return health;
    },
    get last() {
      return last;
    },
    get checking() {
      return checking;
    },
    setHealth(to) {
      health = to;
    },
    pause() {
      if (paused || stopped) return;
      paused = true;
      checking = false;
      cancel();
    },
    resume() {
      if (!paused || stopped) return;
      paused = false;
      scheduleNext();
    },
    stop() {
      if (stopped) return;
      stopped = true;
      checking = false;
      cancel();
    },
  };
}
