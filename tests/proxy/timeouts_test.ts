/** Time-outs strike on time: never early, and late by a tick of the timer wheel at most. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Client, type Scene, scene, server, web } from "./harness.ts";
import { request, response, status } from "./messages.ts";

/** How late a time-out may be, ms: the wheel's tick, and the millisecond in which it is seen. */
const tolerance = 17;

/** Moves time on until `happened`. @returns how long that took, ms */
function timeUntil(w: Scene, happened: () => boolean): number {
  const start = w.now();
  w.run();
  while (!happened()) {
    if (w.now() - start > 200_000) throw new Error("it never happens");
    w.advance(1);
  }
  return w.now() - start;
}

function assertAfter(w: Scene, ms: number, happened: () => boolean): void {
  const took = timeUntil(w, happened);
  assert(took >= ms && took <= ms + tolerance, `after ${took} ms, not ${ms}`);
}

const answered = (client: Client, count = 1) => () => client.responses.whole.length >= count;
const last = (client: Client) => status(client.responses.whole.at(-1)!);

const slow = { connect: 4000, client: 30_000, server: 20_000, httpRequest: 5000 };

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
        assertAfter(w, 20_000, () => client.isOver);
        assertEquals(client.broke, "ECONNRESET");
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
