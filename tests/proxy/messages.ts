/**
 * Reads HTTP/1 messages as a test's client or server sees them: from text, one character a byte,
 * and with no line of the proxy's own parser.
 */

/** A whole message. */
export interface Message {
  /** The request line or status line. */
  readonly line: string;
  /** The fields as they came, one line each. */
  readonly fields: readonly string[];
  /** The content, decoded. */
  readonly content: string;
  /** The trailer section of a chunked content, one line each. */
  readonly trailers: readonly string[];
}

/** The value of a field, whatever its case; null: not there. */
export function field(message: Message, name: string): string | null {
  const start = `${name.toLowerCase()}:`;
  const line = message.fields.find((line) => line.toLowerCase().startsWith(start));
  return line === undefined ? null : line.slice(start.length).trim();
}

/** The status of a response. */
export function status(message: Message): number {
  return Number(message.line.split(" ")[1]);
}

/** The request target. */
export function target(message: Message): string {
  return message.line.split(" ")[1] ?? "";
}

/**
 * Takes the first message off `text`.
 * @param framing "request"; or the method which a response answers
 * @param ended the stream has ended, which ends a content without a length
 * @returns null if it is not whole yet
 */
export function takeMessage(
  text: string,
  framing: string,
  ended: boolean,
): { message: Message; rest: string } | null {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [line = "", ...fields] = text.slice(0, headEnd).split("\r\n");
  const head = { line, fields, content: "", trailers: [] };
  const rest = text.slice(headEnd + 4);
  const code = status(head);
  const bare = framing !== "request" &&
    (framing === "HEAD" || code < 200 || code === 204 || code === 304);
  const length = field(head, "content-length");
  if (bare) return { message: head, rest };
  if (field(head, "transfer-encoding") === "chunked") return takeChunked(head, rest);
  if (length === null) {
    if (framing === "request") return { message: head, rest };
    return ended ? { message: { ...head, content: rest }, rest: "" } : null;
  }
  const end = Number(length);
  if (rest.length < end) return null;
  return { message: { ...head, content: rest.slice(0, end) }, rest: rest.slice(end) };
}

function takeChunked(head: Message, text: string): { message: Message; rest: string } | null {
  let content = "";
  for (let at = 0;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const size = parseInt(text.slice(at, lineEnd), 16);
    at = lineEnd + 2;
    if (size > 0) {
      if (text.length < at + size + 2) return null;
      content += text.slice(at, at + size);
      at += size + 2;
      continue;
    }
    const trailers: string[] = [];
    for (;;) {
      const end = text.indexOf("\r\n", at);
      if (end < 0) return null;
      const line = text.slice(at, end);
      at = end + 2;
      if (line === "") return { message: { ...head, content, trailers }, rest: text.slice(at) };
      trailers.push(line);
    }
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
    if (status(taken.message) >= 200) answered++;
    if (status(taken.message) === 101) break;
  }
  return { whole, rest };
}

/** A response with Content-Length, or of the framing that `fields` give it. */
export function response(content = "", code = 200, ...fields: string[]): string {
  const framed = fields.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const lines = framed ? fields : [`Content-Length: ${content.length}`, ...fields];
  return [`HTTP/1.1 ${code} Text`, ...lines, "", content].join("\r\n");
}

/** A GET request, or a POST with `content`. */
export function request(path = "/", content: string | null = null, ...fields: string[]): string {
  const method = content === null ? "GET" : "POST";
  const framing = content === null ? [] : [`Content-Length: ${content.length}`];
  return [`${method} ${path} HTTP/1.1`, "Host: a", ...framing, ...fields, "", content ?? ""]
    .join("\r\n");
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
