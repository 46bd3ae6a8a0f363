/** `source`: the local address and port of connections to servers. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createMemory } from "#src/shared/memory.ts";
import { SourcePorts } from "#src/proxy/source-ports.ts";
import { test } from "../testing.ts";
import { type Origin, type Scene, scene, server, settle, web } from "./harness.ts";
import { request, response, status } from "#src/simulate/message.ts";

const from = (port: number, lastPort: number | null = null) => ({
  host: "10.0.2.1",
  port,
  lastPort,
});

/** Where the origin's connections come from. */
const sources = ({ connections }: Origin) =>
  connections.map(({ socket }) => `${socket.remoteAddress}:${socket.remotePort}`);

/** A request that its server does not answer yet. */
function begin(w: Scene, text = request("/")) {
  const client = w.client().request(text);
  w.run();
  return client;
}

/** What the backend complains of. */
const complaint = { level: "err", text: "Connect() failed for backend web: no free ports." };

test("source: an address for each server, and for all of a proxy", async () => {
  const addresses = Array.from({ length: 8 }, (_, i) => `10.0.2.${i + 1}`);
  const servers = addresses.map((host, i) => ({
    ...server("s1", { source: { host } }),
    name: `from${i + 1}`,
  }));
  await scene(web({ mode: "tcp", logFormat: "tcplog", servers }), async (w) => {
    const s1 = w.origin("s1", () => null);
    for (let i = 0; i < 16; i++) {
      w.client();
      await settle(w);
    }
    const found = s1.connections.map(({ socket }) => socket.remoteAddress);
    assertEquals(found, [...addresses, ...addresses]);
  })();
  await scene(web({ source: { host: "10.0.2.9" } }), (w) => {
    const s1 = w.origin("s1");
    begin(w);
    assertEquals(s1.connections.map(({ socket }) => socket.remoteAddress), ["10.0.2.9"]);
  })();
});

test(
  "source range: each connection has a port of its own; none free is a 503, and one given back serves",
  scene(
    web({ retries: 2, servers: [server("s1", { source: from(5000, 5002) })] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      const held = [begin(w), begin(w), begin(w)];
      assertEquals(sources(s1), ["10.0.2.1:5000", "10.0.2.1:5001", "10.0.2.1:5002"]);
      const refused = begin(w);
      w.advance(16);
      assertEquals(refused.responses.whole.map(status), [503]);
      const { termination, retries, timeConnect } = w.records[0]!;
      assertEquals([termination, retries, timeConnect], ["SC--", 2, -1]);
      assertEquals(w.events, [complaint]);
      held[1]!.reset();
      w.run();
      begin(w);
      assertEquals(sources(s1).at(-1), "10.0.2.1:5001");
    },
  ),
);

test(
  "source range: the port that has been free for longest is next",
  scene(
    web({ connection: "close", servers: [server("s1", { source: from(5000, 5002) })] }),
    (w) => {
      const s1 = w.origin("s1");
      for (let i = 0; i < 5; i++) begin(w);
      assertEquals(sources(s1).map((text) => Number(text.slice(-4))), [
        5000,
        5001,
        5002,
        5000,
        5001,
      ]);
    },
  ),
);

test(
  "source port: one connection at a time, which requests share",
  scene(
    web({ httpReuse: "always", servers: [server("s1", { source: from(5000) })] }),
    (w) => {
      const s1 = w.origin("s1");
      for (let i = 0; i < 3; i++) assertEquals(begin(w).responses.whole.map(status), [200]);
      assertEquals(sources(s1), ["10.0.2.1:5000"]);
      // Too old for what cannot be sent again: it makes room for another.
      w.advance(1500);
      assertEquals(begin(w, request("/", "content")).responses.whole.map(status), [200]);
      assertEquals(sources(s1), ["10.0.2.1:5000", "10.0.2.1:5000"]);
      assertEquals([s1.open, w.events.length], [1, 0]);
    },
  ),
);

test(
  "source port: with redispatch who finds none free goes to another server",
  scene(
    web({
      redispatch: true,
      balance: "source",
      servers: ["s1", "s2"].map((name) => server(name, { source: from(5000) })),
    }),
    (w) => {
      const origins = [w.origin("s1", () => null), w.origin("s2", () => null)];
      const counts = () => origins.map(({ connections }) => connections.length);
      begin(w);
      const own = counts()[0] === 1 ? 0 : 1;
      origins[1 - own]!.answer = () => response("other");
      const second = begin(w);
      w.advance(16);
      assertEquals(counts(), [1, 1]);
      assertEquals(second.responses.whole.map(({ content }) => content), ["other"]);
      const { redispatched, retries, termination } = w.records[0]!;
      assertEquals([redispatched, retries, termination], [true, 3, "----"]);
      origins[1 - own]!.answer = () => null;
      second.request(request("/"));
      w.advance(16);
      const third = begin(w);
      w.advance(48);
      assertEquals(third.responses.whole.map(status), [503]);
    },
  ),
);

test(
  "source range: ports that others hold are passed over, and given up when none is left",
  scene(
    web({ servers: [server("s1", { source: from(5000, 5003) })] }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      const held = new Set([5000, 5001]);
      const nowhere = { kind: "ip", host: "10.0.1.99", port: 80 } as const;
      const { connect } = w.network;
      const tried: number[] = [];
      Object.assign(w.network, {
        connect(...[to, options, events]: Parameters<typeof connect>) {
          const { port = 0 } = options.source ?? {};
          if (port > 0) tried.push(port);
          return connect(held.has(port) ? nowhere : to, options, events);
        },
      });
      w.network.answer(nowhere, "EADDRINUSE");
      begin(w);
      assertEquals([tried.splice(0), sources(s1)], [[5000, 5001, 5002], ["10.0.2.1:5002"]]);
      begin(w);
      assertEquals([tried.splice(0), sources(s1).at(-1)], [[5003], "10.0.2.1:5003"]);
      w.network.answer(nowhere, "EADDRNOTAVAIL");
      const client = begin(w);
      w.advance(16);
      assertEquals(client.responses.whole.map(status), [503]);
      assertEquals([tried.splice(0), w.events], [[5000, 5001, 5000, 5001], [complaint]]);
      held.clear();
      begin(w);
      assertEquals(tried, [5000]);
    },
  ),
);

test(
  "source port: who fails for want of one lets the next in the queue fail in its own time",
  scene(
    web({
      retries: 0,
      servers: [
        server("s1", { source: from(5000), maxconn: 2 }),
      ],
    }),
    (w) => {
      w.origin("s1", () => null);
      begin(w);
      const waiting = Array.from({ length: 40 }, () => begin(w));
      w.advance(40 * 16 + 16);
      assertEquals(
        waiting.map(({ responses }) => responses.whole.map(status)),
        Array(40).fill([503]),
      );
    },
  ),
);

test(
  "source port: who leaves while there is none leaves nothing behind",
  scene(
    web({ servers: [server("s1", { source: from(5000) })] }),
    (w) => {
      w.origin("s1", () => null);
      begin(w);
      const client = begin(w);
      client.reset();
      w.advance(100);
      assertEquals(w.termination, "CC--");
      assertEquals(w.events, []);
    },
  ),
);

test("source port in tcp: ended without a word, and logged", async () => {
  const relay = web({
    mode: "tcp",
    logFormat: "tcplog",
    servers: [server("s1", { source: from(5000) })],
  });
  await scene(relay, async (w) => {
    const s1 = w.origin("s1", () => null);
    const first = w.client();
    await settle(w);
    const second = w.client();
    await settle(w);
    w.advance(16);
    assert(second.hasEnded || second.broke !== null);
    assertEquals([w.termination, s1.connections.length], ["SC--", 1]);
    first.close();
    await settle(w);
    w.client().send("x");
    await settle(w);
    assertEquals(sources(s1), ["10.0.2.1:5000", "10.0.2.1:5000"]);
  })();
});

test("source ports: each is out once at most, and all come round", () => {
  const acts = fc.array(fc.boolean(), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65500 }), fc.nat(20), acts, (first, more, acts) => {
      const last = first + more;
      const ports = new SourcePorts(createMemory(1, 0), first, last);
      const out: number[] = [];
      for (const take of acts) {
        if (take) {
          const port = ports.acquire();
          assertEquals(port === 0, out.length === more + 1);
          if (port === 0) continue;
          assert(port >= first && port <= last && !out.includes(port), String(port));
          out.push(port);
        } else if (out.length > 0) {
          ports.release(out.splice(out.length >> 1, 1)[0]!);
        }
      }
      for (const port of out) ports.release(port);
      const round = Array.from({ length: more + 1 }, () => ports.acquire());
      const all = Array.from({ length: more + 1 }, (_, i) => first + i);
      assertEquals(round.toSorted((a, b) => a - b), all);
      assertEquals(ports.acquire(), 0);
    }),
  );
});
