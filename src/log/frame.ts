/**
 * What stands around a message on its way to a log: the header of each `format` (manual: "log"),
 * the level filter, and the length limit. The details are HAProxy 2.6's own: without "format" there
 * is no host name, rfc3164 says `localhost` and rfc5424 `-`, and each datagram ends with a newline.
 */
import type { LogTarget } from "../config/model.ts";
import { facilities, levels } from "./syslog.ts";
import { type Dates, localDates } from "./date.ts";

/** A severity of syslog, by name. */
export type Level = (typeof levels)[number];

/** Where messages come from (RFC 5424, section 3), as far as the formats say it. */
export interface Originator {
  /** Manual: "log-tag". */
  readonly tag: string;
  readonly pid: number;
  /** The name of this machine. */
  readonly hostname: string;
  /** The name that lines say (manual: "log-send-hostname"); null: none. */
  readonly sender?: string | null;
}

/** Makes the header of a line; `wallMs` is ms since 1970. */
export type Header = (level: Level, wallMs: number, data?: string) => string;

const severities = new Map<Level, number>(levels.map((level, code) => [level, code]));

function severity(level: Level): number {
  return severities.get(level)!;
}

/** Whether the target takes messages of this level (manual: "log", max level). */
export function wanted(target: Pick<LogTarget, "level">, level: Level): boolean {
  return severity(level) <= severity(target.level);
}

/** Keeps a header for as long as neither its second nor its level changes. */
function oncePerSecond(make: Header): Header {
  let second = NaN;
  let last: Level = "emerg";
  let text = "";
  return (level, ms) => {
    const now = Math.floor(ms / 1000);
    if (now !== second || level !== last) {
      text = make(level, ms);
      second = now;
      last = level;
    }
    return text;
  };
}

/** Makes the headers of a target; more severe levels than its `minlevel` are written as that. */
export function createHeader(
  target: Pick<LogTarget, "format" | "facility" | "minlevel">,
  { tag, pid, sender = null }: Originator,
  dates: Dates = localDates,
): Header {
  const facility = facilities.indexOf(target.facility) * 8;
  const least = severity(target.minlevel);
  const code = (level: Level) => Math.max(severity(level), least);
  const short = levels.map((_, code) => `<${code}>`);
  const priority = levels.map((_, code) => `<${facility + code}>`);
  const from = sender === null ? "" : `${sender} `;
  switch (target.format) {
    case "local":
      return oncePerSecond((level, ms) =>
        `${priority[code(level)]}${dates.rfc3164(ms)} ${from}${tag}[${pid}]: `
      );
    case "rfc3164":
      return oncePerSecond((level, ms) =>
        `${priority[code(level)]}${dates.rfc3164(ms)} ${sender ?? "localhost"} ${tag}[${pid}]: `
      );
    case "rfc5424":
      return (level, ms, data = "-") =>
        `${priority[code(level)]}1 ${dates.rfc5424(ms)} ${sender ?? "-"} ${tag} ${pid} - ${data} `;
    case "priority":
      return (level) => priority[code(level)]!;
    case "short":
      return (level) => short[code(level)]!;
    case "timed":
      return (level, ms) => `${short[code(level)]}${dates.rfc5424(ms)} `;
    case "iso":
      return (_, ms) => `${dates.rfc5424(ms)} `;
    case "raw":
      return () => "";
  }
}

/**
 * How many bytes of a line go before the newline: `len`, and on stdout and stderr one fewer, as
 * there HAProxy counts the newline in.
 */
export function textLimit({ target, len }: Pick<LogTarget, "target" | "len">): number {
  return target.kind === "stdout" || target.kind === "stderr" ? len - 1 : len;
}

const encoder = new TextEncoder();
const newline = 10;

/**
 * Writes a line and its newline as UTF-8 into `bytes` from `at`, cut after a whole character.
 * @param limit bytes at most, without the newline; there must be room for one more
 * @returns where the line ends
 */
export function putLine(bytes: Uint8Array, at: number, line: string, limit: number): number {
  const end = at + encoder.encodeInto(line, bytes.subarray(at, at + limit)).written;
  bytes[end] = newline;
  return end + 1;
}
