/**
 * Runs of variables that stand in httplog and tcplog, and so in most formats of users: each is
 * written by one function in place of many, which is where a compiled format would lose against
 * one that is written by hand. They change no line; a test holds them to that.
 */
import { controlEscapes } from "./escape.ts";
import { parseFormat, type Part } from "./parse.ts";
import type { MakeSegment } from "./variable.ts";
import { numberForm, soFar, textForm, writeName, writeNumber, writeText } from "./writers.ts";

/** A run, as parts of a format, and what writes it. */
interface Fusion {
  readonly text: string;
  readonly parts: readonly Part[];
  readonly make: MakeSegment;
}

function fusion(text: string, make: MakeSegment): Fusion {
  const parsed = parseFormat(text);
  return { text, parts: "parts" in parsed ? parsed.parts : [], make };
}

/** From the client to the server; only the date differs between HTTP and TCP. */
function way(date: "t" | "tr"): MakeSegment {
  return (flags, after, { dates }) => {
    const port = numberForm(flags, " [", 0);
    const ofRequest = date === "tr";
    return (r) => {
      const began = ofRequest && r.requestDate !== undefined ? r.requestDate : r.acceptDate;
      return `${r.clientAddress}:${writeNumber(port, r.clientPort)}${dates.traffic(began)}] ` +
        `${r.tls ? r.frontend + "~" : r.frontend} ${r.backend}/${r.server}${after}`;
    };
  };
}

/** All of them. */
export const fusions: readonly Fusion[] = [
  fusion("%ci:%cp [%tr] %ft %b/%s", way("tr")),
  fusion("%ci:%cp [%t] %ft %b/%s", way("t")),
  fusion(
    "%TR/%Tw/%Tc/%Tr/%Ta",
    (_, after) => (r) =>
      `${Math.floor(r.timeRequest)}/${Math.floor(r.timeQueue)}/${Math.floor(r.timeConnect)}/` +
      `${Math.floor(r.timeResponse)}/${soFar(r)}${Math.floor(r.timeTotal)}${after}`,
  ),
  fusion("%ST %B %CC %CS %tsc", (flags, after) => {
    const number = numberForm(flags, " ", 0);
    const cookie = textForm(flags, " ", { escapes: controlEscapes });
    const end = textForm(flags, after);
    return (r) =>
      writeNumber(number, r.status) + soFar(r) + writeNumber(number, r.bytes) +
      writeText(cookie, r.requestCookie) + writeText(cookie, r.responseCookie) +
      writeName(end, r.termination);
  }),
  fusion(
    "%ac/%fc/%bc/%sc/%rc %sq/%bq",
    (_, after) => (r) =>
      `${r.actconn}/${r.feconn}/${r.beconn}/${r.srvconn}/${
        r.redispatched ? "+" : ""
      }${r.retries} ` +
      `${r.srvQueue}/${r.backendQueue}${after}`,
  ),
];

/** The run that begins at this part of a format, if one does. */
export function fusionAt(parts: readonly Part[], index: number): Fusion | undefined {
  return fusions.find((fusion) =>
    fusion.parts.every((part, offset) => isSame(part, parts[index + offset]))
  );
}

function isSame(part: Part, other: Part | undefined): boolean {
  if (other === undefined) return false;
  if (part.kind === "text") return other.kind === "text" && other.text === part.text;
  if (part.kind !== "variable") return other.kind === part.kind;
  if (other.kind !== "variable" || other.variable !== part.variable) return false;
  const { quote, hexadecimal, escape } = other.flags;
  return !quote && !hexadecimal && !escape;
}
