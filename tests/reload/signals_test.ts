/** The signals of a running proxy, on the wire (management manual, "Stopping and restarting"). */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createServer } from "node:net";
import { once } from "node:events";
import { programTest, type Proxy, type RunOptions, withProxy } from "../binary.ts";
import { exchange, get, open, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { type Address, ask, ownAddress, refuses, relay, withOrigin } from "./rig.ts";

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/** Runs a relay while `body` runs, which may say how it is to end. */
async function relayed(
  body: (proxy: Proxy, address: Address) => Promise<void>,
  options: RunOptions & { readonly global?: string; readonly lines?: string[] } = {},
): Promise<void> {
  const [address, server] = [ownAddress(), ownAddress()];
  const configuration = `global\n  ${options.global ?? "maxconn 1000"}\n` +
    relay(address, server, ...options.lines ?? []);
  await withOrigin(
    "a",
    server,
    () => withProxy(configuration, (proxy) => body(proxy, address), options),
  );
}

const said = (...lines: string[]) =>
  new RegExp(`^${lines.map((line) => `\\[WARNING\\]  \\(\\d+\\) : ${line}\n`).join("")}$`);
const stoppedLine = "Proxy web stopped \\(cumulated conns: FE: \\d+, BE: \\d+\\)\\.";

programTest(
  "TTOU releases the port and leaves connections usable, TTIN listens again; each twice",
  () =>
    relayed(async (proxy, address) => {
      const kept = open(address);
      assertEquals(statusOf(await kept.request(request)), 200);
      proxy.signal("SIGTTOU");
      await until(() => refuses(address), "the pause");
      proxy.signal("SIGTTOU");
      assertEquals(statusOf(await kept.request(request)), 200);
      // The port is another's for the asking.
      const other = createServer().listen(address);
      await once(other, "listening");
      other.close();
      await once(other, "close");
      proxy.signal("SIGTTIN");
      await until(() => ask(address).then((status) => status === 200, () => false), "its return");
      proxy.signal("SIGTTIN");
      assertEquals(await ask(address), 200);
      assertEquals(statusOf(await kept.request(request)), 200);
      kept.close();
    }, { stderr: said("Paused proxy web\\.", "Resumed proxy web\\.") }),
);

programTest(
  "TTIN while another has the port: it says so, goes on, and succeeds when the port is free",
  () =>
    relayed(async (proxy, address) => {
      const kept = open(address);
      assertEquals(statusOf(await kept.request(request)), 200);
      proxy.signal("SIGTTOU");
      await until(() => refuses(address), "the pause");
      const other = createServer((socket) => socket.destroy()).listen(address);
      await once(other, "listening");
      proxy.signal("SIGTTIN");
      assertEquals(statusOf(await kept.request(request)), 200);
      await until(() => /Cannot resume/.test(proxy.stdout()), "its complaint");
      other.close();
      await once(other, "close");
      proxy.signal("SIGTTIN");
      await until(() => ask(address).then((status) => status === 200, () => false), "its return");
      kept.close();
    }, {
      lines: ["log stdout format raw local0"],
      stderr: said(
        "Paused proxy web\\.",
        "Cannot resume proxy web: .*EADDRINUSE.*",
        "Resumed proxy web\\.",
      ),
    }),
);

programTest(
  "USR1: nobody new, the last request is answered, then it ends with 0, and no log line is lost",
  () =>
    relayed(async (proxy, address) => {
      const idle = open(address);
      assertEquals(statusOf(await idle.request(request)), 200);
      const half = open(address);
      half.send("GET /late HTTP/1.1\r\n");
      await until(() => ask(address).then((status) => status === 200), "an answer");
      const before = performance.now();
      proxy.signal("SIGUSR1");
      await until(() => refuses(address), "the stop");
      proxy.signal("SIGUSR1");
      proxy.signal("SIGHUP");
      assertEquals(statusOf(await half.request("Host: x\r\n\r\n")), 200);
      half.close();
      const { status, stdout, stderr } = await proxy.ended;
      const took = performance.now() - before;
      assert(took > 1900, `an idle connection was dropped after ${took} ms`);
      idle.close();
      assertEquals(status, 0);
      const lines = stdout.trimEnd().split("\n");
      assertMatch(lines.find((line) => line.includes("/late")) ?? "", / 200 .*"GET \/late HTTP/);
      assertMatch(stdout, /Proxy web stopped/);
      assertMatch(stderr, /SIGHUP: Proxy web has 1 active servers/);
    }, {
      lines: ["log stdout format raw local0", "option httplog"],
      stderr: /^(\[WARNING\] .*\n)+$/,
    }),
);

programTest(
  "USR1 works while paused, and ends at once what nobody uses",
  () =>
    relayed(async (proxy, address) => {
      proxy.signal("SIGTTOU");
      await until(() => refuses(address), "the pause");
      proxy.signal("SIGUSR1");
      assertEquals((await proxy.ended).status, 0);
    }, { stderr: said("Paused proxy web\\.", stoppedLine) }),
);

programTest("TERM and INT end a soft-stop that would last", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await relayed(async (proxy, address) => {
      const half = open(address);
      half.send("GET / HTTP/1.1\r\n");
      await ask(address);
      proxy.signal("SIGUSR1");
      await until(() => refuses(address), "the stop");
      proxy.signal(signal);
      assertEquals((await proxy.ended).status, 0);
      half.close();
    }, { stderr: said(stoppedLine) });
  }
});

programTest(
  "hard-stop-after ends a soft-stop that would last",
  () =>
    relayed(async (proxy, address) => {
      const half = open(address);
      half.send("GET / HTTP/1.1\r\n");
      await ask(address);
      const before = performance.now();
      proxy.signal("SIGUSR1");
      assertEquals((await proxy.ended).status, 0);
      const took = performance.now() - before;
      assert(took >= 490 && took < 5000, `${took} ms`);
      half.close();
    }, {
      global: "hard-stop-after 500ms",
      stderr: said(
        stoppedLine,
        "soft-stop running for too long, performing a hard-stop\\.",
        "Proxy web hard-stopped \\(1 conns will be closed\\)\\.",
      ),
    }),
);

programTest("grace: USR1 closes the one port at once, and the other after its time", () => {
  const [address, server, checks] = [ownAddress(), ownAddress(), ownAddress()];
  const configuration = relay(address, server, "grace 2500") +
    relay(checks, server).replace("listen web", "listen checks");
  return withOrigin("a", server, () =>
    withProxy(configuration, async (proxy) => {
      const before = performance.now();
      proxy.signal("SIGUSR1");
      // Who knocks just as it closes knocks again after a second.
      await until(() => refuses(checks), "the stop");
      assertEquals(await ask(address), 200);
      assertEquals((await proxy.ended).status, 0);
      const took = performance.now() - before;
      assert(took >= 2490, `${took} ms`);
    }, {
      stderr: said(
        stoppedLine.replace("web", "checks"),
        "Proxy web stopped \\(cumulated conns: FE: 1, BE: 1\\)\\.",
      ),
    }));
});

programTest(
  "HUP tells every server's and every proxy's state",
  () =>
    relayed(async (proxy, address) => {
      for (let i = 0; i < 3; i++) assertEquals(await ask(address), 200);
      proxy.signal("SIGHUP");
      proxy.signal("SIGHUP");
      await until(() => proxy.stdout().includes("SIGHUP: Proxy web"), "the report");
      assertMatch(proxy.stdout(), /^SIGHUP: Server web\/a is UP\. Conn: 0 act, 0 pend, 3 tot\.$/m);
    }, {
      lines: ["log stdout format raw local0 notice"],
      stderr: new RegExp(
        "^\\[WARNING\\]  \\(\\d+\\) : SIGHUP received, dumping servers states\\.\n" +
          "\\[WARNING\\]  \\(\\d+\\) : SIGHUP: Server web/a is UP\\. Conn: 0 act, 0 pend, 3 tot\\.\n",
      ),
    }),
);

programTest("any signals in any order do no harm", () =>
  relayed(async (proxy, address) => {
    const kinds = ["SIGTTOU", "SIGTTIN", "SIGHUP"] as const;
    for (let i = 0; i < 200; i++) {
      proxy.signal(kinds[Math.floor(Math.random() * kinds.length)]!);
      if (i % 10 === 0) await exchange(address, get("/")).catch(() => {});
    }
    // Signals that wait are delivered by their numbers, not in the order in which they were sent.
    await until(() => {
      proxy.signal("SIGTTIN");
      return ask(address).then((status) => status === 200, () => false);
    }, "its return");
    proxy.signal("SIGTTOU");
    proxy.signal("SIGUSR1");
    proxy.signal("SIGTTIN");
    proxy.signal("SIGUSR1");
    assertEquals((await proxy.ended).status, 0);
  }, { stderr: /^(\[WARNING\] .*\n)+$/ }));

programTest("USR1 under load: whoever was accepted is served", () => {
  const [address, server] = [ownAddress(), ownAddress()];
  const failures: string[] = [];
  let answered = 0;
  return withOrigin("a", server, async () => {
    for (let round = 0; round < 5; round++) {
      await withProxy(relay(address, server, "maxconn 4"), async (proxy) => {
        const before = answered;
        const clients = Array.from({ length: 16 }, async () => {
          for (;;) {
            try {
              if (statusOf(await exchange(address, get("/"))) === 200) answered++;
            } catch (error) {
              if (!/ECONNREFUSED|refused/.test(String(error))) failures.push(String(error));
              return;
            }
          }
        });
        await until(() => answered > before + 200, "the load");
        proxy.signal("SIGUSR1");
        await Promise.all(clients);
        assertEquals((await proxy.ended).status, 0);
      }, { stderr: said(stoppedLine) });
    }
    // Twelve wait in the queue each time, and others are just about to join them.
    assertEquals(failures, []);
  });
}, runtimeName === "deno" ? "Deno resets what waits in its accept queue" : null);
