/** `option abortonclose`: who hung up is not served; without it, who half-closed is. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Client, type Scene, scene, server, settle, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, status, target } from "#src/simulate/message.ts";

const one = (abortonclose: boolean) =>
  web({ abortonclose, servers: [server("s1", { maxconn: 1 })] });

/** Three clients, of which the first is served; the second sends `texts`, and then ends. */
function queued(w: Scene, ...texts: string[]): Client {
  w.client().request(request("/first"));
  w.run();
  const client = w.client().request(...texts);
  w.run();
  client.fin();
  w.client().request(request("/last"));
  w.run();
  return client;
}

test("abortonclose: who ends leaves the queue at once", () =>
  scene(one(true), (w) => {
    const s1 = holding(w.origin("s1"));
    const client = queued(w, request("/x"));
    assert(client.hasEnded);
    assertEquals([client.received, w.termination, w.records[0]!.status], ["", "CQ--", -1]);
    s1.finish();
    w.run();
    assertEquals(s1.requests.map(target), ["/first", "/last"]);
    assertEquals(w.records[1]!.backendQueue, 0);
  })());

test("no abortonclose: who ends is served, all of its requests", () =>
  scene(one(false), (w) => {
    const s1 = holding(w.origin("s1"));
    const client = queued(w, request("/x"), request("/y"));
    for (let i = 0; i < 4; i++) {
      s1.finish();
      w.run();
    }
    assertEquals(client.responses.whole.length, 2);
    assertEquals(w.records.map(({ termination }) => termination), ["----", "----", "----", "----"]);
  })());

test("abortonclose: who ends is heard of behind a second request, too", () =>
  scene(one(true), (w) => {
    holding(w.origin("s1"));
    const client = queued(w, request("/x"), request("/y"));
    assert(client.hasEnded);
    assertEquals(w.termination, "CQ--");
  })());

test("abortonclose: who ended unheard, its socket being paused, is asked for when its turn comes", () =>
  scene(one(true), (w) => {
    const s1 = holding(w.origin("s1"));
    const client = queued(w, request("/x", "x".repeat(20_000)));
    assert(!client.hasEnded);
    s1.finish();
    w.run();
    assert(client.hasEnded);
    assertEquals(s1.requests.map(target), ["/first", "/last"]);
    // The slot is passed on before the one who had it is logged.
    assertEquals(w.records.map(({ termination }) => termination), ["CQ--", "----"]);
  })());

test("abortonclose: a long queue of clients that left costs one turn", () =>
  scene(one(true), (w) => {
    const s1 = holding(w.origin("s1"));
    w.client().request(request("/first"));
    w.run();
    const gone = Array.from({ length: 300 }, () => {
      return w.client().request(request("/x", "x".repeat(20_000)));
    });
    w.run();
    for (const client of gone) client.fin();
    w.client().request(request("/last"));
    w.run();
    s1.finish();
    w.run();
    assertEquals(s1.requests.map(target), ["/first", "/last"]);
  })());

test("abortonclose: between two attempts", () =>
  scene(web({ abortonclose: true }), (w) => {
    const client = w.client().request(request("/x"));
    w.advance(100);
    client.fin();
    w.run();
    assert(client.hasEnded);
    assertEquals([w.termination, w.records[0]!.retries], ["CC--", 1]);
  })());

test("abortonclose: while the server works, but not within its response", () =>
  scene(web({ abortonclose: true }), (w) => {
    const s1 = w.origin("s1", () => null);
    const early = w.client().request(request("/early"));
    const late = w.client().request(request("/late"));
    w.run();
    early.fin();
    w.run();
    assertEquals(early.responses.whole.map(status), [400]);
    assertEquals([w.termination, s1.open], ["CH--", 1]);
    const connection = s1.connections.find(({ isOver }) => !isOver)!;
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
    w.run();
    late.fin();
    w.run();
    connection.send("k");
    w.run();
    assertEquals(late.responses.whole.map(status), [200]);
  })());

for (const abortonclose of [true, false]) {
  test(`tcp, abortonclose ${abortonclose}: in the queue`, () =>
    scene(
      web({
        mode: "tcp",
        logFormat: "tcplog",
        abortonclose,
        servers: [server("s1", { maxconn: 1 })],
      }),
      async (w) => {
        const s1 = w.origin("s1");
        const first = w.client();
        await settle(w);
        const silent = w.client();
        const spoke = w.client().send("hello");
        const much = w.client().send("x".repeat(30_000));
        await settle(w);
        for (const client of [silent, spoke, much]) client.fin();
        await settle(w);
        // Who neither said anything nor will is gone in any case, as in HAProxy.
        assert(silent.hasEnded);
        assertEquals([spoke.hasEnded, much.hasEnded], [abortonclose, false]);
        first.reset();
        await settle(w);
        if (abortonclose) assert(much.hasEnded);
        const got = s1.connections.slice(1).map(({ received }) => received);
        const wanted = abortonclose ? [] : ["hello", "x".repeat(30_000)];
        assertEquals(got, wanted);
        const lost = abortonclose ? ["CQ--", "CQ--", "CD--", "CQ--"] : ["CQ--", "CD--"];
        assertEquals(w.records.map(({ termination }) => termination).slice(0, lost.length), lost);
      },
    )());
}

test("abortonclose: who ended unheard before the next attempt is asked for, too", () =>
  scene(web({ abortonclose: true }), (w) => {
    const client = w.client().request(request("/x", "x".repeat(20_000)));
    w.advance(100);
    client.fin();
    const s1 = w.origin("s1");
    w.advance(1100);
    assert(client.hasEnded);
    assertEquals([w.termination, s1.connections.length], ["CC--", 0]);
  })());
