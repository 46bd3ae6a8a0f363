/** -sf and -st: a new process follows an old one, and nobody who asks notices. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { type Ended, programTest, run, start, type Started } from "../binary.ts";
import { open, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import {
  type Address,
  ask,
  assertQuiet,
  descriptors,
  ended,
  furnished,
  type Home,
  load,
  ownAddress,
  refuses,
  relay,
  runs,
  withDaemon,
  withOrigin,
} from "./rig.ts";

const RELOADS = 20;
const adopts = runtimeName === "bun" ? null : "Deno cannot adopt another process's sockets";

programTest(
  `${RELOADS} reloads of a daemon lose no request, and leave neither process nor descriptor behind`,
  () =>
    withDaemon(async ({ home, address, pid }) => {
      const pids = [pid];
      const clients = load(address, { brief: 8, kept: 8 });
      await until(() => clients.answered > 200, "the load");
      const before = descriptors(pids[0]!);
      for (let i = 0; i < RELOADS; i++) {
        const goal = clients.answered + 200;
        assertQuiet(await home.start(["-sf", pids.at(-1)!]));
        pids.push(home.pid());
        await until(() => clients.answered > goal, "requests after the reload");
      }
      await ended(...pids.slice(0, -1));
      await clients.stop();
      assertEquals(clients.failures, []);
      assert(clients.answered > 4000, `${clients.answered} requests`);
      assertEquals(new Set(pids).size, RELOADS + 1);
      const last = pids.at(-1)!;
      await until(() => descriptors(last) <= before, () => `${descriptors(last)} descriptors`);
    }),
  adopts,
);

programTest(
  `${RELOADS} reloads in the foreground lose no request, and each old process ends with status 0`,
  () =>
    furnished(async ({ home, address }) => {
      const args = ["-db", "-q", "-f", home.file, "-p", home.pidfile];
      const isReady = (next: Started) =>
        until(() => {
          try {
            return home.pid() === next.pid;
          } catch {
            return false;
          }
        }, () => `the start: ${next.stderr()}`);
      let current = start(args);
      await isReady(current);
      const clients = load(address, { brief: 8, kept: 8 });
      for (let i = 0; i < RELOADS; i++) {
        const goal = clients.answered + 200;
        const next = start([...args, "-sf", String(current.pid)]);
        await isReady(next);
        assertQuiet(await current.ended);
        current = next;
        await until(() => clients.answered > goal, "requests after the reload");
      }
      await clients.stop();
      assertEquals(clients.failures, []);
      current.signal("SIGTERM");
      assertQuiet(await current.ended);
    }),
  adopts,
);

programTest(
  "from one address to every address and back, no request is lost",
  () =>
    withDaemon(async ({ home, address, server }) => {
      const clients = load(address, { brief: 8, kept: 8 });
      for (let i = 0; i < 6; i++) {
        const old = home.pid();
        const goal = clients.answered + 200;
        home.configure(relay(i % 2 === 0 ? { ...address, host: "*" } : address, server));
        assertQuiet(await home.start(["-sf", old]));
        await until(() => clients.answered > goal, "requests after the reload");
        await ended(old);
      }
      await clients.stop();
      assertEquals(clients.failures, []);
    }, { port: 18_117 }),
  adopts,
);

programTest(
  "a long request is answered by the old process, after the new one serves",
  () =>
    withDaemon(async ({ home, address, pid: old }) => {
      const client = open(address);
      client.send("GET / HTTP/1.1\r\n");
      await until(async () => {
        await ask(address);
        return true;
      }, "an answer");
      const reload = await home.start(["-q", "-sf", old]);
      assertQuiet(reload);
      assertEquals(await ask(address), 200);
      assert(runs(old));
      const response = await client.request("Host: x\r\n\r\n");
      assertEquals(statusOf(response), 200);
      assert(response.fields.includes("Connection: close"));
      client.close();
      await ended(old);
    }),
);

programTest(
  "-st ends the old process at once, whatever it is doing",
  () =>
    withDaemon(async ({ home, address, pid: old }) => {
      const client = open(address);
      client.send("GET / HTTP/1.1\r\n");
      await ask(address);
      assertQuiet(await home.start(["-q", "-st", old]));
      await ended(old);
      await until(() => client.endOfStream, "its end");
      client.close();
      assertEquals(await ask(address), 200);
    }),
);

programTest(
  "pids that are gone, our own, and none at all are no hindrance",
  () =>
    furnished(async ({ home, address }) => {
      const { pid, ended: over } = start(["-v"]);
      await over;
      for (const args of [["-sf"], ["-sf", pid], ["-st", pid, 0], ["-sf", pid, "-st"]]) {
        assertQuiet(await home.start(args));
        assertEquals(await ask(address), 200);
        process.kill(home.pid(), "SIGTERM");
        await ended(home.pid());
      }
    }),
);

programTest("a new process that cannot start disturbs the old one in nothing", () => {
  const foreign = ownAddress(8082);
  return withOrigin(
    "other",
    foreign,
    () =>
      withDaemon(async ({ home, address, server, pid: old }) => {
        const clients = load(address, { brief: 4, kept: 4 });
        const fails = async (how: string, more: string, args: string[] = []) => {
          writeFileSync(`${home.folder}/bad`, relay(address, server) + more);
          const bad = ["-q", "-D", "-f", `${home.folder}/bad`];
          const result: Ended = await run([...bad, "-sf", String(old), ...args]);
          assertEquals([result.status, result.stdout], [1, ""], how);
          assert(result.stderr !== "", how);
          const goal = clients.answered + 100;
          await until(() => clients.answered > goal, `requests after ${how}`);
          assertEquals(home.pid(), old);
        };
        await fails("a wrong configuration", "listen x\n  bnid :1\n");
        // RFC 5737: nobody has this address. The other one was taken over by then.
        await fails(
          "an address that is not here",
          "listen x\n  mode http\n  bind 203.0.113.1:80\n",
        );
        await fails("a pid file in no folder", "", ["-p", "/nonexistent/pid"]);
        // The old one has nothing to do with it, and is not asked to release what it has.
        await fails("an address of others", `  bind ${foreign.host}:${foreign.port}\n`);
        await clients.stop();
        // Where the sockets cannot be taken over, the old one has to release them for a moment.
        if (adopts === null) assertEquals(clients.failures, []);
        assert(runs(old));
        // It is whole: it releases its address, as a socket that is still another's would not.
        process.kill(old, "SIGTTOU");
        await until(async () => {
          const holder = start(["-db", "-q", "-f", home.file, "-p", `${home.folder}/other`]);
          const status = await Promise.race([
            holder.ended.then(() => null),
            until(() => ask(address).catch(() => undefined), "an answer").catch(() => null),
          ]);
          if (status === 200) holder.signal("SIGTERM");
          return status === 200 && (await holder.ended).status === 0;
        }, "another process at its address");
        process.kill(old, "SIGTTIN");
        await until(
          () => ask(address).then((got) => got === 200, () => false),
          "the old one again",
        );
      }),
  );
});

programTest(
  "who waits in the old process's queue is not taken by one that fails to start",
  () =>
    withDaemon(async ({ home, address, server, pid }) => {
      const first = open(address);
      first.send("GET / HTTP/1.1\r\n");
      await until(() => first.isOpen, "the first");
      const waiting = [open(address), open(address), open(address)];
      await until(() => waiting.every(({ isOpen }) => isOpen), "the others");
      const answers = waiting.map((client) =>
        client.request("GET / HTTP/1.0\r\n\r\n").then(statusOf, String)
      );
      writeFileSync(
        `${home.folder}/bad`,
        relay(address, server) + "listen x\n  mode http\n  bind 203.0.113.1:80\n",
      );
      const bad = await run(["-q", "-D", "-f", `${home.folder}/bad`, "-sf", String(pid)]);
      assertEquals(bad.status, 1);
      assertEquals(statusOf(await first.request("Host: x\r\nConnection: close\r\n\r\n")), 200);
      assertEquals(await Promise.all(answers), [200, 200, 200]);
      for (const client of [first, ...waiting]) client.close();
    }, { lines: ["maxconn 1"] }),
  adopts,
);

programTest(
  "an address whose port the old process has elsewhere: it is relieved, or goes on",
  () => {
    const any = { host: "*", port: 20_000 + process.pid % 10_000 };
    const foreign = ownAddress(any.port + 1);
    // Whose address this is does not hear of anything.
    return withOrigin("other", foreign, () =>
      furnished(async ({ home, address, server }) => {
        const there = { ...address, port: any.port };
        home.configure(relay(there, server, `bind ${address.host}:${address.port}`));
        assertQuiet(await home.start());
        const old = home.pid();

        writeFileSync(
          `${home.folder}/bad`,
          relay(any, server, `bind ${foreign.host}:${foreign.port}`),
        );
        const bad = await run(["-q", "-D", "-f", `${home.folder}/bad`, "-sf", String(old)]);
        assertEquals(bad.status, 1);
        assertMatch(bad.stderr, /EADDRINUSE/);
        for (const at of [there, address]) {
          await until(() => ask(at).then((got) => got === 200, () => false), "the old one again");
        }
        assertEquals(home.pid(), old);

        // The first of these is taken over; the other has the port of what the old one has besides.
        home.configure(relay(address, server, `bind ${any.host}:${any.port}`));
        assertQuiet(await home.start(["-q", "-sf", old]));
        await ended(old);
        for (const at of [there, address]) assertEquals(await ask(at), 200);
      }));
  },
);

/** A new process waits for an address, half of which the old one has released, and half is another's. */
async function waiting(
  body: (home: Home, old: number, at: Address, free: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const port = 20_000 + (process.pid + 5000) % 10_000;
  await withOrigin(
    "other",
    ownAddress(port),
    (other) =>
      withDaemon(async ({ home, address, server, pid }) => {
        home.configure(relay({ host: "*", port }, server));
        await body(home, pid, address, other.stop);
      }, { port }),
  );
}

for (const signal of ["SIGTERM", "SIGUSR1"] as const) {
  programTest(
    `${signal} before it has started: it does not start, and the old one resumes`,
    () =>
      waiting(async (home, old, at) => {
        const next = start(["-db", "-q", "-f", home.file, "-p", home.pidfile, "-sf", String(old)]);
        await until(() => refuses(at), "the release");
        next.signal(signal);
        const { status, stderr } = await next.ended;
        assertEquals([status, stderr], [1, `cannot start: ${signal} came first\n`]);
        await until(() => ask(at).then((got) => got === 200, () => false), "the old one again");
        assertEquals(home.pid(), old);
      }),
  );
}

programTest(
  "who starts a daemon may be killed before that is ready",
  () =>
    waiting(async (home, old, at, free) => {
      const parent = start(["-D", "-q", "-f", home.file, "-p", home.pidfile, "-sf", String(old)]);
      await until(() => refuses(at), "the release");
      parent.signal("SIGKILL");
      await free();
      await parent.ended;
      await ended(old);
      assert(home.pid() !== old);
      assertEquals(await ask(at), 200);
    }),
);
