/**
 * Requests with faults, made at random from a fixed seed, through haproxy and through sluice. What
 * reaches a server through sluice is what a naive strict reader finds in the bytes that were sent,
 * to the byte; sluice lets nothing pass that haproxy stops; and what is good passes.
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Case, oracle, transcripts } from "./harness.ts";
import { keepsOpen, type Message, readRequests, valuesOf } from "./reference.ts";
import type { Transcript } from "./transcript.ts";

const seed = 20261122;
const count = 500;

const fields = [
  "Accept: a",
  "X:",
  "x-y: \t z \t",
  "Cookie: a=b; c=d",
  "Connection: close",
  "Connection: keep-alive, x",
  "TE: trailers",
  "caf: \xe9",
];
const faults = [
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: chunked, identity",
  "Transfer-encoding:\tgzip",
  "Content-Length: 4",
  "content-length: 5, 5",
  "Content-Length : 3",
  "Host: i",
  "Content-Length: +3",
  " folded: x",
  "X: \0",
  "X\x0b: y",
  "Expect: 100-continue",
];

const content = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ field: "", bytes: "" }) },
  fc.string({ maxLength: 12 }).map((bytes) => ({
    field: `Content-Length: ${bytes.length}\r\n`,
    bytes,
  })),
  fc.tuple(
    fc.array(fc.string({ minLength: 1, maxLength: 20 }), { maxLength: 3 }),
    fc.constantFrom("", ";a=b", ";a", " ;a"),
    fc.constantFrom("", "T: v\r\n", "T: v\r\nU:\r\n"),
  ).map(([chunks, extension, trailers]) => ({
    field: "Transfer-Encoding: chunked\r\n",
    bytes:
      chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`).join("") +
      `0\r\n${trailers}\r\n`,
  })),
);

const request = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "OPTIONS", "get", "X-Y"),
  target: fc.constantFrom("/", "/a?b=c", "/%zz;~", "http://h/x", "*"),
  version: fc.constantFrom("1.1", "1.1", "1.1", "1.0"),
  fields: fc.array(fc.constantFrom(...fields), { maxLength: 3 }),
  content,
}).map(({ method, target, version, fields, content: { field, bytes } }) =>
  `${method} ${target} HTTP/${version}\r\nHost: h\r\n${
    fields.map((line) => `${line}\r\n`).join("")
  }${version === "1.0" && field.startsWith("T") ? "\r\n" : `${field}\r\n${bytes}`}`
);

/** A fault: where (as a share of the length), how much, and what instead. */
const fault = fc.oneof(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.constantFrom(0, 0, 1, 1, 2),
    instead: fc.constantFrom(..."\0\t\n\r :;,#\x7f\xe9\x0b0aZ", "\r\n", "\r\n ", "\n", "", ""),
  }),
  // A line of its own, after one that is there.
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.constant(-1),
    instead: fc.constantFrom(...faults),
  }),
);
type Fault = typeof fault extends fc.Arbitrary<infer T> ? T : never;

function spoil(text: string, { at, length, instead }: Fault): string {
  const position = Math.floor(at * text.length);
  if (length >= 0) return text.slice(0, position) + instead + text.slice(position + length);
  const end = text.indexOf("\r\n", position);
  return end < 0 ? text : `${text.slice(0, end)}\r\n${instead}${text.slice(end)}`;
}

const sent = fc.tuple(
  fc.array(request, { minLength: 1, maxLength: 3 }),
  fc.array(fault, { maxLength: 2 }),
).map(([requests, faults]) => faults.reduce(spoil, requests.join("")));

/** A text whose first head names its length once, where it named the same several times. */
function merged(text: string): string {
  const end = text.indexOf("\r\n\r\n");
  const seen = new Set<string>();
  const lines = text.slice(0, end).split("\r\n").filter((line) => {
    const length = /^content-length:[ \t]*(\d+)[ \t]*$/i.exec(line)?.[1];
    if (length === undefined) return true;
    const repeated = seen.has(length);
    seen.add(length);
    return !repeated;
  });
  return end < 0 ? text : lines.join("\r\n") + text.slice(end);
}

/** The requests that the strict reader finds, and whether it finds nothing else. */
function meant(text: string): { messages: Message[]; whole: boolean } {
  const messages: Message[] = [];
  let rest = text;
  for (;;) {
    // RFC 9112, section 2.2: empty lines before a request line are ignored.
    rest = rest.replace(/^(\r\n)+/, "");
    if (rest === "") return { messages, whole: true };
    const read = readRequests(merged(rest));
    messages.push(...read.messages);
    if (read.messages.length === 0) return { messages, whole: false };
    rest = read.rest;
  }
}

/** A message without what is for one hop only: Connection, and the fields that it names. */
const bytesOf = ({ line, fields, content, trailers }: Message) => {
  const options = valuesOf(fields, "connection").join(",").toLowerCase().split(/[ \t,]+/);
  const hop = new Set(["connection", ...options.filter((option) => option === "x")]);
  return JSON.stringify([
    line,
    fields.filter(([name]) => !hop.has(name.toLowerCase())),
    content,
    trailers,
  ]);
};

/** Good beyond doubt: also what the strict reader does not judge. */
const isPlain = ({ line }: Message) =>
  / (\/[^#]*|http:\/\/h\/x) /.test(line) || line.startsWith("OPTIONS *");

/** How many of them a server should get: after the one that ends the connection none. */
function due(messages: readonly Message[]): number {
  const last = messages.findIndex((message) => !keepsOpen(message));
  return last < 0 ? messages.length : last + 1;
}

function judge(text: string, theirs: Transcript, ours: Transcript): string[] {
  const { messages, whole } = meant(text);
  const { requests, garbage } = ours.servers["s"]!;
  const haproxy = theirs.servers["s"]!;
  const errors: string[] = [];
  if (garbage.length > 0) errors.push(`passed what cannot be read: ${JSON.stringify(garbage)}`);
  requests.forEach((request, i) => {
    const original = messages[i];
    if (original === undefined || bytesOf(original) !== bytesOf(request)) {
      errors.push(`passed ${bytesOf(request)}, which is not ${original && bytesOf(original)}`);
    }
  });
  if (requests.length > haproxy.requests.length + haproxy.garbage.length) {
    errors.push(`passed ${requests.length}, haproxy only ${haproxy.requests.length}`);
  }
  if (whole && messages.every(isPlain) && requests.length !== due(messages)) {
    errors.push(`passed ${requests.length} of ${due(messages)} good requests`);
  }
  return errors.map((error) => `${JSON.stringify(text)}: ${error}`);
}

oracle(`${count} requests, most with faults: nothing passes that should not`, async () => {
  const texts = fc.sample(sent, { seed, numRuns: count });
  const cases = texts.map((text): Case => ({
    name: JSON.stringify(text),
    logs: 0,
    probe: false,
    async play({ connect, barrier }) {
      const client = await connect();
      client.send(text);
      await barrier();
      // What is not whole will not become so.
      client.halfClose();
      await client.ended();
    },
  }));
  const [theirs, ours] = await transcripts(cases);
  let passed = 0;
  const wrong = texts.flatMap((text, i) => {
    const a = theirs![i]!;
    const b = ours![i]!;
    if (a instanceof Error || b instanceof Error) return [`${JSON.stringify(text)}: ${a} / ${b}`];
    if (b.servers["s"]!.requests.length > 0) passed++;
    return judge(text, a, b);
  });
  assertEquals(wrong, [], wrong.join("\n"));
  // Else the faults are too many, or too few, to say anything.
  assertEquals(passed > count / 10 && passed < count * 9 / 10, true, `${passed} passed`);
});
