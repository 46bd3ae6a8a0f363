/** A connection that waits for its PROXY header, where what shall follow fails. */
import { assertEquals, assertThrows } from "@std/assert";
import { ProxyHeaderReader } from "#src/proxy/proxy-header.ts";
import type { Frontend } from "#src/proxy/frontend.ts";
import type { Socket } from "#src/net/socket.ts";
import { latin1 } from "#src/simulate/latin1.ts";
import { test } from "../testing.ts";

test("proxy header: a session that cannot begin is counted out, once", () => {
  const told: string[] = [];
  const frontend = {
    runtime: {
      wheel: { set() {}, remove: () => told.push("timer removed") },
      clock: { now: () => 0, wall: () => 0 },
      log: { event() {} },
    },
    idleTimeout: () => null,
    timeouts: { client: null },
    config: { name: "web", dontlognull: false },
    sessionEnded: () => told.push("counted out"),
  } as unknown as Frontend;
  const own = { remoteAddress: "10.0.0.9", remotePort: 9, localAddress: "10.0.0.1", localPort: 80 };
  const socket = {} as Socket;
  const leave = () => told.push("left the list");
  const reader = new ProxyHeaderReader(socket, frontend, own, "1", leave, () => {
    throw new Error("no session");
  });
  const header = latin1("PROXY TCP4 10.0.0.9 10.0.0.1 9 80\r\nGET / HTTP/1.1\r\n");
  assertThrows(() => reader.data(socket, header));
  // As an engine does with the socket of an owner that has thrown.
  reader.closed();
  reader.closed();
  assertEquals(told, ["timer removed", "counted out"]);
});
