/** What every connected socket does, whatever adapter it comes from. */
import { assert, assertEquals } from "@std/assert";
import type { Endpoint } from "#src/net/socket.ts";
import { until, untilNow } from "../until.ts";
import { type End, ignoringEvents, sequence } from "./end.ts";
import { loopback, scenes, type Subject } from "./scene.ts";

const megabyte = 1 << 20;
/** More than all buffers between two sockets hold. */
const large = 32 * megabyte;
/** What may at most be on its way to a reader that does not read: the kernel's buffers and ours. */
const bound = 16 * megabyte;

/** Declares the cases for connected sockets. */
export function connectionSuite(subject: Subject): void {
  const scene = scenes(subject);

  scene("what is sent comes back from an echo", async ({ pair }) => {
    const [client, server] = await pair();
    server.echoes = true;
    client.send("hello");
    await client.got(5);
    client.send(", world");
    await client.got(12);
    assertEquals(client.text, "hello, world");
  });

  scene("large content goes both ways at once, complete and in order", async ({ pair }) => {
    const ends = await pair();
    for (const end of ends) end.checks = true;
    for (const end of ends) end.sendSequence(4 * megabyte);
    for (const end of ends) await end.got(4 * megabyte);
    for (const end of ends) assertEquals(end.received, 4 * megabyte);
  });

  scene("a paused reader stalls a fast sender, then gets everything", async (scene) => {
    const [client, server] = await scene.pair();
    server.checks = true;
    server.pause();
    client.sendSequence(large);
    await scene.settle();
    assert(client.sequenceSent < bound, `${client.sequenceSent} bytes taken while nobody reads`);
    assertEquals(server.received, 0);
    server.resume();
    await server.got(large);
    assertEquals(client.sequenceSent, large);
    assert(client.drains > 0);
  });

  scene("a reader that pauses at every event gets everything", async ({ pair }) => {
    const [client, server] = await pair();
    server.checks = true;
    let resumes = 0;
    server.then.data = () => {
      server.pause();
      setTimeout(() => {
        resumes++;
        server.resume();
      }, 0);
    };
    client.sendSequence(megabyte);
    client.shutdown();
    await server.waitFor("ended");
    assertEquals(server.received, client.sequenceSent);
    assert(resumes > 0 && client.sequenceSent > 0);
  });

  for (const side of ["client", "server"] as const) {
    scene(`after the ${side}'s half-close the other direction goes on`, async ({ pair }) => {
      const ends = await pair();
      const [closing, open] = side === "client" ? ends : ends.reverse() as [End, End];
      closing.send("last words");
      closing.shutdown();
      await open.waitFor("ended");
      assertEquals(open.text, "last words");
      closing.checks = true;
      open.sendSequence(megabyte);
      await closing.got(megabyte);
      open.close();
      await closing.waitFor("ended");
      assertEquals(closing.received, megabyte);
      assertEquals(open.log.filter((event) => event === "ended"), ["ended"]);
    });
  }

  scene("the end comes after all data, also to a reader that was paused", async ({ pair }) => {
    const [client, server] = await pair();
    server.checks = true;
    server.pause();
    client.sendSequence(50_000);
    client.shutdown();
    server.resume();
    await server.waitFor("ended");
    assertEquals(server.received, 50_000);
  });

  scene("all bytes taken before close() still arrive", async (scene) => {
    const [client, server] = await scene.pair();
    server.checks = true;
    server.pause();
    client.sendSequence(large);
    await scene.settle();
    client.close();
    server.resume();
    await server.waitFor("ended");
    assertEquals(server.received, client.sequenceSent);
  });

  scene("a reset comes as ECONNRESET, and is the last event", async ({ pair }) => {
    const [client, server] = await pair();
    server.reset();
    await client.waitFor("closed ECONNRESET");
    assertEquals(client.log.at(-1), "closed ECONNRESET");
    assertEquals(client.write(new Uint8Array(1)), -1);
  }, !subject.resets);

  scene("reset() ends the connection for the peer", async ({ pair }) => {
    const [client, server] = await pair();
    server.reset();
    await until(() => client.broken || client.log.includes("ended"), "an end at the client");
  });

  scene("a paused reader hears of a reset", async ({ pair }) => {
    const [client, server] = await pair();
    client.pause();
    server.reset();
    await client.waitFor("closed ECONNRESET");
  }, !subject.asksKernel);

  scene("writing to a peer that is gone fails without throwing", async ({ pair }) => {
    const [client, server] = await pair();
    server.close();
    await client.waitFor("ended");
    let result = 0;
    await until(() => {
      result = client.write(new Uint8Array(1000));
      return result === -1;
    }, "-1 from write");
    await until(() => client.broken, "closed");
  });

  scene("a sender that waits for drain hears when the reader goes away", async (scene) => {
    const [client, server] = await scene.pair();
    server.pause();
    client.sendSequence(large);
    await scene.settle();
    server.close();
    await until(() => client.broken, () => `closed (heard: ${client.log})`);
  });

  scene("no event comes after close()", async (scene) => {
    const [client, server] = await scene.pair();
    client.checks = true;
    client.pause();
    server.sendSequence(10_000);
    server.close();
    await scene.settle();
    client.close();
    const { received, drains, log } = client;
    const before = [...log];
    await scene.settle();
    assertEquals([client.received, client.drains, client.log], [received, drains, before]);
  });

  for (const event of ["data", "drain", "ended"] as const) {
    scene(`close() inside ${event} is safe and final`, async (scene) => {
      const [client, server] = await scene.pair();
      let calls = 0;
      client.then[event] = () => {
        calls++;
        client.close();
        client.close();
        client.reset();
        client.pause();
        client.resume();
        client.shutdown();
        assertEquals(client.socket.write(new Uint8Array(1), 0, 1), -1);
        client.then = {};
      };
      server.checks = client.checks = true;
      if (event === "drain") client.sendSequence(large);
      if (event === "data") server.sendSequence(200_000);
      if (event === "ended") server.shutdown();
      await until(() => calls > 0, event);
      const { received } = client;
      await scene.settle();
      assertEquals([calls, client.received], [1, received]);
      assertEquals(client.broken, false);
    });
  }

  scene("close(), reset(), shutdown() and resume() may be called again", async (scene) => {
    const [client, server] = await scene.pair();
    client.shutdown();
    client.shutdown();
    client.resume();
    await server.waitFor("ended");
    server.close();
    server.close();
    server.reset();
    server.resume();
    await client.waitFor("ended");
  });

  scene("events can be exchanged in the middle of a connection", async ({ pair }) => {
    const [client, server] = await pair();
    client.send("one");
    await server.got(3);
    const seen: string[] = [];
    server.socket.events = {
      ...ignoringEvents,
      data: (_, bytes) => seen.push(new TextDecoder().decode(bytes)),
      ended: () => seen.push("ended"),
    };
    client.send("two");
    await until(() => seen.length === 1, "data for the new owner");
    client.shutdown();
    await until(() => seen.length === 2, "ended for the new owner");
    assertEquals(seen, ["two", "ended"]);
    assertEquals(server.text, "one");
  });

  scene("retain() makes bytes last", async ({ pair }) => {
    const [client, server] = await pair();
    const kept: Uint8Array[] = [];
    server.socket.events = {
      ...ignoringEvents,
      data: (socket, bytes) => kept.push(socket.retain(bytes, 1, bytes.length - 1)),
    };
    for (const text of ["<first>", "<second>", "<third>"]) {
      const count = kept.length;
      client.send(text);
      await until(() => kept.length > count, text);
    }
    assertEquals(kept.map((bytes) => new TextDecoder().decode(bytes)), [
      "first",
      "second",
      "third",
    ]);
  });

  scene("a slice() of what came is a copy, however much it is", async ({ pair }) => {
    const [client, server] = await pair();
    const copies: Uint8Array[] = [];
    let count = 0;
    server.socket.events = {
      ...ignoringEvents,
      data(_socket, bytes) {
        copies.push(bytes.slice(0, bytes.length));
        bytes.fill(0);
        count += bytes.length;
      },
    };
    const sent = client.write(new Uint8Array(60_000).fill(7));
    await until(() => count === sent, "all of it");
    assert(copies.every((copy) => copy.length > 0 && copy.every((byte) => byte === 7)));
  });

  scene("underWay() is what has not arrived, and none after that", async (scene) => {
    const [client, server] = await scene.pair();
    if (client.socket.underWay === undefined) return;
    assertEquals(client.socket.underWay(), 0);
    server.pause();
    client.sendSequence(large);
    await until(() => client.socket.underWay!() > 0, "bytes under way");
    await scene.settle();
    assert(client.socket.underWay() > 0);
    server.resume();
    await until(() => client.socket.underWay!() === 0, "nothing under way");
    client.close();
    assertEquals(client.socket.underWay(), 0);
  });

  scene("the writer's bytes may be changed once write() has returned", async ({ pair }) => {
    const [client, server] = await pair();
    const bytes = new Uint8Array(10_000).fill(1);
    const taken = client.write(bytes);
    bytes.fill(2);
    await server.got(taken);
    assertEquals(server.content.includes(2), false);
  });

  scene("a part of an array is written as the part it is", async ({ pair }) => {
    const [client, server] = await pair();
    assertEquals(client.socket.write(new TextEncoder().encode("__part__"), 2, 6), 4);
    await server.got(4);
    assertEquals(server.text, "part");
  });

  scene("writev() writes both parts, one after the other, whatever they are", async (scene) => {
    const [client, server] = await scene.pair();
    const [one, two] = [new TextEncoder().encode("_one_"), new TextEncoder().encode("__two__")];
    const { socket } = client;
    assertEquals(socket.writev(one, 1, 4, two, 2, 5), 6);
    assertEquals(socket.writev(one, 4, 4, two, 2, 5), 3);
    assertEquals(socket.writev(one, 1, 4, two, 0, 0), 3);
    assertEquals(socket.writev(one, 1, 1, two, 3, 3), 0);
    await server.got(12);
    await scene.settle();
    assertEquals(server.text, "onetwotwoone");
    client.close();
    assertEquals(socket.writev(one, 1, 4, two, 2, 5), -1);
  });

  scene("writev() to a reader that stops takes a part, and all in the end", async (scene) => {
    const [client, server] = await scene.pair();
    server.checks = true;
    server.pause();
    const parts = [30_000, 1, 65_000, 100] as const;
    let sent = 0;
    const send = () => {
      while (sent < large) {
        // Parts that begin anywhere in an array, of sizes that change.
        const first = parts[sent % 4]!;
        const second = parts[(sent >> 2) % 4]!;
        const from = sequence(sent - sent % 7, sent % 7 + first);
        const start = from.length - first;
        const to = sequence(sent + first, second);
        const taken = client.socket.writev(from, start, from.length, to, 0, second);
        assert(taken >= 0 && taken <= first + second, `${taken} taken`);
        sent += taken;
        if (taken < first + second) return;
      }
      client.shutdown();
    };
    client.then.drain = send;
    send();
    await scene.settle();
    assert(sent < bound, `${sent} bytes taken while nobody reads`);
    server.resume();
    await server.waitFor("ended");
    assertEquals(server.received, sent);
  });

  scene("isQuiet() is true of an idle connection, and false once that is over", async (scene) => {
    const [client, server] = await scene.pair();
    client.send("one");
    await server.got(3);
    server.send("two");
    await client.got(3);
    await scene.settle();
    assertEquals([client.socket.isQuiet(), server.socket.isQuiet()], [true, true]);
    server.shutdown();
    await client.waitFor("ended");
    assertEquals([client.socket.isQuiet(), server.socket.isQuiet()], [false, true]);
    client.close();
    await server.waitFor("ended");
    assertEquals([client.socket.isQuiet(), server.socket.isQuiet()], [false, false]);
  });

  scene("isQuiet() is false where something came that is not shown", async (scene) => {
    const [client, server] = await scene.pair();
    await scene.settle();
    client.pause();
    server.send("surplus");
    await until(() => !client.socket.isQuiet(), "surplus");
    await scene.settle();
    assertEquals([client.received, client.socket.isQuiet()], [0, false]);
    client.resume();
    await client.got(7);
    assert(client.socket.isQuiet());
  });

  scene("isQuiet() is false of a connection that is not made, or broken", async (scene) => {
    const [client, server] = await scene.pair();
    const other = scene.connect(scene.listen().listener.endpoint);
    assertEquals(other.socket.isQuiet(), false);
    server.reset();
    await until(() => client.broken || client.log.includes("ended"), "an end at the client");
    assertEquals(client.socket.isQuiet(), false);
  });

  scene("peerGone() is false as long as the peer is there", async ({ pair }) => {
    const [client, server] = await pair();
    server.send("x");
    await client.got(1);
    assertEquals([client.socket.peerGone(), server.socket.peerGone()], [false, false]);
  });

  for (const [of, at] of kinds(subject)) {
    const asks = subject.arrivals === "all" || (subject.arrivals === "ip" && at === loopback);
    for (const paused of [false, true]) {
      const how = `${of}${paused ? ", paused" : ""}`;
      scene(`isQuiet() is asked of the kernel, between two events${how}`, async ({ pair }) => {
        const [client, server] = await pair(at);
        // With TLS a server's tickets may come after the handshake.
        const quiet = () =>
          until(() => client.socket.isQuiet() && server.socket.isQuiet(), "quiet");
        await quiet();
        client.send("one");
        await server.got(3);
        await quiet();
        if (paused) server.pause();
        client.send("two");
        // No turn of an event loop comes in between.
        untilNow(() => !server.socket.isQuiet(), "bytes that nobody was shown");
        assertEquals(server.text, "one");
        server.resume();
        await server.got(6);
        await quiet();
      }, !asks);

      for (const action of ["shutdown", "close", "reset"] as const) {
        scene(`isQuiet() sees ${action}() between two events${how}`, async ({ pair }) => {
          const [client, server] = await pair(at);
          if (paused) client.pause();
          server[action]();
          untilNow(() => !client.socket.isQuiet(), action);
          assertEquals(client.log, ["opened"]);
        }, !subject.asksKernel);
      }
    }

    for (const side of ["client", "server"] as const) {
      for (const action of ["shutdown", "close", "reset"] as const) {
        scene(`peerGone() at the ${side}${of} after ${action}(), while paused`, async (scene) => {
          const ends = await scene.pair(at);
          const [here, there] = side === "client" ? ends : ends.reverse() as [End, End];
          here.pause();
          there.send("unread");
          await scene.settle();
          assertEquals([here.socket.peerGone(), there.socket.peerGone()], [false, false]);
          there[action]();
          await until(() => here.socket.peerGone(), "peerGone()");
          // Unix sockets know no reset.
          if (action === "reset" && at === loopback) await here.waitFor("closed ECONNRESET");
          assertEquals(here.received, 0);
        }, !subject.asksKernel);
      }
    }
  }
}

/** The kinds of sockets that a connection may be made of. */
function kinds({ network: { can } }: Subject): [name: string, at: Endpoint][] {
  const name = `connection-suite-${crypto.randomUUID()}`;
  return [
    ["", loopback],
    ...can.abstract
      ? [[" of a unix socket", { kind: "abstract", name }] as [string, Endpoint]]
      : [],
  ];
}
