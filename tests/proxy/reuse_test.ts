/** Idle connections to servers: who gets them, how long they stay, and what if one has died. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Origin, type Scene, scene, server, web } from "./harness.ts";
import { request, response, status } from "./messages.ts";

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
  scene(web(), (w) => {
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
  scene(web(), (w) => {
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
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    openIdle(w, s1, 3);
    // One of the three is enough for these.
    for (let second = 0; second < 15; second++) {
      w.client().request(request("/"));
      w.advance(1000);
      if (second === 3) assertEquals(s1.open, 3);
      if (second === 11) assertEquals(s1.open, 1);
    }
    assertEquals(s1.connections.map(({ isClosed }) => isClosed), [true, true, false]);
    w.advance(10_050);
    assertEquals(s1.open, 0);
  }),
);

test(
  "reuse: a request that must not be repeated gets a connection that was just used, or a new one",
  scene(
    web(),
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
    scene(web(), (w) => {
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
    scene(web(), (w) => {
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
    scene(web(), (w) => {
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
      web(),
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
    scene(web(), (w) => {
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
  scene(web(), (w) => {
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
  scene(web(), (w) => {
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
    web({ servers: [server("s1"), server("s2")] }),
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
    web({ bind: ports, servers: [{ name: "s1", address: portless }], retries: 0 }),
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
