/** Checks one server time and again, and reports what is found. */
import type { Clock } from "../time/clock.ts";
import type { Probe } from "./probe.ts";
import { type CheckResult, resultOf, type Verdict } from "./result.ts";
import { spread } from "./schedule.ts";
import {
  healthAfter,
  initialHealth,
  type InitState,
  intervalFor,
  type Intervals,
  isUp,
  type Thresholds,
} from "./state.ts";

/** What a check has brought. */
export interface Report {
  readonly result: CheckResult;
  /** The server was up before it, as these checks see it. */
  readonly wasUp: boolean;
  /** The status is another one than before, or the health is (manual: "option log-health-checks"). */
  readonly news: boolean;
}

/** How to check a server. */
export interface CheckerOptions {
  readonly settings: Thresholds & Intervals;
  /** How the server is seen before the first check. */
  readonly initState?: InitState;
  /** ms until the first check: see startOffsets. */
  readonly offset: number;
  /** Percent of noise in the intervals (manual: "spread-checks"). */
  readonly spreadChecks: number;
  readonly probe: Probe;
  readonly clock: Clock;
  /** From 0 to 1, like Math.random. */
  readonly random: () => number;
  /** Whether a result counts for the health; by default all do. */
  readonly counts?: (result: CheckResult) => boolean;
  /** A check has ended. The checker's state shows it already. */
  readonly ended: (report: Report) => void;
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
  /** Takes a verdict that comes from elsewhere as that of a check (manual: "on-error"). */
  take(verdict: Verdict): void;
  /** The next check comes as soon as `fastinter` would have it, if that is sooner. */
  hasten(): void;
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
  let health = initialHealth(settings, options.initState);
  let last: CheckResult | null = null;
  let checking = false;
  let stopped = false;
  let paused = false;
  /** Cancels what is scheduled: the next check, or the result of this one. */
  let cancel = clock.schedule(options.offset, check);
  let next = clock.now() + options.offset;

  function check(): void {
    checking = true;
    cancel = probe((result) => {
      checking = false;
      report(result, scheduleNext);
    });
  }

  /** @param then what is done before it is reported: what is made of it may end these checks */
  function report(result: CheckResult, then: () => void): void {
    const before = health;
    const counts = options.counts?.(result) ?? true;
    if (counts) health = healthAfter(settings, before, result.passed);
    const failed = counts && !result.passed && before > 0;
    const news = result.status !== "CHECKED" &&
      (failed || health !== before || last?.status !== result.status);
    last = result;
    then();
    options.ended({ result, wasUp: isUp(settings, before), news });
  }

  function scheduleNext(): void {
    schedule(intervalFor(settings, settings, health));
  }

  function schedule(interval: number): void {
    const delay = spread(interval, options.spreadChecks, random());
    next = clock.now() + delay;
    cancel = clock.schedule(delay, check);
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
    take(verdict) {
      report(resultOf(verdict, -1), () => {});
    },
    hasten() {
      const { fastinter } = settings;
      if (fastinter === null || checking || paused || stopped) return;
      if (next - clock.now() <= fastinter) return;
      cancel();
      schedule(fastinter);
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
