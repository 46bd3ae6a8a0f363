/** Responses in files: what is taken, and what becomes of it. */
import { assert, assertEquals, fail } from "@std/assert";
import fc from "fast-check";
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { UNTIL_CLOSE } from "#src/http/h1/content.ts";
import { type Head, METHOD_GET, METHOD_HEAD } from "#src/http/head.ts";
import { ResponseReader } from "#src/proxy/http/response-reader.ts";
import type { ServerEvents } from "#src/proxy/stream/endpoints.ts";
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

/** What a reader of responses makes of bytes. */
function read(
  bytes: Uint8Array,
  method: number,
): { status: number; content: string; ended: boolean } {
  const found = { status: 0, content: "", ended: false };
  const take = (out: Uint8Array, from: number, to: number) => {
    found.content += textOf(out, from, to);
  };
  const events = {
    onInterim: () => fail("an interim response"),
    onResponse(head: Head, _bytes: Uint8Array, _end: number, framing: number, ...rest: unknown[]) {
      found.status = head.status;
      assert(framing !== UNTIL_CLOSE || head.close, "its end is that of the connection");
      const [content, from, to] = rest as [Uint8Array, number, number];
      take(content, from, to);
    },
    onResponseContent: take,
    onResponseEnd: () => found.ended = true,
    onResponseInvalid: (reason: string) => fail(reason),
  } as unknown as ServerEvents;
  const reader = new ResponseReader(events, 15360);
  reader.begin(method, false);
  reader.read(bytes, null);
  assert(reader.answered);
  reader.ended();
  return found;
}

test("stored message: what is taken is one response, whole, and its head is its head", () => {
  const piece = fc.constantFrom(
    ..."HTTP/1.1 503 Sorry|HTTP/1.0 403 No|HTTP/1.1 204 No|Content-Length: 2|Content-Length: 5"
      .split("|"),
    "Connection: close",
    "Connection: keep-alive",
    "X-A: a",
    " folded",
    "Transfer-Encoding: chunked",
    "Upgrade: x",
    "sorry",
    "",
  );
  const lines = fc.array(fc.tuple(piece, fc.constantFrom("\r\n", "\n", "")), { maxLength: 8 });
  let taken = 0;
  fc.assert(
    fc.property(fc.boolean(), lines, (begins, lines) => {
      const text = (begins ? "HTTP/1.1 503 Sorry\r\n" : "") + lines.flat().join("");
      const bytes = bytesOf(text);
      const message = storedMessage(bytes, 15360);
      if (typeof message === "string" || message.whole.length === 0) return;
      taken++;
      const whole = read(message.whole, METHOD_GET);
      assert(whole.ended && text.endsWith(whole.content));
      const head = read(message.head, METHOD_HEAD);
      assertEquals([head.status, head.content, head.ended], [whole.status, "", true]);
    }),
    { numRuns: 2000 },
  );
  assert(taken > 50, `${taken}`);
});
