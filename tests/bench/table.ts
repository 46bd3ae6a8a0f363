/**
 * The table of the figures.
 */
import type { Goal } from "./goals.ts";
import { noise, ratios, type Series, type Spread, spread } from "./statistics.ts";

/** One quantity, measured. */
export interface Row {
  readonly name: string;
  /** The unit of the values, as printed. */
  readonly unit: string;
  readonly series: Series;
  /** The user-mode share of the values, where there is one. */
  readonly user?: { readonly sluice: number; readonly haproxy: number };
}

/** Prints rows as text with columns aligned: medians of the rounds, with what bench.ts explains. */
export function table(rows: readonly Row[], goals: Readonly<Record<string, Goal>>): string {
  const lines = [
    ["measure", "unit", "haproxy", "sluice", "sluice/haproxy", "haproxy/haproxy", "goal", ""],
    ...rows.map((row) => cells(row, goals[row.name])),
  ];
  const widths = lines[0]?.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0))
  );
  return lines.map((line) =>
    line.map((cell, column) => cell.padEnd(widths?.[column] ?? 0)).join("  ").trimEnd()
  ).join("\n");
}

function cells({ name, unit, series, user }: Row, goal: Goal | undefined): string[] {
  const ours = spread(series.sluice);
  const theirs = spread([...series.haproxy, ...series.again]);
  const ratio = ratios(series);
  return [
    name,
    unit,
    amount(theirs.median, user?.haproxy),
    amount(ours.median, user?.sluice),
    range(ratio),
    range(noise(series)),
    ...(goal === undefined ? [] : [
      `${goal.of === "ratio" ? "ratio" : "sluice"} ${symbols[goal.at]} ${goal.limit}`,
      verdict(goal, goal.of === "ratio" ? ratio : ours),
    ]),
  ];
}

const symbols = { most: "<=", least: ">=" } as const;

/** Whether a goal is met and by how much of it. */
export function verdict({ at, limit }: Goal, { median, error }: Spread): string {
  const met = at === "most" ? median <= limit : median >= limit;
  const distance = Math.abs(median - limit);
  const percent = `${(100 * distance / limit).toFixed(0)} %`;
  return `${met ? "met" : "MISSED"} by ${percent}${distance < error ? ", within the error" : ""}`;
}

/** A value, and its parts in user and in system mode. */
function amount(value: number, userShare?: number): string {
  if (userShare === undefined) return figure(value);
  return `${figure(value)} (${figure(value * userShare)}+${figure(value * (1 - userShare))})`;
}

/** Three digits that tell something. */
function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function range({ median, error, min, max }: Spread): string {
  return `${median.toFixed(3)} ±${error.toFixed(3)} (${min.toFixed(2)}-${max.toFixed(2)})`;
}
