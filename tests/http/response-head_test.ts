import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead } from "#src/http/head.ts";
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

test("response: forms of the status line that pass as they are", () => {
  const lines = {
    "HTTP/1.0 200 OK": 200,
    "HTTP/1.1 100 Continue": 100,
    "HTTP/1.1 599 \x80 any\tthing": 599,
    "HTTP/1.1 600 beyond the classes": 600,
    "HTTP/1.1 999": 999,
    "HTTP/1.1 200 ": 200,
    "HTTP/1.1 200": 200, // not in the grammar, but on the wire
    "HTTP/1.1 200  ": 200,
    "HTTP/1.1 200 HTTP/1.1 500": 200,
  };
  for (const [line, status] of Object.entries(lines)) {
    const { head, end } = parse(`${line}\r\n\r\n`);
    assertEquals([end, head.status, head.irregular], [line.length + 4, status, false], line);
  }
});

test("response: Host means nothing in it", () => {
  const text = "HTTP/1.1 200 OK\r\nHost: a b\r\nHost: c\r\n\r\n";
  assertEquals(parse(text).end, text.length);
});
