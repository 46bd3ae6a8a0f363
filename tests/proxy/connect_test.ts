/** Connections to servers that fail: retries, turn-around, redispatch (manual: "retries"). */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Answer, type Scene, scene, server, web } from "./harness.ts";
import { request, response, status } from "#src/simulate/message.ts";

const s1 = { kind: "ip", host: "10.0.1.1", port: 80 } as const;

const two = { servers: [server("s1"), server("s2")] };

function outcome(w: Scene) {
  const { server, retries, redispatched, termination, status } = w.records.at(-1)!;
  return [status, server, `${redispatched ? "+" : ""}${retries}`, termination];
}

test(
  "connect: without redispatch a request stays with its server",
  scene(
    web({ ...two, retries: 2 }),
    (w) => {
      w.origin("s2");
      const client = w.client().request(request("/"));
      w.advance(3000);
      assertEquals(client.responses.whole.map(status), [503]);
      assertEquals(outcome(w), [503, "s1", "2", "SC--"]);
      assert(!client.hasEnded);
    },
  ),
);

test(
  "connect: with redispatch and round robin it goes elsewhere at once",
  scene(
    web({ ...two, redispatch: true }),
    (w) => {
      w.origin("s2");
      const client = w.client().request(request("/"));
      w.run();
      assertEquals(client.responses.whole.map(({ content }) => content), ["s2"]);
      assertEquals(outcome(w), [200, "s2", "+1", "----"]);
    },
  ),
);

test(
  "connect: with redispatch, one that belongs to its server leaves it at the last retry",
  scene(
    web({ ...two, redispatch: true, retries: 3, balance: "source" }),
    (w) => {
      const answering: Answer = (_request, _connection, { name }) => response(name);
      w.origin("s1", answering);
      w.origin("s2", answering);
      const client = w.client().request(request("/"));
      w.run();
      const own = client.responses.whole[0]!.content;
      const [first, other] = own === "s1" ? ["s1", "s2"] : ["s2", "s1"];
      w.network.answer({ ...s1, host: `10.0.1.${first.slice(1)}` }, "ECONNREFUSED");
      w.advance(1100); // The idle connection is too old to carry a POST.
      client.request("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
      w.advance(1900);
      assertEquals(client.responses.whole.length, 1);
      w.advance(1200);
      assertEquals(client.responses.whole[1]!.content, other);
      assertEquals(outcome(w), [200, other, "+3", "----"]);
    },
  ),
);

test(
  "connect: redispatch to the same server, there being no other, waits its second",
  scene(
    web({ redispatch: true, retries: 2 }),
    (w) => {
      const client = w.client().request(request("/"));
      w.advance(1900);
      assertEquals(client.responses.whole.length, 0);
      w.advance(200);
      assertEquals(client.responses.whole.map(status), [503]);
      assertEquals(outcome(w), [503, "s1", "2", "SC--"]);
    },
  ),
);

test(
  "connect: a server that comes back in time serves the request",
  scene(web(), (w) => {
    const client = w.client().request(request("/", "content"));
    w.advance(1500);
    const origin = w.origin("s1");
    w.advance(600);
    assertEquals(client.responses.whole.map(({ content }) => content), ["s1"]);
    assertEquals(origin.requests[0]!.content, "content");
    assertEquals(outcome(w), [200, "s1", "2", "----"]);
  }),
);

test(
  "connect: retries 0 is one attempt",
  scene(web({ retries: 0 }), (w) => {
    const client = w.client().request(request("/"));
    w.run();
    assertEquals(client.responses.whole.map(status), [503]);
    assertEquals(outcome(w), [503, "s1", "0", "SC--"]);
  }),
);

test(
  "no server: 503 at once",
  scene(web({ servers: [server("s1", { disabled: true })] }), (w) => {
    w.origin("s1");
    const client = w.client().request(request("/"), request("/again"));
    w.run();
    assertEquals(client.responses.whole.map(status), [503, 503]);
    assertEquals(outcome(w), [503, "<NOSRV>", "0", "SC--"]);
    assertEquals(w.records[0]!.timeQueue, -1);
  }),
);
