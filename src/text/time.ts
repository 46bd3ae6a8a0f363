/** Times (manual, chapter 2.5). */

/** In microseconds, so that all are integers. */
const units: Readonly<Record<string, number>> = {
  us: 1,
  ms: 1000,
  s: 1_000_000,
  m: 60_000_000,
  h: 3_600_000_000,
  d: 86_400_000_000,
};

/**
 * Longer spellings, as people write them. (HAProxy looks at the first letter or two only: to it 5h30
 * is five hours, and 5months five minutes.)
 */
const spellings: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ["us", "usec"],
    ["ms", "msec"],
    ["s", "sec", "second"],
    ["m", "min", "minute"],
    ["h", "hour"],
    ["d", "day"],
  ].flatMap(([unit = "", ...long]) => [
    [unit, unit],
    ...long.flatMap((each) => [[each, unit], [`${each}s`, unit]]),
  ]),
);

/** The longest time, in milliseconds: some 24.8 days. */
export const longestTime = 2 ** 31 - 1;

/**
 * A time in milliseconds, fractions rounded up.
 *
 * @param unit of a number without one
 * @returns null if the text is not a time; Infinity if it is beyond {@linkcode longestTime}
 */
export function parseTime(text: string, unit: "ms" | "s" = "ms"): number | null {
  const match = /^(\d+)([a-z]*)$/.exec(text);
  const spelling = match?.[2] || unit;
  const factor = Object.hasOwn(spellings, spelling) ? units[spellings[spelling] ?? ""] : undefined;
  if (match === null || factor === undefined) return null;
  const time = Math.ceil(Number(match[1]) * factor / 1000);
  return time <= longestTime ? time : Infinity;
}

/** The shortest text for a time in milliseconds. */
export function formatTime(time: number): string {
  const unit = time === 0
    ? undefined
    : ["d", "h", "m", "s"].find((unit) => time % inMs(unit) === 0);
  return unit === undefined ? `${time}ms` : `${time / inMs(unit)}${unit}`;
}

function inMs(unit: string): number {
  return (units[unit] ?? 1000) / 1000;
}
