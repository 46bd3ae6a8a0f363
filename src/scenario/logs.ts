/** The logs of the proxies: kept here, in place of being sent anywhere. */
import { type Configuration, levels, type LogTarget } from "../config/model.ts";
import type { OpenTransport } from "../log/transport.ts";
import type { Clock } from "../time/clock.ts";
import { matches } from "./claim.ts";
import { eventually, grace, lull, sleep } from "./waiting.ts";

/** What was logged. */
export interface KeptLog {
  /** Oldest first; without header. */
  readonly lines: string[];
  /** Takes the lines of every target. */
  readonly open: OpenTransport;
}

/** Makes an empty one. */
export function keptLog(): KeptLog {
  const lines: string[] = [];
  const decoder = new TextDecoder();
  return {
    lines,
    open: () => ({
      send(bytes, ends, from, to) {
        for (let i = from; i < to; i++) {
          const start = i === 0 ? 0 : ends[i - 1]!;
          lines.push(decoder.decode(bytes.subarray(start, ends[i])).trimEnd());
        }
        return to - from;
      },
      failure: "",
      wait() {},
      close() {},
    }),
  };
}

/**
 * The configuration with one target for each proxy that logs, without header: several would get
 * every line several times, and where they are does not matter.
 */
export function loggingOnce(configuration: Configuration): Configuration {
  const { global } = configuration;
  return {
    ...configuration,
    global: { ...global, log: merged(global.log) },
    proxies: configuration.proxies.map((proxy) => ({
      ...proxy,
      log: merged(proxy.logGlobal ? [...global.log, ...proxy.log] : proxy.log),
      logGlobal: false,
    })),
  };
}

/** One target that takes whatever one of these takes. */
function merged(targets: readonly LogTarget[]): LogTarget[] {
  const [first] = targets;
  if (first === undefined) return [];
  const least = Math.max(...targets.map(({ level }) => levels.indexOf(level)));
  return [{
    ...first,
    target: { kind: "stdout" },
    format: "raw",
    len: 65_535,
    level: levels[least] ?? "debug",
  }];
}

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
