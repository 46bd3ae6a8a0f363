/** The guide's script of a hot reconfiguration (chapter 4.3), in its good case and its bad one. */
import { assert, assertEquals } from "@std/assert";
import { spawn, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { launcher, programTest, run } from "../binary.ts";
import { open, statusOf } from "../scenarios/wire.ts";
import { until } from "../until.ts";
import {
  ask,
  assertQuiet,
  ended,
  type Furnished,
  furnished,
  type Home,
  ownAddress,
  relay,
  runs,
} from "./rig.ts";

/** As it stands in the guide, but for the program's name; its paths are replaced below. */
const script = `
  # save previous state
  mv /etc/haproxy/config /etc/haproxy/config.old
  mv /var/run/haproxy.pid /var/run/haproxy.pid.old

  mv /etc/haproxy/config.new /etc/haproxy/config
  kill -TTOU $(cat /var/run/haproxy.pid.old)
  if sluice -p /var/run/haproxy.pid -f /etc/haproxy/config; then
    echo "New instance successfully loaded, stopping previous one."
    kill -USR1 $(cat /var/run/haproxy.pid.old)
    rm -f /var/run/haproxy.pid.old
    exit 1
  else
    echo "New instance failed to start, resuming previous one."
    kill -TTIN $(cat /var/run/haproxy.pid.old)
    rm -f /var/run/haproxy.pid
    mv /var/run/haproxy.pid.old /var/run/haproxy.pid
    mv /etc/haproxy/config /etc/haproxy/config.new
    mv /etc/haproxy/config.old /etc/haproxy/config
    exit 0
  fi
`;

/** Runs the script in a home. @returns its exit status, and what it said */
async function reconfigure(home: Home): Promise<{ status: number; stdout: string }> {
  const bin = join(home.folder, "sluice");
  writeFileSync(bin, `#!/bin/sh\nexec ${launcher.map((word) => `'${word}'`).join(" ")} "$@"\n`);
  chmodSync(bin, 0o755);
  const text = script.replaceAll("/etc/haproxy/config", home.file)
    .replaceAll("/var/run/haproxy.pid", home.pidfile);
  const options: SpawnOptions = {
    env: { ...process.env, PATH: `${home.folder}:${process.env["PATH"]}` },
    stdio: ["ignore", "pipe", "ignore"],
  };
  const shell = spawn("sh", ["-c", text], options);
  let stdout = "";
  shell.stdout!.on("data", (bytes: Uint8Array) => stdout += new TextDecoder().decode(bytes));
  const [status] = await once(shell, "close");
  return { status: status as number, stdout };
}

/** The guide's users have `daemon` in their configuration: else the script would wait. */
const daemon = "global\n  daemon\n";

function running(body: (running: Furnished) => Promise<void>): Promise<void> {
  return furnished(async (scene) => {
    const { file, pidfile } = scene.home;
    assertQuiet(await run(["-f", file, "-p", pidfile]));
    await body(scene);
  }, { global: daemon });
}

programTest(
  "the good case: the new instance serves, the old one ends with its last session",
  () =>
    running(async ({ home, address, server }) => {
      const old = home.pid();
      const half = open(address);
      half.send("GET / HTTP/1.1\r\n");
      await ask(address);
      const added = ownAddress();
      const text = daemon + relay(address, server, `bind ${added.host}:${added.port}`);
      writeFileSync(`${home.file}.new`, text);
      // Sic: 1 is what the guide's script says when all went well.
      assertEquals(await reconfigure(home), {
        status: 1,
        stdout: "New instance successfully loaded, stopping previous one.\n",
      });
      assert(home.pid() !== old);
      assertEquals([await ask(address), await ask(added)], [200, 200]);
      assertEquals(readFileSync(home.file, "utf8"), text);
      assert(!existsSync(`${home.pidfile}.old`));
      assert(runs(old));
      assertEquals(statusOf(await half.request("Host: x\r\n\r\n")), 200);
      half.close();
      await ended(old);
    }),
);

programTest(
  "the bad case: the old instance resumes, and all files are back in their places",
  () =>
    running(async ({ home, address, server }) => {
      const old = home.pid();
      const before = readFileSync(home.file, "utf8");
      const kept = open(address);
      const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
      assertEquals(statusOf(await kept.request(request)), 200);
      for (
        const wrong of ["listen x\n  bnid :1\n", "listen x\n  mode http\n  bind 203.0.113.1:80\n"]
      ) {
        const text = daemon + relay(address, server) + wrong;
        writeFileSync(`${home.file}.new`, text);
        // Sic.
        assertEquals(await reconfigure(home), {
          status: 0,
          stdout: "New instance failed to start, resuming previous one.\n",
        });
        await until(() => ask(address).then((got) => got === 200, () => false), "its return");
        assertEquals(statusOf(await kept.request(request)), 200);
        assertEquals(home.pid(), old);
        assertEquals(readFileSync(home.file, "utf8"), before);
        assertEquals(readFileSync(`${home.file}.new`, "utf8"), text);
        assert(!existsSync(`${home.file}.old`));
      }
      kept.close();
    }),
);
