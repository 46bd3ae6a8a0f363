/** What the kernel says of clients that it has not redirected: nothing, or where they are. */
import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { networkOfRuntime } from "#src/process/runtime.ts";
import type { Socket } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";

test("a client that was not redirected: where it connected to counts", async () => {
  const network = await networkOfRuntime();
  for (const host of ["127.0.0.1", "::1"]) {
    let accepted = null as Socket | null;
    const listener = network.listen({ kind: "ip", host, port: 0 }, {}, (socket) => {
      accepted = socket;
      return { opened() {}, data() {}, drain() {}, ended() {}, closed() {} };
    });
    const { endpoint } = listener;
    assert(endpoint.kind === "ip");
    const client = connect({ host, port: endpoint.port });
    await until(() => accepted !== null, "the connection");
    const found = accepted!.originalDestination?.() ?? null;
    // With connection tracking it is in the kernel's table as it is.
    if (found !== null) {
      assertEquals([found.host, found.port], [host, endpoint.port]);
    }
    accepted!.close();
    client.destroy();
    listener.close();
  }
});
