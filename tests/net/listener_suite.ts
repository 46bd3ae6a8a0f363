/** What every listener does when it gives its address up, takes it back, and ends. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Endpoint, type Listener, SocketError } from "#src/net/socket.ts";
import { until } from "../until.ts";
import type { End } from "./end.ts";
import { loopback, type NetworkSubject, type Scene, scenes, type Server } from "./scene.ts";

/** Declares the cases for listeners. */
export function listenerSuite(subject: NetworkSubject): void {
  const { can } = subject.network;
  const scene = scenes(subject);

  /** Releases a listener; from now on its address is free. */
  async function release(scene: Scene, listener: Listener): Promise<void> {
    listener.release();
    if (!subject.endsAtOnce) await scene.settle();
  }

  /** A listener gives way to another at its address, which then gives way to it. */
  async function passOn(scene: Scene, at?: Endpoint): Promise<void> {
    const { listener } = serve(scene, "first", at);
    const { endpoint } = listener;
    await release(scene, listener);
    const other = serve(scene, "other", endpoint);
    await ask(scene, endpoint, "other");
    const error = assertThrows(() => listener.reclaim(), SocketError);
    assertEquals(error.code, "EADDRINUSE");
    await ask(scene, endpoint, "other");
    await release(scene, other.listener);
    listener.reclaim();
    await ask(scene, endpoint, "first");
  }

  scene("a released listener refuses, a reclaimed one serves", async (scene) => {
    const { listener } = serve(scene, "again");
    await ask(scene, listener.endpoint, "again");
    for (let i = 0; i < 3; i++) {
      await release(scene, listener);
      listener.release();
      await scene.connect(listener.endpoint).waitFor("closed ECONNREFUSED");
      listener.reclaim();
      listener.reclaim();
      await ask(scene, listener.endpoint, "again");
    }
  });

  scene("connections outlive the release of their listener", async (scene) => {
    const { listener } = serve(scene, "there");
    const client = await ask(scene, listener.endpoint, "there");
    await release(scene, listener);
    client.send("still?");
    await client.got(10);
  });

  scene("a released address is another's to take, and to give back", (scene) => passOn(scene));

  scene(
    "a released unix socket's path is another's to take",
    (scene) => inFolder((folder) => passOn(scene, { kind: "unix", path: join(folder, "socket") })),
    !can.unix,
  );

  scene(
    "a released abstract name is another's to take",
    (scene) => passOn(scene, { kind: "abstract", name: `listener-suite-${crypto.randomUUID()}` }),
    !can.abstract,
  );

  scene("a path that another has taken is not removed with the released socket", async (scene) => {
    await inFolder(async (folder) => {
      const path = join(folder, "socket");
      const first = scene.listen({ kind: "unix", path });
      first.listener.release();
      serve(scene, "other", { kind: "unix", path });
      first.listener.close();
      await ask(scene, { kind: "unix", path }, "other");
    });
  }, !can.unix || !subject.descriptors);

  scene(
    "a unix socket whose path cannot be looked at any more ends all the same",
    async (scene) => {
      await inFolder(async (folder) => {
        const inside = join(folder, "inside");
        mkdirSync(inside);
        const path = join(inside, "socket");
        const { listener } = serve(scene, "there", { kind: "unix", path });
        await ask(scene, { kind: "unix", path }, "there");
        renameSync(inside, join(folder, "elsewhere"));
        // Leads to itself: ELOOP.
        symlinkSync(inside, inside);
        listener.release();
        const late = scene.connect({ kind: "unix", path: join(folder, "elsewhere", "socket") });
        await until(() => late.broken, "a refusal");
      });
    },
    !can.unix || !subject.descriptors || !subject.endsAtOnce,
  );

  for (const host of ["127.0.0.1", "::1"]) {
    const possible = subject.descriptors && subject.endsAtOnce &&
      (host === "127.0.0.1" || existsSync("/proc/net/if_inet6"));
    scene(`drain() on ${host}: who is there stays, who comes is not answered`, async (scene) => {
      const { listener } = serve(scene, "there", { kind: "ip", host, port: 0 });
      const client = await ask(scene, listener.endpoint, "there");
      assert(listener.drain());
      assert(listener.drain());
      const late = scene.connect(listener.endpoint);
      client.send("?");
      await client.got(10);
      await scene.settle();
      assertEquals(late.log, []);
      // He knocks again after a second: then nobody is here.
      listener.close();
      client.send("?");
      await client.got(15);
      await late.waitFor("closed ECONNREFUSED");
    }, !possible);
  }

  scene(
    "drain() is worth nothing where a port is not listened on, or is another's",
    async (scene) => {
      await inFolder(async (folder) => {
        const { listener } = serve(scene, "released");
        listener.release();
        assert(!listener.drain());
        listener.reclaim();
        await ask(scene, listener.endpoint, "released");
        listener.close();
        assert(!listener.drain());
        const unix = serve(scene, "unix", { kind: "unix", path: join(folder, "socket") }).listener;
        assert(!unix.drain());
        await ask(scene, unix.endpoint, "unix");
      });
    },
    !can.unix || !subject.descriptors || !subject.endsAtOnce,
  );

  scene("a listener that was paused is so after it was released", async (scene) => {
    const server = serve(scene, "late");
    const { listener } = server;
    listener.pause();
    await release(scene, listener);
    listener.reclaim();
    const client = scene.connect(listener.endpoint);
    await client.waitFor("opened");
    client.send("?");
    await scene.settle();
    assertEquals(server.ends.length, 0);
    listener.resume();
    await client.got(4);
  });

  scene("a listener resumed while released serves when reclaimed", async (scene) => {
    const { listener } = serve(scene, "late");
    listener.pause();
    await release(scene, listener);
    listener.resume();
    await scene.connect(listener.endpoint).waitFor("closed ECONNREFUSED");
    listener.reclaim();
    await ask(scene, listener.endpoint, "late");
  });

  scene("a closed listener neither releases nor reclaims", async (scene) => {
    const { listener } = serve(scene, "first");
    await release(scene, listener);
    listener.close();
    listener.reclaim();
    listener.release();
    await scene.connect(listener.endpoint).waitFor("closed ECONNREFUSED");
    serve(scene, "second", listener.endpoint);
    await ask(scene, listener.endpoint, "second");
  });

  for (const action of ["release", "close"] as const) {
    const kinds: [string, (folder: string) => Endpoint, boolean][] = [
      ["", () => loopback, true],
      [" of a unix socket", (folder) => ({ kind: "unix", path: join(folder, "s") }), can.unix],
      [
        " of an abstract socket",
        () => ({ kind: "abstract", name: `listener-suite-${crypto.randomUUID()}` }),
        can.abstract,
      ],
    ];
    for (const [of, at, possible] of kinds) {
      scene(`${action}()${of} accepts what waits in the queue`, async (scene) => {
        await inFolder(async (folder) => {
          const server = serve(scene, "served", at(folder));
          const { endpoint } = server.listener;
          server.listener.pause();
          const clients = Array.from({ length: 5 }, () => scene.connect(endpoint));
          for (const client of clients) {
            await client.waitFor("opened");
            client.send("?");
          }
          server.listener[action]();
          for (const client of clients) await client.got(6);
          const late = scene.connect(endpoint);
          await until(() => late.broken, "a refusal");
        });
      }, !subject.endsAtOnce || !possible);
    }

    scene(`who is accepted by ${action}() may pause, or be closed at once`, async (scene) => {
      const server = scene.listen();
      server.listener.pause();
      const clients = [1, 2, 3].map(() => scene.connect(server.listener.endpoint));
      for (const client of clients) {
        await client.waitFor("opened");
        client.send("knock");
      }
      server.onAccept = (end) => {
        server.listener.pause();
        if (server.ends.length === 1) end.close();
        else end.pause();
      };
      server.listener[action]();
      await scene.settle();
      assertEquals(server.ends.map((end) => end.received), [0, 0, 0]);
      for (const end of server.ends.slice(1)) end.resume();
      for (const end of server.ends.slice(1)) await end.got(5);
    }, !subject.endsAtOnce);
  }

  const transparent = !can.transparent || !subject.descriptors;
  // RFC 5737 and RFC 3849: addresses of documentation, which no machine has.
  for (const host of ["192.0.2.1", "2001:db8::1"]) {
    scene(`transparent: ${host} can be listened on`, ({ listen }) => {
      const at: Endpoint = { kind: "ip", host, port: 8041 };
      const error = assertThrows(() => listen(at), SocketError);
      assertEquals(error.code, "EADDRNOTAVAIL");
      const { listener } = listen(at, { transparent: true });
      assertEquals(listener.endpoint, at);
      listener.release();
      listener.reclaim();
    }, transparent || (host.includes(":") && !existsSync("/proc/net/if_inet6")));
  }

  scene("transparent: an address that the machine has is served as ever", async (scene) => {
    const { listener } = serve(scene, "here", loopback, { transparent: true });
    await ask(scene, listener.endpoint, "here");
  }, transparent);

  scene("release and reclaim leave no descriptor behind", async (scene) => {
    await inFolder(async (folder) => {
      const kinds: Endpoint[] = [
        loopback,
        { kind: "unix", path: join(folder, "socket") },
        { kind: "abstract", name: `listener-suite-${crypto.randomUUID()}` },
      ];
      for (const at of kinds) {
        const { listener } = scene.listen(at);
        listener.release();
        listener.reclaim();
        const before = descriptors();
        for (let i = 0; i < 20; i++) {
          listener.release();
          listener.reclaim();
        }
        await until(() => descriptors() <= before, () => `${descriptors()} to become ${before}`);
        listener.close();
        await until(
          () => descriptors() < before,
          () => `${descriptors()} to be less than ${before}`,
        );
      }
    });
  }, !subject.descriptors);
}

/** A server that tells each client its name. */
function serve(scene: Scene, name: string, ...args: Parameters<Scene["listen"]>): Server {
  const server = scene.listen(...args);
  server.onAccept = (end) => end.then.data = () => end.send(name);
  return server;
}

/** A client that is answered by the server of that name. */
async function ask(scene: Scene, at: Endpoint, name: string): Promise<End> {
  const client = scene.connect(at);
  client.then.opened = () => client.send("?");
  await client.got(name.length);
  assertEquals(client.text, name);
  return client;
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "listener-suite-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}
