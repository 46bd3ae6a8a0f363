/** A server's `maxconn` under any sequence of events. */
import { assert } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { type Client, scene, server, web } from "./harness.ts";
import { holding } from "./holding.ts";
import { request } from "#src/simulate/message.ts";

interface Event {
  readonly act: "ask" | "ask with cookie" | "finish" | "leave" | "wait" | "refuse" | "accept";
  readonly which: number;
}

const event: fc.Arbitrary<Event> = fc.record({
  act: fc.constantFrom(
    "ask",
    "ask",
    "ask with cookie",
    "finish",
    "leave",
    "wait",
    "refuse",
    "accept",
  ),
  which: fc.nat(100),
});

test("maxconn holds at every instant, and nobody is forgotten", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 5, maxLength: 60 }),
      fc.constantFrom("roundrobin", "leastconn", "source"),
      fc.boolean(),
      async (events, balance, redispatch) => {
        const limits = [1, 2];
        await scene(
          web({
            balance,
            redispatch,
            cookie: { name: "C", mode: "insert" },
            timeout: { connect: 1000, client: 30_000, server: 30_000, queue: 20_000 },
            servers: limits.map((maxconn, i) =>
              server(`s${i + 1}`, {
                maxconn,
                cookie: `${i + 1}`,
                check: i > 0,
                inter: 700,
                rise: 1,
              })
            ),
          }),
          (w) => {
            const origins = [holding(w.origin("s1")), holding(w.origin("s2"))];
            const clients: Client[] = [];
            for (const { act, which } of events) {
              const origin = origins[which % 2]!;
              if (act.startsWith("ask")) {
                const fields = act === "ask" ? [] : [`Cookie: C=${which % 2 + 1}`];
                const content = which % 3 === 0 ? "x" : null;
                clients.push(w.client().request(request("/", content, ...fields)));
              } else if (act === "leave") clients[which % (clients.length || 1)]?.reset();
              else if (act === "finish" && origin.inHand > 0) origin.finish();
              else if (act === "refuse") origin.stop();
              else if (act === "accept") {
                origin.stop();
                origin.listen();
              } else if (act === "wait") w.advance(which * 10);
              w.run();
            }
            // A check's connection says nothing, and is not the proxy's load.
            for (const [i, { most }] of origins.entries()) assert(most <= limits[i]!, `${most}`);
            assert(origins[0]!.mostOpen <= limits[0]!, "idle connections count, too");
            for (let i = 0; i < 60; i++) {
              w.advance(1000);
              for (const origin of origins) while (origin.inHand > 0) origin.finish();
            }
            for (const client of clients) {
              assert(client.isOver || client.responses.whole.length === 1, "somebody still waits");
            }
          },
        )();
      },
    ),
    { numRuns: 60 },
  ));
