/** Signals that do not mean the end (signal(7)): a proxy survives them, and says so. */
import { assert, assertEquals } from "@std/assert";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { inFolder, programTest, start, withProxy } from "../binary.ts";
import { ask, furnished, ownAddress, relay, runs, withOrigin } from "../reload/rig.ts";
import { until } from "../until.ts";

const effects: [signal: NodeJS.Signals, word: RegExp][] = [
  ["SIGUSR2", /SIGUSR2 has no effect without a master: to reload, start .* '-sf \d+'/],
  ["SIGQUIT", /SIGQUIT has no effect: SIGUSR1 lets the process finish/],
  ["SIGALRM", /SIGALRM has no effect/],
  ["SIGVTALRM", /SIGVTALRM has no effect/],
  ["SIGPROF", /SIGPROF has no effect/],
  ["SIGIO", /SIGIO has no effect/],
];
/** Those that are survived without a word; 16 is STKFLT, those from 34 on are real-time signals. */
const silent = [
  "PIPE",
  "CHLD",
  "CONT",
  "URG",
  "WINCH",
  "XFSZ",
  "PWR",
  "16",
  "34",
  "35",
  "50",
  "64",
];

function kill(pid: number, signal: string): void {
  assertEquals(spawnSync("/bin/sh", ["-c", `kill -${signal} ${pid}`]).status, 0, signal);
}

programTest("signals that do not mean the end are survived, with a word in the log", async () => {
  const [address, server] = [ownAddress(), ownAddress()];
  await withOrigin("a", server, async () => {
    await withProxy(
      relay(address, server, "log stdout format raw local0"),
      async (proxy) => {
        for (const signal of silent) kill(proxy.pid, signal);
        for (const [signal, word] of effects) {
          proxy.signal(signal);
          await until(() => word.test(proxy.stdout()), `a word about ${signal}`);
          assertEquals(await ask(address), 200, signal);
        }
        // None of these is a flood in the log.
        for (let i = 0; i < 200; i++) proxy.signal("SIGUSR2");
        assertEquals(await ask(address), 200);
      },
      { stderr: /^(\[WARNING\] {2}\(\d+\) : SIG[A-Z0-9]+ has no effect.*\n){6,15}$/ },
    );
  });
});

/** Whether a process has a handler for SIGUSR2 (proc(5), SigCgt). */
function catchesUsr2(pid: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))![1]!;
  return (parseInt(mask.slice(-4), 16) & 0x800) !== 0;
}

programTest(
  "a signal that comes while the program reads its files is survived, and told",
  () =>
    inFolder(async (folder) => {
      const fifo = join(folder, "fifo");
      assertEquals(spawnSync("mkfifo", [fifo]).status, 0);
      const proxy = start(["-db", "-f", fifo]);
      await until(() => catchesUsr2(proxy.pid), "its start");
      proxy.signal("SIGUSR2");
      proxy.signal("SIGALRM");
      writeFileSync(fifo, relay(ownAddress(), ownAddress()));
      await until(
        () => [/SIGUSR2 has no/, /SIGALRM has no/].every((word) => word.test(proxy.stderr())),
        "the words about them",
      );
      proxy.signal("SIGTERM");
      assertEquals((await proxy.ended).status, 0);
    }),
);

programTest("a daemon survives them as well", () =>
  furnished(async ({ home, address }) => {
    assertEquals((await home.start()).status, 0);
    const pid = home.pid();
    for (const [signal] of effects) process.kill(pid, signal);
    for (const signal of silent) kill(pid, signal);
    assertEquals(await ask(address), 200);
    assert(runs(pid));
  }));
