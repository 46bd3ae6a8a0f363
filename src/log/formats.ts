/**
 * The texts of traffic logs, to the letter of HAProxy 2.6 (manual, chapter 8.2), without the
 * syslog header that frame.ts puts before them. They run once a request: each builds one string.
 */
import { type Dates, localDates } from "./date.ts";
import type { LogRecord } from "./record.ts";

/** More of a request line is not logged, in bytes before escaping ("tune.http.logurilen" less 1). */
const longestRequestLine = 1023;

const escapes = Array.from(
  { length: 256 },
  (_, c) =>
    c < 32 || c > 126 || c === 34 || c === 35
      ? "#" + c.toString(16).toUpperCase().padStart(2, "0")
      : String.fromCharCode(c),
);

/**
 * Writes `"`, `#` and whatever is not a printable ASCII character as `#` and two hexadecimal digits
 * (manual, chapter 8.6).
 * @param text one character a byte; of greater ones only the low byte is kept
 */
export function escapeText(text: string): string {
  const length = text.length;
  let from = 0;
  let escaped = "";
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c > 126 || c < 32 || c === 34 || c === 35) {
      escaped += text.slice(from, i) + escapes[c & 255];
      from = i + 1;
    }
  }
  return from === 0 ? text : escaped + text.slice(from);
}

/** The line of "option httplog" (manual, chapter 8.2.3); fractions of milliseconds are dropped. */
export function httpLine(r: LogRecord, dates: Dates = localDates): string {
  const request = r.requestLine.length > longestRequestLine
    ? r.requestLine.slice(0, longestRequestLine)
    : r.requestLine;
  return `${r.clientAddress}:${r.clientPort} [${dates.traffic(r.acceptDate)}] ` +
    `${r.frontend}${r.tls ? "~" : ""} ${r.backend}/${r.server} ` +
    `${Math.floor(r.timeRequest)}/${Math.floor(r.timeQueue)}/${Math.floor(r.timeConnect)}/` +
    `${Math.floor(r.timeResponse)}/${Math.floor(r.timeTotal)} ` +
    `${r.status} ${r.bytes} - - ${r.termination} ` +
    `${r.actconn}/${r.feconn}/${r.beconn}/${r.srvconn}/${r.redispatched ? "+" : ""}${r.retries} ` +
    `${r.srvQueue}/${r.backendQueue} "${escapeText(request)}"`;
}

/** The line of "option tcplog" (manual, chapter 8.2.2); fractions of milliseconds are dropped. */
export function tcpLine(r: LogRecord, dates: Dates = localDates): string {
  return `${r.clientAddress}:${r.clientPort} [${dates.traffic(r.acceptDate)}] ` +
    `${r.frontend}${r.tls ? "~" : ""} ${r.backend}/${r.server} ` +
    `${Math.floor(r.timeQueue)}/${Math.floor(r.timeConnect)}/${Math.floor(r.timeTotal)} ` +
    `${r.bytes} ${r.termination.slice(0, 2)} ` +
    `${r.actconn}/${r.feconn}/${r.beconn}/${r.srvconn}/${r.redispatched ? "+" : ""}${r.retries} ` +
    `${r.srvQueue}/${r.backendQueue}`;
}

/** What {@linkcode connectLine} tells. */
export interface Accepted {
  /** "unix" for a client of a unix socket, whose port is then the number of the listener. */
  readonly clientAddress: string;
  readonly clientPort: number;
  /** Where the client connected to. */
  readonly address: string;
  readonly port: number;
  readonly frontend: string;
  readonly mode: "http" | "tcp";
}

/** The line of a frontend with neither option, written at the accept (manual, chapter 8.2.1). */
export function connectLine(a: Accepted): string {
  const frontend = `(${a.frontend}/${a.mode === "http" ? "HTTP" : "TCP"})`;
  return a.clientAddress === "unix"
    ? `Connect to unix:${a.clientPort} ${frontend}`
    : `Connect from ${a.clientAddress}:${a.clientPort} to ${a.address}:${a.port} ${frontend}`;
}
