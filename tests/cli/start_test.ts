/** The start and the end of a running proxy, and what keeps it from starting. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  freshAddress,
  inFolder,
  type Options,
  programTest,
  run,
  withDescriptors,
  withProxy,
} from "../binary.ts";
import { exchange, get, open, startOrigin, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";

/** What the program says of itself where it says where it listens. */
const engine = "(epoll|sockets), (one thread|\\d+ threads) \\(.*\\)";
const timeouts = "  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n";
const listen = (bind: string, ...lines: string[]) =>
  `listen web\n  mode http\n  bind ${bind}\n${timeouts}${
    lines.map((line) => `  ${line}\n`).join("")
  }`;

/** Runs what must not start. @returns what it says */
async function refused(
  configuration: string,
  args: string[] = [],
  options: Options = {},
): Promise<string> {
  const ended = await run(["-db", "-f", "-", ...args], { input: configuration, ...options });
  assertEquals([ended.status, ended.stdout], [1, ""], ended.stderr);
  return ended.stderr;
}

programTest("an address in use: it says which, and how to find who has it", async () => {
  const address = `${freshAddress()}:8080`;
  await withProxy(listen(address), async () => {
    assertEquals(
      await refused(listen(address)),
      `cannot start: cannot bind ${address}: EADDRINUSE\n` +
        "  fix: end the process that listens there ('ss -ltnp' shows it), or choose another address\n",
    );
  });
});

programTest("when one of two addresses is in use, the other is not kept", async () => {
  const [taken, free] = [`${freshAddress()}:8080`, `${freshAddress()}:8080`];
  await withProxy(listen(taken), async () => {
    await refused(listen(`${free},${taken}`));
    await withProxy(listen(free), () => {});
  });
});

programTest("an address that this machine does not have", async () => {
  // RFC 5737: nobody has it.
  const message = await refused(listen("203.0.113.1:8080"));
  assertMatch(message, /^cannot start: cannot bind 203\.0\.113\.1:8080: EADDRNOTAVAIL\n.*ip addr/);
});

const firstFreePort = Number(
  readFileSync("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"),
);
const root = process.getuid?.() === 0;
// Whoever is root gives the capability away first.
const setpriv = spawnSync("setpriv", ["--version"]).status === 0;

programTest(
  "a port below 1024 without permission: it says what is needed",
  async () => {
    const message = await refused(
      listen(`${freshAddress()}:80`),
      [],
      root ? { prefix: ["setpriv", "--bounding-set", "-net_bind_service"] } : {},
    );
    assertMatch(message, /^cannot start: cannot bind 127[\d.]+:80: EACCES\n.*CAP_NET_BIND_SERVICE/);
  },
  firstFreePort <= 80
    ? "any user may have any port here"
    : root && !setpriv
    ? "root has every permission, and there is no setpriv"
    : null,
);

programTest("too few descriptors for maxconn: it says how many, and how to get them", async () => {
  const address = `${freshAddress()}:8080`;
  const limit = { prefix: withDescriptors(200) };
  const message = await refused(`global\n  nbthread 1\n${listen(address)}`, ["-n", "1000"], limit);
  assertMatch(message, /^cannot start: maxconn 1000 needs 20\d\d descriptors.*may open 200.*/);
  assertMatch(message, /ulimit -n 20\d\d.*LimitNOFILE=.*or set 'maxconn \d\d' at most\n$/);
  const said = await refused(`global\n  nbthread 1\n  maxconn 500\n${listen(address)}`, [], limit);
  assertStringIncludes(said, "maxconn 500 needs 10");
  // What it proposes, it accepts.
  const proposed = /set '(maxconn \d+)' at most/.exec(message)![1];
  await withProxy(`global\n  nbthread 1\n  ${proposed}\n${listen(address)}`, () => {}, limit);
});

programTest("nothing to run: no section that listens", async () => {
  for (
    const text of ["", "global\n  maxconn 10\n", `backend b\n${timeouts}  server a 127.0.0.1:80\n`]
  ) {
    assertMatch(await refused(text), /no proxy/);
  }
});

programTest("a server whose name has no address: it says which", async () => {
  const configuration = listen(`${freshAddress()}:8080`, "server a no-such.invalid:80");
  // resolv.conf(5): a name server that does not answer must not hold the test up.
  const message = await refused(configuration, [], {
    env: { RES_OPTIONS: "timeout:1 attempts:1" },
  });
  assertEquals(
    message,
    "cannot start: proxy 'web', server 'a': could not resolve the address 'no-such.invalid'\n",
  );
});

programTest("a pid file that cannot be written: nothing stays behind", async () => {
  const address = `${freshAddress()}:8080`;
  const message = await refused(listen(address), ["-p", "/nonexistent/pid"]);
  assertMatch(message, /^cannot start: cannot write the pid file: .*\/nonexistent\/pid/);
});

programTest(
  "TERM and INT end it with status 0 and not a word; the pid file has its id",
  async () => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await inFolder(async (folder) => {
        const pidfile = join(folder, "from-global");
        const configuration = `global\n  pidfile ${pidfile}\n${listen(`${freshAddress()}:8080`)}`;
        // -p goes before the configuration's word; the helper looks at its file.
        await withProxy(configuration, async (proxy) => {
          assert(!existsSync(pidfile));
          proxy.signal(signal);
          assertEquals(await proxy.ended, { status: 0, signal: null, stdout: "", stderr: "" });
        });
      });
    }
  },
);

programTest("run is the verb for it: it says where it listens", async () => {
  const address = `${freshAddress()}:8080`;
  await withProxy(listen(`${address},${address.replace("8080", "8081")}`), () => {}, {
    verb: "run",
    stderr: new RegExp(
      `^engine: ${engine}\nweb listens on ${address}\nweb listens on .*:8081\n$`,
    ),
  });
});

programTest(
  "-n goes before maxconn: with -n 1 a client waits until the other has gone",
  async () => {
    const server = { host: freshAddress(), port: 8000 };
    const address = { host: freshAddress(), port: 8080 };
    const origin = await startOrigin("a", server);
    const configuration = "global\n  maxconn 50\n" +
      listen(`${address.host}:8080`, `server a ${server.host}:8000`);
    const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    try {
      await withProxy(configuration, async () => {
        const first = open(address);
        assertEquals(statusOf(await first.request(request)), 200);
        // Of two that come at once, either may be let in first.
        const second = open(address);
        const waiting = second.request(request);
        for (let i = 0; i < 20; i++) assertEquals(statusOf(await first.request(request)), 200);
        assertEquals(origin.seen.length, 21);
        first.close();
        assertEquals(statusOf(await waiting), 200);
        second.close();
      }, { args: ["-n", "1"] });
    } finally {
      await origin.stop();
    }
  },
);

programTest("-V says where it listens, -q keeps back what is no error", async () => {
  const address = `${freshAddress()}:8080`;
  await withProxy(listen(address), () => {}, {
    args: ["-V"],
    stderr: new RegExp(`^engine: ${engine}\nweb listens on ${address}\n$`),
  });
  const warned = `listen web\n  bind ${address}\n`;
  await withProxy(warned, () => {}, { stderr: /^.*warning: missing timeouts for proxy 'web'/ });
  await withProxy(warned, () => {}, { args: ["-q"] });
});

programTest("signals while it works: a busy process ends as well", async () => {
  const server = { host: freshAddress(), port: 8000 };
  const address = { host: freshAddress(), port: 8080 };
  const origin = await startOrigin("a", server);
  const configuration = listen(`${address.host}:8080`, `server a ${server.host}:8000`);
  try {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      await withProxy(configuration, async (proxy) => {
        const before = origin.seen.length;
        const clients = Array.from({ length: 20 }, async () => {
          // Until the proxy is gone.
          while (
            await exchange(address, get("/")).then((got) => statusOf(got) === 200, () => false)
          );
        });
        const half = open(address); // it never finishes its request
        half.send("GET / HTTP/1.1\r\n");
        await until(() => origin.seen.length > before + 100, "a hundred requests");
        const asked = performance.now();
        proxy.signal(signal);
        assertEquals((await proxy.ended).status, 0);
        const took = performance.now() - asked;
        await Promise.all(clients);
        half.close();
        assert(took < 4000, `ended after ${took} ms`); // nobody waited for a time-out of 5 s
      });
    }
  } finally {
    await origin.stop();
  }
});

// From source it is Deno's start that takes its time.
if (runtimeName === "bun") {
  programTest("it starts in less than 0.3 s", async () => {
    const configuration = listen(`${freshAddress()}:8080`);
    let best = Infinity;
    for (let i = 0; i < 20 && best >= 300; i++) {
      const before = performance.now();
      await withProxy(configuration, () => {
        best = Math.min(best, performance.now() - before);
      });
    }
    assert(best < 300, `${best} ms`);
  });
}
