/** Reports of faults of ours: something threw that must not, at the cost of one session. */
import type * as model from "../config/model.ts";
import type { Level } from "../log/frame.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Clock } from "../time/clock.ts";

/** Faults that are reported in a second; a fault at each request must not fill the disk. */
const maxReports = 5;

/**
 * Creates the callback for faults. @param report is given a line for the logs, and one with the
 * stack
 */
export function faultReporter(
  clock: Clock,
  report: (line: string, whole: string) => void,
): (error: unknown) => void {
  let since = -Infinity;
  let reported = 0;
  return (error) => {
    const now = clock.now();
    if (now - since >= 1000) {
      since = now;
      reported = 0;
    }
    if (reported++ >= maxReports) return;
    const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
    const [place = "an unknown place"] = /\S+:\d+:\d+/.exec(stack) ?? [];
    const line = `a fault in sluice has cost one session: ${message} (${place.replace("(", "")})`;
    report(line, `${line}\n${stack}`);
  };
}

/** Logs a line that concerns the whole process, once to each set of logs that its proxies have. */
export function logToAll(
  configuration: model.Configuration,
  log: ProxyLog,
  level: Level,
  line: string,
): void {
  const reported = new Set<unknown>();
  for (const proxy of configuration.proxies) {
    // That of the global section, which proxies share, and those of proxies.
    const shared = proxy.logGlobal && proxy.log.length === 0;
    const where = shared ? configuration.global.log : proxy.log;
    if (where.length > 0 && !reported.has(where)) log.event(proxy, level, line);
    reported.add(where);
  }
}
