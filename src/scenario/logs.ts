/** The log as a step and its expectations look at it. */
import type { Clock } from "../time/clock.ts";
import { matches } from "./claim.ts";
import { eventually, grace, lull, sleep } from "./waiting.ts";

/** The log since a step began. */
export interface LogView {
  /**
   * Without the lines about health checks, which proxies before other proxies log as requests; none
   * where the story does not speak of the log.
   */
  lines(): readonly string[];
  /** Waits for such a line. @returns what was there instead; null: it came */
  awaits(pattern: string): Promise<string | null>;
  /** Waits for silence. @returns the line that broke it; null: none did */
  isSilent(): Promise<string | null>;
}

/** What {@linkcode viewOf} looks at. */
interface Logged {
  readonly log: readonly string[] | null;
  readonly clock: Clock;
  readonly topology: { readonly names: { readonly checks: readonly string[] } };
}

/**
 * Opens the log for a step: what steps before it bring about is awaited.
 * @param reads the step speaks of the log
 * @param before where the log was before the actions that lead to this step; null: none do. What a
 * wait is for may have come as soon as those were done
 */
export async function viewOf(
  { log, clock, topology }: Logged,
  reads: boolean,
  before: number | null,
): Promise<LogView> {
  if (reads) await sleep(clock, lull / 4);
  const start = before ?? log?.length ?? 0;
  const all = () => log?.slice(start) ?? [];
  const ofCheck = (line: string) =>
    topology.names.checks.some((each) => line.endsWith(`"${each}"`));
  const lines = () => reads ? all().filter((line) => !ofCheck(line)) : [];
  return {
    lines,
    async isSilent() {
      await sleep(clock, lull);
      return lines()[0] ?? null;
    },
    async awaits(pattern) {
      const isThere = () => all().some((each) => matches(pattern, each));
      if (await eventually(clock, grace, isThere)) return null;
      const silence = log === null ? "the configuration has no 'log'" : "it says nothing";
      return lines().length === 0 ? silence : lines().slice(-3).join("\n              and: ");
    },
  };
}
