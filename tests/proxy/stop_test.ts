/** An instance ends at once and whole: the harness sees to it that no socket and no timer is left. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as v from "valibot";
import { Configuration } from "#src/config/model.ts";
import type { ProxyLog } from "#src/log/proxy-log.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { SocketError } from "#src/net/socket.ts";
import { startProxies } from "#src/proxy/instance.ts";
import { virtualClock } from "#src/time/clock.ts";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";
import { request, response } from "#src/simulate/message.ts";

const silentLog: ProxyLog = {
  logsSessions: () => false,
  logsConnections: () => false,
  session() {},
  connection() {},
  event() {},
};

test(
  "stop: in the midst of everything",
  scene(
    web({
      maxconn: 8,
      servers: [
        server("s1", { maxconn: 2, check: true }),
        server("s2", { disabled: true }),
      ],
    }),
    (w) => {
      const s1 = w.origin("s1", () => null);
      const idle = w.client();
      const inHead = w.client().send("GET / HT");
      const inContent = w.client().request(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
      );
      const inResponse = w.client().request(request("/"));
      w.run();
      s1.connections.at(-1)!.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab");
      const queued = [1, 2, 3].map(() => w.client().request(request("/")));
      const all = [idle, inHead, inContent, inResponse, ...queued];
      w.advance(100);
      const outside = [1, 2, 3].map(() => w.client().request(request("/")));
      w.run();
      w.instance.stop();
      w.run();
      for (const client of [...all, ...outside]) assert(client.hasEnded || client.broke !== null);
      assertEquals(s1.open, 0);
      w.advance(60_000);
      assertEquals(s1.connections.length, 2 + 1, "a request went on after the stop");
    },
  ),
);

test(
  "stop: nobody is accepted any more",
  scene(web(), (w) => {
    w.origin("s1", () => response());
    w.instance.stop();
    const client = w.client();
    w.run();
    assertEquals(client.broke, "ECONNREFUSED");
  }),
);

test("start: an address in use leaves nothing running", () => {
  const network = memoryNetwork();
  const clock = virtualClock();
  const bind = (port: number) => ({ address: { kind: "ip", host: "10.0.0.1", port } as const });
  const configuration = v.parse(Configuration, {
    proxies: [
      web({ bind: [bind(80), bind(81)] }),
      web({ name: "again", bind: [bind(82), bind(81)] }),
    ],
  });
  const deps = { network, clock, log: silentLog, maxconn: 10 };
  assertThrows(() => startProxies(configuration, deps), SocketError);
  // All addresses are free again.
  for (const port of [80, 81, 82]) {
    network.listen(bind(port).address, {}, () => ({} as never)).close();
  }
});
