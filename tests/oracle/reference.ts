/**
 * A naive, strict reader of HTTP/1 messages (RFC 9112), written without a look at src/http: slow,
 * on strings of one character a byte, and with no mercy for anything that could be read in two
 * ways. What passes a proxy must satisfy it.
 */

/** A field: its name as it stands, and its value without surrounding space. */
export type Field = readonly [name: string, value: string];

/** A whole message, its content decoded. */
export interface Message {
  /** The request or status line. */
  line: string;
  fields: Field[];
  content: string;
  trailers: Field[];
}

/** What stands at the beginning of a text. */
export type Read<T> =
  | { readonly kind: "message"; readonly message: T; readonly end: number }
  | { readonly kind: "incomplete" }
  | { readonly kind: "invalid"; readonly why: string };

const incomplete = { kind: "incomplete" } as const;
const invalid = (why: string) => ({ kind: "invalid", why }) as const;

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const requestLine = new RegExp(`^${token} [!-~]+ HTTP/1\\.[01]$`);
const statusLine = /^HTTP\/1\.[01] [1-9]\d\d( [\t -~\x80-\xff]*)?$/;
const fieldLine = new RegExp(`^(${token}):[ \\t]*([\\t -~\\x80-\\xff]*)$`);
const sizeLine = /^([0-9A-Fa-f]{1,12})[ \t]*(;[\t -~\x80-\xff]*)?$/;

/** The values of the fields of that name (in lower case). */
export function valuesOf(fields: readonly Field[], name: string): string[] {
  return fields.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value);
}

/** Whether a message says that its connection stays open (RFC 9112, section 9.3). */
export function keepsOpen({ line, fields }: Pick<Message, "line" | "fields">): boolean {
  const options = valuesOf(fields, "connection").join(",").toLowerCase().split(/[ \t,]+/);
  if (options.includes("close")) return false;
  return line.includes("HTTP/1.1") || options.includes("keep-alive");
}

/** The method, or the code, of a first line. */
export const word = (line: string, index: number): string => line.split(" ")[index] ?? "";

interface Lines {
  lines: string[];
  end: number;
}

/** The lines up to an empty one; null: it has not come yet. */
function linesFrom(text: string, from: number): Lines | null {
  const lines: string[] = [];
  for (let at = from;;) {
    const stop = text.indexOf("\r\n", at);
    if (stop < 0) return null;
    if (stop === at) return { lines, end: stop + 2 };
    lines.push(text.slice(at, stop));
    at = stop + 2;
  }
}

function parseFields(lines: readonly string[]): Field[] | null {
  const fields: Field[] = [];
  for (const line of lines) {
    const match = fieldLine.exec(line);
    if (match === null) return null;
    fields.push([match[1]!, match[2]!.replace(/[ \t]+$/, "")]);
  }
  return fields;
}

/** Reads a head. */
export function readHead(text: string, from: number, first: RegExp): Read<Message> {
  const head = linesFrom(text, from);
  if (head === null) return incomplete;
  const [line = "", ...rest] = head.lines;
  if (!first.test(line)) return invalid(`first line: ${line}`);
  const fields = parseFields(rest);
  if (fields === null) return invalid(`field line after: ${line}`);
  const message = { line, fields, content: "", trailers: [] };
  return { kind: "message", message, end: head.end };
}

/** The content's length; "chunked"; null where there is neither. */
function framing({ line, fields }: Message): number | "chunked" | null | { why: string } {
  const lengths = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  if (lengths.length > 1) return { why: "two lengths" };
  if (codings.length > 1) return { why: "two codings" };
  const [length] = lengths;
  const [coding] = codings;
  if (coding !== undefined) {
    if (length !== undefined) return { why: "length and coding" };
    if (coding.toLowerCase() !== "chunked") return { why: "coding" };
    return line.includes("HTTP/1.0") ? { why: "coding in HTTP/1.0" } : "chunked";
  }
  if (length === undefined) return null;
  return /^\d{1,15}$/.test(length) ? Number(length) : { why: "length" };
}

function readContent(
  text: string,
  message: Message,
  from: number,
  kind: number | "chunked",
): Read<Message> {
  if (kind !== "chunked") {
    if (text.length < from + kind) return incomplete;
    message.content = text.slice(from, from + kind);
    return { kind: "message", message, end: from + kind };
  }
  const pieces: string[] = [];
  for (let at = from;;) {
    const stop = text.indexOf("\r\n", at);
    if (stop < 0) return incomplete;
    const match = sizeLine.exec(text.slice(at, stop));
    if (match === null) return invalid("chunk size");
    const size = parseInt(match[1]!, 16);
    if (size === 0) {
      const trailers = linesFrom(text, stop + 2);
      if (trailers === null) return incomplete;
      const fields = parseFields(trailers.lines);
      if (fields === null) return invalid("trailers");
      message.content = pieces.join("");
      message.trailers = fields;
      return { kind: "message", message, end: trailers.end };
    }
    const end = stop + 2 + size;
    if (text.length < end + 2) return incomplete;
    if (text.slice(end, end + 2) !== "\r\n") return invalid("chunk end");
    pieces.push(text.slice(stop + 2, end));
    at = end + 2;
  }
}

/** Reads the head of the request at `from`. */
export function readRequestHead(text: string, from: number): Read<Message> {
  const read = readHead(text, from, requestLine);
  if (read.kind !== "message") return read;
  const { line, fields } = read.message;
  const hosts = valuesOf(fields, "host");
  if (hosts.length > 1 || (hosts.length === 0 && line.endsWith("1.1"))) return invalid("Host");
  if (hosts.some((host) => /[^-._~%!$&'()*+,;=:[\]0-9A-Za-z]/.test(host))) return invalid("Host");
  return read;
}

/** Reads the request at `from`, which has to be complete. */
export function readRequest(text: string, from: number): Read<Message> {
  const read = readRequestHead(text, from);
  if (read.kind !== "message") return read;
  const kind = framing(read.message);
  if (kind !== null && typeof kind === "object") return invalid(kind.why);
  // RFC 9110, section 9.3.1: servers of HTTP/1.0 may take it for the next request.
  const old = /^(GET|HEAD|DELETE) .* HTTP\/1\.0$/.test(read.message.line);
  if (old && kind !== null && kind !== 0) return invalid("content in HTTP/1.0");
  return readContent(text, read.message, read.end, kind ?? 0);
}

/**
 * Reads the response at `from` to a request of that method. A content that only the end of the
 * connection ends needs `ended`.
 */
export function readResponse(
  text: string,
  from: number,
  method: string,
  ended: boolean,
): Read<Message> {
  const read = readHead(text, from, statusLine);
  if (read.kind !== "message") return read;
  const { message, end } = read;
  const status = Number(word(message.line, 1));
  const kind = framing(message);
  if (kind !== null && typeof kind === "object") return invalid(kind.why);
  const tunnel = method === "CONNECT" && status < 300;
  if (status < 200 || status === 204 || status === 304 || method === "HEAD" || tunnel) return read;
  if (kind !== null) return readContent(text, message, end, kind);
  if (!ended) return incomplete;
  message.content = text.slice(end);
  return { kind: "message", message, end: text.length };
}

/** Reads requests until there is nothing left, or nothing that can be read. */
export function readRequests(text: string): { messages: Message[]; rest: string; why: string } {
  const messages: Message[] = [];
  let from = 0;
  while (from < text.length) {
    const read = readRequest(text, from);
    if (read.kind !== "message") {
      const why = read.kind === "invalid" ? read.why : "incomplete";
      return { messages, rest: text.slice(from), why };
    }
    messages.push(read.message);
    from = read.end;
    if (word(read.message.line, 0) === "CONNECT") break;
  }
  return { messages, rest: text.slice(from), why: "" };
}
