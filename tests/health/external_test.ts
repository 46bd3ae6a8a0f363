/** Checks by programs: what these are told, and what they make of a check. */
import {
  externalProbe,
  type Program,
  programFor,
  type RunProgram,
  type Told,
} from "#src/health/external.ts";
import type { CheckResult } from "#src/health/result.ts";
import { runProgram } from "#src/process/run-program.ts";
import { systemClock, virtualClock } from "#src/time/clock.ts";
import { assert, assertEquals } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder } from "../binary.ts";
import { test } from "../testing.ts";

const told: Told = {
  proxy: { name: "be", id: 2 },
  listener: null,
  server: {
    name: "s1",
    id: 1,
    address: "127.0.0.1",
    port: 41561,
    maxconn: 7,
    connections: 0,
    ssl: false,
    protocol: "h1",
  },
};

// As HAProxy 2.6.
test("external: arguments and environment", () => {
  const { args, env } = programFor("/bin/x", null, told);
  assertEquals(args, ["NOT_USED", "NOT_USED", "127.0.0.1", "41561"]);
  assertEquals(env, {
    HAPROXY_PROXY_ADDR: "",
    HAPROXY_PROXY_ID: "2",
    HAPROXY_PROXY_NAME: "be",
    HAPROXY_PROXY_PORT: "",
    HAPROXY_SERVER_ADDR: "127.0.0.1",
    HAPROXY_SERVER_CURCONN: "0",
    HAPROXY_SERVER_ID: "1",
    HAPROXY_SERVER_MAXCONN: "7",
    HAPROXY_SERVER_NAME: "s1",
    HAPROXY_SERVER_PORT: "41561",
    HAPROXY_SERVER_PROTO: "h1",
    HAPROXY_SERVER_SSL: "0",
    PATH: "",
  });
  const listening = { ...told, listener: { address: "/run/x.sock", port: null } };
  assertEquals(programFor("x", "/bin", listening).args.slice(0, 2), ["/run/x.sock", "NOT_USED"]);
  assertEquals(programFor("x", "/bin", listening).env["PATH"], "/bin");
});

/** What a check makes of a program that ends so after a time; null: never. */
function made(status: number | null, after: number) {
  const clock = virtualClock();
  let ended = 0;
  const run: RunProgram = (_, done) => {
    const cancel = status === null ? () => {} : clock.schedule(after, () => done(status));
    return () => {
      ended++;
      cancel();
    };
  };
  const results: CheckResult[] = [];
  externalProbe(clock, 200, run, () => programFor("x", null, told))((result) =>
    results.push(result)
  );
  clock.advance(500);
  assertEquals(results.length, 1);
  const { status: found, code, duration } = results[0]!;
  return [found, code, duration, ended];
}

test("external: the status of a program is that of the check", () => {
  assertEquals(made(0, 3), ["PROCOK", 0, 3, 0]);
  assertEquals(made(3, 3), ["PROCERR", 3, 3, 0]);
  assertEquals(made(-1, 0), ["PROCERR", -1, 0, 0]);
  assertEquals(made(null, 0), ["PROCTOUT", 0, 200, 1]);
});

test("external: a check that was given up ends its program, and reports nothing", () => {
  const clock = virtualClock();
  let ended = 0;
  const run: RunProgram = () => () => ended++;
  let reports = 0;
  const stop = externalProbe(clock, 200, run, () => programFor("x", null, told))(() => reports++);
  stop();
  stop();
  clock.advance(500);
  assertEquals([ended, reports], [1, 0]);
});

/** Runs a program for real. */
const ran = (program: Program) =>
  new Promise<number>((resolve) => void runProgram(program, resolve));

test("external: a real program has its arguments and its environment, and no other", () =>
  inFolder(async (folder) => {
    const script = join(folder, "check.sh");
    const out = join(folder, "out");
    writeFileSync(
      script,
      `#!/bin/sh\necho "$@" > ${out}\n/usr/bin/env >> ${out}\nexit 3\n`,
      { mode: 0o755 },
    );
    const program = programFor("check.sh", `/nowhere:${folder}`, told);
    assertEquals(await ran(program), 3);
    const lines = readFileSync(out, "utf8").trim().split("\n");
    assertEquals(lines[0], "NOT_USED NOT_USED 127.0.0.1 41561");
    const names = lines.slice(1).map((line) => line.split("=")[0]!);
    assert(names.includes("HAPROXY_SERVER_NAME"));
    assertEquals(names.filter((name) => !/^(HAPROXY_\w+|PATH|PWD|_|SHLVL|OLDPWD)$/.test(name)), []);
    assertEquals(await ran(programFor("/nowhere/x", null, told)), 255);
    assertEquals(await ran(programFor("check.sh", null, told)), 255);
    writeFileSync(script, "#!/bin/sh\nkill -9 $$\n");
    assertEquals(await ran(programFor(script, null, told)), -1);
    writeFileSync(script, "#!/bin/sh\nexec /bin/sleep 60\n");
    const start = systemClock.now();
    await new Promise<void>((resolve) => {
      const end = runProgram(programFor(script, null, told), () => resolve());
      setTimeout(() => {
        end();
        resolve();
      }, 50);
    });
    assert(systemClock.now() - start < 30_000);
  }));
