/**
 * stunnel before the proxy (the guide's section 3.1): HTTPS ends at stunnel, plain HTTP comes to
 * the same proxy. How the servers learn the visitor's address is what these tests are about.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { inFolder, programTest, withProxy } from "../binary.ts";
import { guide } from "../cli/guide.ts";
import { missingOf } from "../programs.ts";
import {
  exchange,
  get,
  type Message,
  type Origin,
  startOrigin,
  statusOf,
  valuesOf,
} from "../scenarios/wire.ts";
import { until } from "../until.ts";
import { visitSecurely } from "./https.ts";
import { freshNetwork, shipped, startStunnel } from "./neighbours.ts";

/** The guide's configuration on a network of ours, and a log. */
function onNetwork(network: string): string {
  const text = guide["3.1 behind stunnel"]!.replaceAll("192.168.1.", `${network}.`)
    .replaceAll(/:80\b/g, ":8080");
  return `global
   log ${network}.1:10514 local0
defaults
   log global
   option httplog
   timeout connect 5s
   timeout client 5s
   timeout server 5s
${text}`;
}

interface Scene {
  /** Requests by HTTPS and by HTTP, each from an address that ends so. */
  https(host: number, uri: string, ...fields: string[]): Promise<Visit>;
  http(host: number, uri: string, ...fields: string[]): Promise<Visit>;
  /** The visitor's address in a log line about a path. */
  logged(path: string): Promise<string>;
  readonly network: string;
}

/** The response, and the request as its server got it. */
interface Visit {
  readonly server: string;
  readonly response: Message;
  readonly request: Message;
}

async function play(
  change: (text: string, network: string) => string,
  service: (network: string) => readonly string[],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  const network = freshNetwork();
  const origins = await Promise.all(
    ["A", "B", "C", "D"].map((letter, i) =>
      startOrigin(`web${letter}`, { host: `${network}.${11 + i}`, port: 8080 })
    ),
  );
  const lines: string[] = [];
  const log = createSocket("udp4");
  log.on("message", (message) => void lines.push(message.toString("latin1")));
  log.bind(10514, `${network}.1`);
  await once(log, "listening");

  const visit = (response: Message): Visit => {
    assertEquals(statusOf(response), 200, response.content.toString());
    const server = response.content.toString();
    const { seen } = origins.find(({ name }) => name === server) as Origin;
    return { server, response, request: seen.at(-1)! };
  };
  const from = (host: number, port: number) => ({
    host: `${network}.1`,
    port,
    localAddress: `${network}.${host}`,
  });
  try {
    await inFolder((folder) =>
      withProxy(change(onNetwork(network), network), async () => {
        const stunnel = await startStunnel(folder, `${network}.1`, 8443, service(network));
        try {
          await body({
            network,
            https: async (host, ...request) =>
              visit(await visitSecurely(from(host, 8443), get(...request))),
            http: async (host, ...request) =>
              visit(await exchange(from(host, 8080), get(...request))),
            logged: (path) =>
              until(
                () =>
                  lines.map((line) => new RegExp(`: ([\\d.]+):\\d+ .*"GET ${path} `).exec(line))
                    .findLast((match) => match !== null)?.[1],
                () => `a line about ${path} in\n${lines.join("\n")}`,
              ),
          });
        } finally {
          await stunnel.stop();
        }
      })
    );
  } finally {
    log.close();
    await Promise.all(origins.map((origin) => origin.stop()));
  }
}

/** A cookie is set once, and not for a cache; it leads back, and stays at the proxy. */
async function persists({ https }: Scene): Promise<void> {
  const first = await https(9, "/first");
  const letter = first.server.at(-1);
  assertEquals(valuesOf(first.response, "Set-Cookie"), [`SERVERID=${letter}; path=/`]);
  assertEquals(valuesOf(first.response, "Cache-Control"), ["private"]);
  for (let i = 0; i < 5; i++) {
    const next = await https(9, "/next", `Cookie: a=b; SERVERID=${letter}`);
    assertEquals(next.server, first.server);
    assertEquals(valuesOf(next.request, "Cookie"), ["a=b"]);
    assertEquals(valuesOf(next.response, "Set-Cookie"), []);
    assertEquals(valuesOf(next.response, "Cache-Control"), []);
  }
}

const impossible = missingOf({ stunnel4: "stunnel4", openssl: "openssl" });

programTest("stunnel before the guide's configuration: it alone is believed", () =>
  play(
    (text) => text,
    // From the proxy's own address, as on one machine: that is what `except` names.
    (network) => [`connect = ${network}.1:8080`, `local = ${network}.1`],
    async (scene) => {
      const { https, http, logged, network } = scene;
      await persists(scene);
      const secure = await https(9, "/secure");
      // The guide's stunnel has a patch that makes the field. It must pass untouched, and alone.
      assertEquals(valuesOf(secure.request, "X-Forwarded-For"), []);
      const told = await https(9, "/told", "X-Forwarded-For: 203.0.113.5");
      assertEquals(valuesOf(told.request, "X-Forwarded-For"), ["203.0.113.5"]);
      assertEquals(await logged("/secure"), `${network}.1`, "the proxy knows of stunnel only");
      const plain = await http(8, "/plain");
      assertEquals(valuesOf(plain.request, "X-Forwarded-For"), [`${network}.8`]);
      assertEquals(await logged("/plain"), `${network}.8`);
    },
  ), impossible);

programTest(
  "stunnel with the PROXY protocol: the visitor's address reaches server and log",
  () =>
    play(
      (text, network) =>
        text.replace(/^listen (.*)$/m, `listen web $1\n   bind ${network}.1:8081 accept-proxy`),
      (network) => [
        ...shipped("stunnel", /^connect|^protocol/).map((line) =>
          line.replace("192.168.1.", `${network}.`)
        ),
        `local = ${network}.1`,
      ],
      async (scene) => {
        const { https, http, logged, network } = scene;
        await persists(scene);
        const secure = await https(9, "/secure");
        assertEquals(valuesOf(secure.request, "X-Forwarded-For"), [`${network}.9`]);
        assertEquals(await logged("/secure"), `${network}.9`);
        const plain = await http(8, "/plain");
        assertEquals(valuesOf(plain.request, "X-Forwarded-For"), [`${network}.8`]);
        assertEquals(await logged("/plain"), `${network}.8`);
        // Each visitor's own address, on connections that come and go together.
        const hosts = Array.from({ length: 20 }, (_, i) => 100 + i);
        await Promise.all(hosts.map(async (host) => {
          const { request } = await https(host, `/${host}`);
          assertMatch(request.line, /^GET \/\d+ /);
        }));
        for (const host of hosts) assertEquals(await logged(`/${host}`), `${network}.${host}`);
      },
    ),
  impossible,
);
