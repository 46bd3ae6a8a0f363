/**
 * What was seen of a case, and what is left of it when all is gone in which two proxies may differ
 * without a difference to anybody:
 * - names of fields are compared in lower case (haproxy writes them so), and only fields of one
 *   name in their order;
 * - the content of chunks, not their sizes or extensions: haproxy writes its own;
 * - compressed content counts by what was compressed;
 * - a proxy's own reply counts by its status and by whether it closes the connection;
 * - Connection counts by what it says, and by its options besides close and keep-alive: where the
 *   field already means what we mean we leave it as it is;
 * - space around the pairs of a Cookie field, around "=" in Set-Cookie, and empty pairs: where haproxy edits one, it writes
 *   the others anew; we leave what we do not cut as it is;
 * - an age of up to two seconds;
 * - dates in cookies, if they are now;
 * - in the log, timers count by whether they were reached; bytes, dates and ports do not count.
 */
import { runtimeName } from "../testing.ts";
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { parseDate } from "#src/persist/date.ts";
import type { Connection } from "./client.ts";
import type { Sight } from "./origin.ts";
import { type Field, keepsOpen, type Message, readHead, valuesOf, word } from "./reference.ts";

/** What was seen of a case. */
export interface Transcript {
  connections: Connection[];
  servers: Record<string, Sight>;
  log: string[];
  /** The address where it was played. */
  readonly host: string;
}

/** A message as it is compared. */
export interface Plain {
  line: string;
  /** "name: value", sorted by name. */
  fields: string[];
  content: string;
  trailers: string[];
}

/** A transcript as it is compared. */
export interface Normal {
  connections: { responses: Plain[]; rest: string; end: string }[];
  servers: Record<
    string,
    { requests: Plain[]; connections: number; garbage: string[]; tunnelled: string }
  >;
  log: string[];
}

/** Long contents count by their digest. */
function short(text: string): string {
  if (text.length <= 200) return text;
  const digest = createHash("sha1").update(text, "latin1").digest("hex");
  return `${text.length} bytes, ${digest}`;
}

/** What was compressed. The coding "deflate" is of two forms (manual: "compression algo"). */
function decompressed({ fields, content }: Message): string {
  const [coding = ""] = valuesOf(fields, "content-encoding");
  if (content === "" || !/^(gzip|deflate)$/.test(coding)) return content;
  const bytes = Buffer.from(content, "latin1");
  const isZlib = (bytes[0]! & 15) === 8 && bytes.readUInt16BE(0) % 31 === 0;
  const form = coding === "gzip" ? "gzip" : isZlib ? "deflate" : "raw deflate";
  const read = { gzip: gunzipSync, deflate: inflateSync, "raw deflate": inflateRawSync }[form];
  try {
    return `(${form}) ${read(bytes).toString("latin1")}`;
  } catch {
    // A server of ours may only say that it is.
    return content;
  }
}

/** The dates of `maxidle` and `maxlife`: the two proxies ran in one minute, not in one second. */
function datesMasked(value: string): string {
  return value.replace(/\|([A-Za-z0-9+/]{5})/g, (whole, date: string) => {
    return Math.abs(parseDate(date) - Date.now() / 1000) < 60 ? "|now" : whole;
  });
}

const spaceAroundEquals = /^([^=;]*?)[ \t]*=[ \t]*/;

/** A Cookie field's pairs, each without the space in which haproxy meddles and we do not. */
function cookiePairs(value: string): string {
  return value.split(";").map((pair) => pair.trim().replace(spaceAroundEquals, "$1="))
    .filter((pair) => pair !== "").join("; ");
}

function plainFields(fields: readonly Field[]): string[] {
  const sorted = fields.map(([name, value]): Field => {
    const lower = name.toLowerCase();
    return [
      lower,
      lower === "cookie"
        ? cookiePairs(value)
        : lower === "age" && Number(value) <= 2
        ? "a moment"
        : lower === "set-cookie"
        ? datesMasked(value.replace(spaceAroundEquals, "$1="))
        : value,
    ];
  });
  sorted.sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
  return sorted.map(([name, value]) => `${name}: ${value}`);
}

/** What a message says of its connection, and the other options, in one field. */
function connection(message: Message): string {
  const options = valuesOf(message.fields, "connection").join(",").split(",")
    .map((option) => option.trim())
    .filter((option) => !/^(close|keep-alive|)$/i.test(option));
  return ["connection:", keepsOpen(message) ? "open" : "close", ...options].join(" ");
}

const isOther = ([name]: Field) => name.toLowerCase() !== "connection";

function plain(message: Message, host: string): Plain {
  const { line, fields, trailers } = message;
  const content = decompressed(message);
  const others = plainFields(fields.filter(isOther));
  return {
    line,
    fields: [connection(message), ...others.map((field) => field.replaceAll(host, "HOST"))],
    content: short(content),
    trailers: plainFields(trailers),
  };
}

/** Whether a response is the proxy's own: no server of ours sends such a page. */
function isPage({ fields, content, line }: Message): boolean {
  return /^HTTP\/1.1 (200|4|50)/.test(line) &&
    valuesOf(fields, "cache-control")[0] === "no-cache" &&
    valuesOf(fields, "content-type")[0] === "text/html" &&
    (content === "" || content.startsWith("<html>"));
}

function response(message: Message, host: string): Plain {
  if (!isPage(message)) return plain(message, host);
  const line = `page ${word(message.line, 1)}`;
  return { line, fields: [connection(message)], content: "", trailers: [] };
}

const pattern = new RegExp(
  [
    String.raw`(\S+) \[[^\]]+\] case-\d+ (?:case-\d+)\/(\S+)`,
    String.raw`(-?\d+)\/(-?\d+)\/(-?\d+)\/(-?\d+)\/\+?\d+ (-?\d+) \+?\d+ - - (\S{4})`,
    String.raw`\d+\/(\d+)\/(\d+)\/(\d+)\/(\+?\d+) (\d+\/\d+) "(.*)"$`,
  ].join(" "),
);

const tcpPattern = new RegExp(
  [
    String.raw`(\S+) \[[^\]]+\] case-\d+ (?:case-\d+)\/(\S+)`,
    String.raw`(-?\d+)\/(-?\d+)\/\+?\d+ \+?\d+ (\S{2})`,
    String.raw`\d+\/(\d+\/\d+\/\d+\/\+?\d+ \d+\/\d+)$`,
  ].join(" "),
);

/** The same of tcplog. */
function tcpLogLine(line: string): string {
  const match = tcpPattern.exec(line);
  if (match === null) return `neither httplog nor tcplog: ${line}`;
  const [, client = "", server, queue, connect, states, counts] = match;
  const timers = [queue, connect].map((time) => time === "-1" ? "-1" : "t").join("/");
  return `${client.replace(/:\d+$/, "")} ${server} ${timers} ${states} ${counts}`;
}

/** A line of the log: server, timers, status, termination, connections, retries, queues, request. */
function logLine(line: string): string {
  const match = pattern.exec(line);
  if (match === null) return tcpLogLine(line);
  const [, client = "", server, ...rest] = match;
  const timers = rest.slice(0, 4).map((time) => time === "-1" ? "-1" : "t").join("/");
  const [status, states, feconn, beconn, srvconn, retries, queues, request] = rest.slice(4);
  const address = client.replace(/:\d+$/, "");
  return `${address} ${server} ${timers} ${status} ${states} ` +
    `${feconn}/${beconn}/${srvconn}/${retries} ${queues} "${request}"`;
}

/** What came of a chunked content that breaks off. */
function decoded(text: string): string {
  let content = "";
  for (let at = 0;;) {
    const size = /^([0-9a-f]+)[^\r]*\r\n/i.exec(text.slice(at));
    if (size === null) return content;
    const from = at + size[0].length;
    at = from + parseInt(size[1]!, 16) + 2;
    content += text.slice(from, at - 2);
  }
}

/** A response that breaks off, in the terms of a whole one; anything else as it is. */
function broken(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  if (!text.startsWith("HTTP/1.") || end < 0) return text;
  const head = readHead(text, 0, /./);
  if (head.kind !== "message") return text;
  const { line, fields } = head.message;
  const chunked = valuesOf(fields, "transfer-encoding").length > 0;
  const content = text.slice(head.end);
  return [line, ...plainFields(fields), chunked ? decoded(content) : content].join(" | ");
}

/** A transcript without what does not matter. */
export function normalise({ connections, servers, log, host }: Transcript): Normal {
  return {
    connections: connections.map(({ responses, rest, end }) => ({
      responses: responses.map((message) => response(message, host)),
      rest: broken(rest),
      end,
    })),
    servers: Object.fromEntries(
      Object.entries(servers).map(([name, { requests, ...sight }]) => [
        name,
        { ...sight, requests: requests.map((message) => plain(message, host)) },
      ]),
    ),
    log: log.map(logLine),
  };
}

/** How a connection's end looks where a runtime cannot reset: Deno's connections can only end. */
export function asTold<T>(end: T): T | "FIN" {
  return end === "RST" && runtimeName === "deno" ? "FIN" : end;
}

const isPlain = (value: object): value is Plain => "line" in value;

function flat(value: unknown, path: string, into: Map<string, string>): Map<string, string> {
  if (typeof value === "object" && value !== null && isPlain(value)) {
    const { line, fields, content, trailers } = value;
    into.set(path.slice(1), [line, ...fields, JSON.stringify(content), ...trailers].join(" | "));
  } else if (typeof value === "object" && value !== null && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) flat(inner, `${path}.${key}`, into);
  } else {
    into.set(path.slice(1), JSON.stringify(value));
  }
  return into;
}

/** What differs between two, as lines for people. */
export function changes(theirs: Normal, ours: Normal): string[] {
  const a = flat(theirs, "", new Map());
  const b = flat(ours, "", new Map());
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => a.get(path) !== b.get(path))
    .flatMap((path) => [`  - ${path} = ${a.get(path)}`, `  + ${path} = ${b.get(path)}`]);
}
