/** Content that passes from socket to socket unseen, as far as it can be told from outside. */
import { assert, assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { scene, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";

const large = "x".repeat(300_000);

for (const after of ["another response", "a byte", "nothing"] as const) {
  test(
    `splice: a server that sends ${after} behind a large response`,
    scene(web(), (w) => {
      const more = { "another response": response("evil"), "a byte": "\n", nothing: "" }[after];
      const s1 = w.origin("s1", () => s1.connections.length === 1 ? response(large) + more : "");
      const client = w.client().request(request("/1"), request("/2"));
      w.run();
      assertEquals(s1.requests.length, 2);
      assert(client.received.length >= large.length);
      assert(!client.received.includes("evil"), "what nobody asked for is no answer");
      // Only a connection that is in step serves the next request.
      assertEquals(s1.connections.length, after === "nothing" ? 1 : 2);
    }),
  );
}
