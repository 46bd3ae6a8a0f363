/**
 * HTTP/1 messages as a client or an origin of a script sees them: text, one character a byte. It is
 * kept apart from http/ on purpose: what judges the proxy must not lean on the proxy's own parser.
 */
import type { Connection } from "./connection.ts";

/** A head as it came, to the byte. */
export interface Head {
  /** The request line or status line. */
  readonly line: string;
  /** The fields as they came, one line each. */
  readonly fields: readonly string[];
}

/** A whole message. */
export interface Message extends Head {
  /** The content, decoded. */
  readonly content: string;
  /** The trailer section of a chunked content, one line each. */
  readonly trailers: readonly string[];
}

/** The values of all fields of this name, whatever its case, in order. */
export function fieldsOf({ fields }: Head, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return fields.filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}

/** The value of the first field of this name; null: there is none. */
export function field(head: Head, name: string): string | null {
  return fieldsOf(head, name)[0] ?? null;
}

/** The status of a response; 0 if its status line holds none. */
export function status({ line }: Head): number {
  return Number(/^HTTP\/\d\.\d (\d{3})/.exec(line)?.[1] ?? 0);
}

/** The target of a request. */
export function target({ line }: Head): string {
  return line.split(" ")[1] ?? "";
}

/** Whether the connection outlives this message, as far as its head tells (RFC 9112, 9.3). */
export function staysOpen(head: Head): boolean {
  const options = fieldsOf(head, "Connection").join(",").toLowerCase().split(/[ \t,]+/);
  if (options.includes("close")) return false;
  return head.line.includes("HTTP/1.1") || options.includes("keep-alive");
}

/** Whether only the connection's end shows where this response ends (RFC 9112, section 6.3). */
export function endsWithConnection(response: Head, method: string): boolean {
  return !isBare(response, method) && !isChunked(response) &&
    field(response, "Content-Length") === null;
}

/** What a message is read as: a request, or the response to a request of this method. */
export type Framing = "request" | (string & Record<never, never>);

/** What is needed to read on: text up to a mark, so many characters, or all until the end. */
type Want = { readonly upTo: string } | { readonly count: number } | { readonly end: true };

/** The grammar, once: it asks for pieces of text, wherever they come from. */
function* reading(framing: Framing): Generator<Want, Message, string> {
  const text = yield { upTo: "\r\n\r\n" };
  const [line = "", ...fields] = text.slice(0, -4).split("\r\n");
  const head = { line, fields, content: "", trailers: [] };
  if (framing !== "request" && isBare(head, framing)) return head;
  if (isChunked(head)) return { ...head, ...yield* readingChunks() };
  const length = field(head, "Content-Length");
  if (length !== null) return { ...head, content: yield { count: Number(length) } };
  return framing === "request" ? head : { ...head, content: yield { end: true } };
}

function* readingChunks(): Generator<Want, Pick<Message, "content" | "trailers">, string> {
  let content = "";
  for (let size; (size = parseInt(yield { upTo: "\r\n" }, 16)) > 0;) {
    content += (yield { count: size + 2 }).slice(0, -2);
  }
  const trailers: string[] = [];
  for (let line; (line = (yield { upTo: "\r\n" }).slice(0, -2)) !== "";) trailers.push(line);
  return { content, trailers };
}

function isBare(head: Head, method: string): boolean {
  const code = status(head);
  return method === "HEAD" || code >= 100 && code < 200 || code === 204 || code === 304;
}

function isChunked(head: Head): boolean {
  return field(head, "Transfer-Encoding")?.toLowerCase() === "chunked";
}

/** Where the wanted text ends that begins at `at`; -1: it is not there yet. */
function reach(want: Want, text: string, at: number, ended: boolean): number {
  if ("end" in want) return ended ? text.length : -1;
  if ("count" in want) return at + want.count <= text.length ? at + want.count : -1;
  const found = text.indexOf(want.upTo, at);
  return found < 0 ? -1 : found + want.upTo.length;
}

/**
 * Takes the first message off `text`.
 * @param ended the stream has ended, which ends a content without a length
 * @returns null if it is not whole yet
 */
export function takeMessage(
  text: string,
  framing: Framing,
  ended: boolean,
): { message: Message; rest: string } | null {
  const steps = reading(framing);
  let at = 0;
  for (let step = steps.next();;) {
    if (step.done) return { message: step.value, rest: text.slice(at) };
    const end = reach(step.value, text, at, ended);
    if (end < 0) return null;
    step = steps.next(text.slice(at, end));
    at = end;
  }
}

/** Reads the next message of a connection; null if that ends before the message is whole. */
export async function readMessage(
  connection: Connection,
  framing: Framing,
): Promise<Message | null> {
  const steps = reading(framing);
  for (let step = steps.next();;) {
    if (step.done) return step.value;
    const want = step.value;
    let end = -1;
    const found = () => {
      const ended = connection.endOfStream && connection.broke === null;
      return (end = reach(want, connection.received, 0, ended)) >= 0;
    };
    if (!await connection.until(found)) return null;
    step = steps.next(connection.take(end));
  }
}

/** Reads the final response to a request of this method; interim ones (1xx) are passed over. */
export async function readResponse(
  connection: Connection,
  method: string,
): Promise<Message | null> {
  for (;;) {
    const message = await readMessage(connection, method);
    if (message === null) return null;
    const code = status(message);
    if (code < 100 || code >= 200 || code === 101) return message;
  }
}

/** Responses as a client got them; interim ones are messages of their own. */
export interface Responses {
  readonly whole: readonly Message[];
  /** What follows: a message that is not whole, or a tunnel's bytes. */
  readonly rest: string;
}

/**
 * Takes a client's bytes apart.
 * @param methods of the requests in order; GET where there are more responses
 */
export function responses(
  text: string,
  methods: readonly string[] = [],
  ended = false,
): Responses {
  const whole: Message[] = [];
  let answered = 0;
  let rest = text;
  while (rest !== "") {
    const taken = takeMessage(rest, methods[answered] ?? "GET", ended);
    if (taken === null) break;
    whole.push(taken.message);
    rest = taken.rest;
    const code = status(taken.message);
    if (code >= 200) answered++;
    if (code === 101) break;
  }
  return { whole, rest };
}

/** A message as it goes over the wire. */
export function messageText({ line, fields }: Head, content = ""): string {
  return [line, ...fields, "", content].join("\r\n");
}

/** A response with Content-Length, or of the framing that `fields` give it. */
export function response(content = "", code = 200, ...fields: string[]): string {
  const framed = fields.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const lines = framed ? fields : [`Content-Length: ${content.length}`, ...fields];
  return messageText({ line: `HTTP/1.1 ${code} Text`, fields: lines }, content);
}

/** A GET request, or a POST with `content`. */
export function request(path = "/", content: string | null = null, ...fields: string[]): string {
  const method = content === null ? "GET" : "POST";
  const framing = content === null ? [] : [`Content-Length: ${content.length}`];
  const lines = ["Host: a", ...framing, ...fields];
  return messageText({ line: `${method} ${path} HTTP/1.1`, fields: lines }, content ?? "");
}

/** `content` in chunks of the sizes, over and over, then `trailers`. */
export function chunked(content: string, sizes: readonly number[], trailers: string[] = []) {
  let text = "";
  for (let at = 0, i = 0; at < content.length; i++) {
    const chunk = content.slice(at, at + (sizes[i % sizes.length] ?? content.length));
    text += `${chunk.length.toString(16)}\r\n${chunk}\r\n`;
    at += chunk.length;
  }
  return `${text}0\r\n${trailers.map((line) => line + "\r\n").join("")}\r\n`;
}
