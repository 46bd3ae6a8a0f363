/** The variables of the log format, in the order of HAProxy's manual (chapter 8.2.6). */
import { utcDates } from "../date.ts";
import type { LogRecord } from "../record.ts";
import { captureBlock, captureList } from "./captures.ts";
import { controlEscapes } from "./escape.ts";
import * as line from "./request-line.ts";
import {
  date,
  foreign,
  hexable,
  ip,
  type LogFact,
  type LogVariable,
  type MakeSegment,
  name,
  numeric,
  ofLine,
  word,
} from "./variable.ts";
import { soFar, writeName, writeNumber, writeText } from "./writers.ts";

type Kind = Pick<LogVariable, "type" | "make">;

interface Traits {
  readonly http?: boolean;
  readonly needs?: LogFact;
  readonly optional?: boolean;
}

function variable(name: string, help: string, kind: Kind, traits: Traits = {}): LogVariable {
  const { http = false, needs = null, optional = false } = traits;
  return { name, help, type: kind.type, httpOnly: http, needs, optional, make: kind.make };
}

const http = { http: true } as const;
const ofRequest = { http: true, needs: "request line" } as const;
const cookie = { http: true, needs: "captured cookies" } as const;
const headers = { needs: "captured headers", optional: true } as const;
const tls = { needs: "TLS" } as const;
const early = { needs: "handshake and idle time" } as const;

const block = (make: MakeSegment): Kind => ({ type: "string", make });
const list = (make: MakeSegment): Kind => ({ type: "string list", make });

/** The date of the request's first byte. */
const requestDate = (r: LogRecord) => r.requestDate ?? r.acceptDate;

/** What went by before the request's first byte; of a time that never began, nothing. */
const before = (r: LogRecord) => Math.max(0, r.timeHandshake ?? 0) + Math.max(0, r.timeIdle ?? 0);

/** Tq: -1 where one of its parts is. */
function timeToRequest(r: LogRecord): number {
  const { timeHandshake = 0, timeIdle = 0, timeRequest } = r;
  return Math.min(timeHandshake, timeIdle, timeRequest) < 0
    ? -1
    : timeHandshake + timeIdle + timeRequest;
}

/** Td: from the response's head, in TCP mode from the connection, to the end; -1 without either. */
function timeOfData(r: LogRecord): number {
  const tcp = r.timeRequest < 0;
  if ((tcp ? r.timeConnect : r.timeResponse) < 0) return -1;
  const spent = Math.max(0, r.timeQueue) + Math.max(0, r.timeConnect);
  return Math.max(0, r.timeTotal - spent - (tcp ? 0 : r.timeRequest + r.timeResponse));
}

const hexadecimalMilliseconds = hexable(2, (f) => (r) => writeNumber(f, r.acceptDate % 1000));

/** What `tune.http.logurilen` is by default, less 1. */
const usualLine = 1023;

/** Three decimal digits, or hexadecimal ones. */
const milliseconds: Kind = {
  type: "numeric",
  make: (flags, after, environment) =>
    flags.hexadecimal
      ? hexadecimalMilliseconds.make(flags, after, environment)
      : (r) => String(Math.floor(r.acceptDate % 1000)).padStart(3, "0") + after,
};

/** All of them but `%o`, which writes nothing. */
export const logVariables: readonly LogVariable[] = [
  variable(
    "B",
    "bytes sent to the client",
    numeric((f) => (r) => soFar(r) + writeNumber(f, r.bytes)),
  ),
  variable(
    "CC",
    "the captured cookie of the request",
    foreign(controlEscapes, (f) => (r) => writeText(f, r.requestCookie)),
    cookie,
  ),
  variable(
    "CS",
    "the captured cookie of the response",
    foreign(controlEscapes, (f) => (r) => writeText(f, r.responseCookie)),
    cookie,
  ),
  variable(
    "H",
    "the host name of this machine",
    name((f, { hostname }) => () => writeName(f, hostname)),
  ),
  variable(
    "HM",
    "the method: POST",
    ofLine((f) => (r) => writeText(f, line.method(r.requestLine))),
    ofRequest,
  ),
  variable(
    "HP",
    "the request target without its query string",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.targetWithoutQuery(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "HPO",
    "the path alone, without host and query string",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.path(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "HQ",
    "the query string: ?bar=baz",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.query(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "HU",
    "the request target: /foo?bar=baz",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.target(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "HV",
    "the version: HTTP/1.0",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.version(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "ID",
    "the unique ID of the request",
    foreign(controlEscapes, (f) => (r) => writeText(f, r.uniqueId)),
    { needs: "unique id" },
  ),
  variable("ST", "the status code", numeric((f) => (r) => writeNumber(f, r.status))),
  variable(
    "T",
    "the accept date in GMT",
    date((_, after) => (r) => utcDates.clf(r.acceptDate) + after),
  ),
  variable(
    "Ta",
    "active time: from the request's first byte to the end, ms",
    numeric((f) => (r) => soFar(r) + writeNumber(f, r.timeTotal)),
    http,
  ),
  variable(
    "Tc",
    "time until the server's connection was established, ms",
    numeric((f) => (r) => writeNumber(f, r.timeConnect)),
  ),
  variable(
    "Td",
    "time of the data transfer, ms",
    numeric((f) => (r) => writeNumber(f, timeOfData(r))),
  ),
  variable(
    "Tl",
    "the accept date in local time",
    date((dates, after) => (r) => dates.clf(r.acceptDate) + after),
  ),
  variable(
    "Th",
    "time of the PROXY header and the TLS handshake, ms",
    numeric((f) => (r) => writeNumber(f, r.timeHandshake ?? 0)),
    early,
  ),
  variable(
    "Ti",
    "idle time before the request, ms",
    numeric((f) => (r) => writeNumber(f, r.timeIdle ?? 0)),
    { ...early, ...http },
  ),
  variable(
    "Tq",
    "time until the request was complete: Th + Ti + TR, ms",
    numeric((f) => (r) => writeNumber(f, timeToRequest(r))),
    { ...early, ...http },
  ),
  variable(
    "TR",
    "time from the request's first byte to the end of its head, ms",
    numeric((f) => (r) => writeNumber(f, r.timeRequest)),
    http,
  ),
  variable(
    "Tr",
    "time until the response's head, ms",
    numeric((f) => (r) => writeNumber(f, r.timeResponse)),
    http,
  ),
  variable(
    "Ts",
    "the accept date in seconds since 1970",
    hexable(4, (f) => (r) => writeNumber(f, r.acceptDate / 1000)),
  ),
  variable(
    "Tt",
    "the whole time from the accept to the end, ms",
    numeric((f) => (r) => soFar(r) + writeNumber(f, r.timeTotal + before(r))),
    early,
  ),
  variable(
    "Tu",
    "the time as the user sees it: Tt - Ti, ms",
    numeric((f) => (r) => writeNumber(f, r.timeTotal + Math.max(0, r.timeHandshake ?? 0))),
    early,
  ),
  variable("Tw", "time in queues, ms", numeric((f) => (r) => writeNumber(f, r.timeQueue))),
  variable(
    "U",
    "bytes received from the client",
    numeric((f) => (r) => soFar(r) + writeNumber(f, r.uploaded ?? 0)),
    { needs: "uploaded bytes" },
  ),
  variable("ac", "connections of the process", numeric((f) => (r) => writeNumber(f, r.actconn))),
  variable("b", "the backend", name((f) => (r) => writeName(f, r.backend))),
  variable("bc", "streams of the backend", numeric((f) => (r) => writeNumber(f, r.beconn))),
  variable(
    "bi",
    "the address that the server's connection comes from",
    ip((f) => (r) => writeText(f, r.sourceAddress)),
    { needs: "source address" },
  ),
  variable(
    "bp",
    "the port that the server's connection comes from",
    hexable(4, (f) => (r) => writeNumber(f, r.sourcePort)),
    { needs: "source address" },
  ),
  variable(
    "bq",
    "streams before this one in the backend's queue",
    numeric(
      (f) => (r) => writeNumber(f, r.backendQueue),
    ),
  ),
  variable("ci", "the client's address", ip((f) => (r) => writeText(f, r.clientAddress))),
  variable("cp", "the client's port", hexable(4, (f) => (r) => writeNumber(f, r.clientPort))),
  variable("f", "the frontend", name((f) => (r) => writeName(f, r.frontend))),
  variable("fc", "connections of the frontend", numeric((f) => (r) => writeNumber(f, r.feconn))),
  variable(
    "fi",
    "the address that the client connected to",
    ip((f) => (r) => writeText(f, r.frontendAddress)),
    { needs: "frontend address" },
  ),
  variable(
    "fp",
    "the port that the client connected to",
    hexable(4, (f) => (r) => writeNumber(f, r.frontendPort)),
    { needs: "frontend address" },
  ),
  variable(
    "ft",
    "the frontend, with a ~ behind it for TLS",
    name(
      (f) => (r) => writeName(f, r.tls ? r.frontend + "~" : r.frontend),
    ),
  ),
  variable(
    "lc",
    "lines that the frontend has logged before",
    hexable(4, (f) => (r) => writeNumber(f, r.logCount ?? 0)),
    { needs: "log count" },
  ),
  variable(
    "hr",
    "the captured headers of the request: {1wt.eu|Mozilla}",
    block(captureBlock((r) => r.requestHeaders)),
    headers,
  ),
  variable(
    "hrl",
    "the captured headers of the request, in the CLF style",
    list(captureList((r) => r.requestHeaders)),
    headers,
  ),
  variable(
    "hs",
    "the captured headers of the response",
    block(captureBlock((r) => r.responseHeaders)),
    headers,
  ),
  variable(
    "hsl",
    "the captured headers of the response, in the CLF style",
    list(captureList((r) => r.responseHeaders)),
    headers,
  ),
  variable(
    "ms",
    "the milliseconds of the accept date, three digits",
    milliseconds,
  ),
  variable("pid", "the process ID", hexable(4, (f, { pid }) => () => writeNumber(f, pid))),
  variable(
    "r",
    "the request line",
    ofLine((f, { longestLine = usualLine }) => (r) =>
      writeText(f, line.loggedLine(r.requestLine, longestLine))
    ),
    ofRequest,
  ),
  variable(
    "rc",
    "retries, with a + before them for a redispatch",
    numeric((f) => (r) =>
      r.redispatched ? "+" + writeNumber(f, r.retries) : writeNumber(f, r.retries)
    ),
  ),
  variable(
    "rt",
    "requests and TCP sessions of the process before this one",
    hexable(4, (f) => (r) => writeNumber(f, r.requestCount ?? 0)),
    { needs: "request count" },
  ),
  variable("s", "the server", name((f) => (r) => writeName(f, r.server))),
  variable("sc", "streams of the server", numeric((f) => (r) => writeNumber(f, r.srvconn))),
  variable(
    "si",
    "the server's address",
    ip((f) => (r) => writeText(f, r.serverAddress)),
    { needs: "server address" },
  ),
  variable(
    "sp",
    "the server's port",
    hexable(4, (f) => (r) => writeNumber(f, r.serverPort)),
    { needs: "server address" },
  ),
  variable(
    "sq",
    "streams before this one in the server's queue",
    numeric(
      (f) => (r) => writeNumber(f, r.srvQueue),
    ),
  ),
  variable("sslc", "the TLS cipher: AES-SHA", name((f) => (r) => writeName(f, r.tlsCipher)), tls),
  variable("sslv", "the TLS version: TLSv1.3", name((f) => (r) => writeName(f, r.tlsVersion)), tls),
  variable(
    "t",
    "the accept date with milliseconds",
    date((dates, after) => (r) => dates.traffic(r.acceptDate) + after),
  ),
  variable(
    "tr",
    "the date of the request's first byte, with milliseconds",
    date((dates, after) => (r) => dates.traffic(requestDate(r)) + after),
    { ...http, needs: "request date" },
  ),
  variable(
    "trg",
    "the date of the request's first byte, in GMT",
    date((_, after) => (r) => utcDates.clf(requestDate(r)) + after),
    { ...http, needs: "request date" },
  ),
  variable(
    "trl",
    "the date of the request's first byte, in local time",
    date((dates, after) => (r) => dates.clf(requestDate(r)) + after),
    { ...http, needs: "request date" },
  ),
  variable(
    "ts",
    "how the session ended, two characters",
    word(
      (f) => (r) => writeName(f, r.termination.slice(0, 2)),
    ),
  ),
  variable(
    "tsc",
    "how the session ended, with what became of the cookie",
    word((f) => (r) => writeName(f, r.termination)),
  ),
];
