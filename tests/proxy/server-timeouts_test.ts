/** Time-outs of the server's side: connect, queue, server (manual: "timeout ..."). */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";
import { answered, assertAfter, last, slow, timeUntil, tolerance } from "./waiting.ts";

const silent = { kind: "ip", host: "10.0.1.1", port: 80 } as const;

test(
  "timeout connect: each attempt has it, one after the other",
  scene(
    web({ retries: 2 }),
    (w) => {
      w.network.answer(silent, "silence");
      const client = w.client().request(request("/"));
      const took = timeUntil(w, answered(client));
      assert(took >= 12_000 && took <= 12_000 + 3 * tolerance, `after ${took} ms`);
      assertEquals(last(client), 503);
      const { termination, retries, redispatched, server } = w.records[0]!;
      assertEquals([termination, retries, redispatched, server], ["sC--", 2, false, "s1"]);
    },
  ),
);

test(
  "timeout connect: a refused connection is tried again after a second",
  scene(
    web({ retries: 3 }),
    (w) => {
      const client = w.client().request(request("/"));
      const took = timeUntil(w, answered(client));
      assert(took >= 3000 && took <= 3000 + 3 * tolerance, `after ${took} ms`);
      assertEquals(last(client), 503);
      const { termination, retries, timeConnect } = w.records[0]!;
      assertEquals([termination, retries, timeConnect], ["SC--", 3, -1]);
    },
  ),
);

test(
  "timeout connect: where it is shorter than a second, so is the turn-around",
  scene(
    web({ retries: 1, timeout: { ...slow, connect: 300 } }),
    (w) => {
      const client = w.client().request(request("/"));
      assertAfter(w, 300, answered(client));
    },
  ),
);

test("timeout queue: and without one, timeout connect", async () => {
  for (const queue of [7000, null]) {
    await scene(
      web({ timeout: { ...slow, queue }, servers: [server("s1", { maxconn: 1 })] }),
      (w) => {
        w.origin("s1", () => null);
        w.client().request(request("/first"));
        w.run();
        const client = w.client().request(request("/second"));
        assertAfter(w, queue ?? slow.connect, answered(client));
        assertEquals(last(client), 503);
        const { termination, timeQueue, server, backendQueue } = w.records[0]!;
        assertEquals([termination, server, backendQueue], ["sQ--", "<NOSRV>", 1]);
        assert(timeQueue >= (queue ?? 4000) && timeQueue <= (queue ?? 4000) + tolerance);
        assert(!client.hasEnded);
      },
    )();
  }
});

test(
  "timeout server: runs on where the client has half-closed",
  scene(web(), (w) => {
    w.origin("s1", () => null);
    const client = w.client().request(request("/"));
    w.advance(15_000);
    client.fin();
    const took = timeUntil(w, answered(client));
    assert(took >= 5000 && took <= 5000 + tolerance, `after ${took} ms`);
    assertEquals([last(client), w.termination], [504, "sH--"]);
  }),
);

test(
  "timeout server: no answer",
  scene(web({ timeout: slow }), (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client().request(request("/"));
    assertAfter(w, 20_000, answered(client));
    assertEquals(last(client), 504);
    assertEquals(w.termination, "sH--");
    assertEquals(s1.open, 0);
    assert(!client.hasEnded, "the client may ask again");
  }),
);

test(
  "timeout server: a head that does not go on",
  scene(web({ timeout: slow }), (w) => {
    w.origin("s1", () => "HTTP/1.1 200 OK\r\nContent-Le");
    const client = w.client().request(request("/"));
    assertAfter(w, 20_000, answered(client));
    assertEquals(last(client), 504);
  }),
);

test(
  "timeout server: runs from the last byte, and only while the server owes one",
  scene(
    web({ timeout: slow }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      const client = w.client().request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx");
      // 25 s to the client's last byte, 19 s to the head, 19 s to the content.
      w.advance(25_000);
      client.send("y");
      w.advance(19_000);
      s1.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
      w.advance(19_000);
      s1.connections[0]!.send("o");
      w.advance(19_000);
      s1.connections[0]!.send("k");
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["ok"]);
    },
  ),
);

for (const framing of ["Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n", ""]) {
  test(
    `timeout server: a response that stops (${framing.trim()}) does not pass for whole`,
    scene(
      web({ timeout: slow }),
      (w) => {
        w.origin("s1", () => `HTTP/1.1 200 OK\r\n${framing}\r\n3\r\nabc`);
        const client = w.client().request(request("/"));
        assertAfter(w, 20_000, () => client.isOver || client.hasEnded);
        // Only what has no length of its own needs a reset to show that it is not all.
        assertEquals(client.broke, framing === "" ? "ECONNRESET" : null);
        assertEquals(client.responses.whole.length, 0);
        assertEquals([w.termination, w.records[0]!.status], ["sD--", 200]);
      },
    ),
  );
}

test(
  "timeout server: content that the server does not take",
  scene(web({ timeout: slow }), (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client();
    client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n");
    w.run();
    s1.connections[0]!.stall();
    client.send("x".repeat(500_000));
    assertAfter(w, 20_000, answered(client));
    assertEquals(last(client), 504);
    assertEquals(w.termination, "sD--");
  }, { capacity: 4096 }),
);

test(
  "time-outs of one do not touch another",
  scene(web({ timeout: slow }), (w) => {
    w.origin("s1", ({ line }) => line.includes("slow") ? null : response("fast"));
    const waiting = w.client().request(request("/slow"));
    for (let i = 0; i < 30; i++) {
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["fast"]);
      client.close();
      w.advance(500);
      assertEquals(waiting.responses.whole.length, 0);
    }
    assertAfter(w, 5000, answered(waiting));
  }),
);
