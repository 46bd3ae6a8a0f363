/** What comes while the threads of a process are starting. */
import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { programTest, start, threadless } from "../binary.ts";
import { until } from "../until.ts";
import { ask, ended, furnished, type Home, relay, runs, withDaemon } from "./rig.ts";

/** So many servers that building them takes a thread some time. */
const many = Array.from(
  { length: 3000 },
  (_, i) => `server s${i} 127.48.2.${i % 250 + 1}:9 weight 0`,
);

const threads = 4;

/** Whether the threads that serve have begun; they are not up for long yet. */
function hasThreads(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).filter((task) =>
      readFileSync(`${tasks}/${task}/comm`, "latin1").startsWith("Worker")
    ).length >= threads;
  } catch {
    return false;
  }
}

function startFrom(home: Home, ...args: string[]) {
  return start(["-db", "-q", "-f", home.file, "-p", home.pidfile, ...args]);
}

for (const signal of ["SIGTERM", "SIGUSR1"] as const) {
  programTest(
    `${signal} while the threads start: it does not begin, and the old process goes on`,
    () =>
      withDaemon(async ({ home, address, server, pid }) => {
        home.configure(`global\n  nbthread ${threads}\n` + relay(address, server, ...many));
        const next = startFrom(home, "-sf", String(pid));
        await until(() => hasThreads(next.pid), "its threads");
        next.signal(signal);
        const { status, stderr } = await next.ended;
        assertEquals([status, stderr], [1, `cannot start: ${signal} came first\n`]);
        assertEquals(home.pid(), pid);
        assert(runs(pid));
        for (let i = 0; i < 20; i++) assertEquals(await ask(address), 200);
      }),
    threadless,
  );
}

programTest(
  "the pid file is there when the threads are up, and not before",
  () =>
    furnished(async ({ home, address, server }) => {
      home.configure(`global\n  nbthread ${threads}\n` + relay(address, server, ...many));
      const next = startFrom(home);
      await until(() => hasThreads(next.pid), "its threads");
      assertEquals(existsSync(home.pidfile), false);
      await until(() => existsSync(home.pidfile), "the pid file");
      assertEquals(await ask(address), 200);
      next.signal("SIGTERM");
      await ended(next.pid);
    }),
  threadless,
);
