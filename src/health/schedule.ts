/** When checks start: spread over time, so that they do not strike one machine all at once. */

/** Intervals shorter than this, in ms, do not set the pace at which all checks are started. */
const shortest = 1000;

/**
 * When each server is first checked. All checks of the process are spread over the shortest of
 * their intervals (those below 1 s aside), in order; a server with a longer interval has its place
 * in that.
 * @param intervals the ms between checks of every checked server, in the configuration's order
 * @param most ms within which all of them begin (manual: "max-spread-checks")
 * @returns ms from the start, one each
 */
export function startOffsets(intervals: readonly number[], most = Infinity): number[] {
  const eligible = intervals.filter((interval) => interval >= shortest);
  const pace = eligible.length === 0 ? 0 : Math.min(...eligible);
  return intervals.map((interval, i) =>
    (Math.min(most, Math.max(pace, interval)) * i) / intervals.length
  );
}

/**
 * An interval with noise (manual: "spread-checks").
 * @param percent how far it may lie from `interval`, either way
 * @param random from 0 to 1
 */
export function spread(interval: number, percent: number, random: number): number {
  return interval * (1 + (percent / 100) * (2 * random - 1));
}
