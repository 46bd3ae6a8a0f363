/** Responses in files: what is taken, and what becomes of it. */
import { assertEquals } from "@std/assert";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { storedMessage } from "#src/http/h1/stored-message.ts";
import { test } from "../testing.ts";

/** What is sent for the bytes of a file, or why it is refused. */
function stored(file: string, limit = 15360): string {
  const message = storedMessage(bytesOf(file), limit);
  if (typeof message === "string") return `refused: ${message}`;
  const { whole, head } = message;
  const text = textOf(whole, 0, whole.length);
  assertEquals(textOf(head, 0, head.length), text.slice(0, text.indexOf("\r\n\r\n") + 4));
  return text;
}

test("stored message: without a length it ends with the connection", () => {
  assertEquals(
    stored("HTTP/1.0 503 Service Unavailable\r\nCache-Control: no-cache\r\n\r\n<p>\n"),
    "HTTP/1.1 503 Service Unavailable\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n<p>\n",
  );
  assertEquals(
    stored("HTTP/1.0 403 Forbidden\r\nConnection: close\r\n\r\nno"),
    "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\nno",
  );
});

test("stored message: a length must be that of the content", () => {
  const whole = "HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno";
  assertEquals(stored(whole), whole);
  assertEquals(
    stored(whole + "!"),
    "refused: its content has 3 bytes, its Content-Length says 2",
  );
  assertEquals(
    stored("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\nno"),
    "refused: its content has 2 bytes, its Content-Length says 0",
  );
});

test("stored message: lines that end in LF alone, folded values, versions to come", () => {
  const expected = "HTTP/1.1 503 No\r\nX-A: a b\r\nConnection: close\r\n\r\nno\n";
  assertEquals(stored("HTTP/1.0 503 No\nX-A: a b\n\nno\n"), expected);
  assertEquals(
    stored("\r\nHTTP/2.0  503 No\r\nX-A:  a\n b\r\n\r\nno\n"),
    expected.replace("a b", "a  b"),
  );
});

test("stored message: statuses without content", () => {
  assertEquals(stored("HTTP/1.1 204 No\r\nX-A: a\r\n\r\n"), "HTTP/1.1 204 No\r\nX-A: a\r\n\r\n");
  assertEquals(
    stored("HTTP/1.1 304 No\r\n\r\nno"),
    "refused: a response of status 304 has no content",
  );
  assertEquals(
    stored("HTTP/1.1 100 Go\r\n\r\n"),
    "refused: a response of status 100 is not the last one",
  );
});

test("stored message: an empty file is no answer at all", () => {
  const message = storedMessage(new Uint8Array(0), 10);
  assertEquals(typeof message === "string" ? message : message.whole.length, 0);
});

test("stored message: what is no response is refused, and why", () => {
  assertEquals(stored("<html>no</html>\n"), "refused: it does not begin as a response");
  assertEquals(
    stored("HTTP/1.1 503 No\r\nX-A: a\r\n"),
    "refused: its head is not complete: an empty line must follow the fields",
  );
  assertEquals(
    stored("HTTP/1.1 503 No\r\nX A: a\r\n\r\n"),
    "refused: its head is not valid: field name",
  );
  assertEquals(
    stored("HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "refused: its content is chunked, which is not supported",
  );
  assertEquals(
    stored("HTTP/1.1 503 No\r\nX-A: a\r\n\r\n" + "x".repeat(100), 30),
    "refused: its head is longer than 30 bytes",
  );
});
