/** All that decides how a server is checked, and which servers can therefore share their checks. */
import type { Check } from "../config/model.ts";
import type { Target } from "./probe.ts";
import type { CheckRule } from "./rules.ts";
import type { Intervals, Thresholds } from "./state.ts";

/** How a server is checked. */
export interface CheckPlan {
  readonly target: Target;
  readonly check: Check;
  /** The rules that it goes by. */
  readonly rules: readonly CheckRule[];
  readonly settings: Thresholds & Intervals;
  /** What of a check depends on the server itself: no other can have the same; null: nothing. */
  readonly own: string | null;
}

/**
 * Equal for plans that would send the same to the same place from the same address, at the same
 * pace, and draw the same conclusions. Servers of such plans are probed once for all (guide, chapter
 * 4.2.3: a main server and its backup are checked twice else). Where only the pace or the thresholds
 * differ they are probed apart: each falls and rises at its own time.
 */
export function identity({ target, check, rules, settings, own }: CheckPlan): string {
  const { endpoint, options, proxyHeader, proxyVersion, timeouts } = target;
  const { inter, fastinter, downinter, rise, fall } = settings;
  return JSON.stringify([
    endpoint,
    options.source ?? null,
    proxyHeader,
    proxyVersion,
    timeouts,
    check,
    rules,
    [inter, fastinter ?? inter, downinter ?? inter, rise, fall],
    own,
  ]);
}
