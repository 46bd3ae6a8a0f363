/** The logs of proxies, kept in place of being sent anywhere. */
import { type Configuration, levels, type LogTarget } from "../config/model.ts";
import type { OpenTransport } from "../log/transport.ts";

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
