/** Whom a network can reach and from where: IP versions, unix sockets, sources, descriptors. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { linkSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Endpoint, SocketError } from "#src/net/socket.ts";
import { until } from "../until.ts";
import type { End } from "./end.ts";
import { type NetworkSubject, portOf, scenes } from "./scene.ts";

/** Declares the cases for addresses. */
export function addressSuite(subject: NetworkSubject): void {
  const { can } = subject.network;
  const scene = scenes(subject);
  const ip6 = hasIp6(subject);

  scene("both ends know both addresses", async ({ pair }) => {
    const [{ socket: client }, { socket: server }] = await pair();
    assertEquals([client.remoteAddress, client.localAddress], ["127.0.0.1", "127.0.0.1"]);
    assertEquals([server.remoteAddress, server.localAddress], ["127.0.0.1", "127.0.0.1"]);
    assertEquals([client.remotePort, client.localPort], [server.localPort, server.remotePort]);
    assertNotEquals(client.localPort, 0);
  });

  scene("IPv6", async ({ pair }) => {
    const [client, server] = await pair({ kind: "ip", host: "::1", port: 0 });
    assertEquals([client.socket.remoteAddress, server.socket.remoteAddress], ["::1", "::1"]);
    server.echoes = true;
    client.send("six");
    await client.got(3);
  }, !ip6);

  scene("IPv4 clients of :: are shown mapped", async (scene) => {
    const server = scene.listen({ kind: "ip", host: "::", port: 0 });
    const port = portOf(server.listener.endpoint);
    await scene.connect({ kind: "ip", host: "127.0.0.1", port }).waitFor("opened");
    assertEquals((await server.accepted()).socket.remoteAddress, "::ffff:127.0.0.1");
  }, !ip6);

  scene("the source address is what the server sees", async ({ listen, connect }) => {
    const server = listen();
    const client = connect(server.listener.endpoint, { source: { host: "127.0.0.2", port: 0 } });
    await client.waitFor("opened");
    const end = await server.accepted();
    assertEquals(end.socket.remoteAddress, "127.0.0.2");
    assertEquals(client.socket.localAddress, "127.0.0.2");
    assertEquals(client.socket.localPort, end.socket.remotePort);
    end.echoes = true;
    client.send("hello");
    await client.got(5);
  }, !can.sourceAddress);

  scene("a refusal is also told with a source address", async ({ listen, connect }) => {
    const { listener } = listen();
    listener.close();
    const client = connect(listener.endpoint, { source: { host: "127.0.0.2", port: 0 } });
    await client.waitFor("closed ECONNREFUSED");
  }, !can.sourceAddress);

  scene("a source port of one's choice is what the server sees", async (scene) => {
    const server = scene.listen();
    const source = { host: "127.0.0.2", port: portOf(server.listener.endpoint) };
    await scene.connect(server.listener.endpoint, { source }).waitFor("opened");
    const { remoteAddress, remotePort } = (await server.accepted()).socket;
    assertEquals([remoteAddress, remotePort], [source.host, source.port]);
  }, !can.sourceAddress);

  scene("a source port that somebody listens on is EADDRINUSE", async (scene) => {
    const server = scene.listen();
    const other = scene.listen();
    const source = { host: "127.0.0.1", port: portOf(other.listener.endpoint) };
    await scene.connect(server.listener.endpoint, { source }).waitFor("closed EADDRINUSE");
  }, !can.sourceAddress);

  scene("a second connection from one port to one server tells so", async (scene) => {
    const server = scene.listen();
    const to = server.listener.endpoint;
    const source = { host: "127.0.0.2", port: portOf(to) };
    const first = scene.connect(to, { source });
    await first.waitFor("opened");
    const second = scene.connect(to, { source });
    await until(() => second.broken, "an error");
    // Linux looks twice, at bind() and at connect().
    assert(/^closed EADDR(INUSE|NOTAVAIL)$/.test(second.log.join()), second.log.join());
    // From another port, or to another server, there is nothing against it.
    const elsewhere = scene.listen();
    await scene.connect(elsewhere.listener.endpoint, { source }).waitFor("opened");
  }, !can.sourceAddress);

  scene("a source address that the machine has not is EADDRNOTAVAIL", async (scene) => {
    const server = scene.listen();
    for (const port of [0, 8041]) {
      const source = { host: "192.0.2.1", port };
      await scene.connect(server.listener.endpoint, { source }).waitFor("closed EADDRNOTAVAIL");
    }
  }, !can.sourceAddress || !subject.descriptors);

  scene("unix sockets", async ({ pair, connect }) => {
    const folder = mkdtempSync(join(tmpdir(), "net-suite-"));
    try {
      const path = join(folder, "socket");
      await speak(await pair({ kind: "unix", path }));
      await connect({ kind: "unix", path: join(folder, "none") }).waitFor("closed ENOENT");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, !can.unix);

  scene("a unix socket's path left by a dead process is taken over", async ({ listen, pair }) => {
    const folder = mkdtempSync(join(tmpdir(), "net-suite-"));
    try {
      const path = join(folder, "socket");
      const first = listen({ kind: "unix", path: join(folder, "first") });
      linkSync(join(folder, "first"), path);
      first.listener.close();
      await speak(await pair({ kind: "unix", path }));
      const error = assertThrows(() => listen({ kind: "unix", path }), SocketError);
      assertEquals(error.code, "EADDRINUSE");
    } finally {
      rmSync(folder, { recursive: true });
    }
  }, !can.unix || !subject.descriptors);

  scene("abstract unix sockets", async ({ pair }) => {
    await speak(await pair({ kind: "abstract", name: `net-suite-${crypto.randomUUID()}` }));
  }, !can.abstract);

  scene("an inherited listener", async ({ listen, connect }) => {
    const inherited = subject.inherit?.();
    assert(inherited !== undefined);
    const to: Endpoint = { kind: "ip", host: "127.0.0.1", port: inherited.port };
    const serve = () => {
      const server = listen({ kind: "fd", fd: inherited.fd });
      server.onAccept = (end) => end.echoes = true;
      return server;
    };
    try {
      const first = serve();
      const second = serve();
      const early = connect(to);
      early.send("early");
      await early.got(5);
      first.listener.close();
      second.listener.pause();
      const late = connect(to);
      await late.waitFor("opened");
      late.send("late");
      second.listener.resume();
      await late.got(4);
      // Others may share the socket: it is not refused for them.
      second.listener.release();
      const later = connect(to);
      await later.waitFor("opened");
      later.send("later");
      second.listener.reclaim();
      await later.got(5);
      second.listener.close();
      const third = serve();
      await connect(to).waitFor("opened");
      await third.accepted();
    } finally {
      inherited.close();
    }
  }, !can.inherited);
}

async function speak([client, server]: [End, End]): Promise<void> {
  assertEquals([client.socket.remoteAddress, client.socket.remotePort], ["", 0]);
  assertEquals([server.socket.remoteAddress, server.socket.remotePort], ["", 0]);
  server.echoes = true;
  client.send("unix");
  await client.got(4);
  client.shutdown();
  await server.waitFor("ended");
}

function hasIp6({ network }: NetworkSubject): boolean {
  try {
    network.listen({ kind: "ip", host: "::1", port: 0 }, {}, () => {
      throw new Error("nobody was to connect");
    }).close();
    return true;
  } catch {
    return false;
  }
}
