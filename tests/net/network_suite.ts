/** What every network does: listening, connecting, and the addresses of both. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { linkSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Endpoint, SocketError } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import type { Inherited } from "./native.ts";
import { type End, loopback, play, type Scene, type Subject, unheard, until } from "./scene.ts";

/** A {@linkcode Subject} that is a whole network. */
export interface NetworkSubject extends Subject {
  /** Whether its sockets are descriptors of this process. */
  readonly descriptors: boolean;
  /** Makes a listening descriptor as a parent process leaves it to its child. */
  readonly inherit?: () => Inherited;
}

/** Declares the cases for networks. */
export function networkSuite(subject: NetworkSubject): void {
  const { can } = subject.network;
  const scene = (name: string, body: (scene: Scene) => void | Promise<void>, skip = false) =>
    test(`${subject.name}: ${name}`, () => play(subject, body), { skip });
  const ip6 = hasIp6(subject);

  scene("a listener on port 0 tells its port", async ({ listen, connect }) => {
    const server = listen();
    assertNotEquals(portOf(server.listener.endpoint), 0);
    const client = connect(server.listener.endpoint);
    await client.heard("opened");
    assertEquals(client.log, ["opened"]);
  });

  scene("both ends know both addresses", async ({ pair }) => {
    const [{ socket: client }, { socket: server }] = await pair();
    assertEquals([client.remoteAddress, client.localAddress], ["127.0.0.1", "127.0.0.1"]);
    assertEquals([server.remoteAddress, server.localAddress], ["127.0.0.1", "127.0.0.1"]);
    assertEquals([client.remotePort, client.localPort], [server.localPort, server.remotePort]);
    assertNotEquals(client.localPort, 0);
  });

  scene(`IPv6${ip6 ? "" : " (skipped: no ::1 on this machine)"}`, async ({ pair }) => {
    const [client, server] = await pair({ kind: "ip", host: "::1", port: 0 });
    assertEquals([client.socket.remoteAddress, server.socket.remoteAddress], ["::1", "::1"]);
    server.echoes = true;
    client.send("six");
    await client.got(3);
  }, !ip6);

  scene(`IPv4 clients of :: are shown mapped${ip6 ? "" : " (skipped: no ::1)"}`, async (scene) => {
    const server = scene.listen({ kind: "ip", host: "::", port: 0 });
    const port = portOf(server.listener.endpoint);
    await scene.connect({ kind: "ip", host: "127.0.0.1", port }).heard("opened");
    assertEquals((await server.accepted()).socket.remoteAddress, "::ffff:127.0.0.1");
  }, !ip6);

  scene("a connection nobody listens for is refused", async ({ listen, connect }) => {
    const { listener } = listen();
    listener.close();
    const client = connect(listener.endpoint);
    assertEquals(client.log, []);
    await client.heard("closed ECONNREFUSED");
    assertEquals(client.log, ["closed ECONNREFUSED"]);
    assertEquals(client.write(new Uint8Array(1)), -1);
  });

  scene("an address in use is refused to a second listener", ({ listen }) => {
    const { listener } = listen();
    const error = assertThrows(() => listen(listener.endpoint), SocketError);
    assertEquals(error.code, "EADDRINUSE");
    listener.close();
    listen(listener.endpoint);
  });

  scene("a listener that closes leaves its connections alone", async ({ listen, connect }) => {
    const server = listen();
    const client = connect(server.listener.endpoint);
    const end = await server.accepted();
    server.listener.close();
    server.listener.close();
    server.listener.pause();
    server.listener.resume();
    end.echoes = true;
    client.send("still there");
    await client.got(11);
    await connect(server.listener.endpoint).heard("closed ECONNREFUSED");
  });

  scene("clients of a paused listener wait and are served later", async (scene) => {
    const server = scene.listen();
    server.onAccept = (end) => end.echoes = true;
    scene.connect(server.listener.endpoint);
    await server.accepted();
    server.listener.pause();
    const clients = Array.from({ length: 5 }, () => scene.connect(server.listener.endpoint));
    for (const client of clients) {
      await client.heard("opened");
      client.send("knock");
    }
    await scene.settle();
    assertEquals(server.ends.length, 1);
    server.listener.resume();
    for (const client of clients) await client.got(5);
    assertEquals(server.ends.length, 6);
  });

  scene("a listener pauses and resumes at every connection", async ({ listen, connect }) => {
    const server = listen();
    server.onAccept = () => {
      server.listener.pause();
      setTimeout(() => server.listener.resume(), 0);
    };
    for (let i = 0; i < 10; i++) connect(server.listener.endpoint);
    await server.accepted(9);
  });

  scene("a connection attempt is given up with close()", async (scene) => {
    const { server, pending } = await jam(scene);
    const before = subject.descriptors ? descriptors() : 0;
    for (const client of pending) client.close();
    if (subject.descriptors) {
      const expected = before - pending.length;
      await until(() => descriptors() <= expected, () => `${descriptors()} to become ${expected}`);
    }
    server.listener.resume();
    await scene.settle();
    for (const client of pending) assertEquals(client.log, []);
  });

  scene("write() to a connection not yet made takes nothing", async (scene) => {
    const { pending } = await jam(scene);
    const [client] = pending as [End];
    assertEquals(client.write(new Uint8Array(10)), 0);
    assertEquals(client.socket.peerGone(), false);
    client.pause();
    client.resume();
    await scene.settle();
    assertEquals(client.log, []);
  });

  for (const action of ["close", "reset"] as const) {
    scene(`${action}() inside opened is safe and final`, async (scene) => {
      const server = scene.listen();
      const client = scene.connect(server.listener.endpoint);
      client.then.opened = () => client[action]();
      const end = await server.accepted();
      await until(() => end.log.length > 0, "an end at the server");
      assertEquals(client.log, ["opened"]);
    });
    scene(`${action}() while accepting is safe and final`, async (scene) => {
      const server = scene.listen();
      server.onAccept = (end) => end[action]();
      const client = scene.connect(server.listener.endpoint);
      await until(() => client.log.length > 1, "an end at the client");
      assertEquals((await server.accepted()).log, []);
    });
  }

  scene("a socket paused while accepting delivers nothing", async (scene) => {
    const server = scene.listen();
    server.onAccept = (end) => end.pause();
    const client = scene.connect(server.listener.endpoint);
    await client.heard("opened");
    client.send("early");
    const end = await server.accepted();
    await scene.settle();
    assertEquals(end.received, 0);
    end.resume();
    await end.got(5);
  });

  scene("keep() makes bytes last that came with the connection", async (scene) => {
    const kept: Uint8Array[] = [];
    const listener = scene.network.listen(loopback, {}, () => ({
      ...unheard,
      data: (socket, bytes) => kept.push(socket.keep(bytes, 0, bytes.length)),
      ended: (socket) => socket.close(),
    }));
    try {
      listener.pause();
      const texts = ["first", "second", "third"];
      for (const text of texts) {
        const client = scene.connect(listener.endpoint);
        await client.heard("opened");
        client.send(text);
      }
      listener.resume();
      await until(() => kept.length === texts.length, "all three");
      assertEquals(kept.map((bytes) => new TextDecoder().decode(bytes)).sort(), texts);
    } finally {
      listener.close();
    }
  });

  scene("a server may speak first", async ({ listen, connect }) => {
    const server = listen();
    server.onAccept = (end) => end.send("220 ready");
    const client = connect(server.listener.endpoint);
    await client.got(9);
    assertEquals([client.text, client.log], ["220 ready", ["opened"]]);
  });

  scene("the source address is what the server sees", async ({ listen, connect }) => {
    const server = listen();
    const client = connect(server.listener.endpoint, { source: { host: "127.0.0.2", port: 0 } });
    await client.heard("opened");
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
    await client.heard("closed ECONNREFUSED");
  }, !can.sourceAddress);

  scene("unix sockets", async ({ pair, connect }) => {
    const folder = mkdtempSync(join(tmpdir(), "net-suite-"));
    try {
      const path = join(folder, "socket");
      await speak(await pair({ kind: "unix", path }));
      await connect({ kind: "unix", path: join(folder, "none") }).heard("closed ENOENT");
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
      await late.heard("opened");
      late.send("late");
      second.listener.resume();
      await late.got(4);
      second.listener.close();
      const third = serve();
      await connect(to).heard("opened");
      await third.accepted();
    } finally {
      inherited.close();
    }
  }, !can.inherited);

  test(`${subject.name}: 200 connections leave no descriptor behind`, async () => {
    // What the runtime opens once and keeps is opened by the first.
    await connections(1);
    const before = descriptors();
    await connections(200);
    await until(() => descriptors() <= before, () => `${descriptors()} to become ${before}`);
  }, { skip: !subject.descriptors });

  test(`${subject.name}: a listener closed while paused leaves no descriptor behind`, async () => {
    await connections(1);
    const before = descriptors();
    await play(subject, async ({ listen, connect }) => {
      const server = listen();
      connect(server.listener.endpoint);
      await server.accepted();
      server.listener.pause();
      const clients = [1, 2].map(() => connect(server.listener.endpoint));
      for (const client of clients) await client.heard("opened");
      server.listener.close();
      for (const client of clients) await until(() => client.log.length > 1, "the end of it");
    });
    await until(() => descriptors() <= before, () => `${descriptors()} to become ${before}`);
  }, { skip: !subject.descriptors });

  async function connections(count: number): Promise<void> {
    await play(subject, async ({ listen, connect }) => {
      const server = listen();
      server.onAccept = (end) => end.then.ended = () => end.close();
      const clients = Array.from({ length: count }, () => connect(server.listener.endpoint));
      for (const client of clients) await client.heard("opened");
      clients.forEach((client, i) => i % 2 === 0 ? client.close() : client.reset());
      await server.accepted(count - 1);
      await until(() => server.ends.every((end) => end.log.length > 0), "all ends");
    });
  }
}

/** A paused listener whose accept queue is full, and clients that get no answer. */
async function jam(scene: Scene) {
  const server = scene.listen(loopback, { backlog: 1 });
  server.listener.pause();
  const clients = Array.from({ length: 8 }, () => scene.connect(server.listener.endpoint));
  await scene.settle();
  const pending = clients.filter((client) => client.log.length === 0);
  assert(pending.length >= 2, `only ${pending.length} of 8 clients wait for a queue of 1`);
  return { server, pending };
}

async function speak([client, server]: [End, End]): Promise<void> {
  assertEquals([client.socket.remoteAddress, client.socket.remotePort], ["", 0]);
  assertEquals([server.socket.remoteAddress, server.socket.remotePort], ["", 0]);
  server.echoes = true;
  client.send("unix");
  await client.got(4);
  client.shutdown();
  await server.heard("ended");
}

function portOf(endpoint: Endpoint): number {
  return endpoint.kind === "ip" ? endpoint.port : 0;
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

function hasIp6({ network }: Subject): boolean {
  try {
    network.listen({ kind: "ip", host: "::1", port: 0 }, {}, () => {
      throw new Error("nobody was to connect");
    }).close();
    return true;
  } catch {
    return false;
  }
}
