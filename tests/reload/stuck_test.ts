/** Processes of which a thread is stuck: it is stopped, as a debugger stops it (ptrace(2)). */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { programTest, start, type Started, threadless } from "../binary.ts";
import { open, statusOf } from "../scenarios/wire.ts";
import { until } from "../until.ts";
import { type Address, ask, ended, furnished } from "./rig.ts";

const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
const WNOHANG = 1;
const __WALL = 0x40000000;

const ffi = threadless === null ? await import("bun:ffi") : null;
const libc = ffi?.dlopen("libc.so.6", {
  ptrace: { args: ["i64", "i64", "i64", "i64"], returns: "i64" },
  waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" },
}).symbols;

/** The threads that serve. */
function workersOf(pid: number): number[] {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).filter((task) =>
    readFileSync(`${tasks}/${task}/comm`, "latin1").startsWith("Worker")
  ).map(Number);
}

/** Stops a thread. @returns lets it go on */
async function stopThread(pid: number, thread: number): Promise<() => Promise<void>> {
  const status = () => readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
  // At rest: in the midst of its start it may hold a lock of the runtime's.
  let last = "";
  let same = 0;
  await until(() => {
    const now = status();
    same = now === last && /\) S/.test(now) ? same + 1 : 0;
    last = now;
    return same > 15;
  }, "the thread to rest");
  assertEquals(Number(libc!.ptrace(PTRACE_SEIZE, thread, 0, 0)), 0);
  libc!.ptrace(PTRACE_INTERRUPT, thread, 0, 0);
  await until(() => /^\d+ \(.*\) t/s.test(status()), "the thread to stop");
  return async () => {
    if (Number(libc!.ptrace(PTRACE_DETACH, thread, 0, 0)) === 0) return;
    // One that has ended meanwhile is not gone before its tracer has seen that.
    const seen = () => libc!.waitpid(thread, new Int32Array(16), __WALL | WNOHANG) !== 0;
    await until(seen, "the thread's end");
  };
}

/** Why that cannot be tried here; null: it can. */
function whyNot(): string | null {
  if (threadless !== null) return threadless;
  const child = spawn("sleep", ["10"], { stdio: "ignore" });
  const may = Number(libc!.ptrace(PTRACE_SEIZE, child.pid!, 0, 0)) === 0;
  child.kill("SIGKILL");
  return may ? null : "ptrace is forbidden here";
}

const impossible = whyNot();

/** A process with two threads, of which one is stopped while `body` runs. */
function withStuck(
  body: (scene: {
    old: Started;
    goOn: () => Promise<void>;
    address: Address;
    next(...args: string[]): Started;
    pidfile: string;
  }) => Promise<void>,
): Promise<void> {
  return furnished(async ({ home, address }) => {
    const next = (...args: string[]) =>
      start(["-db", "-f", home.file, "-p", home.pidfile, ...args]);
    const old = next();
    const pids = [old.pid];
    let goOn: (() => Promise<void>) | null = null;
    try {
      await until(() => existsSync(home.pidfile), "the start");
      goOn = await stopThread(old.pid, workersOf(old.pid)[0]!);
      await body({
        old,
        goOn,
        address,
        pidfile: home.pidfile,
        next(...args) {
          const started = next(...args);
          pids.push(started.pid);
          return started;
        },
      });
    } finally {
      for (const pid of pids) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended.
        }
      }
      await goOn?.();
    }
  }, { global: "global\n  nbthread 2\n" });
}

programTest(
  "a process whose thread is stuck serves on, says so, and ends on SIGTERM",
  () =>
    withStuck(async ({ old, address, goOn }) => {
      // So many stay that some are given to the one that is stuck; the other one has them then.
      const kept = [1, 2, 3, 4].map(() => open(address));
      for (const each of kept) {
        const response = await each.request("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        assertEquals(statusOf(response), 200);
      }
      await until(() => /thread \d has not answered for/.test(old.stderr()), "the report");
      for (const each of kept) each.close();
      old.signal("SIGTERM");
      await ended(old.pid);
      await goOn();
      const { status, signal, stderr } = await old.ended;
      assertEquals([status, signal], [0, null]);
      assertMatch(stderr, /^thread \d has not answered for \d\.\d s: .*\n$/);
    }),
  impossible,
);

programTest(
  "a process whose thread is stuck is followed: the new one alone accepts",
  () =>
    withStuck(async ({ old, address, next, pidfile }) => {
      for (let i = 0; i < 4; i++) assertEquals(await ask(address), 200);
      const told = performance.now();
      const { pid } = next("-q", "-sf", String(old.pid));
      await until(() => Number(readFileSync(pidfile, "utf8")) === pid, "the new one");
      await ended(old.pid);
      assert(performance.now() - told < 4000);
      const began = performance.now();
      for (let i = 0; i < 20; i++) assertEquals(await ask(address), 200);
      assert(performance.now() - began < 3000);
    }),
  impossible,
);
