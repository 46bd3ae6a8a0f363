/**
 * Thousands of connections in the face of slow clients, dead servers and garbage, while a few
 * clients want nothing but to be served.
 */
import { assert, assertEquals } from "@std/assert";
import type { Buffer } from "node:buffer";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { descriptorLimit } from "#src/process/limits.ts";
import { freshAddress, programTest, type Proxy, withProxy } from "../binary.ts";
import { textOf } from "../latin1.ts";
import { runtimeName } from "../testing.ts";
import { until } from "../until.ts";
import { badTargets, content, startBadServers, startCrowd, startGoodServer } from "./faults.ts";
import { exchange, get, open, statusOf, type Target } from "./wire.ts";

const megabyte = 1 << 20;

/** Each of the crowd has a descriptor here, one in the proxy, and maybe a server's with its own. */
const affordable = Math.floor(((descriptorLimit() ?? Infinity) - 500) / 4);

/** What each runtime has to stand. */
const { connections, seconds } = runtimeName === "bun"
  ? { connections: Math.min(2000, affordable), seconds: 8 }
  : { connections: Math.min(500, affordable), seconds: 6 };

/**
 * What the process may hold at any moment: some 60 MB before it begins (more on Deno), and nothing
 * like what the servers would send to those who do not read.
 */
const memory = 300 * megabyte;

/** Serves one client after the other, on kept connections and new ones. @returns requests served */
async function healthy(target: Target, over: (served: number) => boolean): Promise<number> {
  let client = open(target);
  let served = 0;
  for (; !over(served); served++) {
    const length = [100, 20_000, 300_000][served % 3]!;
    const last = served % 10 === 9;
    const close = last ? "Connection: close\r\n" : "";
    const sent = served % 4 === 0 ? content(length) : null;
    const fields = `HTTP/1.1\r\nHost: x\r\n${close}`;
    const asked = performance.now();
    if (sent !== null) client.send(`POST /echo ${fields}Content-Length: ${length}\r\n\r\n`);
    const got = await client.request(sent ?? `GET /content/${length} ${fields}\r\n`);
    assertEquals(statusOf(got), 200);
    assert(got.content === textOf(content(length)), `other content of ${length} bytes came`);
    const took = performance.now() - asked;
    // Far less than the time-outs, which end those who got stuck; this machine may have two cores.
    assert(took < 15_000, `a request took ${took} ms`);
    if (last) {
      client.close();
      client = open(target);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  client.close();
  return served;
}

/** Waits until the process uses (next to) no CPU time in a second. */
async function idle(proxy: Proxy): Promise<void> {
  let since = performance.now();
  let used = proxy.cpu();
  await until(() => {
    if (proxy.cpu() > used + 30) {
      used = proxy.cpu();
      since = performance.now();
    }
    return performance.now() - since > 1000;
  }, "a second without work");
}

programTest(
  `${connections} connections of the worst kind: who behaves is served all the same`,
  async () => {
    const host = freshAddress();
    const good = { host, port: 8080 };
    const quiet = { host, port: 8081 };
    const bad = { host, port: 8082 };
    const probe = { host, port: 8083 };
    const server = { host: freshAddress(), port: 8000 };
    const badHost = freshAddress();
    const syslog = createSocket("udp4");
    let logged = "";
    syslog.on("message", (message: Buffer) => void (logged = message.toString()));
    syslog.bind(10514, host);
    await once(syslog, "listening");
    const servers = [await startGoodServer(server), ...await startBadServers(badHost)];
    const configuration = `
defaults
  mode http
  retries 1
  timeout connect 1s
  timeout client 2s
  timeout server 2s
  timeout http-request 2s
  timeout http-keep-alive 2s
frontend crowd
  bind ${host}:${good.port}
  default_backend app
frontend quiet
  bind ${host}:${quiet.port}
  # This test may itself be slow.
  timeout client 20s
  timeout http-request 20s
  timeout http-keep-alive 20s
  default_backend app
backend app
  timeout server 20s
  server good ${server.host}:${server.port}
listen bad
  bind ${host}:${bad.port}
${badTargets(badHost).map(({ port }, i) => `  server bad${i} ${badHost}:${port}`).join("\n")}
listen probe
  bind ${host}:${probe.port}
  log ${host}:10514 local0
  option httplog
  server good ${server.host}:${server.port}
`;
    try {
      await withProxy(configuration, async (proxy) => {
        assertEquals(statusOf(await exchange(probe, get("/small"))), 200);
        const before = proxy.descriptors();

        const end = performance.now() + seconds * 1000;
        let [most, largest] = [0, 0];
        // A busy machine takes longer to serve as many; but not for ever.
        const over = (served: number) => performance.now() > end + (served < 10 ? 30_000 : 0);
        const watch = setInterval(() => {
          most = Math.max(most, proxy.descriptors());
          largest = Math.max(largest, proxy.memory());
        }, 100);
        const crowd = startCrowd(connections, { good, bad });
        try {
          const served = await Promise.all(Array.from({ length: 16 }, () => healthy(quiet, over)));
          assert(Math.min(...served) >= 10, `requests served to each: ${served}`);
        } finally {
          clearInterval(watch);
          crowd.stop();
        }
        // They have really been there, many times over; and memory stayed within its bound.
        assert(most - before > connections * 0.8, `${most} descriptors at most`);
        assert(crowd.made() > connections * 2, `${crowd.made()} connections made`);
        assert(largest < memory, `${largest >> 20} MB at most`);

        // Nothing is left of them: nobody counted, no descriptor, no work.
        await until(() => {
          exchange(probe, get("/small")).catch(() => {});
          return / 1\/1\/0\/0\/0 0\/0 "GET \/small HTTP\/1\.0"\n?$/.test(logged);
        }, "the count of connections");
        await Promise.all(servers.map((each) => each.stop())); // ends the pools' connections, too
        await until(() => proxy.descriptors() <= before, "the descriptors");
        await idle(proxy);
      });
    } finally {
      await Promise.allSettled(servers.map((each) => each.stop()));
      syslog.close();
    }
  },
);
