/** How long the parts of a run took. */

/** What a part of the run took. */
export interface Time {
  readonly group: string;
  /** The column; "": none, it runs once. */
  readonly suite: string;
  readonly seconds: number;
}

/**
 * A table for people: a row for each group, the slowest first, and a column for each suite.
 * @param seconds what the whole took, in which some ran side by side
 */
export function tableOf(
  times: readonly Time[],
  suites: readonly string[],
  seconds: number,
): string {
  const sum = (some: readonly Time[]) => some.reduce((total, time) => total + time.seconds, 0);
  const row = (name: string, some: readonly Time[]) => {
    const cells = suites.map((suite) => some.filter((time) => time.suite === suite));
    return { name, cells: [...cells, some].map((cell) => cell.length === 0 ? null : sum(cell)) };
  };
  const groups = [...new Set(times.map(({ group }) => group))];
  const rows = groups.map((name) => row(name, times.filter(({ group }) => group === name)))
    .sort((a, b) => b.cells.at(-1)! - a.cells.at(-1)!);
  const width = Math.max(...rows.map(({ name }) => name.length), 7);
  const line = (name: string, cells: readonly string[]) =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(10)).join("")}`.trimEnd();
  const numbers = (cells: readonly (number | null)[]) =>
    cells.map((cell) => cell === null ? "" : cell.toFixed(1));
  return [
    line("seconds", [...suites, "all"]),
    ...[...rows, row("all", times)].map(({ name, cells }) => line(name, numbers(cells))),
    `${(seconds / 60).toFixed(1)} minutes in all`,
  ].join("\n");
}
