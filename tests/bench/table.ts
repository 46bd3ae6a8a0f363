/**
 * The table of the figures.
 */
import { noise, ratios, type Series, type Spread, spread } from "./statistics.ts";

/** What is to be reached: a ratio to haproxy, or a value of sluice's own. */
export interface Goal {
  readonly of: "ratio" | "value";
  readonly atMost: number;
}

/** One quantity, measured. */
export interface Row {
  readonly name: string;
  /** The unit of the values, as printed. */
  readonly unit: string;
  readonly series: Series;
  /** The user-mode share of the values, where there is one. */
  readonly user?: { readonly sluice: number; readonly haproxy: number };
  readonly goal?: Goal;
}

/** Prints rows as text with columns aligned: medians of the rounds, with what bench.ts explains. */
export function table(rows: readonly Row[]): string {
  const lines = [
    ["measure", "unit", "haproxy", "sluice", "sluice/haproxy", "haproxy/haproxy", "goal", ""],
    ...rows.map(cells),
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  );
  return lines.map((line) =>
    line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}

function cells({ name, unit, series, user, goal }: Row): string[] {
  const ours = spread(series.sluice);
  const theirs = spread([...series.haproxy, ...series.again]);
  const ratio = ratios(series);
  const amount = ({ median }: Spread, share?: number) =>
    figure(median) + (share === undefined ? "" : ` (${figure(median * share)})`);
  return [
    name,
    unit,
    amount(theirs, user?.haproxy),
    amount(ours, user?.sluice),
    range(ratio),
    range(noise(series)),
    ...(goal === undefined ? [] : verdict(goal, goal.of === "ratio" ? ratio : ours)),
  ];
}

function verdict({ of, atMost }: Goal, { median, error }: Spread): [string, string] {
  return [
    of === "ratio" ? `ratio <= ${atMost.toFixed(2)}` : `sluice <= ${atMost}`,
    (median <= atMost ? "met" : "MISSED") +
    (Math.abs(median - atMost) < error ? ", within the error" : ""),
  ];
}

/** Three digits that tell something. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function range({ median, error, min, max }: Spread): string {
  return `${median.toFixed(3)} ±${error.toFixed(3)} (${min.toFixed(2)}-${max.toFixed(2)})`;
}
