import { assertEquals } from "@std/assert";
import { request } from "#src/simulate/message.ts";
import { ServerAddress } from "#src/proxy/server-address.ts";
import { createMemory, openMemory } from "#src/shared/memory.ts";
import { test } from "../testing.ts";
import { scene, server, web } from "./harness.ts";

const client = {
  clientPort: 8080,
  addresses: {
    remoteAddress: "192.0.2.1",
    remotePort: 4000,
    localAddress: "198.51.100.7",
    localPort: 8080,
  },
};
const ip = (host: string, port: number | null, portOffset = 0) =>
  ({ kind: "ip", host, port, portOffset }) as const;

test("server address: every thread sees what one sets", () => {
  const memory = createMemory(2, 0);
  const mine = new ServerAddress(memory, ip("a.test", 80));
  const other = new ServerAddress(openMemory(memory.blocks, 2, 1), ip("a.test", 80));
  assertEquals([other.host, other.fixed], [null, null]);
  assertEquals(other.for(client), { kind: "ip", host: "0.0.0.0", port: 0 });
  for (const host of ["192.0.2.255", "2001:db8::ff", "10.0.0.1"]) {
    mine.set(host, { port: 65535, portOffset: 0 });
    assertEquals(other.fixed, { kind: "ip", host, port: 65535 });
    assertEquals(other.version, mine.version);
  }
  mine.set("10.0.0.1", { port: null, portOffset: -80 });
  assertEquals([other.fixed, other.for(client)], [null, ip2("10.0.0.1", 8000)]);
  mine.set(null, { port: 80, portOffset: 0 });
  assertEquals([other.host, other.fixed], [null, null]);
});
const ip2 = (host: string, port: number) => ({ kind: "ip", host, port }) as const;

test("server address: 0.0.0.0 and :: are what the client connected to", () => {
  const at = (host: string, port: number | null, offset = 0) =>
    new ServerAddress(createMemory(1, 0), ip(host, port, offset)).for(client);
  assertEquals(at("0.0.0.0", 9900), ip2("198.51.100.7", 9900));
  assertEquals(at("::", null, 5), ip2("198.51.100.7", 8085));
  const local = { ...client, addresses: { ...client.addresses, localAddress: "" } };
  const other = new ServerAddress(createMemory(1, 0), ip("0.0.0.0", 1)).for(local);
  assertEquals(other, ip2("0.0.0.0", 1));
});

test("server address: a client that was redirected is served where it wanted to", () => {
  const originalDestination = () => ({ host: "203.0.113.5", port: 443 });
  const redirected = { ...client, addresses: { ...client.addresses, originalDestination } };
  const at = (host: string, port: number | null, offset = 0) =>
    new ServerAddress(createMemory(1, 0), ip(host, port, offset)).for(redirected);
  assertEquals(at("0.0.0.0", null), ip2("203.0.113.5", 443));
  assertEquals(at("0.0.0.0", 80), ip2("203.0.113.5", 80));
  assertEquals(at("10.0.0.1", null, 1000), ip2("10.0.0.1", 1443));
  assertEquals(at("10.0.0.1", 80), ip2("10.0.0.1", 80));
});

test("server address: a unix socket never changes", () => {
  const unix = { kind: "unix", path: "/run/s" } as const;
  const address = new ServerAddress(createMemory(1, 0), unix);
  address.set("10.0.0.1", { port: 1, portOffset: 0 });
  assertEquals([address.fixed, address.host, address.version], [unix, null, 0]);
});

const anywhere = {
  ...server("s1"),
  address: { kind: "ip", host: "0.0.0.0", port: 9900 },
} as const;

test(
  "a server at 0.0.0.0: the connection goes where the client wanted to",
  scene(web({ servers: [anywhere] }), (w) => {
    w.network.listen({ kind: "ip", host: "10.0.0.1", port: 9900 }, {}, () => ({
      opened() {},
      data(socket) {
        const response = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere";
        const bytes = new TextEncoder().encode(response);
        socket.write(bytes, 0, bytes.length);
      },
      drain() {},
      ended: (socket) => socket.close(),
      closed() {},
    }));
    const client = w.client().request(request("/", null));
    w.run();
    assertEquals(client.responses.whole[0]?.content, "here");
    client.close();
    w.run();
  }),
);
