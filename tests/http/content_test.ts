import { bytesOf } from "#src/bytes/bytes.ts";
import {
  CHUNKED,
  type Content,
  createContent,
  LENGTH,
  NONE,
  requestFraming,
  responseFraming,
  scanContent,
  startContent,
  TUNNEL,
  UNTIL_CLOSE,
} from "#src/http/h1/content.ts";
import {
  createHead,
  METHOD_CONNECT,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_POST,
} from "#src/http/head.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { change, chunked, cuts } from "./messages.ts";
import { decodeChunked } from "./reference.ts";

/** Begins a content of a request without fields. */
const start = (content: Content, kind: number, length: number) =>
  startContent(content, kind, length, createHead(), new Uint8Array(0));

/** Where the content ends in `text`, which comes in pieces; -1: it is broken, null: not at all. */
function endOf(kind: number, length: number, text: string, cutAt: readonly number[]) {
  const content = createContent();
  start(content, kind, length);
  const bytes = bytesOf(text);
  let from = 0;
  for (const to of [...cutAt, text.length]) {
    const end = scanContent(content, bytes, from, to);
    if (end < 0) return -1;
    if (content.done) return end;
    assertStrictEquals(end, to); // nothing is left of a piece of an unfinished content
    from = to;
  }
  return null;
}

/** The same for a chunked content that comes at once. */
const chunkedEnd = (text: string) => endOf(CHUNKED, 0, text, []);

const everyByte = (text: string) => Array.from({ length: text.length - 1 }, (_, i) => i + 1);

test("content: of a length, in any pieces, ends after so many bytes", () => {
  fc.assert(fc.property(
    fc.nat(60).chain((length) => fc.tuple(fc.nat(length), cuts(length))),
    ([length, cutAt]) => {
      assertEquals(endOf(LENGTH, length, "x".repeat(60), cutAt), length);
    },
  ));
});

test("content: none, and of no length, are done before the first byte", () => {
  for (const kind of [NONE, LENGTH]) {
    const content = createContent();
    start(content, kind, 0);
    assertEquals([content.done, scanContent(content, bytesOf("x"), 0, 1)], [true, 0]);
  }
});

test("content: until the close, and a tunnel, never end by themselves", () => {
  for (const kind of [UNTIL_CLOSE, TUNNEL]) assertEquals(endOf(kind, 0, "0\r\n\r\n", [2]), null);
});

test("content: of a length beyond 32 bits", () => {
  const content = createContent();
  start(content, LENGTH, Number.MAX_SAFE_INTEGER);
  scanContent(content, bytesOf("xx"), 0, 2);
  assertEquals([content.left, content.done], [Number.MAX_SAFE_INTEGER - 2, false]);
});

test("content: chunked, in any pieces, ends where a naive decoder says", () => {
  fc.assert(fc.property(
    chunked.chain((text) => fc.tuple(fc.constant(text), cuts(text.length))),
    fc.constantFrom("", "\r\n", "0", "GET / HTTP/1.1\r\n\r\n"),
    ([text, cutAt], after) => {
      assertEquals(decodeChunked(text + after)?.length, text.length);
      assertEquals(endOf(CHUNKED, 0, text + after, cutAt), text.length);
    },
  ));
});

test("content: chunked, byte for byte, is done with its very last byte", () => {
  fc.assert(fc.property(chunked, (text) => {
    assertEquals(endOf(CHUNKED, 0, text, everyByte(text)), text.length);
    assertEquals(endOf(CHUNKED, 0, text.slice(0, -1), everyByte(text.slice(0, -1))), null);
  }));
});

test("content: chunked and spoilt, it ends where a naive decoder says, or is broken", () => {
  fc.assert(
    fc.property(
      chunked,
      fc.array(change, { minLength: 1, maxLength: 2 }),
      fc.infiniteStream(fc.nat(40)),
      (valid, changes, where) => {
        const text = changes.reduce((t, changed) => changed(t), valid);
        const cutAt = Array.from({ length: 3 }, () => where.next().value as number)
          .filter((at) => at > 0 && at < text.length).sort((a, b) => a - b);
        const expected = decodeChunked(text)?.length ?? null;
        const found = endOf(CHUNKED, 0, text, cutAt);
        assertEquals(found === -1 ? null : found, expected);
      },
    ),
    { numRuns: 2000 },
  );
});

test("content: chunk sizes, extensions and trailers that are accepted", () => {
  for (
    const text of [
      "0\r\n\r\n",
      "0000000000000000\r\n\r\n",
      "000000000000000A\r\n0123456789\r\n0\r\n\r\n",
      "a\r\n0123456789\r\n0\r\n\r\n",
      "1;\r\nx\r\n0\r\n\r\n",
      "1 ;a\r\nx\r\n0\r\n\r\n",
      '1\t ; a = "b;c" ;d\r\nx\r\n0;e\r\n\r\n',
      "2\r\n\r\n\r\n0\r\n\r\n",
      "1\r\nx\r\n0000000000000001\r\nx\r\n0000000000000000\r\n\r\n",
      "0\r\nA:\r\nb: \x80c\r\n\r\n",
    ]
  ) assertEquals(chunkedEnd(text), text.length, JSON.stringify(text));
});

test("content: what is wrong in the chunked coding is refused at once", () => {
  for (
    const text of [
      ...["\r", "\n", " ", "-", "+", "g", ";", "\0"], // instead of a size
      ...["0x", "1.", "1,", "1\n", "1 \r", "1 x", "1\0", "1\r\r", "1\r0", "0\r\r", "0\rx"],
      ...["1;\n", "1;\0", "1;\x7f", "1;a\r\r", "1;a\rb"],
      ...["1\r\nx\n", "1\r\nxx", "1\r\nx\r\r", "1\r\nx0", "1\r\nx\r\n\r", "1\r\nx\r\n\n"],
      ...[
        "0\r\n\n",
        "0\r\n\r\r",
        "0\r\n\rx",
        "0\r\n ",
        "0\r\n:",
        "0\r\nX ",
        "0\r\nX\r",
        "0\r\nX\n",
      ],
      ...["0\r\nX: \n", "0\r\nX: \0", "0\r\nX: \r\r", "0\r\nX: a\r\n ", "0\r\nX: a\r\n\t"],
      "00000000000000000", // 17 digits
      "2000000000000", // 2^49 bytes
    ]
  ) {
    assertEquals(chunkedEnd(text), -1, JSON.stringify(text));
    assertEquals(endOf(CHUNKED, 0, text, everyByte(text)), -1, JSON.stringify(text));
    assertEquals(chunkedEnd(text.slice(0, -1)) === -1, false, JSON.stringify(text));
  }
});

test("content: a chunk size is exact up to its limit", () => {
  const content: Content = createContent();
  start(content, CHUNKED, 0);
  scanContent(content, bytesOf("1ffffffffffff\r\n"), 0, 15);
  assertEquals(content.left, 2 ** 49 - 1);
});

test("content: endless extensions and trailers are refused", () => {
  const long = 20_000;
  for (
    const [before, endless, times] of [
      ["1;", "a", 5000],
      ["1", " ", 5000],
      ["0\r\n", "x", long],
      ["0\r\nx:", "y", long],
      ["0\r\n", "x:\r\n", long],
    ] as const
  ) {
    assertEquals(chunkedEnd(before + endless.repeat(times)), -1, before + endless);
    assertEquals(chunkedEnd(before + endless.repeat(100)), null, before + endless);
  }
  const data = "1;a\r\nx\r\n".repeat(long); // of any length where none of it is long
  assertEquals(chunkedEnd(`${data}0\r\n\r\n`), data.length + 5);
});

test("content: a scan that is used again starts afresh", () => {
  const content = createContent();
  start(content, CHUNKED, 0);
  scanContent(content, bytesOf("0\r\nab"), 0, 5);
  start(content, CHUNKED, 0);
  assertEquals(scanContent(content, bytesOf("0\r\n\r\n"), 0, 5), 5);
  start(content, LENGTH, 2);
  assertEquals([scanContent(content, bytesOf("abc"), 0, 3), content.done], [2, true]);
});

function framingOfRequest(...fields: string[]): number {
  const head = createHead();
  const bytes = bytesOf(`POST / HTTP/1.1\r\nHost: a\r\n${fields.join("")}\r\n`);
  assertEquals(parseRequest(head, bytes, 0, bytes.length), bytes.length);
  return requestFraming(head);
}

const length = (n: number) => `Content-Length: ${n}\r\n`;
const coding = "Transfer-Encoding: chunked\r\n";

test("framing: of requests", () => {
  assertEquals(framingOfRequest(), NONE);
  assertEquals(framingOfRequest(length(0)), NONE);
  assertEquals(framingOfRequest(length(3)), LENGTH);
  assertEquals(framingOfRequest(coding), CHUNKED);
});

test("framing: of responses, by method, status and fields", () => {
  const ambiguous = -1;
  const rows: [number, string, number, string, number][] = [
    [METHOD_GET, "1.1", 200, "", UNTIL_CLOSE],
    [METHOD_POST, "1.0", 500, "", UNTIL_CLOSE],
    [METHOD_GET, "1.1", 200, length(0), LENGTH],
    [METHOD_GET, "1.1", 200, length(3), LENGTH],
    [METHOD_GET, "1.1", 404, coding, CHUNKED],
    [METHOD_GET, "1.0", 200, coding, ambiguous],
    [METHOD_GET, "1.1", 200, length(3) + coding, ambiguous],
    [METHOD_HEAD, "1.1", 200, coding + length(0), ambiguous],
    [METHOD_GET, "1.1", 304, length(3) + coding, ambiguous],
    [METHOD_GET, "1.1", 304, "", NONE],
    [METHOD_GET, "1.1", 304, length(3), NONE],
    [METHOD_GET, "1.1", 304, coding, NONE],
    [METHOD_HEAD, "1.1", 200, "", NONE],
    [METHOD_HEAD, "1.1", 200, length(3), NONE],
    [METHOD_HEAD, "1.1", 500, coding, NONE],
    [METHOD_GET, "1.1", 204, "", NONE],
    [METHOD_GET, "1.1", 204, length(0), NONE],
    [METHOD_GET, "1.1", 204, length(3), NONE],
    [METHOD_HEAD, "1.1", 204, coding, NONE],
    [METHOD_GET, "1.0", 204, coding + length(3), NONE],
    [METHOD_GET, "1.1", 100, "", NONE],
    [METHOD_GET, "1.1", 103, length(3), NONE],
    [METHOD_GET, "1.1", 199, coding, NONE],
    [METHOD_GET, "1.1", 101, "", TUNNEL],
    [METHOD_GET, "1.1", 101, length(3) + coding, TUNNEL],
    [METHOD_CONNECT, "1.1", 200, "", TUNNEL],
    [METHOD_CONNECT, "1.1", 299, length(0), TUNNEL],
    [METHOD_CONNECT, "1.1", 200, length(3), TUNNEL],
    [METHOD_CONNECT, "1.1", 199, length(3), NONE],
    [METHOD_CONNECT, "1.1", 407, length(3), LENGTH],
    [METHOD_CONNECT, "1.1", 300, coding, CHUNKED],
  ];
  for (const [method, version, status, fields, expected] of rows) {
    const head = createHead();
    const bytes = bytesOf(`HTTP/${version} ${status} x\r\n${fields}\r\n`);
    assertEquals(parseResponse(head, bytes, 0, bytes.length), bytes.length);
    assertEquals(responseFraming(head, method), expected, `${method} ${status} ${fields}`);
    // The fields of a 304, or of an answer to HEAD, tell of what a GET would get.
    const bodiless = status < 200 || status === 204 || expected === TUNNEL;
    assertEquals(head.framingIgnored, bodiless && fields !== "", `${method} ${status} ${fields}`);
  }
});
