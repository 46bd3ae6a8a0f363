/** What an owner throws costs its own socket, and nothing else: on every adapter. */
import { assert, assertEquals } from "@std/assert";
import type { OnFault } from "#src/net/faults.ts";
import type { Socket } from "#src/net/socket.ts";
import { until } from "../until.ts";
import type { End } from "./end.ts";
import { type Scene, scenes, type Subject } from "./scene.ts";

const megabyte = 1 << 20;

/**
 * Declares the cases.
 * @param onFault who hears of the faults of the subject's network from now on; null: nobody
 * @param splices whether its sockets can
 */
export function faultSuite(
  subject: Subject,
  onFault: (seen: OnFault | null) => void,
  splices: boolean,
): void {
  const scene = scenes(subject);

  /** Plays a case while another connection carries content, which must lose nothing. */
  function bystanders(name: string, body: (scene: Scene, faults: unknown[]) => Promise<void>) {
    scene(`a fault: ${name}`, async (scene) => {
      const faults: unknown[] = [];
      onFault((error) => faults.push(error));
      try {
        const ends = await scene.pair();
        for (const end of ends) end.checks = true;
        for (const end of ends) end.sendSequence(2 * megabyte);
        await body(scene, faults);
        for (const end of ends) await end.got(2 * megabyte);
        for (const end of ends) end.shutdown();
        for (const end of ends) await end.waitFor("ended");
      } finally {
        onFault(null);
      }
    });
  }

  const onPurpose = new Error("on purpose");
  const fail = () => {
    throw onPurpose;
  };
  const ending = (end: End) => until(() => end.broken || end.log.includes("ended"), "an end");

  const events = ["data", "drain", "ended"] as const;
  for (const event of events) {
    bystanders(`in ${event}`, async (scene, faults) => {
      const [peer, victim] = await scene.pair();
      peer.checks = victim.checks = true;
      victim.then[event] = () => {
        victim.then = {};
        fail();
      };
      if (event === "drain") {
        peer.pause();
        victim.sendSequence(32 * megabyte);
        await scene.settle();
        peer.resume();
      } else {
        peer.sendSequence(10_000);
        peer.shutdown();
      }
      await victim.waitFor("closed EIO");
      await ending(peer);
      await scene.settle();
      assertEquals(faults, [onPurpose]);
      assertEquals(victim.log.at(-1), "closed EIO");
      assertEquals(victim.write(new Uint8Array(1)), -1);
    });
  }

  bystanders("in opened", async (scene, faults) => {
    const server = scene.listen();
    const victim = scene.connect(server.listener.endpoint);
    victim.then.opened = fail;
    const peer = await server.accepted();
    await ending(peer);
    await scene.settle();
    assertEquals([faults, victim.log], [[onPurpose], ["opened", "closed EIO"]]);
  });

  bystanders("in closed", async (scene, faults) => {
    const [peer, victim] = await scene.pair();
    victim.then.closed = fail;
    victim.then.data = fail;
    // Of its own fault it is told as of others.
    peer.send("x");
    await until(() => faults.length === 2, "both faults");
    await scene.settle();
    assertEquals([faults, victim.log], [[onPurpose, onPurpose], ["closed EIO"]]);
  });

  bystanders("in closed, of a connection that is refused", async (scene, faults) => {
    const server = scene.listen();
    const { endpoint } = server.listener;
    server.listener.close();
    const victim = scene.connect(endpoint);
    victim.then.closed = fail;
    await until(() => faults.length === 1, "the fault");
    await scene.settle();
    assertEquals([faults, victim.log], [[onPurpose], ["closed ECONNREFUSED"]]);
  });

  bystanders("in accept; the next are served", async (scene, faults) => {
    const server = scene.listen();
    server.onAccept = () => {
      server.onAccept = () => {};
      fail();
    };
    const clients = [1, 2, 3].map(() => scene.connect(server.listener.endpoint));
    await until(() => server.ends.length === 3, "three connections");
    server.ends.slice(1).forEach((end) => end.echoes = true);
    await until(
      () => clients.filter((end) => end.broken || end.log.includes("ended")).length === 1,
      "an end",
    );
    const served = clients.filter((end) => !end.broken && !end.log.includes("ended"));
    for (const client of served) client.send("hello");
    for (const client of served) await client.got(5);
    assertEquals(faults, [onPurpose]);
  });

  bystanders("after close(), which nothing follows", async (scene, faults) => {
    const [peer, victim] = await scene.pair();
    victim.then.data = () => {
      victim.close();
      fail();
    };
    peer.send("x");
    await until(() => faults.length === 1, "the fault");
    await scene.settle();
    assertEquals(victim.log, []);
  });

  bystanders("in all of many", async (scene, faults) => {
    const server = scene.listen();
    server.onAccept = (end) => end.then.data = fail;
    const clients = Array.from({ length: 20 }, () => scene.connect(server.listener.endpoint));
    for (const client of clients) await client.waitFor("opened");
    for (const client of clients) client.send("x");
    for (const client of clients) await ending(client);
    assertEquals(faults.length, 20);
    assert(server.ends.every((end) => end.log.join() === "closed EIO"));
  });

  scene("a fault: in spliced", async (scene) => {
    const faults: unknown[] = [];
    onFault((error) => faults.push(error));
    const [sender, source] = await scene.pair();
    const [receiver, target] = await scene.pair();
    receiver.checks = true;
    const spliced = (_: Socket, count: number) => {
      if (count > 0) fail();
    };
    assert(source.socket.splice!(target.socket, megabyte, { spliced }));
    sender.sendSequence(megabyte);
    await source.waitFor("closed EIO");
    await ending(sender);
    // The other is as it was.
    receiver.checks = false;
    receiver.content = [];
    await scene.settle();
    target.send("on");
    await until(() => receiver.text.endsWith("on"), "what is sent later");
    assertEquals([faults, target.log], [[onPurpose], []]);
    onFault(null);
  }, !splices);
}
