/** `maxconn` of a frontend and of the process: who comes too early waits, and nobody is refused. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, type Scene, scene, server, web } from "./harness.ts";
import { request } from "#src/simulate/message.ts";

const other = (maxconn: number | null) =>
  web({
    name: "other",
    bind: [{ address: { kind: "ip", host: "10.0.0.1", port: 81 } }],
    servers: [server("s2")],
    maxconn,
  });

function crowd(w: Scene, count: number, port = 80): Client[] {
  const clients = Array.from(
    { length: count },
    () => w.client(undefined, port).request(request("/")),
  );
  w.run();
  return clients;
}

const served = (clients: Client[]) =>
  clients.filter(({ responses }) => responses.whole.length > 0).length;

test(
  "maxconn of a frontend: the next is let in as one leaves, in order",
  scene(
    web({ maxconn: 3 }),
    (w) => {
      w.origin("s1");
      const clients = crowd(w, 8);
      assertEquals(served(clients), 3);
      assertEquals(clients.map(({ isOver, hasEnded }) => isOver || hasEnded), Array(8).fill(false));
      for (let i = 0; i < 5; i++) {
        clients[i]!.close();
        w.run();
        assertEquals(served(clients), 4 + i);
        assertEquals(clients[3 + i]!.responses.whole.length, 1);
      }
      assertEquals(Math.max(...w.records.map(({ feconn }) => feconn)), 3);
    },
  ),
);

test(
  "maxconn of the process: frontends share it, and each goes on when there is room",
  scene(
    [web(), other(2)],
    (w) => {
      w.origin("s1");
      w.origin("s2");
      const first = crowd(w, 3);
      const second = crowd(w, 4, 81);
      assertEquals([served(first), served(second)], [3, 1]);
      first[0]!.close();
      w.run();
      assertEquals([served(first), served(second)], [3, 2]);
      first[1]!.close();
      w.run();
      // The second frontend is at its own limit.
      assertEquals([served(first), served(second)], [3, 2]);
      const more = crowd(w, 3);
      assertEquals(served(more), 1);
      for (const client of [...first, ...second.slice(0, 2)]) client.close();
      w.run();
      assertEquals(served(second) + served(more), 6);
      assertEquals(Math.max(...w.records.map(({ actconn }) => actconn)), 4);
    },
    { maxconn: 4 },
  ),
);

test(
  "maxconn: whoever gives up before being let in leaves no trace",
  scene(
    web({ maxconn: 1 }),
    (w) => {
      w.origin("s1");
      const clients = crowd(w, 5);
      clients[1]!.reset();
      clients[2]!.reset();
      w.run();
      clients[0]!.close();
      w.run();
      assertEquals(clients.map(({ responses }) => responses.whole.length), [1, 0, 0, 1, 0]);
      clients[3]!.close();
      w.run();
      assertEquals(clients[4]!.responses.whole.length, 1);
    },
  ),
);

test("maxconn: held at every moment, everyone served, whoever comes and goes", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.tuple(fc.constantFrom("come", "come", "leave", "give up"), fc.nat(50)), {
        maxLength: 60,
      }),
      async (maxconn, acts) => {
        await scene([web({ maxconn }), other(null)], (w) => {
          w.origin("s1");
          w.origin("s2");
          const here: Client[] = [];
          for (const [act, which] of acts) {
            if (act === "come") {
              here.push(w.client(undefined, 80 + which % 2).request(request("/")));
              if (which % 3 > 0) continue; // several at once
            } else {
              const [client] = here.splice(which % (here.length || 1), 1);
              if (act === "leave") client?.close();
              else client?.reset();
            }
            w.run();
          }
          for (let i = 0; i <= acts.length; i++) {
            w.run();
            const done = here.findIndex(({ responses }) => responses.whole.length > 0);
            if (done >= 0) here.splice(done, 1)[0]!.close();
          }
          assertEquals(here.length, 0, "somebody was never served");
          for (const { feconn, actconn, frontend } of w.records) {
            assert(actconn <= 5 && (frontend === "other" || feconn <= maxconn));
          }
        }, { maxconn: 5 })();
      },
    ),
    { numRuns: 60 },
  ));

test(
  "rate-limit sessions: so many a second are let in, and the rest in time, in order",
  scene(
    web({ rateLimitSessions: 5 }),
    (w) => {
      w.origin("s1");
      const clients = crowd(w, 12);
      assertEquals(served(clients), 5);
      w.advance(900);
      assert(served(clients) < 10, `${served(clients)} within a second`);
      w.advance(2200);
      assertEquals(served(clients), 12);
      assertEquals(clients.filter(({ broke }) => broke !== null), []);
    },
  ),
);
