/** Checks where logs go: the rings that they name. */
import type { Report } from "./diagnostic.ts";
import type { Configuration } from "./model.ts";
import type { Locator } from "./places.ts";

/** Reports each `log` to a ring that there is not. */
export function checkLogs(
  { global, proxies, rings }: Configuration,
  locator: Locator,
  report: Report,
): void {
  const names = rings.map(({ name }) => name);
  // What sections have from 'defaults' is one and the same.
  const lists = new Set([global, ...proxies].map(({ log }) => log));
  for (const log of [...lists].flat()) {
    const { target } = log;
    if (target.kind !== "ring" || names.includes(target.name)) continue;
    const hint = report.suggestion(target.name, names) ?? `a section 'ring ${target.name}'`;
    const message = `there is no ring '${target.name}': nothing is logged to it`;
    report.warning(locator.place(log, "target"), message, hint);
  }
}
