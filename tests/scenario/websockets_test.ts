import { test } from "../testing.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { messageFrame, takeMessageOf } from "#src/simulate/websocket.ts";
import { Connection } from "#src/simulate/connection.ts";
import { playOut } from "./play.ts";

const chat = `
defaults
  mode http
  timeout connect 1s
  timeout client 300ms
  timeout server 300ms
listen chat
  bind 127.46.1.1:8080
  timeout tunnel 1h
  http-request return status 200 content-type text/plain string "one\\ntwo\\n" if { path /text }
  http-request deny deny_status 401 unless { hdr(X-Key) -m found }
  server a 127.46.1.11:8000
`;

test("a WebSocket is asked for, talked on, and ended", async () => {
  const { status, out, failed, left } = await playOut(`# t: t
#> anna sends GET /page HTTP/1.1
#>   with X-Key: 1
#>   a serves it
#> anna opens a WebSocket at /chat
#>   with X-Key: 1
#>   a accepts it
#>   anna gets 101
#> anna says hello there
#>   a hears hello there
#>   anna hears a: hello *
#> 400 ms pass
#> anna says ${"long ".repeat(40).trim()}
#>   a hears long long*
#> anna hangs up
#>   a hears the end
#> ben opens a WebSocket at /chat to chat
#>   no server sees it
#>   ben gets 401
${chat}`);
  assertEquals([failed, status, left], [[], 0, 0], out);
  assertMatch(out, /\(anna\) +\(sluice\) +\(a\)\n {2}>-- GET \/chat, Upgrade: websocket -+> \|\n/);
});

test("a WebSocket that is refused is a failure, unless the story says so", async () => {
  const { status, out } = await playOut(`# t: t
#> ben opens a WebSocket at /chat
${chat}`);
  assertEquals(status, 1);
  assertStringIncludes(out, "instead: HTTP/1.1 401 Unauthorized");
});

test("content is read by the line", async () => {
  const { status, out, failed } = await playOut(`# t: t
#> anna sends GET /text HTTP/1.1
#>   anna reads one
#>   anna reads t*o
#>   anna reads three
${chat}`);
  assertEquals([status, failed.length], [1, 1], out);
  assertStringIncludes(out, 'instead: "one\\ntwo\\n"');
});

test("messages of any size come out of their frames, whole ones only", () => {
  for (const length of [0, 1, 125, 126, 300, 65_535]) {
    for (const masked of [true, false]) {
      const text = "x".repeat(length);
      const connection = new Connection();
      const frame = messageFrame(text, masked);
      connection.received = frame.slice(0, -1);
      assertEquals(takeMessageOf(connection), null);
      connection.received += frame.slice(-1) + frame;
      assertEquals([takeMessageOf(connection), takeMessageOf(connection)], [text, text]);
      assertEquals(connection.received, "");
    }
  }
});
