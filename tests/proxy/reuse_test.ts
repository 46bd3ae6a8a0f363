/** Idle connections to servers: who gets them, how long they stay, and what if one has died. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Answer, type Origin, type Scene, scene, server, web } from "./harness.ts";
import { request, response, status } from "#src/simulate/message.ts";

/** A proxy whose clients share all idle connections. */
const shared: typeof web = (settings = {}) => web({ httpReuse: "always", ...settings });

/** Lets `count` requests be on their way at once, each on a connection of its own, then ends them. */
function openIdle(w: Scene, origin: Origin, count: number): void {
  const { answer } = origin;
  const before = origin.connections.length;
  origin.answer = () => null;
  const clients = Array.from({ length: count }, () => w.client().request(request("/idle")));
  w.run();
  for (const connection of origin.connections.slice(before)) {
    connection.send(response());
    w.run();
  }
  for (const client of clients) client.close();
  w.run();
  origin.answer = answer;
}

test(
  "reuse: requests of all clients share the idle connections",
  scene(shared(), (w) => {
    const s1 = w.origin("s1");
    for (let i = 0; i < 5; i++) {
      const client = w.client().request(request("/"));
      w.run();
      client.close();
    }
    assertEquals(s1.connections.length, 1);
    assertEquals(s1.requests.length, 5);
  }),
);

test(
  "reuse: the connection used last goes first",
  scene(shared(), (w) => {
    const s1 = w.origin("s1");
    openIdle(w, s1, 3);
    const used: number[] = [];
    s1.answer = (_request, connection) => {
      used.push(s1.connections.indexOf(connection));
      return null;
    };
    for (let i = 0; i < 3; i++) w.client().request(request("/"));
    w.run();
    assertEquals(used, [2, 1, 0]);
  }),
);

test(
  "reuse: idle connections that were not needed for 5 s are closed",
  scene(shared(), (w) => {
    const s1 = w.origin("s1");
    openIdle(w, s1, 3);
    // One of the three is enough for these.
    for (let second = 0; second < 15; second++) {
      w.client().request(request("/"));
      w.advance(1000);
      if (second === 3) assertEquals(s1.open, 3);
      if (second === 11) assertEquals(s1.open, 1);
    }
    assertEquals(s1.connections.map(({ isOver }) => isOver), [true, true, false]);
    w.advance(10_050);
    assertEquals(s1.open, 0);
  }),
);

test(
  "reuse: a request that must not be repeated gets a connection that was just used, or a new one",
  scene(
    shared(),
    (w) => {
      const s1 = w.origin("s1");
      openIdle(w, s1, 1);
      w.advance(1100);
      w.client().request(request("/", "content"));
      w.run();
      assertEquals(s1.connections.length, 2);
      assertEquals(s1.connections[0]!.received.includes("POST"), false);
      w.client().request("PATCH / HTTP/1.1\r\nHost: a\r\n\r\n");
      w.run();
      assertEquals(s1.connections.length, 2);
    },
  ),
);

for (const end of ["fin", "reset"] as const) {
  test(
    `reuse: an idle connection that ends (${end}) is not used again`,
    scene(shared(), (w) => {
      const s1 = w.origin("s1");
      openIdle(w, s1, 2);
      s1.connections[1]![end]();
      w.run();
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
      assertEquals(s1.connections.length, 2);
    }),
  );

  test(
    `reuse: one that dies under the request (${end}) is replaced by a new one, unseen, and once`,
    scene(shared(), (w) => {
      const s1 = w.origin("s1");
      openIdle(w, s1, 2);
      s1.answer = (_request, connection) => {
        if (s1.connections.indexOf(connection) === 2) return response("fresh");
        connection[end]();
        return null;
      };
      const client = w.client().request(
        "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
      );
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["fresh"]);
      assertEquals(s1.requests.slice(2).map(({ content }) => content), ["abc", "abc"]);
      const { retries, redispatched, termination } = w.records.at(-1)!;
      assertEquals([retries, redispatched, termination], [0, false, "----"]);
    }),
  );

  test(
    `reuse: a request of which every connection dies (${end}) is not tried on all of them`,
    scene(shared(), (w) => {
      const s1 = w.origin("s1");
      openIdle(w, s1, 5);
      s1.answer = (_request, connection) => {
        connection[end]();
        return null;
      };
      const client = w.client().request(request("/crash"));
      w.run();
      assertEquals(client.responses.whole.map(status), [502]);
      assertEquals(s1.requests.length, 5 + 2);
    }),
  );

  test(
    `reuse: one that dies after a part of the response (${end}) is an error`,
    scene(
      shared(),
      (w) => {
        const s1 = w.origin("s1");
        openIdle(w, s1, 1);
        s1.answer = (_request, connection) => {
          connection.send("HTTP/1.1 2");
          return null;
        };
        const client = w.client().request(request("/"));
        w.run();
        s1.connections[0]![end]();
        w.run();
        assertEquals(client.responses.whole.map(({ line }) => line), ["HTTP/1.1 502 Bad Gateway"]);
        assertEquals(s1.connections.length, 1);
        assertEquals(w.termination, "SH--");
      },
    ),
  );

  test(
    `reuse: a fresh connection that dies (${end}) is an error at once`,
    scene(shared(), (w) => {
      const s1 = w.origin("s1", (_request, connection) => {
        connection[end]();
        return null;
      });
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(({ line }) => line), ["HTTP/1.1 502 Bad Gateway"]);
      assertEquals(s1.requests.length, 1);
      assertEquals(w.termination, "SH--");
    }),
  );
}

test(
  "reuse: a connection is not used again where bytes follow the response",
  scene(shared(), (w) => {
    const s1 = w.origin("s1", () => response("a") + "b");
    const client = w.client();
    for (let i = 0; i < 2; i++) {
      client.request(request("/"));
      w.run();
    }
    assertEquals(client.responses.whole.map(({ content }) => content), ["a", "a"]);
    assertEquals(client.responses.rest, "");
    assertEquals(s1.connections.map(({ broke, isClosed }) => broke !== null || isClosed), [
      true,
      true,
    ]);
  }),
);

test(
  "reuse: bytes that come while a connection is idle end it",
  scene(shared(), (w) => {
    const s1 = w.origin("s1");
    openIdle(w, s1, 1);
    s1.connections[0]!.send(response("nobody asked"));
    w.run();
    assertEquals(s1.open, 0);
    const client = w.client().request(request("/"));
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
  }),
);

test(
  "reuse: each server keeps its own",
  scene(
    shared({ servers: [server("s1"), server("s2")] }),
    (w) => {
      const origins = [w.origin("s1"), w.origin("s2")];
      for (let i = 0; i < 6; i++) {
        w.client().request(request("/"));
        w.run();
      }
      assertEquals(origins.map(({ connections }) => connections.length), [1, 1]);
      assertEquals(origins.map(({ requests }) => requests.length), [3, 3]);
    },
  ),
);

const ports = [80, 81].map((port) => ({
  address: { kind: "ip", host: "10.0.0.1", port } as const,
}));
const portless = { kind: "ip", host: "10.0.1.1", port: null } as const;

test(
  "reuse: a server without a port is reached on the port that each client came to",
  scene(
    shared({ bind: ports, servers: [{ name: "s1", address: portless }], retries: 0 }),
    (w) => {
      const s1 = w.origin("s1"); // on port 80 alone
      const first = w.client("10.9.9.9", 80).request(request("/"));
      w.run();
      const second = w.client("10.9.9.9", 81).request(request("/"));
      w.run();
      assertEquals(first.responses.whole.map(status), [200]);
      assertEquals(second.responses.whole.map(status), [503]);
      assertEquals(s1.requests.length, 1);
    },
  ),
);

/** A client sends two requests, then another one two. @returns by which connection each went */
function visits(w: Scene): number[] {
  const used: number[] = [];
  const s1 = w.origin("s1", (_request, connection, origin) => {
    used.push(origin.connections.indexOf(connection));
    return response("ok");
  });
  for (let i = 0; i < 2; i++) {
    const client = w.client().request(request("/"));
    w.run();
    client.request(request("/"));
    w.run();
    assertEquals(client.responses.whole.map(status), [200, 200]);
  }
  assertEquals(used.length, s1.requests.length);
  return used;
}

test("http-reuse safe, the default: a client's first request has a connection of its own", () =>
  scene(web(), (w) => assertEquals(visits(w), [0, 0, 1, 1]))());

test("http-reuse never: no connection serves two clients", () =>
  scene(web({ httpReuse: "never" }), (w) => {
    assertEquals(visits(w), [0, 0, 1, 1]);
    // Nor do later requests change.
    const client = w.client().request(request("/"));
    w.run();
    client.request(request("/"));
    w.run();
    assertEquals(w.records.length, 6);
  })());

test("http-reuse aggressive: a first request may have a connection that was used again before", () =>
  scene(web({ httpReuse: "aggressive" }), (w) => assertEquals(visits(w), [0, 0, 0, 0]))());

test("http-reuse aggressive: but none that has served once only", () =>
  scene(web({ httpReuse: "aggressive" }), (w) => {
    const s1 = w.origin("s1");
    w.client().request(request("/"));
    w.run();
    w.client().request(request("/"));
    w.run();
    assertEquals(s1.connections.length, 2);
  })());

test("http-reuse never: a client's connections to servers end with it", () =>
  scene(web({ httpReuse: "never" }), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().request(request("/"));
    w.run();
    assertEquals(s1.open, 1);
    client.close();
    w.run();
    assertEquals(s1.open, 0);
  })());

const handshake = ["NTLM", "Negotiate", "nego2", 'Basic realm="a", NTLM'];
for (const scheme of handshake) {
  test(`a connection that a server has authenticated (${scheme}) is its client's alone`, () =>
    scene(
      web({ httpReuse: "always", servers: [server("s1"), server("s2")] }),
      (w) => {
        const known = new Set<unknown>();
        const answer: Answer = ({ fields }, connection) => {
          if (fields.some((line) => /^authorization:/i.test(line))) known.add(connection);
          return known.has(connection)
            ? response("hello")
            : response("who?", 401, `WWW-Authenticate: ${scheme}`);
        };
        const origins = [w.origin("s1", answer), w.origin("s2", answer)];
        const client = w.client().request(request("/"));
        w.run();
        const used = origins.findIndex(({ requests }) => requests.length > 0);
        // The same server, by the same connection, whatever the balance says; a POST, too.
        client.request(request("/", null, "Authorization: NTLM x"));
        w.run();
        w.advance(3000);
        client.request(request("/", "content"), request("/"));
        w.run();
        assertEquals(client.responses.whole.map(status), [401, 200, 200, 200]);
        assertEquals(origins[used]!.connections.length, 1);
        assertEquals(origins[1 - used]!.connections.length, 0);
        for (let i = 0; i < 4; i++) {
          const stranger = w.client().request(request("/"));
          w.run();
          assertEquals(stranger.responses.whole.map(status), [401]);
        }
      },
    )());
}

test("a connection whose first request had credentials for it is its client's alone", () =>
  scene(web({ httpReuse: "always" }), (w) => {
    const s1 = w.origin("s1");
    w.client().request(request("/", null, "Authorization: Negotiate abc"));
    w.run();
    w.client().request(request("/"));
    w.run();
    assertEquals(s1.connections.length, 2);
  })());

test("reuse: bytes that wait on an idle connection when it would be used disqualify it", () =>
  scene(shared(), (w) => {
    const s1 = w.origin("s1");
    openIdle(w, s1, 1);
    // Both are on their way at once: the proxy reads the client's request first.
    const client = w.client();
    w.run();
    client.request(request("/"));
    s1.connections[0]!.send(response("nobody asked"));
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
  })());

const ambiguous: readonly (readonly [why: string, request: string, answer: string])[] = [
  ["417", request("/", null, "Expect: 100-continue"), response("", 417)],
  ["an Expect that is not understood", request("/", "x", "Expect: 200-ok"), response("ok")],
  [
    "Expect twice",
    request("/", null, "Expect: 100-continue", "Expect: 100-continue"),
    response(""),
  ],
  ["a 204 with a length", request("/"), "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"],
];
for (const [why, asked, answer] of ambiguous) {
  test(`reuse: a connection is not used again where the exchange may not be over: ${why}`, () =>
    scene(shared(), (w) => {
      const s1 = w.origin("s1", () => answer);
      const client = w.client().request(asked);
      w.run();
      assertEquals(client.responses.whole.length, 1);
      assertEquals(s1.open, 0);
    })());
}

test("reuse: nor where the answer came before the request's content had been taken", () =>
  scene(shared(), (w) => {
    const s1 = w.origin("s1", () => null);
    const client = w.client();
    client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n123");
    w.run();
    s1.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12");
    w.run();
    client.send("456");
    w.run();
    s1.connections[0]!.send("34");
    w.run();
    assertEquals(client.responses.whole.map(({ content }) => content), ["1234"]);
    assertEquals(s1.open, 0);
  })());

test(
  "reuse: the server's time-out does not run while a request that is sent again connects",
  scene(
    web({ timeout: { connect: 4000, client: 30_000, server: 2000 }, retries: 0 }),
    (w) => {
      const s1 = w.origin("s1");
      const client = w.client().request(request("/"));
      w.run();
      s1.answer = (_request, connection) => {
        s1.stop();
        w.network.answer({ kind: "ip", host: "10.0.1.1", port: 80 }, "silence");
        connection.fin();
        return null;
      };
      client.request(request("/"));
      w.advance(3900);
      assertEquals(client.responses.whole.map(status), [200]);
      w.advance(200);
      assertEquals(client.responses.whole.map(status), [200, 503]);
      assertEquals(w.termination, "sC--");
    },
  ),
);
