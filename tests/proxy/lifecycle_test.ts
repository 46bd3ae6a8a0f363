/** Pause, resume and soft-stop of an instance, on a network and a clock of the test's own. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SocketError } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { type Scene, scene, server, settle, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";

const bind = (port: number) => ({ address: { kind: "ip", host: "10.0.0.1", port } as const });

/** A keep-alive client with one response behind it. */
function served(w: Scene, port = 80) {
  const client = w.client("10.9.9.9", port).request(request("/"));
  w.run();
  assertEquals(client.responses.whole.length, 1);
  return client;
}

/** Begins the soft-stop. @returns tells whether it has come to its end */
function finish(w: Scene): () => Promise<boolean> {
  let over = false;
  void w.instance.finish().then(() => over = true);
  return async () => {
    await settle(w);
    return over;
  };
}

const texts = (w: Scene) => w.events.map(({ level, text }) => `${level}: ${text}`);

test(
  "pause: nobody new, while who is there goes on; resume: as before; each twice is harmless",
  scene(web(), (w) => {
    w.origin("s1");
    const there = served(w);
    w.instance.pause();
    w.instance.pause();
    w.run();
    const refused = w.client();
    w.run();
    assertEquals(refused.broke, "ECONNREFUSED");
    there.request(request("/2"));
    w.run();
    assertEquals(there.responses.whole.length, 2);
    w.instance.resume();
    w.instance.resume();
    served(w);
    there.request(request("/3"));
    w.run();
    assertEquals(there.responses.whole.length, 3);
    assertEquals(texts(w), ["warning: Paused proxy web.", "warning: Resumed proxy web."]);
  }),
);

test(
  "pause: who waits in the accept queue, for maxconn is reached, is served in his turn",
  scene(web({ maxconn: 1 }), (w) => {
    w.origin("s1");
    const there = served(w);
    const waiting = [1, 2].map(() => w.client().request(request("/")));
    w.run();
    w.instance.pause();
    there.close();
    w.run();
    for (const client of waiting) {
      assertEquals(client.responses.whole.length, 1);
      client.close();
      w.run();
    }
    // Admission would have the listeners accept again, but they are released.
    const refused = w.client();
    w.run();
    assertEquals(refused.broke, "ECONNREFUSED");
    w.instance.resume();
    served(w);
  }),
);

test(
  "resume: a port that another has by now is told; the other proxies go on, and so does the next try",
  scene(
    [web({ bind: [bind(80), bind(81)] }), web({ name: "other", bind: [bind(90)] })],
    (w) => {
      w.origin("s1");
      w.instance.pause();
      const another = w.network.listen(bind(81).address, {}, () => ({} as never));
      assertThrows(() => w.instance.resume(), SocketError, "in use");
      served(w, 90);
      const client = w.client();
      w.run();
      assertEquals(client.broke, "ECONNREFUSED", "all ports of a proxy, or none");
      assert(
        texts(w).some((text) =>
          /^warning: Cannot resume proxy web: .*10\.0\.0\.1 port 81 is in use/.test(text)
        ),
      );
      another.close();
      w.instance.resume();
      served(w, 80);
      served(w, 81);
    },
  ),
);

test(
  "one proxy pauses and resumes by its name, and the other knows nothing of it",
  scene([web(), web({ name: "other", bind: [bind(90)] })], (w) => {
    w.origin("s1");
    w.instance.pauseProxy("other");
    const refused = w.client("10.9.9.9", 90);
    w.run();
    assertEquals(refused.broke, "ECONNREFUSED");
    served(w);
    w.instance.resumeProxy("other");
    served(w, 90);
    assertThrows(() => w.instance.pauseProxy("toher"), Error, "no proxy that listens is named");
  }),
);

test(
  "soft-stop: the next response closes, and says so; the instance ends with the last session",
  scene(web(), async (w) => {
    w.origin("s1");
    const client = served(w);
    const over = finish(w);
    const refused = w.client();
    w.run();
    assertEquals(refused.broke, "ECONNREFUSED");
    assertEquals(await over(), false);
    w.advance(1500);
    client.request(request("/2"));
    w.run();
    const second = client.responses.whole[1]!;
    assert(second.fields.includes("Connection: close"), second.fields.join());
    assert(client.hasEnded);
    client.close();
    assertEquals(await over(), true);
    w.instance.stop();
  }),
);

test(
  "soft-stop: a kept-alive connection without a request is closed after 2 s, or its shorter time-out",
  scene(
    [
      web(),
      web({ name: "brief", bind: [bind(81)], timeout: { client: 9000, httpKeepAlive: 500 } }),
      web({ name: "none", bind: [bind(82)], timeout: {} }),
    ],
    async (w) => {
      w.origin("s1");
      const long = served(w);
      const brief = served(w, 81);
      const none = served(w, 82);
      w.advance(300);
      const over = finish(w);
      w.advance(150);
      assert(!brief.hasEnded);
      w.advance(100);
      assert(brief.hasEnded, "500 ms after its response");
      w.advance(1700);
      assert(!long.hasEnded && !none.hasEnded);
      assertEquals(await over(), false);
      w.advance(100);
      assert(long.hasEnded && none.hasEnded);
      assertEquals(await over(), true);
      w.instance.stop();
    },
  ),
);

test(
  "soft-stop: a connection that has not yet asked has 2 s, and gets no answer to a question never put",
  scene(web(), async (w) => {
    w.origin("s1");
    const [silent, late] = [w.client(), w.client()];
    w.run();
    const over = finish(w);
    w.advance(1900);
    late.request(request("/"));
    w.run();
    assertEquals(late.responses.whole.length, 1);
    w.advance(200);
    assertEquals([silent.hasEnded, silent.received], [true, ""]);
    assertEquals(w.termination, "KR--");
    late.close();
    assertEquals(await over(), true);
    w.instance.stop();
  }),
);

test(
  "soft-stop: a request that comes in the moment of closing is served",
  scene(web(), async (w) => {
    w.origin("s1");
    const client = served(w);
    const over = finish(w);
    // The time-out is due within the next tick of the wheel, which is 16 ms.
    for (let ms = 0; ms < 2000; ms++) w.advance(1);
    client.request(request("/2"));
    w.run();
    assertEquals(client.responses.whole.length, 2);
    client.close();
    assertEquals(await over(), true);
    w.instance.stop();
  }),
);

test(
  "soft-stop: what has begun is served to its end: a head, content, a response, who waits in a queue",
  scene(
    web({ maxconn: 20, servers: [server("s1", { maxconn: 1 })], timeout: { client: 60_000 } }),
    async (w) => {
      const s1 = w.origin("s1", ({ line }) => line.includes("/slow") ? null : response("ok"));
      const slow = w.client().request(request("/slow"));
      w.run();
      const head = w.client().send("GET /head HT");
      const content = w.client().request(
        "POST /content HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab",
      );
      const queued = w.client().request(request("/queued"));
      w.run();
      const over = finish(w);
      w.advance(10_000);
      assertEquals(await over(), false);
      head.methods.push("GET");
      head.send("TP/1.1\r\nHost: a\r\n\r\n");
      content.send("cd");
      w.run();
      s1.connections[0]!.send(response("slow"));
      w.run();
      for (const client of [slow, head, content, queued]) {
        assertEquals(client.responses.whole.length, 1);
        assert(client.responses.whole[0]!.fields.includes("Connection: close"));
        client.close();
      }
      assertEquals(await over(), true);
      w.instance.stop();
      w.run();
      assertEquals(s1.open, 0);
    },
  ),
);

test(
  "soft-stop: who was accepted beyond maxconn, or waits in the accept queue, is served",
  scene(
    web({ maxconn: 1 }),
    async (w) => {
      let hold = true;
      const s1 = w.origin("s1", () => hold ? null : response("ok"));
      const clients = [1, 2, 3, 4, 5].map(() => w.client().request(request("/")));
      w.run();
      const over = finish(w);
      await settle(w);
      hold = false;
      s1.connections[0]!.send(response("ok"));
      w.run();
      for (const client of clients) {
        assertEquals(client.responses.whole.length, 1);
        client.close();
        w.run();
      }
      assertEquals(await over(), true);
      w.instance.stop();
    },
  ),
);

test(
  "soft-stop: TCP sessions go on until they end",
  scene(
    web({ mode: "tcp", logFormat: "tcplog", timeout: { client: 600_000, server: 600_000 } }),
    async (w) => {
      const s1 = w.origin("s1", () => null);
      const client = w.client().send("hello");
      await settle(w);
      const over = finish(w);
      w.advance(60_000);
      s1.connections[0]!.send("and bye");
      w.run();
      assertEquals(client.received, "and bye");
      assertEquals(await over(), false);
      client.close();
      assertEquals(await over(), true);
      assertEquals(w.termination, "----");
      w.instance.stop();
    },
  ),
);

test(
  "soft-stop: a proxy with grace goes on fully until that has passed; others stop at once",
  scene([web(), web({ name: "graceful", bind: [bind(81)], grace: 3000 })], async (w) => {
    w.origin("s1");
    const over = finish(w);
    const refused = w.client();
    w.run();
    assertEquals(refused.broke, "ECONNREFUSED");
    const client = served(w, 81);
    w.advance(2500);
    client.request(request("/2"));
    w.run();
    assert(!client.responses.whole[1]!.fields.includes("Connection: close"));
    assertEquals(await over(), false);
    w.advance(500);
    const late = w.client("10.9.9.9", 81);
    w.run();
    assertEquals(late.broke, "ECONNREFUSED");
    client.request(request("/3"));
    w.run();
    assert(client.responses.whole[2]!.fields.includes("Connection: close"));
    client.close();
    assertEquals(await over(), true);
    assertEquals(texts(w), [
      "warning: Proxy web stopped (cumulated conns: FE: 0, BE: 0).",
      "warning: Proxy graceful stopped (cumulated conns: FE: 1, BE: 2).",
    ]);
    w.instance.stop();
  }),
);

test(
  "soft-stop: while paused, and with nobody there, it ends at once; twice is once",
  scene(web(), async (w) => {
    w.origin("s1");
    served(w).close();
    w.instance.pause();
    const over = finish(w);
    assertEquals(w.instance.finish(), w.instance.finish());
    w.instance.resume();
    w.instance.pause();
    assertEquals(await over(), true);
    w.instance.stop();
  }),
);

test(
  "soft-stop: the checks go on until the end",
  scene(
    web({ servers: [server("s1", { check: true, inter: 1000 })], timeout: { client: 60_000 } }),
    async (w) => {
      const s1 = w.origin("s1", () => null);
      const client = w.client().request(request("/"));
      w.advance(100);
      const over = finish(w);
      const before = s1.connections.length;
      w.advance(5000);
      assert(s1.connections.length >= before + 4, `${s1.connections.length - before} checks`);
      client.reset();
      assertEquals(await over(), true);
      w.instance.stop();
    },
  ),
);

test(
  "soft-stop: stop() in its midst ends it",
  scene([web(), web({ name: "graceful", bind: [bind(81)], grace: 3000 })], async (w) => {
    w.origin("s1", () => null);
    const client = w.client().request(request("/"));
    w.run();
    const over = finish(w);
    w.instance.stop();
    assertEquals(await over(), true);
    assert(client.hasEnded || client.broke !== null);
    // And afterwards it has nothing to do, nor to wait for: the scene would find a timer left.
    await w.instance.finish();
  }),
);

test(
  "hard-stop-after: what is left then is closed, and the log says so",
  scene(
    web({ timeout: {} }),
    async (w) => {
      w.origin("s1", () => null);
      const clients = [1, 2].map(() => w.client().request(request("/")));
      w.run();
      const over = finish(w);
      w.advance(4900);
      assertEquals(await over(), false);
      w.advance(100);
      assertEquals(await over(), true);
      for (const client of clients) assert(client.hasEnded || client.broke !== null);
      assertEquals(texts(w).at(-1), "warning: Proxy web hard-stopped (2 conns will be closed).");
      w.instance.stop();
    },
    { hardStopAfter: 5000 },
  ),
);

test(
  "report: every server and proxy, with what is there and what there was",
  scene(
    [
      web({
        servers: [
          server("s1", { maxconn: 1 }),
          server("s2", { disabled: true }),
          server("s3", { backup: true }),
        ],
      }),
      web({ name: "relay", bind: [], servers: [server("s4", { backup: true })] }),
      web({ name: "off", bind: [bind(82)], servers: [server("s5", { disabled: true })] }),
      web({ name: "none", bind: [bind(83)], servers: [] }),
    ],
    (w) => {
      let hold = false;
      w.origin("s1", () => hold ? null : response("ok"));
      const client = served(w).request(request("/2"));
      w.run();
      client.close();
      w.run();
      hold = true;
      w.client().request(request("/3"));
      w.run();
      w.client().request(request("/4"));
      w.run();
      const lines = [
        "SIGHUP: Server web/s1 is UP. Conn: 1 act, 0 pend, 3 tot.",
        "SIGHUP: Server web/s2 is DOWN. Conn: 0 act, 0 pend, 0 tot.",
        "SIGHUP: Server web/s3 is UP. Conn: 0 act, 0 pend, 0 tot.",
        "SIGHUP: Proxy web has 1 active servers and 1 backup servers available. " +
        "Conn: act(FE+BE): 2+2, 1 pend (1 unass), tot(FE+BE): 3+4.",
        "SIGHUP: Server relay/s4 is UP. Conn: 0 act, 0 pend, 0 tot.",
        "SIGHUP: Proxy relay is running on backup servers ! " +
        "Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
        "SIGHUP: Server off/s5 is DOWN. Conn: 0 act, 0 pend, 0 tot.",
        "SIGHUP: Proxy off has no server available ! " +
        "Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
        "SIGHUP: Proxy none has no servers. " +
        "Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0.",
      ];
      assertEquals(w.instance.report(), ["SIGHUP received, dumping servers states.", ...lines]);
      const logged = w.events.filter(({ level }) => level === "notice").map(({ text }) => text);
      assertEquals(logged.filter((text) => text.startsWith("SIGHUP: ")), lines);
      assertEquals(logged[0], "SIGHUP received, dumping servers states for proxy web.");
    },
  ),
);
