/** `option redispatch` with an interval: which retries go to another server. */
import { assertEquals } from "@std/assert";
import { field, request } from "#src/simulate/message.ts";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";

/** After so many ms a client that has the cookie of a dead server is served by another. */
const cases = [
  { redispatchAfter: -1, retries: 3, served: 2000 },
  { redispatchAfter: 1, retries: 3, served: 0 },
  { redispatchAfter: 2, retries: 3, served: 1000 },
  { redispatchAfter: -2, retries: 3, served: 1000 },
];

for (const { redispatchAfter, retries, served } of cases) {
  test(
    `redispatch ${redispatchAfter}: served by another after ${served} ms`,
    scene(
      web({
        servers: [server("s1", { cookie: "A" }), server("s2", { cookie: "B" })],
        cookie: { name: "C", mode: "insert" },
        redispatch: true,
        redispatchAfter,
        retries,
      }),
      (w) => {
        w.origin("s2");
        const client = w.client().send(request("/", null, "Cookie: C=A"));
        w.advance(Math.max(0, served - 1));
        assertEquals(client.responses.whole.length, served === 0 ? 1 : 0);
        w.advance(20);
        const [answer] = client.responses.whole;
        assertEquals([answer?.content, field(answer!, "Set-Cookie")], ["s2", "C=B; path=/"]);
      },
    ),
  );
}
