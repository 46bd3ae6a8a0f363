/** Several listeners of one file on one port: the more specific address takes its own clients. */
import { assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import process from "node:process";
import { programTest, run, start } from "../binary.ts";
import { exchange, get, statusOf } from "../scenarios/wire.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { type Address, ended, furnished, load, ownAddress, relay, withOrigin } from "./rig.ts";

const ipv6 = existsSync("/proc/net/if_inet6");
const port = 10_000 + process.pid % 9000;
const any: Address = { host: "0.0.0.0", port };

/** Proxies that tell by a monitor's address which of them a client has come to. */
function monitors(...binds: (readonly string[])[]): string {
  const defaults = "defaults\n  mode http\n  timeout connect 2s\n  timeout client 5s\n" +
    "  timeout server 5s\n  retries 0\n";
  return defaults + binds.map((lines, i) =>
    [
      `listen p${i}`,
      ...lines.map((line) => `  bind ${line}`),
      `  monitor-uri /p${i}`,
      "  server s 127.0.0.1:9",
      "",
    ].join("\n")
  ).join("");
}

/** Which of the proxies answers at an address. */
async function whose(at: Address, proxies: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < proxies; i++) {
    if (statusOf(await exchange(at, get(`/p${i}`))) === 200) found.push(i);
  }
  return found;
}

for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2]]) {
  programTest(
    `one port at every address and at two of them, in the order ${order}; and so after a reload`,
    () =>
      furnished(async ({ home }) => {
        const [one, two] = [ownAddress(port), ownAddress(port)];
        const all = [`*:${port}`, `${one.host}:${port}`, `${two.host}:${port}`];
        home.configure(monitors(...order.map((i) => [all[i]!])));
        const other = { host: "127.0.0.1", port };
        const expected = async () => {
          for (const [i, at] of [other, one, two].entries()) {
            assertEquals(await whose(at, 3), [order.indexOf(i)]);
          }
        };
        assertEquals((await home.start(["-q"])).stderr, "");
        await expected();
        const old = home.pid();
        assertEquals((await home.start(["-q", "-sf", old])).status, 0);
        await ended(old);
        await expected();
        // Nobody else has the port beside it: not by another start either.
        const { status, stderr } = await run(["-db", "-q", "-f", home.file]);
        assertEquals(status, 1);
        assertMatch(stderr, /EADDRINUSE\n {2}fix: end the process that listens there/);
      }),
  );
}

programTest(
  "*:80 beside :::80 v4v6",
  () =>
    furnished(async ({ home }) => {
      home.configure(monitors([`:::${port} v4v6`], [`*:${port}`]));
      assertEquals((await home.start(["-q"])).stderr, "");
      assertEquals(await whose({ host: "127.0.0.1", port }, 2), [1]);
      assertEquals(await whose({ host: "::1", port }, 2), [0]);
    }),
  ipv6 ? null : "there is no IPv6 here",
);

programTest(
  "one address twice, in one proxy and in two, and a unix socket's path",
  () =>
    furnished(async ({ home, address: { host, port } }) => {
      const at = `${host}:${port}`;
      const path = `${home.folder}/socket`;
      home.configure(monitors([at, at, path], [at, path]));
      for (let reload = 0; reload < 3; reload++) {
        const old = reload === 0 ? null : home.pid();
        const { status, stderr } = await home.start(["-q", ...old === null ? [] : ["-sf", old]]);
        assertEquals([status, stderr.replace(/^\[WARNING\].*\n/, "")], [0, ""]);
        if (old !== null) await ended(old);
        // Either answers, and each does something.
        assertEquals((await exchange({ host, port }, get("/x"))).line.slice(0, 9), "HTTP/1.1 ");
        assertEquals(existsSync(path), true);
      }
    }),
);

programTest(
  "an address beside another process's is an error that says so",
  () => {
    const foreign = ownAddress(port);
    return withOrigin("other", foreign, () =>
      furnished(async ({ home }) => {
        const own = ownAddress(port);
        for (const binds of [[`${own.host}:${port}`, `*:${port}`], [`*:${port}`]]) {
          home.configure(monitors(binds));
          const { status, stderr } = await home.start(["-q"]);
          assertEquals(status, 1);
          assertMatch(stderr, /EADDRINUSE\n {2}fix: end the process that listens there/);
        }
      }));
  },
);

programTest(
  "reloads of proxies that share a port lose no request",
  () =>
    furnished(async ({ home, address, server }) => {
      const text = relay({ ...any, host: "*" }, server) +
        relay({ ...address, port }, server).replace("listen web", "listen own");
      home.configure(text);
      assertEquals((await home.start(["-q"])).stderr, "");
      const clients = [
        load({ ...address, port }, { brief: 4, kept: 2 }),
        load({ host: "127.0.0.1", port }, { brief: 4, kept: 2 }),
      ];
      for (let i = 0; i < 6; i++) {
        const old = home.pid();
        assertEquals((await home.start(["-q", "-sf", old])).status, 0);
        await ended(old);
        const goals = clients.map(({ answered }) => answered + 50);
        await until(() => clients.every(({ answered }, i) => answered > goals[i]!), "requests");
      }
      for (const each of clients) {
        await each.stop();
        assertEquals(each.failures, []);
      }
    }),
  runtimeName === "bun" ? null : "Deno cannot adopt another process's sockets",
);

programTest(
  "one abstract name twice is refused, as by HAProxy",
  () =>
    furnished(async ({ home }) => {
      const name = `abns@sluice-twice-${process.pid}`;
      home.configure(monitors([name], [name]));
      const { status, stderr } = await start(["-db", "-q", "-f", home.file]).ended;
      assertEquals(status, 1);
      assertMatch(stderr, /EADDRINUSE/);
    }),
);
