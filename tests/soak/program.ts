/** A soak of the program: clients of all kinds, origins that die, and reloads by -sf. */
import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inFolder, launcher } from "../binary.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { configurationText, gather, pause, type Place } from "./crowd.ts";

/** How to soak. */
export interface SoakOptions {
  readonly place: Place;
  readonly seconds: number;
  readonly seed: number;
  /** Hears how it goes. */
  readonly say: (line: string) => void;
}

/** A process of the proxy. */
interface Proxy {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

/** What a process holds. */
interface Holding {
  readonly sockets: number;
  readonly pipes: number;
  readonly all: number;
  /** MB. */
  readonly memory: number;
}

/** What a process has open, and its memory. */
function holding(pid: number): Holding {
  const kinds = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`).split(":")[0]!;
    } catch {
      return "gone";
    }
  });
  const count = (kind: string) => kinds.filter((each) => each === kind).length;
  const memory = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1];
  const gone = count("gone");
  return {
    sockets: count("socket"),
    pipes: count("pipe"),
    all: kinds.length - gone,
    memory: Math.round(Number(memory) / 1024),
  };
}

/** Idle pipes that the loops keep for the next splice, two descriptors each, and standard streams. */
const mostPipes = 3 * 2 * 32 + 8;

/** Connections to servers that stay open unused, at most, and those of checks. */
const mostIdle = 2 * 6 + 2;

/** Soaks one engine. @throws if anything is not accounted for */
export function soakProgram(engine: "epoll" | "sockets", options: SoakOptions): Promise<void> {
  const { place, seconds, seed, say } = options;
  return inFolder(async (folder) => {
    const file = join(folder, "proxy.cfg");
    const pidfile = join(folder, "pid");
    writeFileSync(file, configurationText(place, `tune.engine ${engine}`, "nbthread 3"));
    const proxies: Proxy[] = [];

    async function start(...args: string[]): Promise<Proxy> {
      const [program, ...rest] = launcher;
      const child = spawn(program, [...rest, "-db", "-f", file, "-p", pidfile, ...args], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, NO_COLOR: "1" },
      });
      let stderr = "";
      child.stderr!.setEncoding("utf8");
      child.stderr!.on("data", (text: string) => stderr += text);
      const ended = once(child, "exit").then(([status]) => status as number | null);
      const proxy = { pid: child.pid!, child, stderr: () => stderr, ended };
      proxies.push(proxy);
      await until(
        () => existsSync(pidfile) && readFileSync(pidfile, "utf8") === `${child.pid}\n`,
        () => `the proxy to start: ${stderr}`,
      );
      return proxy;
    }

    /** What is left when all clients have gone. */
    async function rest({ pid }: Proxy, first: Holding): Promise<Holding> {
      await until(
        () => holding(pid).sockets <= first.sockets + mostIdle,
        () => `rest: ${JSON.stringify([first, holding(pid)])}`,
      );
      // Garbage is collected when traffic pauses.
      await pause(1200);
      return holding(pid);
    }

    const crowd = await gather(place, seed);
    try {
      let proxy = await start();
      await pause(500);
      const first = holding(proxy.pid);
      say(`${engine}: at the start ${show(first)}`);

      const rounds = seconds < 30 ? 2 : 4;
      const length = Math.max(1000, seconds * 1000 / (rounds + 2));
      const memory: number[] = [];
      for (let round = 1; round <= rounds; round++) {
        await crowd.round(length, (random) => crowd.killOrigin(random));
        const now = await rest(proxy, first);
        memory.push(now.memory);
        say(`${engine}: after round ${round} ${show(now)}; ${crowd.answered} answers`);
        assert(now.pipes <= mostPipes, `${now.pipes} pipes`);
      }
      const before = memory[rounds / 2 - 1]!;
      const grown = memory.at(-1)! - before;
      assert(grown <= 0.2 * before + 25, `memory after the same load: ${memory.join(", ")} MB`);

      const reload = async () => {
        const old = proxy;
        proxy = await start("-sf", String(old.pid));
        let status: number | null | undefined;
        void old.ended.then((how) => status = how);
        await until(() => status !== undefined, () => ask(old), 20_000);
        assertEquals(status, 0, old.stderr());
      };
      // On Deno nobody can be given a listening socket: between two processes some are refused.
      const refuses = runtimeName === "deno";
      await crowd.round(2 * length, () => refuses ? crowd.inTrouble(reload) : reload());
      const now = await rest(proxy, first);
      say(
        `${engine}: after ${proxies.length - 1} reloads ${show(now)}; ${crowd.answered} answers, ` +
          `${crowd.excused} excused`,
      );
      assert(proxies.length > 1, "it was never reloaded");
      process.kill(proxy.pid, "SIGHUP");
      const report = () => proxy.stderr().split("\n").find((line) => line.includes("act(FE+BE)"));
      await until(() => report() !== undefined, () => `a report: ${proxy.stderr()}`);
      assert(report()!.includes("act(FE+BE): 0+0, 0 pend (0 unass)"), report());
      process.kill(proxy.pid, "SIGTERM");
      assertEquals(await proxy.ended, 0, proxy.stderr());
      assertEquals(crowd.faults, []);
      assert(crowd.answered > 50, `only ${crowd.answered} answers`);
    } finally {
      for (const { child } of proxies) child.kill("SIGKILL");
      await crowd.leave();
    }
    assertEquals(crowd.faults, []);
  });
}

/** Asks a process that does not end why, for the next time. */
function ask({ pid, stderr }: Proxy): string {
  process.kill(pid, "SIGHUP");
  return `process ${pid} to end: ${stderr()}`;
}

function show({ sockets, pipes, all, memory }: Holding): string {
  return `${all} descriptors (${sockets} sockets, ${pipes} pipes), ${memory} MB`;
}
