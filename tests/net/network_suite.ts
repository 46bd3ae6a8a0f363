/** What every network does: listening and connecting, pausing and giving up. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { readdirSync, readFileSync } from "node:fs";
import { SocketError } from "#src/net/socket.ts";
import { test } from "../testing.ts";
import { until } from "../until.ts";
import { type End, ignoringEvents } from "./end.ts";
import { loopback, type NetworkSubject, play, portOf, type Scene, scenes } from "./scene.ts";

/** Declares the cases for networks. */
export function networkSuite(subject: NetworkSubject): void {
  const scene = scenes(subject);

  scene("a listener on port 0 tells its port", async ({ listen, connect }) => {
    const server = listen();
    assertNotEquals(portOf(server.listener.endpoint), 0);
    const client = connect(server.listener.endpoint);
    await client.waitFor("opened");
    assertEquals(client.log, ["opened"]);
  });

  scene("a connection nobody listens for is refused", async ({ listen, connect }) => {
    const { listener } = listen();
    listener.close();
    const client = connect(listener.endpoint);
    assertEquals(client.log, []);
    await client.waitFor("closed ECONNREFUSED");
    assertEquals(client.log, ["closed ECONNREFUSED"]);
    assertEquals(client.write(new Uint8Array(1)), -1);
  });

  const stays = !subject.resets || !subject.descriptors;
  for (const side of ["client", "server"] as const) {
    scene(
      `a ${side}'s reset() leaves no TIME_WAIT, and what was taken has arrived`,
      async (scene) => {
        const ends = await scene.pair();
        const [leaver, peer] = side === "client" ? ends : ends.reverse() as [End, End];
        const { localPort, remotePort } = leaver.socket;
        leaver.send("question");
        await peer.got(8);
        peer.send("answer");
        await leaver.got(6);
        leaver.reset();
        await peer.waitFor("closed ECONNRESET");
        assertEquals([peer.text, peer.log.at(-1)], ["question", "closed ECONNRESET"]);
        const [one, other] = [hexPort(localPort), hexPort(remotePort)];
        const left = readFileSync("/proc/net/tcp", "utf8").split("\n").filter((line) =>
          line.includes(`:${one} `) && line.includes(`:${other} `)
        );
        assertEquals(left, []);
      },
      stays,
    );
  }

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
    await connect(server.listener.endpoint).waitFor("closed ECONNREFUSED");
  });

  scene("clients of a paused listener wait and are served later", async (scene) => {
    const server = scene.listen();
    server.onAccept = (end) => end.echoes = true;
    scene.connect(server.listener.endpoint);
    await server.accepted();
    server.listener.pause();
    const clients = Array.from({ length: 5 }, () => scene.connect(server.listener.endpoint));
    for (const client of clients) {
      await client.waitFor("opened");
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
    await client.waitFor("opened");
    client.send("early");
    const end = await server.accepted();
    await scene.settle();
    assertEquals(end.received, 0);
    end.resume();
    await end.got(5);
  });

  scene("retain() makes bytes last that came with the connection", async (scene) => {
    const kept: Uint8Array[] = [];
    const listener = scene.network.listen(loopback, {}, () => ({
      ...ignoringEvents,
      data: (socket, bytes) => kept.push(socket.retain(bytes, 0, bytes.length)),
      ended: (socket) => socket.close(),
    }));
    try {
      listener.pause();
      const texts = ["first", "second", "third"];
      for (const text of texts) {
        const client = scene.connect(listener.endpoint);
        await client.waitFor("opened");
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

  const uncounted = subject.descriptors ? "" : "SKIPPED, it has no descriptors: ";
  test(`${subject.name}: ${uncounted}200 connections leave no descriptor behind`, async () => {
    // What the runtime opens once and keeps is opened by the first.
    await connections(1);
    const before = descriptors();
    await connections(200);
    await until(() => descriptors() <= before, () => `${descriptors()} to become ${before}`);
  }, { skip: !subject.descriptors });

  test(
    `${subject.name}: ${uncounted}a listener closed while paused leaves no descriptor behind`,
    async () => {
      await connections(1);
      const before = descriptors();
      await play(subject, async ({ listen, connect }) => {
        const server = listen();
        connect(server.listener.endpoint);
        await server.accepted();
        server.onAccept = (end) => end.close();
        server.listener.pause();
        const clients = [1, 2].map(() => connect(server.listener.endpoint));
        for (const client of clients) await client.waitFor("opened");
        server.listener.close();
        for (const client of clients) await until(() => client.log.length > 1, "the end of it");
      });
      await until(() => descriptors() <= before, () => `${descriptors()} to become ${before}`);
    },
    { skip: !subject.descriptors },
  );

  async function connections(count: number): Promise<void> {
    await play(subject, async ({ listen, connect }) => {
      const server = listen();
      server.onAccept = (end) => end.then.ended = () => end.close();
      const clients = Array.from({ length: count }, () => connect(server.listener.endpoint));
      for (const client of clients) await client.waitFor("opened");
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

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** A port as /proc/net/tcp writes it. */
function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}
