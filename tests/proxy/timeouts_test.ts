/** Time-outs of the client's side: http-request, http-keep-alive, client (manual: "timeout ..."). */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";
import { request, response, status } from "#src/simulate/message.ts";
import { answered, assertAfter, last, slow, tolerance } from "./waiting.ts";

test(
  "timeout http-request: a head that never comes",
  scene(web({ timeout: slow }), (w) => {
    const client = w.client();
    assertAfter(w, 5000, () => client.hasEnded);
    assertEquals(last(client), 408);
    const { termination, timeTotal, status } = w.records[0]!;
    assertEquals([termination, status], ["cR--", 408]);
    assert(timeTotal >= 5000 && timeTotal <= 5000 + tolerance);
  }),
);

test(
  "timeout http-request: a head that comes drop by drop",
  scene(web({ timeout: slow }), (w) => {
    const client = w.client();
    let sent = 0;
    const text = request("/", null, `X: ${"x".repeat(100)}`);
    assertAfter(w, 5000, () => {
      if (w.now() % 100 === 0) client.send(text[sent++]!);
      return client.hasEnded;
    });
    assertEquals(last(client), 408);
    assertEquals(w.termination, "cR--");
  }),
);

test(
  "timeout http-request: of a later request, from its first byte",
  scene(
    web({ timeout: { ...slow, httpKeepAlive: 60_000 } }),
    (w) => {
      w.origin("s1");
      const client = w.client().request(request("/"));
      w.advance(10_000);
      client.send("G");
      assertAfter(w, 5000, () => client.hasEnded);
      assertEquals(client.responses.whole.map(status), [200, 408]);
      assertEquals(w.termination, "cR--");
    },
  ),
);

test(
  "timeout http-request: the content has more time",
  scene(web({ timeout: slow }), (w) => {
    w.origin("s1");
    const client = w.client().request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n");
    for (let i = 0; i < 20; i++) {
      w.advance(1000);
      client.send("x");
    }
    w.run();
    assertEquals(client.responses.whole.map(status), [200]);
  }),
);

test(
  "timeout client: content that stops coming",
  scene(web({ timeout: slow }), (w) => {
    w.origin("s1");
    const client = w.client().request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    w.advance(10_000);
    client.send("d");
    assertAfter(w, 30_000, answered(client));
    assertEquals(last(client), 408);
    assertEquals(w.termination, "cH--");
  }),
);

test(
  "timeout http-keep-alive: an idle client is left without a word",
  scene(
    web({ timeout: { ...slow, httpKeepAlive: 3000 } }),
    (w) => {
      w.origin("s1");
      const client = w.client().request(request("/"));
      w.run();
      const { received } = client;
      assertAfter(w, 3000, () => client.hasEnded);
      assertEquals(client.received, received);
      assertEquals(w.records.length, 1);
    },
  ),
);

test("timeout http-keep-alive: http-request stands in for it, and timeout client for that", async () => {
  for (
    const [timeout, after] of [[slow, 5000], [{ ...slow, httpRequest: null }, 30_000]] as const
  ) {
    await scene(web({ timeout }), (w) => {
      w.origin("s1");
      const client = w.client().request(request("/"));
      assertAfter(w, after, () => client.hasEnded);
    })();
  }
});

test(
  "timeout client: a response that the client does not take",
  scene(
    web({ timeout: slow }),
    (w) => {
      const s1 = w.origin("s1", () => response("x".repeat(500_000)));
      const client = w.client().request(request("/"));
      client.stall();
      assertAfter(w, 30_000, () => s1.open === 0);
      assertEquals(w.termination, "cD--");
      client.read();
      w.run();
      assertEquals(client.broke, "ECONNRESET");
    },
    { capacity: 4096 },
  ),
);

test(
  "timeout client: the end of a response that the client does not take",
  scene(
    web({ timeout: slow }),
    (w) => {
      const s1 = w.origin("s1", () => response("x".repeat(6000)));
      const client = w.client().request(request("/"));
      client.stall();
      w.run();
      assertEquals([s1.open, w.records.length], [1, 0]);
      assertAfter(w, 30_000, () => w.records.length > 0);
      assertEquals(w.termination, "cL--");
      client.read();
      w.run();
      assertEquals(client.broke, "ECONNRESET");
    },
    { capacity: 4096 },
  ),
);

test(
  "timeout client: also where content comes behind an answer that waits",
  scene(
    web({ timeout: slow }),
    (w) => {
      w.origin("s1", () => response("x".repeat(6000), 413));
      const client = w.client();
      client.stall();
      client.methods.push("POST");
      client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      w.run();
      client.send(`7fff\r\n${"x".repeat(0x7fff)}\r\n0\r\n\r\n`);
      assertAfter(w, 30_000, () => w.records.length > 0);
    },
    { capacity: 4096 },
  ),
);
