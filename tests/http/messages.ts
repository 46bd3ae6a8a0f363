/** Valid HTTP/1 messages, and how to spoil them, as fast-check arbitraries. */
import fc from "fast-check";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const tokenCharacters = `${letters}0123456789!#$%&'*+-.^_\`|~`;
const visible = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 33 + i));
const opaque = String.fromCharCode(...Array.from({ length: 128 }, (_, i) => 128 + i));

const text = (characters: string, maxLength: number, minLength = 0) =>
  fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });

/** A text with the letters' case changed at random. */
const anyCase = (word: string) =>
  fc.infiniteStream(fc.boolean()).map((upper) =>
    Array.from(word, (c) => upper.next().value === true ? c.toUpperCase() : c.toLowerCase()).join(
      "",
    )
  );

/** OWS: optional white space around a field's value. */
const space = text(" \t", 3);
const known = /^(connection|content-length|transfer-encoding|cookie|set-cookie|host)$/i;

/** A field line that means nothing to the proxy. */
const otherField = fc.tuple(
  text(tokenCharacters, 20, 1).filter((name) => !known.test(name)),
  space,
  text(`${visible}${opaque} \t`, 30),
).map(([name, before, value]) => `${name}:${before}${value}`);

const field = (name: string, value: fc.Arbitrary<string>) =>
  fc.tuple(anyCase(name), space, value, space).map(([n, before, v, after]) =>
    `${n}:${before}${v}${after}`
  );

const connection = field(
  "Connection",
  fc.array(
    fc.oneof(anyCase("close"), anyCase("keep-alive"), anyCase("upgrade"), text(letters, 9)),
    {
      maxLength: 4,
    },
  ).chain((options) => fc.constantFrom(",", ", ", " ,\t").map((comma) => options.join(comma))),
);

const cookie = field("Cookie", text(`${letters}0123456789=; ~|`, 40));

const chunk = fc.tuple(
  text(`${visible}\r\n`, 40, 1),
  fc.constantFrom("", ";a", ';a=b;c="d"', " ; \tx"),
  fc.constantFrom("", "0", "000"),
  fc.boolean(),
).map(([data, extension, zeros, upper]) => {
  const size = data.length.toString(16);
  return `${zeros}${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`;
});

/** A content in the chunked coding, with its trailers and their end. */
export const chunked: fc.Arbitrary<string> = fc.tuple(
  fc.array(chunk, { maxLength: 4 }),
  fc.constantFrom("0", "00", "0;last"),
  fc.array(otherField, { maxLength: 2 }),
).map(([chunks, last, trailers]) =>
  `${chunks.join("")}${last}\r\n${trailers.map((t) => `${t}\r\n`).join("")}\r\n`
);

/** The fields that frame a content, and the content: by length, chunked, or neither. */
const framed: fc.Arbitrary<{ fields: string[]; content: string }> = fc.oneof(
  fc.constant({ fields: new Array<string>(), content: "" }),
  fc.tuple(text(`${visible}\r\n`, 60), fc.integer({ min: 1, max: 3 }), anyCase("content-length"))
    .map(([content, times, name]) => ({
      fields: new Array<string>(times).fill(`${name}: ${content.length}`),
      content,
    })),
  fc.tuple(chunked, field("Transfer-Encoding", anyCase("chunked"))).map(([content, f]) => ({
    fields: [f],
    content,
  })),
);

/** A message: what stands before its content, and its content. */
export interface Message {
  readonly head: string;
  readonly content: string;
}

function assemble(line: string, fields: readonly string[]): string {
  return `${line}\r\n${fields.map((f) => `${f}\r\n`).join("")}\r\n`;
}

const host = fc.constantFrom(
  "",
  "a",
  "www.example.com",
  "a:80",
  "[::1]:8080",
  "192.0.2.1",
  "a%41.b",
);
const target = fc.oneof(
  text(visible.replace("#", ""), 30).map((path) => `/${path}`),
  fc.constantFrom("/", "//x", "/?q", "/a;b=c/%00"),
);
const methods = fc.constantFrom("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get");

/** A valid request in origin-form. */
export const request: fc.Arbitrary<Message> = fc.record({
  method: fc.oneof(methods, text(tokenCharacters, 8, 1).filter((m) => m !== "CONNECT")),
  target,
  host,
  framed,
  emptyLines: fc.nat(2),
  others: fc.array(fc.oneof(otherField, otherField, connection, cookie), { maxLength: 6 }),
}).chain(({ method, target, host, framed, emptyLines, others }) =>
  fc.shuffledSubarray([`Host: ${host}`, ...framed.fields, ...others], {
    minLength: 1 + framed.fields.length + others.length,
  }).map((fields) => ({
    head: "\r\n".repeat(emptyLines) + assemble(`${method} ${target} HTTP/1.1`, fields),
    content: framed.content,
  }))
);

/** A valid response to a GET, its end being known without a close. */
export const response: fc.Arbitrary<Message> = fc.record({
  minor: fc.constantFrom(0, 1),
  status: fc.integer({ min: 100, max: 599 }),
  reason: fc.option(text(`${visible}${opaque} `, 20), { nil: null }),
  framed,
  others: fc.array(fc.oneof(otherField, connection, field("Set-Cookie", text(visible, 20))), {
    maxLength: 6,
  }),
}).map(({ minor, status, reason, framed, others }) => ({
  head: assemble(
    `HTTP/1.${minor} ${status}${reason === null ? "" : ` ${reason}`}`,
    [...others, ...framed.fields],
  ),
  content: framed.content,
}));

const lines = [
  "Content-Length: 5",
  "Content-Length: 0",
  "content-length:+5",
  "Content-Length: 5, 5",
  "Content-Length : 5",
  "Content-Length",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: xchunked",
  "transfer-encoding:\tchunked\x0b",
  "Transfer-Encoding : chunked",
  "Host: b",
  "Host:",
  " folded",
  "\tfolded",
  "",
  ": no name",
  "GET / HTTP/1.1",
  "Connection: close",
];

/** One change to a text: a byte put in, taken out or replaced, or a line put in. */
export const change: fc.Arbitrary<(text: string) => string> = fc.tuple(
  fc.constantFrom("insert", "delete", "replace", "line", "double"),
  fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  fc.oneof(
    fc.constantFrom("\r", "\n", " ", "\t", "\0", ":", ",", ";", "#", "0", "5", "f", "\x7f", "\x0b"),
    fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  ),
  fc.constantFrom(...lines),
).map(([kind, where, byte, line]) => (original) => {
  const at = Math.floor(where * original.length);
  const before = original.slice(0, at);
  switch (kind) {
    case "insert":
      return before + byte + original.slice(at);
    case "delete":
      return before + original.slice(at + 1);
    case "replace":
      return before + byte + original.slice(at + 1);
    default: {
      // At the end of a line.
      const lineEnd = original.indexOf("\r\n", at);
      if (lineEnd < 0) return original;
      const lineStart = original.lastIndexOf("\r\n", lineEnd - 1) + 2;
      const added = kind === "line" ? line : original.slice(Math.max(1, lineStart), lineEnd);
      return `${original.slice(0, lineEnd)}\r\n${added}${original.slice(lineEnd)}`;
    }
  }
});

const pieces = [
  ...lines,
  "GET ",
  "CONNECT ",
  "/ ",
  "* ",
  "http://a/ ",
  "a:80 ",
  "HTTP/1.1",
  "HTTP/1.0 200",
  "\r\n",
  "\r\n",
  "\r\n\r\n",
  "\n",
  " ",
  "Host: a",
  "X: y",
];

/** Bytes of any kind, and bytes that look like a message for a while. */
export const garbage: fc.Arbitrary<string> = fc.oneof(
  fc.uint8Array({ maxLength: 200 }).map((bytes) => String.fromCharCode(...bytes)),
  fc.array(fc.constantFrom(...pieces), { maxLength: 15 }).map((parts) => parts.join("")),
  fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) =>
    `GET / HTTP/1.1\r\nHost: a\r\n${parts.join("\r\n")}`
  ),
);

/** Cuts a text into pieces, none of them empty. */
export const cuts = (length: number): fc.Arbitrary<number[]> =>
  fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, length - 1) }), { maxLength: 12 })
    .map((at) => at.filter((i) => i < length).sort((a, b) => a - b));
