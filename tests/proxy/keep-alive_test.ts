/** Persistent connections with clients (RFC 9112, chapter 9), and every request for itself. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Origin, scene, server, web } from "./harness.ts";
import { field, request, response, status } from "#src/simulate/message.ts";

const two = { servers: [server("s1"), server("s2")] };

test(
  "keep-alive: each request of a connection is balanced and logged for itself",
  scene(
    web(two),
    (w) => {
      w.origin("s1");
      w.origin("s2");
      const client = w.client();
      for (const path of ["/a", "/b", "/c"]) {
        client.request(request(path));
        w.run();
      }
      assertEquals(client.responses.whole.map(({ content }) => content), ["s1", "s2", "s1"]);
      assertEquals(w.records.map(({ server }) => server), ["s1", "s2", "s1"]);
      assertEquals(w.records.map(({ requestLine }) => requestLine), [
        "GET /a HTTP/1.1",
        "GET /b HTTP/1.1",
        "GET /c HTTP/1.1",
      ]);
      assert(!client.hasEnded);
    },
  ),
);

test(
  "keep-alive: what came, and what went, is what passes",
  scene(web(), (w) => {
    const text = response("x", 200, "Content-length: 1", "x-ODD:  spaced ", "X-odd: again");
    const s1 = w.origin("s1", () => text);
    const asked = "GET /%7e?q HTTP/1.1\r\nhOST: a\r\nX-A:\tb \r\nx-a: c\r\n\r\n";
    const client = w.client().request(asked);
    w.run();
    assertEquals(s1.connections[0]!.received, asked);
    assertEquals(client.received, text);
    assertEquals(w.records[0]!.bytes, text.length);
  }),
);

for (const connection of ["keep-alive", "server-close", "close"] as const) {
  for (const asked of [request("/"), request("/", null, "Connection: close")]) {
    const clientCloses = connection === "close" || asked.includes("close");
    const serverCloses = connection !== "keep-alive";
    const name = `${connection}, ${asked.includes("close") ? "close" : "nothing"} asked for`;
    test(
      `keep-alive: which connections end (${name})`,
      scene(web({ connection }), (w) => {
        const s1 = w.origin("s1");
        const client = w.client().request(asked);
        w.run();
        const [answer] = client.responses.whole;
        assertEquals(client.hasEnded, clientCloses);
        assertEquals(field(answer!, "connection"), clientCloses ? "close" : null);
        assertEquals(s1.open, serverCloses ? 0 : 1);
        assertEquals(field(s1.requests[0]!, "connection"), serverCloses ? "close" : null);
      }),
    );
  }
}

test(
  "keep-alive: a server that closes takes only its own connection along",
  scene(web(), (w) => {
    const s1 = w.origin("s1", (_request, connection) => {
      connection.send(response("bye", 200, "Connection: close"));
      connection.fin();
      return null;
    });
    const client = w.client();
    for (let i = 0; i < 3; i++) {
      client.request(request("/"));
      w.run();
    }
    assertEquals(client.responses.whole.map(({ content }) => content), ["bye", "bye", "bye"]);
    assertEquals(s1.connections.length, 3);
    assertEquals(client.responses.whole.map((message) => field(message, "connection")), [
      null,
      null,
      null,
    ]);
  }),
);

test(
  "HTTP/1.0: closes after the response, unless keep-alive is asked for",
  scene(web(), (w) => {
    w.origin("s1");
    const plain = w.client().request("GET / HTTP/1.0\r\n\r\n");
    const kept = w.client().request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    w.run();
    assertEquals(plain.responses.whole.map(({ content }) => content), ["s1"]);
    assert(plain.hasEnded);
    assertEquals(kept.responses.whole.map(({ content }) => content), ["s1"]);
    assertEquals(field(kept.responses.whole[0]!, "connection"), "keep-alive");
    assert(!kept.hasEnded);
    kept.request("GET / HTTP/1.0\r\n\r\n");
    w.run();
    assertEquals(kept.responses.whole.length, 2);
    assert(kept.hasEnded);
  }),
);

test(
  "HTTP/1.0: a server's connection lives on only where the server says so",
  scene(web({ httpReuse: "always" }), (w) => {
    const old = (origin: Origin) => {
      const fields = origin.requests.length > 1 ? ["Connection: keep-alive"] : [];
      return response("x", 200, ...fields).replace("HTTP/1.1", "HTTP/1.0");
    };
    const s1 = w.origin("s1", (_request, _connection, origin) => old(origin));
    for (let i = 0; i < 3; i++) {
      w.client().request(request("/"));
      w.run();
    }
    // The first response was the last of its connection; the second kept its own for the third.
    assertEquals(s1.connections.map(({ isOver }) => isOver), [true, false]);
  }),
);

test(
  "a content until close ends the client's connection too, and is complete",
  scene(web(), (w) => {
    w.origin("s1", (_request, connection) => {
      connection.send("HTTP/1.1 200 OK\r\n\r\nall of it").fin();
      return null;
    });
    const client = w.client().request(request("/"));
    w.run();
    assert(client.hasEnded && client.broke === null);
    assertEquals(client.responses.whole.map(({ content }) => content), ["all of it"]);
    assertEquals(field(client.responses.whole[0]!, "connection"), "close");
    assertEquals(w.termination, "----");
  }),
);

test("pipelining: however requests are cut, the responses come in order", async () => {
  const paths = fc.array(
    fc.record({
      path: fc.nat(999).map((n) => `/${n}`),
      content: fc.option(fc.string({ maxLength: 50 }).map((s) => s.replace(/[^ -~]/g, "."))),
      chunks: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(
      paths,
      fc.infiniteStream(fc.integer({ min: 1, max: 120 })),
      fc.constantFrom(1, 7, 10_000),
      scenes,
    ),
    { numRuns: 60 },
  );
  async function scenes(
    asked: { path: string; content: string | null; chunks: boolean }[],
    cuts: Iterator<number>,
    segment: number,
  ): Promise<void> {
    await scene(web(two), (w) => {
      const answer = (m: { line: string; content: string }) =>
        response(`${m.line.split(" ")[1]}:${m.content}`);
      w.origin("s1", answer);
      w.origin("s2", answer);
      const text = asked.map(({ path, content, chunks }) =>
        content !== null && chunks
          ? `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n` +
            `${content === "" ? "" : `${content.length.toString(16)}\r\n${content}\r\n`}0\r\n\r\n`
          : request(path, content)
      ).join("");
      const client = w.client();
      for (let at = 0; at < text.length;) {
        const size = cuts.next().value as number;
        client.send(text.slice(at, at + size));
        at += size;
        w.run();
      }
      w.run();
      assertEquals(
        client.responses.whole.map(({ content }) => content),
        asked.map(({ path, content }) => `${path}:${content ?? ""}`),
      );
      assertEquals(w.records.length, asked.length);
    }, { segment })();
  }
});

test(
  "pipelining: a bad request behind a good one is refused after the good one's answer",
  scene(
    web(),
    (w) => {
      w.origin("s1");
      const client = w.client().send(request("/") + "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
      w.run();
      assertEquals(client.responses.whole.map(status), [200, 400]);
      assert(client.hasEnded);
      assertEquals(w.records.map(({ termination }) => termination), ["----", "PR--"]);
    },
  ),
);

test(
  "pipelining: nothing of a request is read after one that closes",
  scene(web(), (w) => {
    const s1 = w.origin("s1");
    const client = w.client().send(request("/", null, "Connection: close") + request("/never"));
    w.run();
    assertEquals(client.responses.whole.length, 1);
    assertEquals(s1.requests.length, 1);
    assert(client.hasEnded && client.broke === null);
  }),
);

test(
  "an idle client that leaves, or is left, is no event",
  scene(web(), (w) => {
    w.origin("s1");
    const client = w.client().request(request("/"));
    w.run();
    client.fin();
    w.run();
    assert(client.hasEnded);
    assertEquals(w.records.length, 1);
  }),
);

test(
  "a client that half-closes behind its requests still gets the answers",
  scene(web(), (w) => {
    w.origin("s1");
    const client = w.client().send(request("/a") + request("/b")).fin();
    w.run();
    assertEquals(client.responses.whole.length, 2);
    assert(client.hasEnded && client.broke === null);
  }),
);
