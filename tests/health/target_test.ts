import { Proxy, type ServerAddress } from "#src/config/model.ts";
import { checkTarget } from "#src/health/target.ts";
import { assertEquals } from "@std/assert";
import * as v from "valibot";
import { test } from "../testing.ts";

const web: ServerAddress = { kind: "ip", host: "192.168.1.11", port: 80, portOffset: 0 };

/** The target of a check of a server with these settings, in a proxy with those. */
function targetOf(server: object, proxy: object = {}, address = web, addr: string | null = null) {
  const parsed = v.parse(Proxy, {
    name: "webfarm",
    kind: "listen",
    servers: [{ name: "webA", address, ...server }],
    ...proxy,
  });
  return checkTarget(parsed, parsed.servers[0]!, address, addr);
}

test("target: where the traffic goes, unless `addr` or `port` say otherwise", () => {
  const ip = (host: string, port: number) => ({ kind: "ip" as const, host, port });
  assertEquals(targetOf({})?.endpoint, ip("192.168.1.11", 80));
  assertEquals(targetOf({ port: 81 })?.endpoint, ip("192.168.1.11", 81));
  assertEquals(targetOf({}, {}, web, "10.0.0.1")?.endpoint, ip("10.0.0.1", 80));
  assertEquals(targetOf({ port: 81 }, {}, web, "10.0.0.1")?.endpoint, ip("10.0.0.1", 81));
  const unix: ServerAddress = { kind: "unix", path: "/run/web.sock" };
  assertEquals(targetOf({}, {}, unix)?.endpoint, unix);
});

test("target: a server without a port is checked on the first listener's", () => {
  const portless: ServerAddress = { ...web, port: null, portOffset: 1000 };
  const bind = [
    { address: { kind: "unix", path: "/run/in.sock" } },
    { address: { kind: "ip", host: "*", port: 8080 } },
    { address: { kind: "ip", host: "*", port: 8081 } },
  ];
  assertEquals(targetOf({}, { bind }, portless)?.endpoint, {
    kind: "ip",
    host: "192.168.1.11",
    port: 8080,
  });
  // "bind :3389,:1494,:5900" is three listeners: its first port counts, unless `port` is given.
  const several = [3389, 1494, 5900].map((port) => ({ address: { kind: "ip", host: "*", port } }));
  const portOf = (server: object) => {
    const endpoint = targetOf(server, { bind: several }, portless)?.endpoint;
    return endpoint?.kind === "ip" ? endpoint.port : null;
  };
  assertEquals([portOf({}), portOf({ port: 81 }), portOf({ addr: "10.0.0.1" })], [3389, 81, 3389]);
  assertEquals(targetOf({}, { bind: [] }, portless), null);
});

test("target: checks leave by the server's source, else the proxy's, from any port", () => {
  const source = { host: "192.168.1.5", port: 4000 };
  assertEquals(targetOf({})?.options, {});
  assertEquals(targetOf({}, { source })?.options, { source: { host: "192.168.1.5", port: 0 } });
  assertEquals(targetOf({ source: { host: "192.168.1.6" } }, { source })?.options, {
    source: { host: "192.168.1.6", port: 0 },
  });
});

test("target: the PROXY header goes where the traffic goes, or where it is asked for", () => {
  const header = (server: object) => targetOf(server)?.proxyHeader;
  assertEquals(header({}), null);
  for (const sendProxy of ["v1", "v2"]) {
    assertEquals(header({ sendProxy }), sendProxy);
    for (const elsewhere of [{ port: 81 }, { addr: "10.0.0.1" }, { port: 80 }]) {
      assertEquals(header({ sendProxy, ...elsewhere }), null);
      assertEquals(header({ sendProxy, ...elsewhere, checkSendProxy: true }), sendProxy);
    }
  }
  assertEquals(header({ checkSendProxy: true }), "v1");
  assertEquals(header({ checkSendProxy: true, port: 81 }), "v1");
});

test("target: time-outs come from the server's `inter` and the proxy's", () => {
  assertEquals(targetOf({ inter: 700 })?.timeouts, { connect: 700, answer: null });
  assertEquals(targetOf({ inter: 700 }, { timeout: { connect: 400, check: 900 } })?.timeouts, {
    connect: 400,
    answer: 900,
  });
});
