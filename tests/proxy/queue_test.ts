/** A server's `maxconn`, and the queues before it. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { type Client, scene, server, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, status, target } from "#src/simulate/message.ts";

const contents = (clients: Client[]) => clients.map(({ responses }) => responses.whole[0]?.content);

test(
  "maxconn: what is over it waits, and is served in order",
  scene(
    web({ servers: [server("s1", { maxconn: 2 })] }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      const clients = Array.from({ length: 6 }, (_, i) => {
        const client = w.client().request(request(`/${i}`));
        w.run();
        return client;
      });
      assertEquals(s1.requests.map(target), ["/0", "/1"]);
      for (let i = 0; i < 6; i++) {
        s1.finish();
        w.run();
      }
      assertEquals(s1.requests.map(target), ["/0", "/1", "/2", "/3", "/4", "/5"]);
      assertEquals(contents(clients).length, 6);
      assertEquals([s1.most, s1.mostOpen], [2, 2]);
      assertEquals(w.records.map(({ backendQueue }) => backendQueue), [0, 0, 1, 2, 3, 4]);
      assertEquals(w.records.map(({ srvQueue }) => srvQueue), [0, 0, 0, 0, 0, 0]);
    },
  ),
);

test(
  "maxconn: counts requests, not the clients that hold connections",
  scene(
    web({ servers: [server("s1", { maxconn: 1 })] }),
    (w) => {
      const s1 = w.origin("s1");
      const clients = Array.from({ length: 5 }, () => w.client());
      for (const client of [...clients, ...clients]) {
        client.request(request("/"));
        w.run();
      }
      assertEquals(clients.map(({ responses }) => responses.whole.length), [2, 2, 2, 2, 2]);
      assertEquals(s1.mostOpen, 1);
    },
  ),
);

test(
  "maxconn: an idle connection makes room for one that may not be reused",
  scene(
    web({ servers: [server("s1", { maxconn: 2 })] }),
    (w) => {
      const s1 = w.origin("s1");
      for (let i = 0; i < 6; i++) {
        w.advance(1100); // Too long ago for what cannot be sent again.
        w.client().request(i % 2 === 0 ? request("/") : request("/", "content"));
        w.run();
      }
      assertEquals(s1.requests.length, 6);
      assertEquals(s1.mostOpen, 2);
    },
  ),
);

test(
  "maxconn: the place of a client that gives up goes to the next",
  scene(
    web({ servers: [server("s1", { maxconn: 1 })] }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      const clients = [0, 1, 2, 3].map((i) => {
        const client = w.client().request(request(`/${i}`));
        w.run();
        return client;
      });
      clients[1]!.reset();
      w.run();
      assertEquals(w.termination, "CQ--");
      clients[0]!.reset();
      w.run();
      assertEquals(s1.requests.map(target), ["/0", "/2"]);
      s1.finish();
      w.run();
      assertEquals(s1.requests.map(target), ["/0", "/2", "/3"]);
      assertEquals(s1.most, 1);
    },
  ),
);

test(
  "maxconn: any free server takes from the backend's queue, in the order of arrival",
  scene(
    web({ servers: [server("s1", { maxconn: 1 }), server("s2", { maxconn: 2, weight: 2 })] }),
    (w) => {
      const origins = [holding(w.origin("s1")), holding(w.origin("s2"))] as const;
      for (let i = 0; i < 9; i++) {
        w.client().request(request(`/${i}`));
        w.run();
      }
      assertEquals(origins.map(({ inHand }) => inHand), [1, 2]);
      const seen = () => origins.flatMap(({ requests }) => requests.map(target)).length;
      assertEquals(seen(), 3);
      for (let i = 3; i < 9; i++) {
        const busy = origins[i % 2]!.inHand > 0 ? origins[i % 2]! : origins[(i + 1) % 2]!;
        busy.finish();
        w.run();
        assertEquals(busy.requests.map(target).at(-1), `/${i}`);
      }
      assertEquals(origins.map(({ most }) => most), [1, 2]);
    },
  ),
);

test(
  "maxconn: a cookie's clients wait for their own server, first come first served",
  scene(
    web({
      cookie: { name: "C", mode: "insert" },
      servers: [
        server("s1", { maxconn: 1, cookie: "a" }),
        server("s2", { maxconn: 1, cookie: "b" }),
      ],
    }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      const s2 = holding(w.origin("s2"));
      const ask = (path: string, cookie: string | null) => {
        w.client().request(request(path, null, ...cookie === null ? [] : [`Cookie: C=${cookie}`]));
        w.advance(1);
      };
      ask("/a1", "a");
      ask("/b1", "b");
      ask("/any1", null);
      ask("/a2", "a");
      ask("/any2", null);
      assertEquals([s1.requests.length, s2.requests.length], [1, 1]);
      for (let i = 0; i < 2; i++) {
        s1.finish();
        w.run();
      }
      assertEquals(s1.requests.map(target), ["/a1", "/any1", "/a2"]);
      s1.finish();
      w.run();
      assertEquals(s1.requests.map(target), ["/a1", "/any1", "/a2", "/any2"]);
      assertEquals(s2.requests.map(target), ["/b1"]);
      assertEquals(w.records.map(({ srvQueue, backendQueue }) => [srvQueue, backendQueue]), [
        [0, 0],
        [0, 1],
        [1, 0],
      ]);
    },
  ),
);

const mortal = (redispatch: boolean) =>
  web({
    cookie: { name: "C", mode: "insert" },
    redispatch,
    timeout: { connect: 4000, client: 30_000, server: 20_000, queue: 10_000 },
    servers: [
      server("s1", { maxconn: 1, cookie: "a", check: true, inter: 1000, fall: 1, rise: 1 }),
      server("s2", { cookie: "b" }),
    ],
  });

test(
  "the queue of a server that goes down: with redispatch, to the others",
  scene(
    mortal(true),
    (w) => {
      const s1 = holding(w.origin("s1"));
      w.origin("s2");
      const clients = [0, 1, 2].map((i) => {
        const client = w.client().request(request(`/${i}`, null, "Cookie: C=a"));
        w.run();
        return client;
      });
      s1.stop();
      w.advance(2100);
      assertEquals(contents(clients), [undefined, "s2", "s2"]);
      for (const { termination, server, redispatched, retries, srvQueue } of w.records) {
        assertEquals([termination, server, redispatched, retries], ["--DI", "s2", true, 0]);
        assert(srvQueue > 0);
      }
      assert(w.events.some(({ text }) => text.includes("2 requeued, 0 remaining in queue")));
      // Who is being served stays.
      s1.finish();
      w.run();
      assertEquals(clients[0]!.responses.whole.length, 1);
    },
  ),
);

test(
  "the queue of a server that goes down: without redispatch it waits",
  scene(
    mortal(false),
    (w) => {
      const s1 = holding(w.origin("s1"));
      w.origin("s2");
      const clients = [0, 1].map((i) => {
        const client = w.client().request(request(`/${i}`, null, "Cookie: C=a"));
        w.run();
        return client;
      });
      s1.stop();
      w.advance(10_100);
      assertEquals(clients[1]!.responses.whole.map(status), [503]);
      const { termination, server, srvQueue } = w.records[0]!;
      assertEquals([termination, server, srvQueue], ["sQVN", "s1", 1]);
    },
  ),
);

test(
  "a server that comes back to a long queue is not overrun",
  scene(
    web({
      timeout: { connect: 4000, client: 60_000, server: 60_000, queue: 60_000 },
      servers: [
        server("s1", { maxconn: 3, check: true, inter: 1000, fall: 1, rise: 1 }),
        server("s2", { maxconn: 1 }),
      ],
    }),
    (w) => {
      const s2 = holding(w.origin("s2"));
      const s1 = holding(w.origin("s1"));
      s1.stop();
      w.advance(2100);
      for (let i = 0; i < 20; i++) w.client().request(request(`/${i}`));
      w.advance(10);
      assertEquals([s1.inHand, s2.inHand], [0, 1]);
      s1.listen();
      w.advance(2100);
      assertEquals([s1.inHand, s2.inHand], [3, 1]);
      while (s1.inHand + s2.inHand > 0) {
        if (s1.inHand > 0) s1.finish();
        else s2.finish();
        w.run();
      }
      assertEquals([s1.most, s2.most], [3, 1]);
      assertEquals(s1.requests.length + s2.requests.length, 20);
    },
  ),
);

test(
  "when the last main server falls, the backups take who waits",
  scene(
    web({
      servers: [
        server("s1", { maxconn: 1, check: true, inter: 1000, fall: 1 }),
        server("s2", { backup: true, maxconn: 1 }),
      ],
    }),
    (w) => {
      const s1 = holding(w.origin("s1"));
      const s2 = holding(w.origin("s2"));
      for (const path of ["/1", "/2", "/3"]) {
        w.client().request(request(path));
        w.run();
      }
      s1.stop();
      w.advance(2100);
      assertEquals([s1, s2].map(({ requests }) => requests.map(target)), [["/1"], ["/2"]]);
      s2.finish();
      w.run();
      assertEquals(s2.requests.map(target), ["/2", "/3"]);
    },
  ),
);
