/**
 * From rounds to figures.
 */

/** What became of a series: its middle and its ends. */
export interface Spread {
  readonly median: number;
  /**
   * How far to trust the median: half the width of its 95 % confidence interval, whatever the
   * distribution. With fewer than six values, where there is no such interval, half their range.
   */
  readonly error: number;
  readonly min: number;
  readonly max: number;
}

/** The median, its error, and the ends of at least one value. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  // How many values lie below the true median is binomial (n, 1/2), nearly normal: the interval
  // reaches 1.96 standard deviations of sqrt(n)/2 ranks to either side.
  const lowest = Math.max(0, Math.floor(middle - 0.98 * Math.sqrt(sorted.length)));
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    error: (at(sorted.length - 1 - lowest) - at(lowest)) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** One quantity of the contestants, round by round; haproxy runs twice in each round. */
export interface Series {
  readonly sluice: readonly number[];
  readonly haproxy: readonly number[];
  readonly again: readonly number[];
}

/** sluice over the mean of both haproxys, in each round. */
export function ratios({ sluice, haproxy, again }: Series): Spread {
  return spread(sluice.map((value, round) => {
    return 2 * value / ((haproxy[round] ?? NaN) + (again[round] ?? NaN));
  }));
}

/** haproxy over haproxy, in each round: what the machine alone makes of equal programs. */
export function noise({ haproxy, again }: Series): Spread {
  return spread(again.map((value, round) => value / (haproxy[round] ?? NaN)));
}
