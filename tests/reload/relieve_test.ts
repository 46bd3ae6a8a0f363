/** -sf in the place of processes that are not sluice, or that may not be looked into. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { programTest } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { open, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { ask, ended, furnished, load, ownAddress, runs, withDaemon } from "./rig.ts";

const adopts = runtimeName === "bun";

programTest(
  "a real haproxy is followed by sluice: no request is lost, and it ends with its last session",
  () => {
    const second = ownAddress();
    return furnished(async ({ home, address }) => {
      const old = spawn(haproxy!, ["-db", "-f", home.file], { stdio: "ignore" });
      const gone = once(old, "exit");
      try {
        for (const at of [address, second]) {
          await until(() => ask(at).then((got) => got === 200, () => false), "haproxy's start");
        }
        const half = open(address);
        half.send("GET / HTTP/1.1\r\n");
        await ask(address);
        // No kept connections: haproxy itself closes those without regard to what is on its way.
        const clients = load(address, { brief: 12, kept: 0 });
        await until(() => clients.answered > 100, "the load");
        const { status } = await home.start(["-sf", old.pid!]);
        assertEquals(status, 0);
        const goal = clients.answered + 300;
        await until(() => clients.answered > goal, "requests after it");
        assert(runs(old.pid!), "it has a session left");
        assertEquals(statusOf(await half.request("Host: x\r\n\r\n")), 200);
        half.close();
        assertEquals(await gone, [0, null]);
        await clients.stop();
        if (adopts) assertEquals(clients.failures, []);
        for (const at of [address, second]) assertEquals(await ask(at), 200);
      } finally {
        old.kill("SIGKILL");
      }
    }, { lines: [`bind ${second.host}:${second.port}`] });
  },
  haproxy === null ? "haproxy is not installed" : null,
);

const root = process.getuid?.() === 0;
const setpriv = spawnSync("setpriv", ["--version"]).status === 0;

programTest(
  "where the sockets may not be taken, the old process releases its address, and goes",
  () =>
    withDaemon(async ({ home, address, pid: old }) => {
      const half = open(address);
      half.send("GET / HTTP/1.1\r\n");
      await ask(address);
      // Whoever lacks a capability that the other has may not look into it (ptrace(2)).
      const { status, stderr } = await home.start(["-sf", old], {
        prefix: ["setpriv", "--bounding-set", "-sys_ptrace,-net_admin"],
      });
      assertEquals(status, 0);
      assertMatch(stderr, /^\[WARNING\] .* : process \d+: its sockets stay with it: .*\n$/);
      assertEquals(await ask(address), 200);
      assert(runs(old));
      assertEquals(statusOf(await half.request("Host: x\r\n\r\n")), 200);
      half.close();
      await ended(old);
    }),
  !root ? "root alone can take away what it has" : !setpriv ? "there is no setpriv" : null,
);
