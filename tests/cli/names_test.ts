/** Names that are followed by several threads, over UDP and TCP. */
import { assert, assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { Connection } from "#src/simulate/connection.ts";
import { Server } from "#src/simulate/server.ts";
import { freshAddress, inFolder, programTest, run, threadless, withProxy } from "../binary.ts";
import { startDns } from "../dns/server.ts";
import { listening, nodeNetwork, stopped } from "../node-network.ts";
import { until } from "../until.ts";

/** A server that says its name to each request. */
async function site(name: string, host: string) {
  const server = new Server(nodeNetwork, { kind: "ip", host, port: 8001 }, (connection) => {
    let answered = 0;
    connection.onEnd = () => connection.close();
    connection.onData = () => {
      const requests = connection.received.split("\r\n\r\n").length - 1;
      for (; answered < requests; answered++) {
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: ${name.length}\r\n\r\n${name}`);
      }
    };
  });
  await listening(server);
  return server;
}

/** What serves so many connections at once. */
async function served(host: string, count: number): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, async () => {
    const connection = new Connection().connect(nodeNetwork, { kind: "ip", host, port: 8000 });
    connection.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    await connection.until(() => false);
    connection.close();
    return connection.received.split("\r\n\r\n")[1] ?? "";
  }));
  return [...new Set(answers)].toSorted();
}

for (const transport of ["udp", "tcp", "truncated"] as const) {
  programTest(`names over ${transport}: all threads follow them`, async () => {
    const host = freshAddress();
    const [a, b] = [freshAddress(), freshAddress()];
    const sites = [await site("A", a), await site("B", b)];
    // So many that they do not fit in a datagram; nobody is at the others.
    const filler = Array.from({ length: 40 }, (_, i) => `A 192.0.2.${i + 1}`);
    const more = transport === "truncated" ? filler : [];
    const dns = await startDns(host, { "all.test": [`A ${a}`, ...more] }, { most: 512 });
    const threads = threadless === null ? "global\n  nbthread 2\n" : "";
    const configuration = `${threads}resolvers dns
  nameserver n1 ${transport === "tcp" ? "tcp@" : ""}${host}:${dns.port}
  timeout resolve 100ms
  accepted_payload_size 8192
defaults
  mode http
  timeout connect 5s
  timeout client 20s
  timeout server 20s
  log stdout format raw local0
listen web
  bind ${host}:8000
  server s all.test:8001 resolvers dns init-addr none resolve-net 127.0.0.0/8
`;
    try {
      await withProxy(configuration, async ({ stdout }) => {
        const changed = (to: string) => until(() => stdout().includes(` to ${to} by `), stdout);
        await changed(a);
        assertEquals(await served(host, 16), ["A"]);
        dns.zone["all.test"] = [`A ${b}`, ...more];
        await changed(b);
        assertEquals(await served(host, 16), ["B"]);
        const { udp, tcp } = dns.asked;
        assertEquals([udp > 0, tcp > 0], [transport !== "tcp", transport !== "udp"]);
      });
    } finally {
      await dns.stop();
      for (const each of sites) await stopped(each, "kill");
    }
  });
}

programTest(
  "a server whose name has no address: not started; with -dr, or 'none', it is",
  async () => {
    const host = freshAddress();
    const configuration = (option: string) =>
      `defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n` +
      `listen web\n bind ${host}:8000\n server s no-such.invalid:80 ${option}\n`;
    await withProxy(configuration(""), async () => {
      assert((await served(host, 1))[0]!.includes("503"));
    }, {
      args: ["-dr"],
      stderr: /^warning: proxy 'web', server 's': could not resolve 'no-such.invalid'/,
    });
    await withProxy(configuration("init-addr none"), async () => {
      assert((await served(host, 1))[0]!.includes("503"));
    });
    const { status, stderr } = await inFolder(async (folder) => {
      writeFileSync(`${folder}/x.cfg`, configuration(""));
      return await run(["-db", "-f", `${folder}/x.cfg`]);
    });
    assertEquals(status, 1);
    assert(stderr.includes("server 's': could not resolve the address 'no-such.invalid'"), stderr);
  },
);
