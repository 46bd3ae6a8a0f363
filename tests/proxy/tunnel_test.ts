/** Interim responses, and connections that become tunnels (RFC 9110, sections 7.8, 9.3.6, 15.2). */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, type Origin, type Scene, scene, web } from "./harness.ts";
import { field, request, response, status } from "#src/simulate/message.ts";
import type { Connection } from "#src/simulate/connection.ts";

const upgrade = request("/chat", null, "Connection: Upgrade", "Upgrade: echo");
const switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

test(
  "100: passes, and the content follows",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    );
    w.run();
    const [connection] = s1.connections;
    assert(connection!.received.includes("Expect: 100-continue\r\n"));
    connection!.send("HTTP/1.1 100 Continue\r\n\r\n");
    w.run();
    assertEquals(client.received, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("okay");
    w.run();
    assertEquals(client.responses.whole.map(status), [100, 200]);
    assertEquals(s1.requests[0]!.content, "okay");
    assertEquals([w.records.length, w.records[0]!.status], [1, 200]);
    assert(!client.hasEnded);
  }),
);

test(
  "100: a server that would rather not have it answers at once",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n",
    );
    w.run();
    s1.connections[0]!.send(response("", 417));
    w.run();
    assertEquals(client.responses.whole.map(status), [417]);
    assertEquals(field(client.responses.whole[0]!, "connection"), "close");
    assert(client.hasEnded);
  }),
);

test("103: any number of them pass, however they are cut", async () => {
  for (const segment of [1, 10, 1000]) {
    await scene(web(), (w) => {
      const hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
      const s1 = w.origin("s1", () => hints + hints + response("page"));
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.received, hints + hints + response("page"));
      client.request(request("/"));
      w.run();
      assertEquals(s1.connections.length, 1);
      assertEquals(w.records.map(({ status }) => status), [200, 200]);
    }, { segment })();
  }
});

test(
  "1xx: HTTP/1.0 knows none",
  scene(web(), (w) => {
    w.origin("s1", () => "HTTP/1.1 103 Early Hints\r\n\r\n" + response("page"));
    const client = w.client().request("GET / HTTP/1.0\r\n\r\n");
    w.run();
    assertEquals(client.responses.whole.map(status), [200]);
  }),
);

for (const field of ["Content-Length: 5", "Transfer-Encoding: chunked"]) {
  test(
    `1xx: one with ${field} goes on without, and nothing follows it`,
    scene(web(), (w) => {
      w.origin("s1", () => `HTTP/1.1 103 Early Hints\r\n${field}\r\n\r\n` + response("page"));
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.received, "HTTP/1.1 103 Early Hints\r\n\r\n" + response("page"));
      assertEquals(w.termination, "----");
    }),
  );
}

test(
  "1xx: a request is not sent again after one",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(request("/"));
    w.run();
    s1.answer = (_request, connection) => {
      connection.send("HTTP/1.1 103 Early Hints\r\n\r\n").fin();
      return null;
    };
    client.request(request("/again"));
    w.run();
    assertEquals(client.responses.whole.map(status), [200, 103, 502]);
    assertEquals(s1.requests.length, 2);
  }),
);

test(
  "1xx: nor is it after one that was not shown to a client of HTTP/1.0",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const old = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    const client = w.client().request(old);
    w.run();
    s1.answer = (_request, connection) => {
      connection.send("HTTP/1.1 103 Early Hints\r\n\r\n").fin();
      return null;
    };
    client.request(old);
    w.run();
    assertEquals(client.responses.whole.map(status), [200, 502]);
    assertEquals(s1.requests.length, 2);
  }),
);

/** A tunnel that stands: both its ends. */
function tunnel(
  w: Scene,
  s1: Origin,
  ahead = "",
): { client: Client; far: Connection; from: number } {
  s1.answer = () => switched;
  const client = w.client().request(upgrade).send(ahead);
  w.run();
  const [far] = s1.connections;
  // What comes in a tunnel is no request, and its end is the test's to answer.
  far!.onData = far!.onEnd = () => {};
  return { client, far: far!, from: upgrade.length };
}

test(
  "101: then both directions are blind, and end each for itself",
  scene(web(), (w) => {
    const { client, far, from } = tunnel(w, w.origin("s1"), "ahead");
    assertEquals(client.received, switched);
    assertEquals(far.received.slice(from), "ahead");
    client.send("\0\xffGET / HTTP/1.1\r\n\r\n");
    far.send("HTTP/1.1 200 OK\r\n\r\n");
    w.run();
    assertEquals(far.received.slice(from), "ahead\0\xffGET / HTTP/1.1\r\n\r\n");
    assertEquals(client.received, switched + "HTTP/1.1 200 OK\r\n\r\n");
    client.fin();
    w.run();
    assert(far.hasEnded && !client.hasEnded);
    far.send("last words").fin();
    w.run();
    assert(client.received.endsWith("last words"));
    assert(client.hasEnded && client.broke === null);
    const { status, termination, bytes } = w.records[0]!;
    assertEquals([status, termination, bytes], [101, "----", client.received.length]);
  }),
);

test(
  "101: the server may end first",
  scene(web(), (w) => {
    const { client, far, from } = tunnel(w, w.origin("s1"));
    far.send("bye").fin();
    w.run();
    assert(client.hasEnded && !far.hasEnded);
    client.send("still here").fin();
    w.run();
    assertEquals(far.received.slice(from), "still here");
    assert(far.hasEnded && far.broke === null);
    assertEquals(w.termination, "----");
  }),
);

test(
  "101: bytes of the tunnel that come with the response's head",
  scene(web(), (w) => {
    w.origin("s1", () => switched + "welcome");
    const client = w.client().request(upgrade);
    w.run();
    assertEquals(client.responses.rest, "welcome");
  }),
);

for (
  const [name, asks, opens] of [
    ["101", upgrade, switched],
    ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"],
  ] as const
) {
  test(
    `${name}: a client that half-closed behind its request has ended its side`,
    scene(web(), (w) => {
      const s1 = w.origin("s1", () => null);
      const client = w.client().request(asks).fin();
      w.run();
      const [far] = s1.connections;
      far!.onData = far!.onEnd = () => {};
      far!.send(opens);
      w.run();
      assert(far!.hasEnded && !client.hasEnded);
      far!.send("last words").fin();
      w.run();
      assertEquals(client.received, opens + "last words");
      assert(client.hasEnded);
      assertEquals(w.termination, "----");
    }),
  );
}

test(
  "101: an upgrade is not offered on with content, which would have to end before the tunnel begins",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const fields = "Connection: upgrade\r\nUpgrade: echo\r\n";
    w.client().request(`POST / HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 2\r\n\r\nok`);
    w.run();
    const [asked] = s1.requests;
    assertEquals([field(asked!, "upgrade"), field(asked!, "connection")], [null, null]);
    assertEquals(asked!.content, "ok");
  }),
);

for (const fields of ["", "Connection: upgrade\r\n", "Upgrade: echo\r\n"]) {
  test(
    `101: one with no more than ${fields.trim() || "nothing"} switches to nothing`,
    scene(web(), (w) => {
      const s1 = w.origin("s1", () => `HTTP/1.1 101 Switching\r\n${fields}\r\n`);
      const client = w.client().request(upgrade);
      w.run();
      assertEquals(client.responses.whole.map(status), [502]);
      assert(s1.connections[0]!.isOver);
      assertEquals(w.termination, "PH--");
    }),
  );
}

test("101: the side that breaks takes the other along", async () => {
  for (const [side, termination] of [["client", "CD--"], ["far", "SD--"]] as const) {
    await scene(web(), (w) => {
      const ends = tunnel(w, w.origin("s1"));
      ends[side].reset();
      w.run();
      const other = side === "client" ? ends.far : ends.client;
      assert(other.broke !== null || other.hasEnded);
      assertEquals(w.termination, termination);
    })();
  }
});

test(
  "101: silence in both directions ends it, traffic in one keeps it",
  scene(
    web({ timeout: { connect: 1000, client: 5000, server: 5000 } }),
    (w) => {
      const { client, far } = tunnel(w, w.origin("s1"));
      for (let i = 0; i < 5; i++) {
        w.advance(4000);
        (i < 3 ? client : far).send("x");
      }
      assertEquals([client.isOver, far.isOver], [false, false]);
      w.advance(5100);
      assert(client.hasEnded || client.broke !== null);
      assert(far.hasEnded || far.broke !== null);
      assert(["sD--", "cD--"].includes(w.termination!));
    },
  ),
);

test("101: who does not take what is for him is to blame, not who waits for it", async () => {
  const quick = { client: 5000, server: 5000 };
  for (
    const [stalled, slow, termination] of [
      ["client", { client: 10_000 }, "cD--"],
      ["far", { server: 10_000 }, "sD--"],
    ] as const
  ) {
    await scene(web({ timeout: { connect: 1000, ...quick, ...slow } }), (w) => {
      const ends = tunnel(w, w.origin("s1"));
      ends[stalled].stall();
      ends[stalled === "client" ? "far" : "client"].send("x".repeat(100_000));
      w.advance(9900);
      assertEquals(w.records.length, 0);
      w.advance(200);
      assertEquals(w.termination, termination);
    }, { capacity: 4096 })();
  }
});

test("101: what passes is what was sent, under any stalls", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          side: fc.constantFrom("client", "far"),
          act: fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.constantFrom("stall", "read")),
        }),
        { maxLength: 30 },
      ),
      fc.constantFrom(100, 4096),
      async (acts, capacity) => {
        await scene(web(), (w) => {
          const ends = tunnel(w, w.origin("s1"));
          const sent = { client: "", far: "" };
          for (const [i, { side, act }] of acts.entries()) {
            const end = ends[side as "client" | "far"];
            if (act === "stall") end.stall();
            else if (act === "read") end.read();
            else {
              const text = String.fromCharCode(i, 255 - i).repeat(Number(act));
              sent[side as "client" | "far"] += text;
              end.send(text);
            }
            w.run();
          }
          ends.client.read();
          ends.far.read();
          ends.client.fin();
          ends.far.fin();
          w.run();
          assert(ends.far.received.slice(ends.from) === sent.client);
          assert(ends.client.received === switched + sent.far);
          assert(ends.client.hasEnded && ends.far.hasEnded);
          assertEquals(w.termination, "----");
        }, { capacity })();
      },
    ),
    { numRuns: 60 },
  ));

test(
  "CONNECT: a 2xx opens a tunnel, its length notwithstanding",
  scene(web(), (w) => {
    const s1 = w.origin("s1", () => "HTTP/1.1 200 OK\r\n\r\n");
    const client = w.client().request("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
    w.run();
    assertEquals(client.responses.whole.map(status), []);
    const [far] = s1.connections;
    far!.onData = () => {};
    client.send("\x16\x03\x01");
    w.run();
    assert(far!.received.endsWith("\r\n\r\n\x16\x03\x01"));
    far!.send("\x15\x03").fin();
    w.run();
    assertEquals(client.received, "HTTP/1.1 200 OK\r\n\r\n\x15\x03");
    assert(client.hasEnded);
  }),
);

test(
  "CONNECT: a refusal is a response like any",
  scene(web(), (w) => {
    w.origin("s1", () => response("no", 405));
    const client = w.client().request("CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
    w.run();
    client.request(request("/"));
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["no", "no"]);
  }),
);

test(
  "an upgrade that is declined leaves the connection as it was",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(upgrade, request("/"));
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1", "s1"]);
    assertEquals(s1.connections.length, 1);
  }),
);

test(
  "101: 'timeout tunnel' is for both sides, 'client-fin' for a client whose server has ended",
  scene(
    web({
      timeout: { connect: 4000, client: 5000, server: 5000, tunnel: 60_000, clientFin: 1000 },
    }),
    (w) => {
      const { client, far } = tunnel(w, w.origin("s1"));
      w.advance(50_000);
      assert(!client.hasEnded && !far.hasEnded);
      far.fin();
      w.run();
      assert(client.hasEnded);
      w.advance(900);
      assertEquals(w.records.length, 0);
      w.advance(200);
      assertEquals(w.termination, "cD--");
    },
  ),
);
