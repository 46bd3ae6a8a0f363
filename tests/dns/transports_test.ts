/** Name servers over the memory network, and over the wire. */
import { assert, assertEquals } from "@std/assert";
import { createSocket } from "node:dgram";
import { createServer, type Server as TcpServer, type Socket as NodeSocket } from "node:net";
import { idOf } from "#src/dns/message.ts";
import { encodeQuery } from "#src/dns/message.ts";
import { nameserversOver } from "#src/dns/transports.ts";
import { networkOfRuntime } from "#src/process/runtime.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { systemClock, virtualClock } from "#src/time/clock.ts";
import { freshAddress } from "../binary.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { respond, type Zone } from "./zone.ts";

const query = (id: number) => encodeQuery(id, "a.test", "A", 512)!;
const zone: Zone = { "a.test": ["A 10.0.0.1"] };
const at = { kind: "ip", host: "10.0.0.53", port: 53 } as const;

function framed(message: Uint8Array): Uint8Array {
  return Uint8Array.from([message.length >> 8, message.length & 255, ...message]);
}

/** A network with a name server whose responses over TCP come `step` bytes at a time. */
function memory(step: number) {
  const network = memoryNetwork({ segment: step });
  const clock = virtualClock();
  const seen: string[] = [];
  network.receiveDatagrams(at, (bytes, answer) => {
    seen.push(`udp ${idOf(bytes)}`);
    answer(respond(zone, bytes)!);
  });
  let input: number[] = [];
  const listener = network.listen(at, {}, () => {
    seen.push("connected");
    input = [];
    return {
      opened() {},
      data(socket, bytes) {
        input.push(...bytes);
        for (let end = 0; input.length >= 2;) {
          end = 2 + (input[0]! << 8 | input[1]!);
          if (input.length < end) break;
          const message = Uint8Array.from(input.splice(0, end).slice(2));
          seen.push(`tcp ${idOf(message)}`);
          const bytes = framed(respond(zone, message)!);
          socket.write(bytes, 0, bytes.length);
        }
      },
      drain() {},
      ended: (socket) => socket.close(),
      closed() {},
    };
  });
  return { network, clock, seen, listener };
}

test("over UDP, and again over TCP; one connection for several queries, closed when idle", () => {
  for (const step of [1, 7, 1000]) {
    const { network, clock, seen } = memory(step);
    const received: number[] = [];
    const open = nameserversOver(network, clock);
    const transport = open({ ...at, transport: "udp" }, (bytes) => received.push(idOf(bytes)));
    assert(transport.send(query(1)));
    network.run();
    const failed: number[] = [];
    transport.sendAgain!(query(2), () => failed.push(2));
    transport.sendAgain!(query(3), () => failed.push(3));
    network.run();
    assertEquals(received, [1, 2, 3]);
    assertEquals(seen, ["udp 1", "connected", "tcp 2", "tcp 3"]);
    assertEquals(network.openSockets, 2);
    clock.advance(5000);
    network.run();
    assertEquals([network.openSockets, failed], [0, []]);
    transport.close();
    assert(!transport.send(query(4)));
  }
});

test("over TCP alone: a new connection when the last one is gone", () => {
  const { network, clock, seen, listener } = memory(1000);
  const received: number[] = [];
  const open = nameserversOver(network, clock);
  const transport = open({ ...at, transport: "tcp" }, (bytes) => received.push(idOf(bytes)));
  assertEquals(transport.sendAgain, null);
  transport.send(query(1));
  network.run();
  clock.advance(6000);
  network.run();
  transport.send(query(2));
  network.run();
  assertEquals([received, seen.filter((each) => each === "connected").length], [[1, 2], 2]);
  listener.close();
  clock.advance(6000);
  network.run();
  transport.send(query(3));
  network.run();
  assertEquals(received, [1, 2]);
  transport.close();
  assertEquals([network.openSockets, clock.next()], [0, Infinity]);
});

test("what is asked again where nobody listens fails at once", () => {
  const network = memoryNetwork();
  const clock = virtualClock();
  const transport = nameserversOver(network, clock)({ ...at, transport: "udp" }, () => {});
  const failed: number[] = [];
  transport.sendAgain!(query(2), () => failed.push(2));
  network.run();
  assertEquals(failed, [2]);
  transport.close();
  assertEquals(clock.next(), Infinity);
});

test("on the wire: datagrams of the name server alone, and TCP", async () => {
  const network = await networkOfRuntime();
  for (const host of [freshAddress(), "::1"]) {
    const type = host === "::1" ? "udp6" : "udp4";
    const server = createSocket(type);
    const other = createSocket(type);
    const tcp = await listen(host);
    const { port } = tcp.address() as { port: number };
    await new Promise<void>((resolve) => server.bind(port, host, () => resolve()));
    server.on("message", (bytes: Uint8Array, from: { address: string; port: number }) => {
      // First from elsewhere: that must not count.
      const forged = respond({ "a.test": ["A 10.6.6.6"] }, bytes)!;
      other.send(forged, from.port, from.address, () => {
        server.send(respond(zone, bytes)!, from.port, from.address);
      });
    });
    const received: Uint8Array[] = [];
    const address = { transport: "udp", host, port } as const;
    const transport = nameserversOver(network, systemClock)(
      address,
      (bytes) => received.push(bytes.slice()),
    );
    transport.send(query(1));
    await until(() => received.length === 1, "the response");
    transport.sendAgain!(query(2), () => {});
    await until(() => received.length === 2, "the response over TCP");
    assertEquals(received.map((bytes) => [idOf(bytes), ...bytes.slice(-4)]), [
      [1, 10, 0, 0, 1],
      [2, 10, 0, 0, 1],
    ]);
    transport.close();
    transport.close();
    server.close();
    other.close();
    await new Promise<void>((resolve) => tcp.close(() => resolve()));
  }
});

test("on the wire: a name server that is not there does no harm, and is heard when it comes", async () => {
  const network = await networkOfRuntime();
  const host = freshAddress();
  const gone = createSocket("udp4");
  await new Promise<void>((resolve) => gone.bind(0, host, () => resolve()));
  const { port } = gone.address();
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const address = { transport: "udp", host, port } as const;
  const received: number[] = [];
  const transport = nameserversOver(network, systemClock)(
    address,
    (bytes) => received.push(idOf(bytes)),
  );
  let failed = false;
  for (let i = 0; i < 3; i++) {
    assert(transport.send(query(i)));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  transport.sendAgain!(query(9), () => failed = true);
  await until(() => failed, "the failure");
  const server = createSocket("udp4");
  server.on("message", (bytes: Uint8Array, from: { address: string; port: number }) => {
    server.send(respond(zone, bytes)!, from.port, from.address);
  });
  await new Promise<void>((resolve) => server.bind(port, host, () => resolve()));
  transport.send(query(10));
  await until(() => received.includes(10), "the response");
  transport.close();
  server.close();
});

function listen(host: string): Promise<TcpServer> {
  const server = createServer((socket: NodeSocket) => {
    socket.on("data", (bytes: Uint8Array) => socket.write(framed(respond(zone, bytes.slice(2))!)));
    socket.on("error", () => {});
  });
  return new Promise((resolve) => server.listen(0, host, () => resolve(server)));
}
