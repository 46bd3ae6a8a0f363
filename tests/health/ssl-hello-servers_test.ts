/** The check of layer 6 against the TLS servers of today, each in its several versions. */
import { clientHello } from "#src/health/ssl-hello.ts";
import type { CheckResult } from "#src/health/result.ts";
import { systemClock } from "#src/time/clock.ts";
import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { freshAddress, inFolder } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { nativeNetwork } from "../net/native.ts";
import { runtimeName, test } from "../testing.ts";
import { until } from "../until.ts";
import { probing } from "./scene.ts";

const host = freshAddress();
const openssl = spawnSync("openssl", ["version"]).status === 0;
const stunnel = existsSync("/usr/bin/stunnel4") ? "/usr/bin/stunnel4" : null;

/** Declares a test on the wire; what it cannot do without may be missing. */
function wireTest(name: string, body: () => Promise<void>, missing: string | null = null): void {
  const reason = nativeNetwork === undefined
    ? "this runtime has no network here"
    : openssl
    ? missing
    : "there is no openssl to make certificates";
  const title = `ssl-hello: ${name}`;
  test(reason === null ? title : `SKIPPED, ${reason}: ${title}`, body, { skip: reason !== null });
}

/** One check of who listens on a port. */
function check(port: number, ms = 5000): Promise<CheckResult> {
  const target = {
    endpoint: { kind: "ip", host, port },
    options: {},
    proxyHeader: null,
    proxyVersion: "v1",
    timeouts: { connect: ms, answer: null },
  } as const;
  const probe = probing(
    { network: nativeNetwork!, clock: systemClock },
    { kind: "ssl-hello" },
    target,
  );
  return new Promise((resolve) => probe(resolve));
}

const kinds = {
  RSA: ["-newkey", "rsa:2048"],
  ECDSA: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
} as const;
type Kind = keyof typeof kinds;

/** The files of a certificate, and of both in one. */
interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly both: string;
}

/** Makes certificates for a test's time. */
function withCertificates(
  body: (certificates: Record<Kind, Certificate>, folder: string) => Promise<void>,
): Promise<void> {
  return inFolder((folder) => {
    const make = (kind: Kind): Certificate => {
      const [cert, key, both] = ["crt", "key", "pem"].map((end) => join(folder, `${kind}.${end}`));
      const args = ["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=test", ...kinds[kind]];
      const { status, stderr } = spawnSync("openssl", [...args, "-keyout", key!, "-out", cert!]);
      assertEquals(status, 0, String(stderr));
      writeFileSync(both!, readFileSync(cert!, "utf8") + readFileSync(key!, "utf8"));
      return { cert: cert!, key: key!, both: both! };
    };
    return body({ RSA: make("RSA"), ECDSA: make("ECDSA") }, folder);
  });
}

/** A port of {@linkcode host} that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await stop(server);
  return port;
}

async function stop(server: Server): Promise<void> {
  server.close();
  await once(server, "close");
}

/** Runs a program that listens on a port while `body` runs. */
async function withProgram(
  command: string,
  args: readonly string[],
  port: number,
  body: () => Promise<void>,
): Promise<void> {
  const child: ChildProcess = spawn(command, args, { stdio: ["pipe", "ignore", "pipe"] });
  let words = "";
  child.stderr!.on("data", (bytes) => void (words += bytes));
  child.stdin!.on("error", () => {});
  const ended = once(child, "exit");
  try {
    await until(async () => {
      if (child.exitCode !== null) throw new Error(`${command} did not start:\n${words}`);
      return (await check(port)).status !== "L4CON";
    }, () => `${command} to listen: ${words}`);
    await body();
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** It passes the check, and not only by an alert: it likes the hello well enough to answer it. */
async function passes(port: number, who: string): Promise<void> {
  const { status, info } = await check(port);
  assertEquals([who, status, info], [who, "L6OK", ""]);
  assertEquals([who, ...await firstWords(port)], [who, 22, 2]);
}

/** What a server answers to our hello: the type of the record, and of the message in it. */
async function firstWords(port: number): Promise<[number, number]> {
  const socket = connect(port, host);
  let answer: number[] = [];
  socket.on("data", (bytes: Uint8Array) => void (answer = [...answer, ...bytes]));
  socket.on("error", () => {});
  socket.write(clientHello(Math.random));
  await until(() => answer.length > 5, "an answer to the hello");
  socket.destroy();
  return [answer[0]!, answer[5]!];
}

const versions = [
  [],
  ["-tls1_3"],
  ["-tls1_2"],
  // As old servers are, which today's library makes hard to start.
  ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
  ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
  ["-tls1_3", "-Verify", "1"],
];

wireTest(
  "openssl s_server, of each version and certificate, passes",
  () =>
    withCertificates(async (certificates) => {
      for (const kind of ["RSA", "ECDSA"] as const) {
        for (const version of versions) {
          const port = await freePort();
          const { cert, key } = certificates[kind];
          const args = ["s_server", "-quiet", "-accept", `${host}:${port}`, "-cert", cert];
          await withProgram("openssl", [...args, "-key", key, ...version], port, async () => {
            for (let i = 0; i < 3; i++) await passes(port, [kind, ...version].join(" "));
          });
        }
      }
    }),
);

wireTest(
  `node:tls on ${runtimeName}, of each version and certificate, passes`,
  () =>
    withCertificates(async (certificates) => {
      const variants: TlsOptions[] = [
        {},
        { minVersion: "TLSv1.3" },
        { maxVersion: "TLSv1.2" },
        { requestCert: true, rejectUnauthorized: true },
      ];
      for (const kind of ["RSA", "ECDSA"] as const) {
        const { cert, key } = certificates[kind];
        const pair = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
        for (const options of variants) {
          const server = createTlsServer({ ...pair, ...options });
          server.on("tlsClientError", () => {});
          server.listen(0, host);
          await once(server, "listening");
          const { port } = server.address() as AddressInfo;
          await passes(port, `${kind} ${JSON.stringify(options)}`);
          await stop(server);
        }
      }
    }),
);

wireTest(
  "Deno's own server, which is rustls, passes",
  () =>
    withCertificates(async ({ ECDSA }) => {
      const cert = readFileSync(ECDSA.cert, "utf8");
      const key = readFileSync(ECDSA.key, "utf8");
      const listener = Deno.listenTls({ hostname: host, port: 0, cert, key });
      const served = (async () => {
        for (let i = 0; i < 2; i++) {
          const connection = await listener.accept();
          await connection.handshake().catch(() => {});
          connection.close();
        }
      })();
      await passes(listener.addr.port, "rustls");
      await served;
      listener.close();
    }),
  runtimeName === "deno" ? null : "only Deno has it",
);

wireTest(
  "haproxy with ssl passes",
  () =>
    withCertificates(async ({ RSA, ECDSA }, folder) => {
      for (const options of ["", "ssl-min-ver TLSv1.3", "ssl-max-ver TLSv1.2", "strict-sni"]) {
        const port = await freePort();
        const file = join(folder, "haproxy.cfg");
        const certificate = options === "" ? RSA : ECDSA;
        writeFileSync(
          file,
          `defaults\n mode tcp\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n` +
            `listen tls\n bind ${host}:${port} ssl crt ${certificate.both} ${options}\n`,
        );
        const args = ["-db", "-f", file];
        await withProgram(haproxy!, args, port, async () => {
          if (options !== "strict-sni") return await passes(port, options);
          // No certificate without a name: it refuses by an alert.
          assertEquals((await check(port)).status, "L6OK");
          assertEquals((await firstWords(port))[0], 21);
        });
      }
    }),
  haproxy === null ? "haproxy is not installed" : null,
);

wireTest(
  "stunnel passes",
  () =>
    withCertificates(async ({ RSA }, folder) => {
      const port = await freePort();
      const file = join(folder, "stunnel.conf");
      writeFileSync(
        file,
        `foreground = yes\npid =\n[tls]\naccept = ${host}:${port}\n` +
          `connect = ${host}:1\ncert = ${RSA.both}\n`,
      );
      await withProgram(stunnel!, [file], port, () => passes(port, "stunnel"));
    }),
  stunnel === null ? "stunnel4 is not installed" : null,
);

wireTest(
  "what speaks no TLS fails: HTTP, a mute acceptor, one that closes, no listener",
  async () => {
    const answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
    const http = createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.end(answer))
    );
    const mute = createServer((socket) => socket.on("error", () => {}).resume());
    const closing = createServer((socket) =>
      socket.on("error", () => {}).once("data", () => socket.end())
    );
    const servers = [http, mute, closing];
    const ports: number[] = [];
    for (const server of servers) {
      server.listen(0, host);
      await once(server, "listening");
      ports.push((server.address() as AddressInfo).port);
    }
    const results = await Promise.all(ports.map((port) => check(port, 400)));
    assertEquals(results.map(({ status }) => status), ["L6RSP", "L6TOUT", "L6RSP"]);
    await Promise.all(servers.map(stop));
    assertEquals((await check(ports[0]!)).status, "L4CON");
  },
);
