import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { utcDates } from "#src/log/date.ts";
import {
  createErrorCaptures,
  type ErrorCaptures,
  longestCapture,
  mostReasons,
  otherReason,
  type RefusedMessage,
} from "#src/stats/error-captures.ts";
import { dumpBytes, showErrors } from "#src/stats/show-errors.ts";
import { latin1 } from "../latin1.ts";
import { test } from "../testing.ts";

const request: RefusedMessage = {
  direction: "request",
  wallMs: Date.parse("2026-11-30T20:09:00.520Z"),
  clientAddress: "127.0.0.1",
  clientPort: 50964,
  frontend: { name: "f", id: 2 },
  backend: null,
  server: null,
  reason: "bad character in a field name",
  bytes: latin1("GET / HTTP/1.1\r\nBad header: x\r\n\r\n"),
  offset: 19,
};

const response: RefusedMessage = {
  ...request,
  direction: "response",
  backend: { name: "b", id: 3 },
  server: { name: "a", id: 1 },
  bytes: latin1("HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n"),
  offset: 20,
};

const show = (captures: ErrorCaptures, filter = {}) =>
  showErrors(captures, request.wallMs + 3010, utcDates.traffic, filter);

function captured(...messages: RefusedMessage[]): ErrorCaptures {
  const captures = createErrorCaptures();
  for (const message of messages) captures.captureError(message);
  return captures;
}

test("show errors: none", () => {
  assertEquals(
    show(createErrorCaptures()),
    "Total events captured on [30/Nov/2026:20:09:03.530] : 0\n\n",
  );
});

test("show errors: a request and a response, as HAProxy shows them", () => {
  assertEquals(
    show(captured(request, response)),
    `Total events captured on [30/Nov/2026:20:09:03.530] : 2
 
[30/Nov/2026:20:09:00.520] frontend f (#2): invalid request
  backend <NONE> (#-1), server <NONE> (#-1), event #0, src 127.0.0.1:50964
  reason: bad character in a field name
  len 33, error at position 19:
  
  00000  GET / HTTP/1.1\\r\\n
  00016  Bad header: x\\r\\n
  00031  \\r\\n
 
[30/Nov/2026:20:09:00.520] backend b (#3): invalid response
  frontend f (#2), server a (#1), event #1, src 127.0.0.1:50964
  reason: bad character in a field name
  len 34, error at position 20:
  
  00000  HTTP/1.1 200 OK\\r\\n
  00017  bad header: x\\r\\n
  00032  \\r\\n

`,
  );
});

test("show errors: of one proxy, of one direction", () => {
  const captures = captured(request, response, { ...request, frontend: { name: "g", id: 4 } });
  const shown = (filter: object) =>
    show(captures, filter).match(/(frontend|backend) \w+ \(#\d\): invalid/g) ?? [];
  assertEquals(shown({ direction: "response" }), ["backend b (#3): invalid"]);
  assertEquals(shown({ proxy: "g" }), ["frontend g (#4): invalid"]);
  assertEquals(shown({ proxy: "f" }), ["frontend f (#2): invalid", "backend b (#3): invalid"]);
  assertEquals(shown({ proxy: "f", direction: "request" }), ["frontend f (#2): invalid"]);
  assertEquals(shown({ proxy: "none" }), []);
});

test("show errors: characters and long lines, byte for byte as HAProxy 2.6", () => {
  const bytes = latin1(
    `GET / HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(100)}\t\x1b\\\xe9z\nBad header: x\r\n\r\n`,
  );
  assertEquals(dumpBytes(bytes), [
    "00000  GET / HTTP/1.1\\r\\n",
    "00016  Host: a\\r\\n",
    `00025  X: ${"y".repeat(67)}`,
    `00095+ ${"y".repeat(33)}\\t\\e\\\\\\xE9z\\n`,
    "00134  Bad header: x\\r\\n",
    "00149  \\r\\n",
  ]);
  assertEquals(dumpBytes(new Uint8Array()), []);
});

test("show errors: any bytes can be read back, and no line is too wide for a terminal", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
    let position = 0;
    for (const line of dumpBytes(bytes)) {
      assert(line.length <= 77 && /^\d{5}[ +] [ -~]+$/.test(line), line);
      assertEquals(Number(line.slice(0, 5)), position);
      assertEquals(line[5] === "+", position > 0 && bytes[position - 1] !== 10);
      for (const [code] of line.slice(7).matchAll(/\\x..|\\.|[^\\]/g)) {
        const byte = code.startsWith("\\x")
          ? parseInt(code.slice(2), 16)
          : { "\\t": 9, "\\n": 10, "\\r": 13, "\\e": 27, "\\\\": 92 }[code] ?? code.charCodeAt(0);
        assertEquals(byte, bytes[position++]);
      }
    }
    assertEquals(position, bytes.length);
  }));
});

test("captures: the last of each proxy and direction, every one counted", () => {
  const captures = captured(
    request,
    { ...request, reason: "no host", offset: -1 },
    response,
    // A backend of the frontend's name is another proxy.
    { ...response, backend: { name: "f", id: 5 } },
  );
  assertEquals(captures.total, 4);
  assertEquals(
    [...captures.kept].map(({ event, direction, reason }) => [event, direction, reason]),
    [[1, "request", "no host"], [2, "response", response.reason], [3, "response", response.reason]],
  );
  assertEquals([...captures.reasons], [[request.reason, 3], ["no host", 1]]);
  assert(!show(captures, { direction: "request" }).includes("error at"));
});

test("captures: the bytes are a copy, and bounded", () => {
  const bytes = new Uint8Array(longestCapture + 100).fill(97);
  const captures = captured({ ...request, bytes, offset: longestCapture + 7 });
  bytes.fill(98);
  const [kept] = captures.kept;
  assertEquals([kept!.bytes.length, kept!.length], [longestCapture, bytes.length]);
  assert(kept!.bytes.every((byte) => byte === 97));
  assertEquals(kept!.bytes.buffer.byteLength, longestCapture);
  assert(show(captures).includes("len 16484 (the first 16384 are kept), error at position 16391:"));
});

test("captures: reasons are bounded, whatever is put into them", () => {
  const captures = createErrorCaptures();
  for (let i = 0; i < 1000; i++) captures.captureError({ ...request, reason: `reason ${i}` });
  assertEquals(captures.reasons.size, mostReasons);
  assertEquals(captures.reasons.get("reason 0"), 1);
  assertEquals(captures.reasons.get(otherReason), 1000 - (mostReasons - 1));
});
