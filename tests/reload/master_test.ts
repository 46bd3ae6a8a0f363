/** A master and its workers: reloads, workers that die, what systemd and people are told. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { askRuntime } from "#src/cli/runtime-socket.ts";
import { unitFor } from "#src/cli/install-service.ts";
import { notifyText } from "#src/process/notify.ts";
import { inFolder, programTest, run, start, type Started } from "../binary.ts";
import { unixDatagrams } from "../log/unix-datagrams.ts";
import { missingOf } from "../programs.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import {
  ask,
  assertQuiet,
  ended,
  type Furnished,
  furnished,
  load,
  ownAddress,
  refuses,
  relay,
  runs,
} from "./rig.ts";

const adopts = runtimeName === "bun" ? null : "Deno cannot adopt another process's sockets";

/** A master in the foreground, while `body` runs; it and its workers must then end. */
async function withMaster(
  body: (master: Started, scene: Furnished) => Promise<void>,
  options: {
    readonly flag?: string;
    readonly env?: Record<string, string>;
    global?: string;
    /** The name of its socket, in its home. */
    readonly socket?: string;
  } = {},
): Promise<void> {
  const { flag = "-W", env = {}, global = "" } = options;
  await furnished(async (scene) => {
    const { home } = scene;
    const commands = options.socket === undefined
      ? []
      : ["-S", `${dirname(home.file)}/${options.socket},mode,600`];
    const master = start([flag, ...commands, "-f", home.file, "-p", home.pidfile], { env });
    const known = new Set<number>();
    try {
      await until(() => isPid(home.pidfile, master.pid), () => `the start: ${master.stderr()}`);
      for (const pid of workersOf(master.pid)) known.add(pid);
      await body(master, scene);
    } finally {
      for (const pid of workersOf(master.pid)) known.add(pid);
      if (runs(master.pid)) process.kill(master.pid, "SIGTERM");
      await ended(master.pid, ...known);
    }
  }, { global });
}

function isPid(file: string, pid: number): boolean {
  try {
    return readFileSync(file, "utf8") === `${pid}\n`;
  } catch {
    return false;
  }
}

function workersOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1");
    return text.split(" ").filter(Boolean).map(Number).filter(runs);
  } catch {
    return [];
  }
}

/** Waits for a worker that was not there. */
async function another(master: Started, before: readonly number[]): Promise<number> {
  let found: number | undefined;
  await until(() => {
    const workers = workersOf(master.pid);
    found = workers.find((pid) => !before.includes(pid));
    return found !== undefined && workers.length === 1;
  }, () => `another worker: ${master.stderr()}`);
  return found!;
}

programTest(
  "reloads under load lose no request, whether by USR2 or by HUP",
  () =>
    withMaster(async (master, { address }) => {
      const clients = load(address, { brief: 8, kept: 8 });
      await until(() => clients.answered > 200, "the load");
      for (let i = 0; i < 10; i++) {
        const goal = clients.answered + 100;
        const before = workersOf(master.pid);
        master.signal(i % 2 === 0 ? "SIGUSR2" : "SIGHUP");
        await another(master, before);
        await until(() => clients.answered > goal, "requests after the reload");
      }
      await clients.stop();
      assertEquals(clients.failures, []);
      master.signal("SIGTERM");
      assertEquals((await master.ended).status, 0);
    }),
  adopts,
);

programTest(
  "a worker that is killed is replaced within a second, and nobody who comes meanwhile is refused",
  () =>
    withMaster(async (master, { address }) => {
      const [worker] = workersOf(master.pid);
      await new Promise((resolve) => setTimeout(resolve, 1100)); // it has not just begun
      process.kill(worker!, "SIGKILL");
      const since = performance.now();
      await ended(worker!);
      for (let i = 0; i < 5; i++) assertEquals(await ask(address), 200);
      const took = performance.now() - since;
      assert(took < 5000, `${took} ms`);
      assertStringIncludes(master.stderr(), `worker ${worker} has ended with signal SIGKILL`);
      assertEquals(workersOf(master.pid).length, 1);
    }),
  adopts,
);

programTest(
  "its socket: commands for the worker, what runs, reloads and why one has failed",
  () =>
    withMaster(async (master, { home, address }) => {
      const say = (line: string) => askRuntime(join(dirname(home.file), "master.sock"), line);
      const [worker] = workersOf(master.pid);
      assertEquals(await say("@1 get weight web/a"), "1 (initial 1)\n");
      await say(`@!${worker} set weight web/a 0%`);
      assertEquals(await ask(address), 503);
      await say("@1 set weight web/a 100%");
      assertEquals(await ask(address), 200);
      const good = readFileSync(home.file, "utf8");
      writeFileSync(home.file, `${good}\nnonsense\n`);
      const failed = await say("reload");
      assert(failed.startsWith("Success=0\n--\n"), failed);
      assertStringIncludes(failed, "unknown keyword 'nonsense'");
      assertEquals(workersOf(master.pid), [worker]);
      writeFileSync(home.file, good);
      const done = await say("reload");
      assert(done.startsWith("Success=1\n--\n"), done);
      assertMatch(
        await say("show proc"),
        new RegExp(`^${master.pid} +master +2 \\[failed: 1\\] `, "m"),
      );
      assertEquals(await ask(address), 200);
      const next = Number(/^# workers\n(\d+)/m.exec(await say("show proc"))![1]);
      assert(next !== worker);
      await ended(worker!);
      assertEquals(await say(`@!${next} get weight web/a`), "1 (initial 1)\n");
    }, { socket: "master.sock" }),
  adopts,
);

programTest(
  "what cannot be loaded, or cannot listen, changes nothing, and is said",
  () =>
    withMaster(async (master, { home, address, server }) => {
      const before = workersOf(master.pid);
      const good = readFileSync(home.file, "utf8");
      const fails = async (text: string | null, reason: string) => {
        if (text !== null) writeFileSync(home.file, text);
        const failures = () => master.stderr().split("the reload has failed").length;
        const goal = failures() + 1;
        master.signal("SIGUSR2");
        await until(() => failures() === goal, () => `the failure: ${master.stderr()}`);
        assertStringIncludes(master.stderr(), reason);
        assertEquals(workersOf(master.pid), before);
        assertEquals(await ask(address), 200);
      };
      await fails(`${good}\nnonsense\n`, "unknown keyword 'nonsense'");
      // The server's own address is in use, by a process that is none of the workers.
      await fails(
        good + relay(server, address).replace("listen web", "listen other"),
        "the new worker",
      );
      writeFileSync(home.file, good);
      master.signal("SIGUSR2");
      const worker = await another(master, before);
      assertEquals(await ask(address), 200);
      assert(worker !== before[0]);
    }),
  adopts,
);

programTest(
  "systemd is told of the start, of reloads, and of the end",
  () =>
    inFolder(async (folder) => {
      const socket = await unixDatagrams(join(folder, "notify"));
      const heard: string[] = [];
      const hear = () => {
        try {
          for (;;) heard.push(socket.receive());
        } catch {
          // No more of them.
        }
        return heard;
      };
      const env = { NOTIFY_SOCKET: join(folder, "notify"), WATCHDOG_USEC: "200000" };
      try {
        await withMaster(async (master, { home }) => {
          await until(() => hear().some((text) => text.startsWith("READY=1\n")), "READY");
          assertStringIncludes(heard[0]!, `READY=1\nMAINPID=${master.pid}\nSTATUS=`);
          await until(() => hear().includes("WATCHDOG=1\n"), "a sign of life");
          const before = workersOf(master.pid);
          master.signal("SIGUSR2");
          await another(master, before);
          await until(
            () => hear().some((text) => text.includes("RELOADING=1\nMONOTONIC_USEC=")),
            "",
          );
          await until(() => heard.length > 0 && /1 reloads/.test(hear().join()), "its end");
          writeFileSync(home.file, "nonsense\n");
          master.signal("SIGUSR2");
          await until(() => hear().includes("READY=1\nSTATUS=Reload failed!\n"), "the failure");
          master.signal("SIGTERM");
          assertEquals((await master.ended).status, 0);
          await until(() => hear().includes("STOPPING=1\n"), "the end");
          // As HAProxy's -Ws does, it stays in the foreground, whatever the configuration says.
        }, { flag: "-Ws", env, global: "global\n  daemon\n" });
      } finally {
        socket.close();
      }
    }),
  adopts,
);

programTest(
  "as a daemon: ready when it returns, and its streams are not held",
  () =>
    furnished(async ({ home, address }) => {
      assertQuiet(await home.start(["-W"]));
      const pid = home.pid();
      const [worker] = workersOf(pid);
      assertEquals(await ask(address), 200);
      const said = await run(["reload", home.pidfile]);
      assertEquals([said.status, said.stderr], [0, ""]);
      assertMatch(said.stdout, /^reloaded: worker \d+ serves\n$/);
      await ended(worker!);
      home.configure("listen x\n  moed http\n");
      const refused = await run(["reload", String(pid)]);
      assertEquals(refused.status, 1);
      assertStringIncludes(refused.stderr, "the configuration has errors: nothing is changed");
      const [second] = workersOf(pid);
      process.kill(pid, "SIGUSR1");
      await ended(pid, second!);
      assert(await refuses(address));
    }),
  adopts,
);

programTest(
  "'master-worker' in a configuration; a master that is killed takes its workers along",
  () =>
    withMaster(async (master, { address }) => {
      const workers = workersOf(master.pid);
      assertEquals(workers.length, 1);
      assertEquals(await ask(address), 200);
      process.kill(master.pid, "SIGKILL");
      await ended(...workers);
    }, { flag: "-q", global: "global\n  master-worker\n" }),
);

programTest("a first start that fails ends the master", () =>
  inFolder(async (folder) => {
    const file = join(folder, "x.cfg");
    const at = ownAddress();
    writeFileSync(file, relay({ host: "192.0.2.1", port: 80 }, at));
    const { status, stderr } = await run(["-W", "-f", file]);
    assertEquals(status, 1);
    assertStringIncludes(stderr, "cannot start: the worker: it ended with status 1");
  }));

programTest("'reload' of what is no master says what to do", async () => {
  const other = spawn("/bin/sleep", ["30"]);
  try {
    const { status, stderr } = await run(["reload", String(other.pid)]);
    assertEquals(status, 1);
    assertStringIncludes(stderr, `process ${other.pid} is no master with workers\n  fix: `);
  } finally {
    other.kill();
  }
  assertEquals((await run(["reload", "/nonexistent/pid"])).status, 1);
});

test("a message to systemd is a line for each field", () => {
  assertEquals(notifyText({ READY: 1, STATUS: "a\nb" }), "READY=1\nSTATUS=a b\n");
});

const missing = missingOf({ "systemd-analyze": "systemd" });
programTest("the unit is one that systemd takes", () =>
  inFolder(async (folder) => {
    const { stdout } = await run(["install-service", "--print"]);
    assertStringIncludes(stdout, "-Ws -f /etc/haproxy/haproxy.cfg");
    const file = join(folder, "sluice.service");
    // The programs in it must be there.
    writeFileSync(file, unitFor("/bin/true", "/etc/passwd"));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", file], {
      encoding: "utf8",
    });
    assertEquals([status, stderr.split("\n").filter((line) => line.includes("sluice.service"))], [
      0,
      [],
    ]);
  }), missing);
