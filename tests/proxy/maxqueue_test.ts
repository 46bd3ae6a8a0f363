/** `maxqueue`: how many may wait for one server in particular. */
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request, status, target } from "#src/simulate/message.ts";

const settings = { maxconn: 1, maxqueue: 1 };
const sticky = (redispatch: boolean) =>
  web({
    redispatch,
    cookie: { name: "C", mode: "insert", indirect: true },
    servers: [
      server("s1", { ...settings, cookie: "a" }),
      server("s2", { maxconn: 1, cookie: "b" }),
    ],
  });

for (const redispatch of [false, true]) {
  test(`maxqueue: the client of a cookie, redispatch ${redispatch}`, () =>
    scene(sticky(redispatch), (w) => {
      const s1 = holding(w.origin("s1"));
      const s2 = holding(w.origin("s2"));
      const clients = [0, 1, 2, 3].map((i) => {
        const client = w.client().request(request(`/${i}`, null, "Cookie: C=a"));
        w.run();
        return client;
      });
      if (!redispatch) {
        assertEquals(clients.map(({ responses }) => responses.whole.map(status)), [
          [],
          [],
          [503],
          [503],
        ]);
        assertEquals([w.termination, w.records[0]!.server], ["SQVN", "s1"]);
        return;
      }
      assertEquals([s1.requests, s2.requests].map((all) => all.map(target)), [["/0"], ["/2"]]);
      // The fourth waits for whichever is free first.
      s2.finish();
      w.run();
      assertEquals(s2.requests.map(target), ["/2", "/3"]);
      s2.finish();
      w.run();
      assertEquals(w.records.map(({ termination, redispatched }) => [termination, redispatched]), [
        ["--DI", true],
        ["--DI", true],
      ]);
      s1.finish();
      w.run();
      assertEquals(s1.requests.map(target), ["/0", "/1"]);
    })());
}

test("maxqueue: leastconn fills the servers' queues before the common one", () =>
  scene(
    web({ balance: "leastconn", servers: [server("s1", settings), server("s2", settings)] }),
    (w) => {
      holding(w.origin("s1"));
      holding(w.origin("s2"));
      const clients = Array.from({ length: 6 }, (_, i) => {
        const client = w.client().request(request(`/${i}`));
        w.run();
        return client;
      });
      for (const client of clients.slice(2)) client.reset();
      w.run();
      const places = w.records.map(({ srvQueue, backendQueue }) => [srvQueue, backendQueue]);
      assertEquals(places, [[1, 0], [1, 0], [0, 1], [0, 1]]);
    },
  )());
