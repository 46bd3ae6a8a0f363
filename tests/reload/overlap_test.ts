/** Reloads that overlap, fail and are killed: whoever accepts serves, and nobody who waits is lost. */
import { assert, assertEquals } from "@std/assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { programTest, start, type Started } from "../binary.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { ask, ended, furnished, load, relay, runs } from "./rig.ts";

const adopts = runtimeName === "bun" ? null : "Deno cannot adopt another process's sockets";

/** Pseudo-random numbers in [0, 1), the same ones each time. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Kills a process that has not written its pid file, and accepts nothing therefore. */
async function killBeforeItBegins(next: Started, pidfile: string): Promise<boolean> {
  if (!runs(next.pid)) return false;
  next.signal("SIGSTOP");
  await until(() => !runs(next.pid) || isStopped(next.pid), "it to stop");
  const begun = existsSync(pidfile);
  if (!begun) next.signal("SIGKILL");
  next.signal("SIGCONT");
  return !begun;
}

function isStopped(pid: number): boolean {
  return /^\d+ \(.*\) T/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
}

const rounds = Number(process.env["SLUICE_RELOADS"] ?? 30);

for (const engine of ["epoll", "sockets"] as const) {
  programTest(
    `${rounds} overlapping reloads, of which some fail and some are killed, lose no request: ${engine}`,
    () =>
      furnished(async ({ home, address, server }) => {
        const random = randomFrom(7);
        const bad = `${home.folder}/bad`;
        writeFileSync(
          bad,
          `global\n  tune.engine ${engine}\n` + relay(address, server) +
            "listen x\n  mode http\n  bind 203.0.113.1:80\n",
        );
        const started: Started[] = [];
        const pidfileOf = (index: number) => `${home.folder}/pid${index}`;
        const begin = (file: string, pidfile: string) => {
          const before = started.map(({ pid }) => pid).filter(runs).map(String);
          const next = start(["-db", "-q", "-f", file, "-p", pidfile, "-sf", ...before]);
          started.push(next);
          return next;
        };
        try {
          begin(home.file, pidfileOf(0));
          await until(() => existsSync(pidfileOf(0)), "the first");
          const clients = load(address, { brief: 6, kept: 6 });
          await until(() => clients.answered > 100, "the load");
          let killed = 0;
          for (let i = 1; i < rounds; i++) {
            const fate = random();
            if (fate < 0.15) begin(bad, pidfileOf(i));
            else if (fate < 0.3) begin(home.file, "/nonexistent/pid");
            else {
              const next = begin(home.file, pidfileOf(i));
              if (fate < 0.6) {
                await sleep(random() * 90);
                if (await killBeforeItBegins(next, pidfileOf(i))) killed++;
              }
            }
            await sleep(random() * 80);
          }
          begin(home.file, pidfileOf(rounds));
          await until(() => existsSync(pidfileOf(rounds)), () => started.at(-1)!.stderr());
          const goal = clients.answered + 100;
          await until(() => clients.answered > goal, "requests after all");
          await clients.stop();
          assertEquals(clients.failures, []);
          assert(killed > 0, "some were killed");
          await ended(...started.slice(0, -1).map(({ pid }) => pid));
          assertEquals(await ask(address), 200);
        } finally {
          for (const { pid } of started) if (runs(pid)) process.kill(pid, "SIGKILL");
        }
      }, { global: `global\n  tune.engine ${engine}\n` }),
    adopts,
  );
}

programTest(
  "each follows only the one before, which may not have begun: the last one remains, and no request is lost",
  () =>
    furnished(async ({ home, address }) => {
      const random = randomFrom(11);
      const started: Started[] = [];
      const pidfileOf = (index: number) => `${home.folder}/pid${index}`;
      const begin = () => {
        const before = started.slice(-1).map(({ pid }) => String(pid));
        const args = ["-db", "-q", "-f", home.file, "-p", pidfileOf(started.length)];
        started.push(start([...args, "-sf", ...before]));
      };
      try {
        begin();
        await until(() => existsSync(pidfileOf(0)), "the first");
        const clients = load(address, { brief: 6, kept: 6 });
        for (let i = 1; i < rounds; i++) {
          begin();
          await sleep(random() * 60);
        }
        await until(() => existsSync(pidfileOf(rounds - 1)), () => started.at(-1)!.stderr());
        await ended(...started.slice(0, -1).map(({ pid }) => pid));
        const goal = clients.answered + 100;
        await until(() => clients.answered > goal, "requests after all");
        await clients.stop();
        assertEquals(clients.failures, []);
        assertEquals(await ask(address), 200);
      } finally {
        for (const { pid } of started) if (runs(pid)) process.kill(pid, "SIGKILL");
      }
    }),
  adopts,
);
