/** The logs of all proxies: which lines go where (manual: "log", "option httplog"). */
import type { Configuration, LogTarget, Proxy } from "../config/model.ts";
import type { Clock } from "../time/clock.ts";
import { type Accepted, connectLine } from "./connect-line.ts";
import { type Dates, localDates } from "./date.ts";
import type { LogFormat, Samples } from "./format/compile.ts";
import { isStandardFormat, mustCompile } from "./format/standard.ts";
import type { LogFact } from "./format/variable.ts";
import type { Level } from "./frame.ts";
import type { LogRecord } from "./record.ts";
import { type LogOutputs, type LogSink, openLogSinks } from "./sink.ts";

/** The log as the proxies use it: sessions are records, events are text. */
export interface ProxyLog {
  /** Whether sessions of this proxy are logged as they end: else no record need be filled in. */
  logsSessions(proxy: Proxy): boolean;
  /** Whether connections of this proxy are logged as they are accepted: it has no log format. */
  logsConnections(proxy: Proxy): boolean;
  /** Says what stands for the expressions in a proxy's format, before any session has ended. */
  setSamples?(samplesOf: (proxy: Proxy) => Samples): void;
  /** A session or request has ended. */
  session(proxy: Proxy, record: LogRecord): void;
  /** A connection was accepted. */
  connection(proxy: Proxy, accepted: Accepted): void;
  /** Something happened to a proxy: a server went down, say. */
  event(proxy: Proxy, level: Level, message: string): void;
}

/** The logs of a configuration, which can be closed. */
export interface ConfigurationLog extends ProxyLog {
  /** Whether the proxy's format asks for what not every record is filled with. */
  needs(proxy: Proxy, fact: LogFact): boolean;
  close(): void;
}

/** A format that has been compiled for this process. */
interface BoundFormat {
  readonly sink: LogSink;
  readonly format: LogFormat;
  readonly lineOf: (record: LogRecord) => string;
  /** Manual: "log-format-sd"; null: there is none. */
  readonly dataOf: ((record: LogRecord) => string) | null;
  /** Lines so far. */
  count: number;
}

/** In TCP mode there is no request to log: of the formats that have a name one is for it. */
function formatOf({ mode }: Proxy, format: string): string {
  return mode === "tcp" && isStandardFormat(format) ? "tcplog" : format;
}

/** Whether a session is no normal one (manual: "option dontlog-normal"). */
function wentWrong({ termination, status, retries, redispatched }: LogRecord): boolean {
  // A session that ended as it should, or that a rule or this proxy itself has answered.
  const cause = termination[0];
  if (redispatched || status >= 500) return true;
  return cause === "-" ? retries > 0 : cause !== "L";
}

/** Opens the logs of a configuration. @param dates by default those of the process's time zone */
export function openProxyLog(
  configuration: Configuration,
  outputs: LogOutputs,
  clock: Clock,
  dates: Dates = localDates,
): ConfigurationLog {
  const sinks = new Map<Proxy, LogSink>();
  const formats = new Map<Proxy, BoundFormat>();
  const { pid, hostname } = outputs.originator;
  const longestLine = configuration.global.tuneHttpLogurilen - 1;
  const environment = { pid, hostname, dates, longestLine };
  const waiting = new Map<Proxy, string>();
  const bind = (proxy: Proxy, named: string, samples?: Samples) => {
    const sink = sinks.get(proxy)!;
    const format = mustCompile(named, samples);
    const data = proxy.logFormatSd;
    const dataOf = data === null ? null : mustCompile(data, samples).bind(environment);
    formats.set(proxy, { sink, format, lineOf: format.bind(environment), dataOf, count: 0 });
  };
  for (const proxy of configuration.proxies) {
    const targets: LogTarget[] = proxy.logGlobal
      ? [...configuration.global.log, ...proxy.log]
      : proxy.log;
    if (targets.length === 0) continue;
    const sink = openLogSinks(targets, outputs, proxy.logTag);
    sinks.set(proxy, sink);
    if (proxy.logFormat === null) continue;
    const named = formatOf(proxy, proxy.logFormat);
    // Expressions are compiled by the proxies, once these are there.
    const own = `${isStandardFormat(named) ? "" : named}${proxy.logFormatSd ?? ""}`;
    if (!own.includes("%[")) bind(proxy, named);
    else waiting.set(proxy, named);
  }
  const wantsTraffic = (proxy: Proxy) => {
    const sink = sinks.get(proxy);
    return sink !== undefined &&
      (sink.wants("info") || (proxy.logSeparateErrors && sink.wants("err")));
  };
  return {
    logsSessions: (proxy) => proxy.logFormat !== null && wantsTraffic(proxy),
    logsConnections: (proxy) => proxy.logFormat === null && wantsTraffic(proxy),
    needs: (proxy, fact) => formats.get(proxy)?.format.needs.has(fact) ?? false,
    setSamples(samplesOf) {
      for (const [proxy, named] of waiting) bind(proxy, named, samplesOf(proxy));
    },
    session(proxy, record) {
      const format = formats.get(proxy);
      if (format === undefined) return;
      const failed = (proxy.dontlogNormal || proxy.logSeparateErrors) && wentWrong(record);
      if (proxy.dontlogNormal && !failed) return;
      record.logCount = format.count++;
      const line = format.lineOf(record);
      if (line === "") return;
      const level = failed && proxy.logSeparateErrors ? "err" : "info";
      const { dataOf } = format;
      format.sink.write(level, line, clock.wall(), dataOf === null ? undefined : dataOf(record));
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
