/** The logs of all proxies: which lines go where (manual: "log", "option httplog"). */
import type { Configuration, LogTarget, Proxy } from "../config/model.ts";
import type { Clock } from "../time/clock.ts";
import { type Accepted, connectLine, httpLine, tcpLine } from "./formats.ts";
import type { Level } from "./frame.ts";
import type { LogRecord } from "./record.ts";
import { type LogOutputs, type LogSink, openLogSinks } from "./sink.ts";

/** What proxies tell their logs: sessions as records, events as text. */
export interface ProxyLog {
  /** Whether sessions of this proxy are logged as they end: else no record need be filled in. */
  logsSessions(proxy: Proxy): boolean;
  /** Whether connections of this proxy are logged as they are accepted: it has no log format. */
  logsConnections(proxy: Proxy): boolean;
  /** A session or request has ended. */
  session(proxy: Proxy, record: LogRecord): void;
  /** A connection was accepted. */
  connection(proxy: Proxy, accepted: Accepted): void;
  /** Something happened to a proxy: a server went down, say. */
  event(proxy: Proxy, level: Level, message: string): void;
}

/** The logs of a configuration, which can be closed. */
export interface ConfigurationLog extends ProxyLog {
  close(): void;
}

/** Opens the logs of a configuration. */
export function openProxyLog(
  configuration: Configuration,
  outputs: LogOutputs,
  clock: Clock,
): ConfigurationLog {
  const sinks = new Map<Proxy, LogSink>();
  for (const proxy of configuration.proxies) {
    const targets: LogTarget[] = proxy.logGlobal
      ? [...configuration.global.log, ...proxy.log]
      : proxy.log;
    if (targets.length > 0) sinks.set(proxy, openLogSinks(targets, outputs));
  }
  const wantsTraffic = (proxy: Proxy) => sinks.get(proxy)?.wants("info") ?? false;
  return {
    logsSessions: (proxy) => proxy.logFormat !== null && wantsTraffic(proxy),
    logsConnections: (proxy) => proxy.logFormat === null && wantsTraffic(proxy),
    session(proxy, record) {
      // In TCP mode there is no request to log (manual: "option httplog").
      const tcp = proxy.logFormat === "tcplog" || proxy.mode === "tcp";
      const line = tcp ? tcpLine(record) : httpLine(record);
      sinks.get(proxy)?.write("info", line, clock.wall());
    },
    connection(proxy, accepted) {
      sinks.get(proxy)?.write("info", connectLine(accepted), clock.wall());
    },
    event(proxy, level, message) {
      sinks.get(proxy)?.write(level, message, clock.wall());
    },
    close() {
      for (const sink of sinks.values()) sink.close();
    },
  };
}
