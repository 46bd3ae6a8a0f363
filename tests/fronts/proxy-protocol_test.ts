/**
 * The PROXY protocol with others who speak it: towards Apache's mod_remoteip and the real haproxy
 * (`send-proxy`, `send-proxy-v2`), and from the real haproxy (`accept-proxy`).
 */
import { assert, assertEquals } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder, programTest, withProxy } from "../binary.ts";
import { missingOf } from "../programs.ts";
import { type Message, open, startOrigin, statusOf, valuesOf } from "../scenarios/wire.ts";
import { freshNetwork, missingModule, startApache, startHaproxy } from "./neighbours.ts";

// A check whose time is that between two of them fails on a busy machine.
const timeouts = `defaults
   mode http
   timeout connect 5s
   timeout client 5s
   timeout check 5s
   timeout server 5s
`;

/** A visitor on a connection that goes on, and what the far end says of him. */
function visitor(host: string, port: number, localAddress: string) {
  const client = open({ host, port, localAddress });
  return {
    ask: () => client.request("GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n"),
    port: () => client.socket.localPort!,
    close: () => client.close(),
  };
}

/**
 * Visitors from ten addresses, all there at the same time, each again and again. Each time `read`
 * must find his own address, and none of the others', whatever connections there were before.
 */
async function everyoneIsKnown(
  network: string,
  port: number,
  read: (response: Message) => string,
  expected = (host: string, port: number) => `${host} ${port}`,
): Promise<void> {
  const hosts = Array.from({ length: 10 }, (_, i) => `${network}.${100 + i}`);
  for (let turn = 0; turn < 2; turn++) {
    const visitors = hosts.map((host) => visitor(`${network}.1`, port, host));
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(visitors.map(async ({ ask }) => {
        const response = await ask();
        assertEquals(statusOf(response), 200, response.content.toString());
        return read(response);
      }));
      assertEquals(answers, hosts.map((host, i) => expected(host, visitors[i]!.port())));
    }
    for (const each of visitors) each.close();
  }
}

/** Checks go on while it waits: a server that fails them has no chance to stay up. */
async function throughChecks(port: number, network: string): Promise<void> {
  const end = performance.now() + 500;
  const someone = visitor(`${network}.1`, port, `${network}.99`);
  while (performance.now() < end) {
    assertEquals(statusOf(await someone.ask()), 200);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  someone.close();
}

programTest("send-proxy to Apache's mod_remoteip: it reads who the visitor is", () => {
  const network = freshNetwork();
  const section = (name: string, port: number, how: string) =>
    `listen ${name}\n   bind ${network}.1:${port}\n   option httpchk HEAD /index.html HTTP/1.0\n` +
    `   server apache ${network}.2:8080 ${how} check inter 50 fall 1\n`;
  const configuration = timeouts + section("one", 8001, "send-proxy") +
    section("two", 8002, "send-proxy-v2");
  return inFolder(async (folder) => {
    const apache = await startApache(folder, `${network}.2`, 8080, ["remoteip", "headers"], [
      "RemoteIPProxyProtocol On",
      'Header always set X-Visitor "expr=%{REMOTE_ADDR}"',
    ]);
    writeFileSync(join(folder, "htdocs", "index.html"), "hello");
    try {
      await withProxy(configuration, async () => {
        for (const port of [8001, 8002]) {
          // Apache does not tell the port that it has read.
          const read = (response: Message) => valuesOf(response, "X-Visitor").join();
          await everyoneIsKnown(network, port, read, (host) => host);
          await throughChecks(port, network);
        }
      });
    } finally {
      await apache.stop();
    }
  });
}, missingOf({ apache2: "apache2" }) ?? missingModule("remoteip", "headers"));

programTest(
  "send-proxy to the real haproxy: it reads both ends, and refuses who says nothing",
  () => {
    const network = freshNetwork();
    const section = (name: string, port: number, how: string) =>
      `listen ${name}\n   bind ${network}.1:${port}\n` +
      `   server haproxy ${network}.2:8080 ${how} inter 50 fall 1\n`;
    const configuration = timeouts + section("one", 8001, "send-proxy check") +
      section("two", 8002, "send-proxy-v2 check") +
      section("tcp", 8003, "send-proxy-v2 check").replace("bind", "mode tcp\n   bind") +
      section("mute", 8004, "");
    const far = `${timeouts}frontend far
   bind ${network}.2:8080 accept-proxy
   http-request return status 200 content-type text/plain lf-string "%[src] %[src_port] %[dst]:%[dst_port]"
`;
    return inFolder(async (folder) => {
      const haproxy = await startHaproxy(folder, `${network}.2`, 8080, far);
      try {
        await withProxy(configuration, async () => {
          for (const port of [8001, 8002, 8003]) {
            await everyoneIsKnown(network, port, ({ content }) => {
              const [source, sourcePort, destination] = content.toString().split(" ");
              assertEquals(destination, `${network}.1:${port}`);
              return `${source} ${sourcePort}`;
            });
            await throughChecks(port, network);
          }
          const mute = visitor(`${network}.1`, 8004, `${network}.99`);
          assert(statusOf(await mute.ask()) >= 500);
          mute.close();
        });
      } finally {
        await haproxy.stop();
      }
    });
  },
  missingOf({ haproxy: "haproxy" }),
);

programTest(
  "accept-proxy behind the real haproxy: the server hears who the visitor is",
  async () => {
    const network = freshNetwork();
    const configuration = `${timeouts}listen web
   bind ${network}.2:8080 accept-proxy
   option forwardfor
   server web ${network}.3:8080
`;
    const front = (name: string, port: number, how: string) =>
      `listen ${name}\n   bind ${network}.1:${port}\n` +
      `   server sluice ${network}.2:8080 ${how} check inter 50 fall 1\n`;
    const fronts = timeouts + front("one", 8001, "send-proxy") +
      front("two", 8002, "send-proxy-v2");
    const origin = await startOrigin("web", { host: `${network}.3`, port: 8080 }, (request) => {
      const content = valuesOf(request, "X-Forwarded-For").join();
      return `HTTP/1.1 200 OK\r\nContent-Length: ${content.length}\r\n\r\n${content}`;
    });
    try {
      await inFolder((folder) =>
        withProxy(configuration, async () => {
          const haproxy = await startHaproxy(folder, `${network}.1`, 8001, fronts);
          try {
            for (const port of [8001, 8002]) {
              const own = visitor(`${network}.1`, port, `${network}.100`);
              const other = visitor(`${network}.1`, port, `${network}.101`);
              for (const each of [own, other, own, other]) {
                const seen = (await each.ask()).content.toString();
                assertEquals(seen, `${network}.${each === own ? 100 : 101}`);
              }
              own.close();
              other.close();
              await throughChecks(port, network);
            }
          } finally {
            await haproxy.stop();
          }
        })
      );
    } finally {
      await origin.stop();
    }
  },
  missingOf({ haproxy: "haproxy" }),
);
