/** Servers that cannot be reached, answer nothing or nonsense, or break off. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Scene, scene, web } from "./harness.ts";
import { field, request, response, status } from "#src/simulate/message.ts";

const s1 = { kind: "ip", host: "10.0.1.1", port: 80 } as const;

function outcome(w: Scene) {
  const { server, retries, redispatched, termination, status } = w.records.at(-1)!;
  return [status, server, `${redispatched ? "+" : ""}${retries}`, termination];
}

const bad = {
  garbage: "220 smtp.example.org ESMTP\r\n",
  "a bare carriage return": "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 0\r\n\r\n",
  "two lengths": "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
  "length and chunked":
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "a bad chunk at once": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "an upgrade unasked": "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
  "a head without end": `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`,
};

for (const [name, text] of Object.entries(bad)) {
  test(
    `response: ${name} is not passed on`,
    scene(web(), (w) => {
      const origin = w.origin("s1", () => text);
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(status), [502]);
      assertEquals(client.responses.rest, "");
      assertEquals(outcome(w), [502, "s1", "0", "PH--"]);
      assertEquals(origin.open, 0);
      // The client's connection is none the worse.
      origin.answer = () => response("better");
      client.request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(status), [502, 200]);
    }),
  );
}

const odd = {
  "lines that end in LF alone": "HTTP/1.1 200 OK\nContent-Length: 2\nX: 1\r\n\nok",
  "another version": "HTTP/2.0 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nok",
  "an interim one of the kind": "HTTP/1.1 103 Early\nA: 1\n\nHTTP/1.1 200 OK\n" +
    "Content-Length: 2\nX: 1\n\nok",
};
for (const [name, text] of Object.entries(odd)) {
  test(
    `response: ${name}, which has one meaning, passes in a form that has for everybody`,
    scene(web(), (w) => {
      w.origin("s1", () => text);
      const client = w.client().request(request("/"), request("/"));
      w.run();
      const early = name.includes("interim") ? "HTTP/1.1 103 Early\r\nA: 1\r\n\r\n" : "";
      const page = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: 1\r\n\r\nok";
      assertEquals(client.received, (early + page).repeat(2));
    }),
  );
}

test(
  "response: a 204 that says how long its content is goes on without",
  scene(web(), (w) => {
    w.origin("s1", () => "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\nA: 1\r\n\r\n");
    const client = w.client().request(request("/"));
    w.run();
    assertEquals(client.received, "HTTP/1.1 204 No Content\r\nA: 1\r\n\r\n");
  }),
);

for (const framing of ["Content-Length: 9", "Transfer-Encoding: chunked", "X: until-close"]) {
  for (const end of ["fin", "reset"] as const) {
    if (end === "fin" && framing.startsWith("X")) continue;
    test(
      `response: breaks off (${framing}, ${end}): the client has what came, and sees that it is not all`,
      scene(web(), (w) => {
        const origin = w.origin("s1", () => `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n3\r\nabc`);
        const client = w.client().request(request("/"));
        w.run();
        origin.connections[0]![end]();
        w.run();
        assert(client.received.endsWith("abc"));
        // A reset only where the end would look like that of the content.
        assertEquals(client.broke, framing.startsWith("X") ? "ECONNRESET" : null);
        assertEquals(client.hasEnded, !framing.startsWith("X"));
        assertEquals(outcome(w), [200, "s1", "0", "SD--"]);
      }),
    );
  }
}

for (const splice of [true, false]) {
  for (const framing of ["Content-Length: 900000", "X: until-close"]) {
    test(
      `response: breaks off (${framing}) while its client is slow: nothing that came is lost (splice ${splice})`,
      scene(
        web(),
        (w) => {
          const head = `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n`;
          const s1 = w.origin("s1", () => head + "x".repeat(200_000));
          const client = w.client().request(request("/"));
          client.stall();
          w.run();
          s1.connections[0]!.reset();
          w.run();
          // Well before any time-out.
          w.advance(1000);
          assertEquals([client.broke, client.hasEnded], [null, false]);
          client.read();
          w.advance(1000);
          const { bytes, termination } = w.records[0]!;
          assertEquals([client.received.length, termination], [bytes, "SD--"]);
          assert(bytes > 10_000, `${bytes} bytes`);
          assertEquals(client.broke, framing.startsWith("X") ? "ECONNRESET" : null);
          assertEquals(client.hasEnded, !framing.startsWith("X"));
        },
        { capacity: 16_384, splice },
      ),
    );
  }
}

test(
  "response: one that breaks off, and a client that does not take what came, end in time",
  scene(
    web(),
    (w) => {
      const s1 = w.origin("s1", () => "HTTP/1.1 200 OK\r\n\r\n" + "x".repeat(200));
      const client = w.client().request(request("/"));
      client.stall();
      w.run();
      s1.connections[0]!.reset();
      w.advance(29_000);
      assertEquals(client.broke, null);
      w.advance(2000);
      client.read();
      w.run();
      assertEquals(client.broke, "ECONNRESET");
    },
  ),
);

test(
  "response: a chunk that is none breaks off",
  scene(web(), (w) => {
    const origin = w.origin("s1", () => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const client = w.client().request(request("/"));
    w.run();
    origin.connections[0]!.send("-1\r\n");
    w.run();
    assertEquals([client.hasEnded, client.broke, client.responses.whole.length], [true, null, 0]);
    assertEquals(outcome(w), [200, "s1", "0", "PD--"]);
  }),
);

test(
  "request: a chunk that is none, with its head, never reaches a server",
  scene(web(), (w) => {
    const origin = w.origin("s1");
    const start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const client = w.client().request(`${start}zz\r\n`);
    w.run();
    assertEquals(client.responses.whole.map(status), [400]);
    assert(client.hasEnded);
    assertEquals(outcome(w), [400, "<NOSRV>", "0", "PR--"]);
    assertEquals(origin.connections.length, 0);
  }),
);

test(
  "request: a chunk that is none, later, ends both sides",
  scene(web(), (w) => {
    const origin = w.origin("s1");
    const client = w.client();
    client.request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    w.run();
    client.send("zz\r\n");
    w.run();
    assertEquals(client.responses.whole.map(status), [400]);
    assert(client.hasEnded);
    assertEquals(outcome(w), [400, "s1", "0", "PH--"]);
    assertEquals([origin.open, origin.requests.length], [0, 0]);
  }),
);

test("request: one that is cut short never passes for whole", async () => {
  for (const end of ["fin", "reset"] as const) {
    await scene(web(), (w) => {
      const origin = w.origin("s1");
      const client = w.client();
      client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
      w.run();
      client[end]();
      w.run();
      assertEquals([origin.open, origin.requests.length], [0, 0]);
      assertEquals(client.responses.whole.map(status), end === "fin" ? [400] : []);
      assertEquals(w.termination, "CD--");
    })();
  }
});

test(
  "early response: passes while the request still comes, and ends the connection",
  scene(
    web(),
    (w) => {
      const origin = w.origin("s1");
      const client = w.client();
      client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
      w.run();
      origin.connections[0]!.send(response("too large", 413));
      w.run();
      const [answer] = client.responses.whole;
      assertEquals([status(answer!), answer!.content], [413, "too large"]);
      assertEquals(field(answer!, "connection"), "close");
      assert(client.hasEnded);
      assertEquals(origin.open, 0);
      // What still comes is thrown away, so that no reset overtakes the answer.
      client.send("x".repeat(600_000));
      w.run();
      assertEquals([client.unsent, client.broke], [0, null]);
      assertEquals(outcome(w), [413, "s1", "0", "----"]);
      // As long as something comes every now and then; but not for ever.
      for (let i = 0; i < 6; i++) {
        w.advance(4500);
        client.send("x");
        w.run();
        assertEquals([client.unsent, client.broke], [0, null]);
      }
      w.advance(3100);
      client.send("x");
      w.run();
      assertEquals(client.broke, "ECONNRESET");
    },
  ),
);

test(
  "early response: the request's content goes on while the response's does",
  scene(web(), (w) => {
    const origin = w.origin("s1", () => null);
    const client = w.client();
    client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n");
    w.run();
    const [connection] = origin.connections;
    connection!.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n");
    for (let i = 0; i < 3; i++) {
      client.send("ab");
      w.run();
      connection!.send("cd");
      w.run();
    }
    assertEquals(origin.requests[0]!.content, "ababab");
    assertEquals(client.responses.whole[0]!.content, "cdcdcd");
  }),
);

test(
  "early response: one that the client takes late is not followed by another",
  scene(
    web(),
    (w) => {
      w.origin("s1", () => null);
      const client = w.client();
      client.stall();
      client.request("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
      w.run();
      client.send("zz\r\n");
      w.run();
      client.send("what is this\r\n".repeat(20)).fin();
      w.run();
      client.read();
      w.run();
      assertEquals(client.responses.whole.map(status), [400]);
      assertEquals(client.responses.rest, "");
      assertEquals(w.records.length, 1);
    },
    { capacity: 64 },
  ),
);

test("a client that leaves takes its request along", async () => {
  const stages: [string, (w: Scene) => void, string][] = [
    ["connecting", (w) => w.network.answer(s1, "silence"), "CC--"],
    ["waiting for the answer", (w) => void w.origin("s1", () => null), "CH--"],
    ["in the answer", (w) => void w.origin("s1", () => response("x").slice(0, -1)), "CD--"],
  ];
  for (const [name, prepare, termination] of stages) {
    await scene(web(), (w) => {
      prepare(w);
      const client = w.client().request(request("/"));
      w.run();
      client.reset();
      w.run();
      assertEquals(w.termination, termination, name);
      assertEquals(w.records[0]!.status, termination === "CD--" ? 200 : -1);
    })();
  }
});

test(
  "the log tells the first cause: not that the client then left without the rest",
  scene(
    web(),
    (w) => {
      const s1 = w.origin("s1", (_request, connection) => {
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + "x".repeat(200));
        return null;
      });
      const client = w.client();
      client.stall();
      client.request(request("/"));
      w.run();
      s1.connections[0]!.reset();
      w.run();
      assertEquals(w.records, []);
      client.reset();
      w.run();
      assertEquals(w.termination, "SD--");
    },
    { capacity: 64 },
  ),
);
