/** Why a message was refused: it reaches the log and a counter, and the message is kept. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";
import { request, status } from "#src/simulate/message.ts";

const requests: readonly (readonly [text: string, status: number, reason: string])[] = [
  ["GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400, "bare CR"],
  ["GET / HTTP/1.1\r\n\r\n", 400, "no Host"],
  [`GET /${"x".repeat(20_000)} HTTP/1.1\r\n`, 414, "the request line is too long"],
  [`GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n`, 431, "the head is too large"],
  ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "chunk size"],
];
for (const [text, expected, reason] of requests) {
  test(`refused: a request, for its ${reason} (${expected})`, () =>
    scene(web(), (w) => {
      w.origin("s1");
      const client = w.client("10.9.9.9").request(text);
      w.run();
      assertEquals(client.responses.whole.map(status), [expected]);
      const from = `10.9.9.9:${client.socket.localPort}`;
      assertEquals(w.events.map(({ level, text }) => [level, text]), [
        ["info", `Invalid request from ${from} to web: ${reason}.`],
      ]);
      assertEquals(w.records.map(({ termination }) => termination), ["PR--"]);
    })());
}

test("refused: a response", () =>
  scene(web(), (w) => {
    w.origin("s1", () => "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab");
    const client = w.client("10.9.9.9").request(request("/"));
    w.run();
    const from = `10.9.9.9:${client.socket.localPort}`;
    assertEquals(w.events.map(({ text }) => text), [
      `Invalid response of web/s1 to ${from}: differing Content-Length.`,
    ]);
  })());
