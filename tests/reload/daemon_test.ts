/** -D, `daemon` and the pid file (manual: "daemon", "pidfile"; guide, chapter 4.2.1). */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  launcher,
  programTest,
  run,
  start,
  threadless,
  withDescriptors,
  withProxy,
} from "../binary.ts";
import { listeningDescriptor } from "../net/native.ts";
import { open, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import {
  ask,
  assertQuiet,
  atHome,
  ended,
  furnished,
  ownAddress,
  refuses,
  relay,
  runs,
  withDaemon,
  withOrigin,
} from "./rig.ts";

/** Processes that were started with a file as argument. */
function processesOf(file: string): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(file);
    } catch {
      return false;
    }
  }).filter(runs);
}

programTest(
  "-D: one process remains, in a session of its own, on /dev/null, and serves; its parent ends with 0",
  () =>
    furnished(async ({ home, address }) => {
      // That run() returns at all shows that nobody holds the pipes that it reads.
      assertQuiet(await home.start());
      const pid = home.pid();
      assertEquals(await ask(address), 200);
      assertEquals(processesOf(home.file), [pid]);
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const [, name, , parent, , session] = /^\d+ \((.*)\) (.) (\d+) (\d+) (\d+)/.exec(stat)!;
      assertEquals(Number(session), pid);
      assert(Number(parent) !== process.pid);
      if (runtimeName === "bun") assertEquals(name, "sluice");
      for (const fd of [0, 1, 2]) {
        assertEquals(readlinkSync(`/proc/${pid}/fd/${fd}`), "/dev/null");
      }
      process.kill(pid, "SIGTERM");
      await ended(pid);
      assert(existsSync(home.pidfile), "the pid file stays, as HAProxy's does");
      assert(await refuses(address));
    }),
);

programTest("a daemon obeys USR1 as any proxy", () =>
  withDaemon(async ({ address, pid }) => {
    const half = open(address);
    half.send("GET / HTTP/1.1\r\n");
    await ask(address);
    process.kill(pid, "SIGUSR1");
    await until(() => refuses(address), "the stop");
    assert(runs(pid));
    assertEquals(statusOf(await half.request("Host: x\r\n\r\n")), 200);
    half.close();
    await ended(pid);
  }));

programTest(
  "`daemon` does what -D does; -db, -d and the verb run go before it",
  () =>
    furnished(async ({ home, address }) => {
      assertQuiet(await run(["-f", home.file, "-p", home.pidfile]));
      const pid = home.pid();
      assertEquals(await ask(address), 200);
      process.kill(pid, "SIGTERM");
      await ended(pid);
      // withProxy sees to it that the process which it started is the one of the pid file.
      const configuration = readFileSync(home.file, "utf8");
      await withProxy(configuration, () => {});
      await withProxy(configuration, () => {}, { args: ["-D"] });
      await withProxy(configuration, () => {}, {
        verb: "run",
        stderr: /^engine: .*\nweb listens on /,
      });
      const debug = start(["-d", "-q", "-f", home.file]);
      await until(() => ask(address).then((status) => status === 200, () => false), "-d");
      debug.signal("SIGTERM");
      assertEquals((await debug.ended).status, 0);
    }, { global: "global\n  daemon\n" }),
);

programTest(
  "a daemon that cannot start: its error comes, and 1, and nothing stays",
  () =>
    withDaemon(async ({ home, address }) => {
      const cases: [args: string[], message: RegExp][] = [
        [["-f", home.file], /^cannot start: cannot bind 127\.42\..*: EADDRINUSE\n/],
        [["-f", home.file, "-n", "100000000"], /^cannot start: maxconn 100000000 needs/],
        [["-f", "/nonexistent"], /^cannot read '\/nonexistent': no such file or directory\n$/],
      ];
      for (const [args, message] of cases) {
        const { status, stdout, stderr } = await run(["-D", ...args]);
        assertEquals([status, stdout], [1, ""]);
        assertMatch(stderr, message);
        assertEquals(processesOf(home.file), [home.pid()]);
      }
      const second = ownAddress();
      const other = join(home.folder, "other");
      writeFileSync(other, relay(second, address));
      const { status, stderr } = await run(["-D", "-f", other, "-p", "/nonexistent/pid"]);
      assertEquals(status, 1);
      assertMatch(stderr, /^cannot start: cannot write the pid file: .*\/nonexistent\/pid.*\n$/);
      assertEquals(processesOf(other), []);
      assert(await refuses(second));
    }),
);

programTest(
  "a daemon's warnings come once, and its configuration may come by a pipe",
  () =>
    furnished(async ({ home, address }) => {
      const text = readFileSync(home.file, "utf8").replace(/^ {2}timeout client.*\n/m, "");
      const { status, stdout, stderr } = await run(["-D", "-f", "-", "-p", home.pidfile], {
        input: text,
      });
      assertEquals([status, stdout], [0, ""]);
      assertEquals(stderr.match(/missing timeouts/g)?.length, 1, stderr);
      assertEquals(await ask(address), 200);
      assertEquals(readlinkSync(`/proc/${home.pid()}/fd/0`), "/dev/null");
    }),
);

programTest("a daemon has no standard output to log to, and one is told so", () =>
  furnished(
    async ({ home, address }) => {
      const { status, stdout, stderr } = await home.start();
      assertEquals([status, stdout], [0, ""]);
      assertStringIncludes(stderr, "a daemon has no standard output");
      assertEquals(await ask(address), 200);
      assertQuiet(await home.start(["-q", "-sf", home.pid()]));
    },
    { lines: ["log stdout format raw local0"] },
  ));

programTest(
  "inherited listeners reach a daemon under their numbers",
  () =>
    furnished(async ({ home, address, origin }) => {
      const listeners = [listeningDescriptor(), listeningDescriptor()];
      try {
        const server = { host: address.host, port: 8001 };
        await withOrigin("b", server, async (named) => {
          home.configure(
            `global\n  maxconn 100\nlisten web\n  mode http\n  bind fd@3,fd@5\n` +
              "  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\n" +
              `  server a ${server.host}:${server.port}\n`,
          );
          const descriptors = [listeners[0]!.fd, "ignore", listeners[1]!.fd] as unknown as number[];
          assertQuiet(await home.start([], { descriptors }));
          for (const { port } of listeners) {
            assertEquals(await ask({ host: "127.0.0.1", port }), 200);
          }
          assertEquals(named.seen.length, 2);
          assertEquals(origin.seen.length, 0);
        });
      } finally {
        for (const listener of listeners) listener.close();
      }
    }),
);

programTest("4.2.1: the check forwarder, as the guide starts and kills it", () => {
  const [entry, web] = [ownAddress(81), ownAddress(80)];
  return withOrigin("web", { ...web, port: 8080 }, () =>
    atHome(async (home) => {
      home.configure(`global
    daemon
    quiet
    pidfile ${home.pidfile}
listen ${entry.host}:8081
    mode tcp
    dispatch ${web.host}:8080
    contimeout 1000
    clitimeout 10000
    srvtimeout 10000
`);
      const listener = { ...entry, port: 8081 };
      assertQuiet(await run(["-f", home.file]));
      const pid = home.pid();
      assertEquals(await ask(listener), 200);
      const killed = spawnSync("bash", ["-c", `kill $(<${home.pidfile})`]);
      assertEquals([killed.status, String(killed.stderr)], [0, ""]);
      await ended(pid);
      assert(await refuses(listener));
    }));
});

programTest(
  "a daemon's configuration may come by what can be read only once, and names stay",
  () =>
    furnished(async ({ home, address }) => {
      const [first, second] = [join(home.folder, "first"), join(home.folder, "fifo")];
      const text = readFileSync(home.file, "utf8");
      const at = text.indexOf("  server ");
      writeFileSync(first, "global\n  maxconn 100\n");
      const quoted = launcher.map((word) => `'${word}'`).join(" ");
      const bash = (script: string) =>
        spawnSync("bash", ["-c", script], { cwd: home.folder, encoding: "utf8", timeout: 20_000 });
      const ways = [
        `exec ${quoted} -D -f <(cat first) -f <(cat config) -p pid`,
        `exec ${quoted} -D -f first -f /dev/stdin -p pid < config`,
        `cat config | ${quoted} -D -f first -f - -p pid`,
        `mkfifo fifo; cat config > fifo & exec ${quoted} -D -f first -f fifo -p pid`,
      ];
      for (const way of ways) {
        const { status, stdout, stderr } = bash(way);
        assertEquals([status, stdout, stderr], [0, "", ""], way);
        const pid = home.pid();
        assertEquals(await ask(address), 200, way);
        process.kill(pid, "SIGTERM");
        await ended(pid);
      }
      // What is wrong only when it starts is told of the file that it was read from, once.
      writeFileSync(home.file, `${text.slice(0, at)}  moed\n`);
      const wrong = bash(`cat config > fifo & exec ${quoted} -D -f first -f fifo -p pid`);
      assertEquals(wrong.status, 1);
      assertMatch(wrong.stderr, /^fifo:7:3: error: unknown keyword 'moed'/);
      assertEquals(processesOf(second), []);
    }),
);

programTest(
  "a daemon gets a configuration of megabytes whole",
  () =>
    furnished(async ({ home, address }) => {
      const text = readFileSync(home.file, "utf8");
      writeFileSync(
        home.file,
        `${text}\n${"# a comment of forty characters, about\n".repeat(50_000)}`,
      );
      assertQuiet(await home.start());
      assertEquals(await ask(address), 200);
    }),
);

programTest(
  "a variable of a daemon's that has come by the environment means nothing",
  () =>
    furnished(async ({ home, address }) => {
      const open = [openSync("/dev/null", "r"), openSync("/dev/null", "w")];
      try {
        const values = ["", "3", "garbage", "1 3 4", `${process.pid} 3 4`, `${process.pid} 4 4`];
        for (const value of [...values, `${process.pid} 99 98`, "-1 -1 -1"]) {
          for (const name of ["SLUICE_DAEMON", "SLUICE_READY_FD"]) {
            const env = { [name]: value };
            assertQuiet(await home.start([], { env, descriptors: open }));
            const pid = home.pid();
            assertEquals(await ask(address), 200, `${name}=${value}`);
            process.kill(pid, "SIGTERM");
            await ended(pid);
          }
        }
      } finally {
        open.forEach(closeSync);
      }
    }),
);

programTest(
  "a daemon that cannot be started for lack of descriptors: words, and 1",
  () =>
    furnished(async ({ home }) => {
      const options = { prefix: withDescriptors(threadless === null ? 8 : 28) };
      const { status, stderr } = await home.start([], options);
      assertEquals(status, 1);
      assertMatch(
        stderr,
        /^(cannot start: .* needs \d+ descriptors|cannot start: no other process|too many open files)/,
      );
    }),
);
