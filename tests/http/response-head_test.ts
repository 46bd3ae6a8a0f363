import { bytesOf, textOf } from "#src/http/bytes.ts";
import { createHead, INVALID } from "#src/http/head.ts";
import { parseResponse } from "#src/http/h1/parse.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { fieldsOf } from "./reading.ts";

function parse(text: string) {
  const head = createHead();
  const bytes = bytesOf(text);
  const end = parseResponse(head, bytes, 0, bytes.length);
  return { head, bytes, end };
}

test("response: line and fields are found where they stand", () => {
  const text = "HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b\r\nContent-Length: 3\r\n\r\n";
  const { head, bytes, end } = parse(`${text}abc`);
  assertEquals(end, text.length);
  assertEquals([head.minor, head.status, head.contentLength], [1, 404, 3]);
  assertEquals(head.hasSetCookie, true);
  assertEquals(textOf(bytes, head.lineStart, head.lineEnd), "HTTP/1.1 404 Not Found");
  assertEquals(fieldsOf(head, bytes), [["Set-Cookie", "a=b"], ["Content-Length", "3"]]);
});

test("response: forms of the status line that are accepted", () => {
  const lines = {
    "HTTP/1.0 200 OK": 200,
    "HTTP/1.1 100 Continue": 100,
    "HTTP/1.1 599 \x80 any\tthing": 599,
    "HTTP/1.1 200 ": 200,
    "HTTP/1.1 200": 200, // not in the grammar, but on the wire
    "HTTP/1.1 200  ": 200,
    "HTTP/1.1 200 HTTP/1.1 500": 200,
  };
  for (const [line, status] of Object.entries(lines)) {
    const { head, end } = parse(`${line}\r\n\r\n`);
    assertEquals([end, head.status], [line.length + 4, status], line);
  }
});

test("response: Host means nothing in it", () => {
  const text = "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\n\r\n";
  assertEquals(parse(text).end, text.length);
});

const bad: Record<string, readonly string[]> = {
  "status line": [
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1\t200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 200\tOK\r\n\r\n",
    "HTTP/1.1 200\n\r\n",
    "HTTP/1.1 +20 OK\r\n\r\n",
    "HTTP/1.1 2O0 OK\r\n\r\n",
    "HTTP/1.1\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/11 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP 200 OK\r\n\r\n",
    " HTTP/1.1 200 OK\r\n\r\n",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "<html></html>",
  ],
  "status code": [
    "HTTP/1.1 000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 600 OK\r\n\r\n",
    "HTTP/1.1 999 OK\r\n\r\n",
  ],
  "reason phrase": [
    "HTTP/1.1 200 OK\n\r\n",
    "HTTP/1.1 200 OK\rX\r\n\r\n",
    "HTTP/1.1 200 \0\r\n\r\n",
    "HTTP/1.1 200 \x7f\r\n\r\n",
    "HTTP/1.1 200 \x0b\r\n\r\n",
  ],
  "bare CR": ["HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "HTTP/1.1 200 OK\r\n\rX\r\n"],
  "line folding": ["HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n"],
  "field name": ["HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "HTTP/1.1 200 OK\r\n: a\r\n\r\n"],
  "field value": ["HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n", "HTTP/1.1 200 OK\r\nX: \0\r\n\r\n"],
  "Content-Length": ["HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n"],
  "differing Content-Length": [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
  ],
  "Transfer-Encoding": ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
};

for (const [reason, heads] of Object.entries(bad)) {
  test(`response: refused for its ${reason}`, () => {
    for (const text of heads) {
      const { head, end } = parse(text);
      assertEquals([end, head.error], [INVALID, reason], JSON.stringify(text));
    }
  });
}
