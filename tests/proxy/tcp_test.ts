/** `mode tcp`: bytes both ways, and the end of each direction. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, type Origin, type Scene, scene, server, settle, web } from "./harness.ts";
import type { Connection } from "#src/simulate/connection.ts";
import { assertAfter } from "./waiting.ts";

const tcp = (settings: Parameters<typeof web>[0] = {}) =>
  web({
    mode: "tcp",
    logFormat: "tcplog",
    timeout: { connect: 4000, client: 30_000, server: 30_000 },
    ...settings,
  });

/** A relay that stands. */
async function relay(w: Scene, origin: Origin): Promise<{ client: Client; far: Connection }> {
  const client = w.client();
  await settle(w);
  const far = origin.connections.at(-1)!;
  far.onData = far.onEnd = () => {};
  return { client, far };
}

test(
  "tcp: either side may speak first, and each ends for itself",
  scene(tcp(), async (w) => {
    const { client, far } = await relay(w, w.origin("s1"));
    far.send("220 ready\r\n");
    w.run();
    assertEquals(client.received, "220 ready\r\n");
    client.send("QUIT\r\n").fin();
    w.run();
    assertEquals(far.received, "QUIT\r\n");
    assert(far.hasEnded && !client.hasEnded);
    far.send("221 bye\r\n").fin();
    w.run();
    assertEquals(client.received, "220 ready\r\n221 bye\r\n");
    assert(client.hasEnded && client.broke === null);
    const { server, bytes, termination, status } = w.records[0]!;
    assertEquals([server, bytes, termination.slice(0, 2), status], ["s1", 20, "--", -1]);
  }),
);

test(
  "tcp: bytes that come before the server is reached wait for it",
  scene(tcp(), async (w) => {
    const client = w.client().send("early").fin();
    await settle(w);
    w.advance(500);
    const s1 = w.origin("s1");
    w.advance(600);
    const [far] = s1.connections;
    assertEquals([far!.received, far!.hasEnded], ["early", true]);
    assert(client.hasEnded);
    assertEquals(w.records[0]!.retries, 1);
  }),
);

test(
  "tcp: who ends as soon as he comes, and says nothing, may have come to listen",
  scene(tcp(), async (w) => {
    const s1 = w.origin("s1");
    const client = w.client().fin();
    await settle(w);
    // The server is reached, learns of the end, and ends in its turn.
    assert(s1.connections[0]!.hasEnded);
    assert(client.hasEnded && client.broke === null);
    assertEquals([w.records[0]!.server, w.records[0]!.termination.slice(0, 2)], ["s1", "--"]);
  }),
);

test("tcp: balanced, redispatched, refused", async () => {
  const two = { servers: [server("s1"), server("s2")] };
  await scene(tcp({ ...two, redispatch: true }), async (w) => {
    const s2 = w.origin("s2");
    for (let i = 0; i < 4; i++) (await relay(w, s2)).client.reset();
    await settle(w);
    assertEquals(s2.connections.length, 4);
    assertEquals(w.records.filter(({ redispatched }) => redispatched).length, 4);
  })();
  await scene(tcp({ retries: 1 }), async (w) => {
    const client = w.client();
    await settle(w);
    w.advance(1100);
    assert(client.hasEnded || client.broke !== null);
    assertEquals([w.termination, w.records[0]!.server], ["SC--", "s1"]);
  })();
});

for (const splice of [true, false]) {
  test(
    `tcp: a server that breaks while the client is slow: nothing that came is lost (splice ${splice})`,
    scene(
      tcp(),
      async (w) => {
        const { client, far } = await relay(w, w.origin("s1"));
        client.stall();
        far.send("x".repeat(200_000));
        w.run();
        far.reset();
        w.advance(1000);
        assertEquals([client.broke, w.records.length], [null, 0]);
        client.send("still here").fin();
        w.run();
        client.read();
        w.advance(1000);
        const { bytes, termination } = w.records[0]!;
        assertEquals([client.received.length, termination], [bytes, "SD--"]);
        assert(bytes > 10_000, `${bytes} bytes`);
        assertEquals(client.broke, "ECONNRESET");
      },
      { capacity: 16_384, splice },
    ),
  );
}

test("tcp: who breaks, and who is silent", async () => {
  for (const [side, termination] of [["client", "CD--"], ["far", "SD--"]] as const) {
    await scene(tcp(), async (w) => {
      const ends = await relay(w, w.origin("s1"));
      ends[side].reset();
      w.run();
      const other = side === "client" ? ends.far : ends.client;
      assert(other.hasEnded || other.broke !== null);
      assertEquals(w.termination, termination);
    })();
  }
  await scene(tcp(), async (w) => {
    const { client, far } = await relay(w, w.origin("s1"));
    w.advance(29_000);
    far.send("x");
    w.advance(29_000);
    assert(!client.hasEnded);
    w.advance(1100);
    assert(client.hasEnded && far.hasEnded);
  })();
});

test("tcp: a side that is silent for too long counts as one that has ended", async () => {
  for (
    const [silent, timeout, termination] of [
      ["client", { client: 5000, server: 60_000 }, "cD--"],
      ["far", { client: 60_000, server: 5000 }, "sD--"],
    ] as const
  ) {
    await scene(tcp({ timeout: { connect: 4000, ...timeout } }), async (w) => {
      const ends = await relay(w, w.origin("s1"));
      const other = ends[silent === "client" ? "far" : "client"];
      w.advance(5100);
      assertEquals([other.hasEnded, ends[silent].hasEnded], [true, false]);
      w.advance(20_000);
      other.send("at last").fin();
      w.run();
      assertEquals(ends[silent].received, "at last");
      assert(ends[silent].hasEnded);
      assertEquals([w.records.length, w.termination], [1, termination]);
    })();
  }
});

test("tcp: who does not take what is for him is to blame, not who waits for it", async () => {
  const quick = { client: 5000, server: 5000 };
  for (
    const [stalled, slow, termination] of [
      ["client", { client: 10_000 }, "cD--"],
      ["far", { server: 10_000 }, "sD--"],
    ] as const
  ) {
    await scene(tcp({ timeout: { connect: 4000, ...quick, ...slow } }), async (w) => {
      const ends = await relay(w, w.origin("s1"));
      ends[stalled].stall();
      ends[stalled === "client" ? "far" : "client"].send("x".repeat(100_000));
      w.advance(9900);
      assertEquals(w.records.length, 0);
      w.advance(200);
      assertEquals(w.termination, termination);
    }, { capacity: 4096 })();
  }
});

test(
  "tcp: over with the second end, also where what came early passes after the first",
  scene(tcp(), async (w) => {
    const head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    w.client().send(head + "x".repeat(3000)).fin();
    await settle(w);
    const s1 = w.origin("s1", (_request, connection) => {
      connection.onData = connection.onEnd = () => {};
      connection.stall();
      connection.fin();
      return null;
    });
    w.advance(1100);
    assertEquals([s1.connections.length, w.records.length], [1, 0]);
    const [far] = s1.connections;
    far!.read();
    w.run();
    assertEquals([far!.received.length, w.termination], [head.length + 3000, "----"]);
  }, { capacity: 100 }),
);

test(
  "tcp: maxconn holds, and the next in line is served",
  scene(
    tcp({ servers: [server("s1", { maxconn: 1 })] }),
    async (w) => {
      const s1 = w.origin("s1");
      const clients = [w.client(), w.client(), w.client()];
      await settle(w);
      for (let i = 0; i < 3; i++) {
        assertEquals(s1.connections.length, i + 1);
        clients[i]!.reset();
        await settle(w);
      }
      assertEquals(s1.mostOpen, 1);
      assertEquals(w.records.map(({ backendQueue }) => backendQueue), [0, 1, 2]);
    },
  ),
);

test("tcp: a side that does not read stops the other", async () => {
  for (const stalled of ["client", "far"] as const) {
    await scene(tcp(), async (w) => {
      const ends = await relay(w, w.origin("s1"));
      const sender = stalled === "client" ? ends.far : ends.client;
      ends[stalled].stall();
      sender.send("x".repeat(1_000_000));
      w.run();
      const passed = 1_000_000 - sender.unsent;
      assert(passed <= 4 * 65_536, `${passed} bytes taken`);
      ends[stalled].read();
      w.run();
      assertEquals(ends[stalled].received.length, 1_000_000);
    })();
  }
});

test("tcp: what passes is what was sent, under any stalls, to the end", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          side: fc.constantFrom("client", "far"),
          act: fc.oneof(
            fc.integer({ min: 1, max: 20_000 }),
            fc.constantFrom("stall", "read", "fin"),
          ),
        }),
        { maxLength: 30 },
      ),
      fc.constantFrom(100, 4096),
      async (acts, capacity) => {
        await scene(tcp(), async (w) => {
          const ends = await relay(w, w.origin("s1"));
          const sent = { client: "", far: "" };
          const over = { client: false, far: false };
          for (const [i, { side, act }] of acts.entries()) {
            const who = side as "client" | "far";
            if (act === "stall") ends[who].stall();
            else if (act === "read") ends[who].read();
            else if (over[who]) continue;
            else if (act === "fin") {
              over[who] = true;
              ends[who].fin();
            } else {
              const text = String.fromCharCode(i, 255 - i).repeat(Number(act));
              sent[who] += text;
              ends[who].send(text);
            }
            w.run();
          }
          for (const end of [ends.client, ends.far]) end.read().fin();
          w.run();
          assert(ends.far.received === sent.client);
          assert(ends.client.received === sent.far);
          assert(ends.client.hasEnded && ends.far.hasEnded);
          assertEquals(w.termination, "----");
        }, { capacity })();
      },
    ),
    { numRuns: 60 },
  ));

for (
  const [what, timeout, termination] of [
    ["tunnel: it counts for both sides", { client: 1000, server: 1000, tunnel: 60_000 }, "cD--"],
    ["tunnel: it may be the shorter one", { tunnel: 60_000 }, "cD--"],
  ] as const
) {
  test(
    `timeout ${what}`,
    scene(
      tcp({ timeout: { connect: 4000, client: 90_000, server: 90_000, ...timeout } }),
      async (w) => {
        const { client, far } = await relay(w, w.origin("s1"));
        client.send("a");
        w.run();
        w.advance(50_000);
        assert(!client.hasEnded && !far.hasEnded);
        far.send("b");
        w.run();
        assertAfter(w, 60_000, () => client.hasEnded && far.hasEnded);
        assertEquals(w.termination, termination);
      },
    ),
  );
}

test(
  "timeout client-fin: a client whose server has ended",
  scene(
    tcp({ timeout: { connect: 4000, client: 60_000, clientFin: 2000, tunnel: 90_000 } }),
    async (w) => {
      const { client, far } = await relay(w, w.origin("s1"));
      client.send("a");
      w.run();
      w.advance(10_000);
      far.fin();
      w.run();
      assert(client.hasEnded);
      assertAfter(w, 2000, () => w.records.length > 0);
      assertEquals(w.termination, "cD--");
    },
  ),
);

test(
  "timeout server-fin: a server whose client has ended",
  scene(
    tcp({ timeout: { connect: 4000, server: 60_000, serverFin: 2000 } }),
    async (w) => {
      const { client, far } = await relay(w, w.origin("s1"));
      client.send("a").fin();
      w.run();
      assert(far.hasEnded);
      far.send("some more");
      w.run();
      assertAfter(w, 2000, () => w.records.length > 0);
      assertEquals(w.termination, "sD--");
    },
  ),
);
