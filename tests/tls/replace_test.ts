/** Certificates replaced while the program runs, by the runtime API: its answers are HAProxy's own. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { freshAddress, inFolder, programTest, withProxy } from "../binary.ts";
import { haproxy } from "../haproxy.ts";
import { until } from "../until.ts";
import { createPki, type Pki } from "./pki.ts";
import { ask, missing, program } from "./wire.ts";

const configuration = (pki: Pki, socket: string, address: string) =>
  `global
  stats socket ${socket} level admin
defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend f
  bind ${address}:18443 ssl crt ${pki.path("a.pem")}
  bind ${address}:18444 ssl crt-list ${pki.path("list")} ca-file ${pki.ca} ` +
  `crl-file ${pki.path("crl.pem")} verify optional
  http-request return status 200 content-type text/plain string served
`;

function prepared(): Pki {
  const pki = createPki();
  pki.make("a", ["a.test", "*.a.test"]);
  pki.make("b", ["b.test"]);
  pki.revoke("crl.pem", []);
  const [a, b] = [pki.path("a.pem"), pki.path("b.pem")];
  pki.write("list", `${a} [alpn http/1.1] a.test !x.a.test\n# a comment\n${b}\n`);
  return pki;
}

/** Whose certificate a client gets. */
async function served(address: string, port: number, name: string): Promise<string> {
  const { output } = await program("openssl", [
    ...["s_client", "-connect", `${address}:${port}`, "-servername", name],
  ]);
  return /subject=CN = (\S+)/.exec(output)?.[1] ?? output;
}

/** What operators may say, in the order in which it makes sense. */
function commands({ path }: Pki): string[] {
  const [a, b, n, list] = [path("a.pem"), path("b.pem"), path("n.pem"), path("list")];
  const payload = (file: string) => `<<\n${readFileSync(path(file), "latin1")}`;
  const files = (word: string, own: string, other: string) => [
    ...[`new ssl ${word} ${other}`, `new ssl ${word} ${other}`, `new ssl ${word}`],
    ...[`show ssl ${word} ${own}`, `show ssl ${word} ${own}:1`, `show ssl ${word} ${own}:9`],
    ...[`show ssl ${word} nope`, `set ssl ${word}`, `set ssl ${word} nope <<\nx`],
    ...[`set ssl ${word} ${own} <<\nx`, `abort ssl ${word}`, `commit ssl ${word}`],
    `set ssl ${word} ${own} ${payload(own.slice(path("").length))}`,
    `set ssl ${word} ${own} ${payload(own.slice(path("").length))}`,
    ...[`commit ssl ${word} nope`, `abort ssl ${word} nope`, `commit ssl ${word} ${own}`],
    ...[`commit ssl ${word} ${own}`, `abort ssl ${word} ${own}`, `del ssl ${word}`],
    ...[`del ssl ${word} nope`, `del ssl ${word} ${own}`, `del ssl ${word} ${other}`],
  ];
  return [
    ...["show ssl cert", `show ssl cert ${a}`, "show ssl cert nope", "set ssl cert"],
    ...["set ssl cert nope", "set ssl cert nope <<\nx", `set ssl cert ${a} <<\ngarbage`],
    ...[`set ssl cert ${a} ${payload("b.pem")}`, "show ssl cert", `show ssl cert *${a}`],
    ...["commit ssl cert nope", `commit ssl cert ${a}`, `commit ssl cert ${a}`],
    ...[`abort ssl cert ${a}`, `set ssl cert ${a} ${payload("b.crt")}`, `commit ssl cert ${a}`],
    ...[`set ssl cert ${a} ${payload("b.key")}`, `commit ssl cert ${a}`, "abort ssl cert nope"],
    ...[`abort ssl cert ${a}`, `abort ssl cert ${a}`, "abort ssl cert", "commit ssl cert"],
    ...[`new ssl cert ${n}`, `new ssl cert ${n}`, "new ssl cert", `show ssl cert ${n}`],
    ...["show ssl cert", `set ssl cert ${n} ${payload("b.pem")}`, `commit ssl cert ${n}`],
    ...[`show ssl cert ${n}`, `del ssl cert ${a}`, "del ssl cert", "del ssl cert nope"],
    ...["show ssl crt-list", `show ssl crt-list ${list}`, `show ssl crt-list -n ${list}`],
    ...["show ssl crt-list nope", "add ssl crt-list", `add ssl crt-list ${list}`],
    ...[`add ssl crt-list ${list} nope`, `add ssl crt-list nope ${b}`],
    ...[`add ssl crt-list ${list} ${n}`, `add ssl crt-list ${list} <<\n${n} [alpn h2] n.test`],
    ...[`show ssl crt-list -n ${list}`, `del ssl cert ${n}`, `del ssl crt-list ${list}`],
    ...[`del ssl crt-list ${list} nope`, `del ssl crt-list nope ${n}`],
    ...[`del ssl crt-list ${list} ${n}`, `del ssl crt-list ${list} ${n}:6`],
    ...[`del ssl crt-list ${list} ${n}:5`, `show ssl crt-list -n ${list}`],
    ...[`del ssl crt-list ${list} ${a}:99`, `del ssl crt-list ${list} ${n}`, `del ssl cert ${n}`],
    ...files("ca-file", path("ca.pem"), path("x.pem")),
    ...files("crl-file", path("crl.pem"), path("y.pem")),
    ...["set ssl ocsp-response", "set ssl ocsp-response xxxx"],
  ];
}

async function answers(pki: Pki, socket: string): Promise<string[]> {
  const found: string[] = [];
  for (const command of commands(pki)) found.push(`${command}\n${await ask(socket, command)}`);
  return found;
}

programTest(
  "runtime API: commands about certificates are answered as the real haproxy answers them",
  async () => {
    const pki = prepared();
    const address = freshAddress();
    try {
      await inFolder(async (folder) => {
        const socket = `${folder}/socket`;
        const file = `${folder}/h.cfg`;
        writeFileSync(file, configuration(pki, socket, address));
        const real = spawn(haproxy!, ["-db", "-f", file], { stdio: "ignore" });
        const ended = new Promise((resolve) => real.on("close", resolve));
        let expected: string[];
        try {
          await until(() => existsSync(socket), "haproxy's socket");
          expected = await answers(pki, socket);
        } finally {
          real.kill("SIGKILL");
          await ended;
        }
        await withProxy(configuration(pki, socket, address), async () => {
          // After an 'alpn' HAProxy shows a zero byte, too.
          const got = await answers(pki, socket);
          for (const [i, text] of expected.entries()) {
            assertEquals(got[i], text.replaceAll("\0", ""));
          }
        });
      });
    } finally {
      pki.remove();
    }
  },
  missing ?? (haproxy === null ? "haproxy is missing" : null),
);

/** A client that keeps its connection. */
function client(address: string, name: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({
      host: address,
      port: 18443,
      servername: name,
      rejectUnauthorized: false,
    });
    socket.once("secureConnect", () => resolve(socket));
    socket.once("error", reject);
  });
}

programTest(
  "certificates replaced: new connections have the new one in each thread, those that stand go on",
  async () => {
    const pki = prepared();
    const address = freshAddress();
    try {
      await inFolder(async (folder) => {
        const socket = `${folder}/socket`;
        const text = configuration(pki, socket, address);
        await withProxy(text, async () => {
          const standing = await client(address, "a.test");
          assertEquals(standing.getPeerCertificate().subject.CN, "a.test");
          const a = pki.path("a.pem");
          for (const [name, other] of [["b", "b.test"], ["a", "a.test"], ["b", "b.test"]]) {
            const pem = readFileSync(pki.path(`${name}.pem`), "latin1");
            assertMatch(
              await ask(socket, `set ssl cert ${a} <<\n${pem}\n`),
              /^Transaction created/,
            );
            assertMatch(await ask(socket, `commit ssl cert ${a}`), /Success!/);
            // More than there are threads: each of them has it.
            for (let i = 0; i < 6; i++) {
              assertEquals(await served(address, 18443, "nobody.test"), other);
            }
          }
          const answer = new Promise<string>((resolve) => {
            standing.on("data", (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)));
          });
          standing.write("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n");
          assertMatch(await answer, /^HTTP\/1\.1 200/);
          standing.destroy();
          // A list's names: those of its line, and "b.test" of the certificate's own.
          const sni = await ask(socket, "show ssl sni");
          assertMatch(sni, /^# Frontend\/Bind\tSNI\tNegative Filter\tType\tFilename\tNotAfter\t/);
          assert(sni.includes(`\tb.test\t-\tecdsa\t${a}\t`), sni);
        });
      });
    } finally {
      pki.remove();
    }
  },
  missing,
);

programTest(
  "certificates replaced: a list grows by a name, and shrinks again; authorities change",
  async () => {
    const pki = prepared();
    const address = freshAddress();
    try {
      await inFolder(async (folder) => {
        const socket = `${folder}/socket`;
        await withProxy(configuration(pki, socket, address), async () => {
          const [list, n] = [pki.path("list"), pki.path("n.pem")];
          const pem = readFileSync(pki.path("b.pem"), "latin1");
          assertEquals(await served(address, 18444, "n.test"), "a.test");
          await ask(socket, `new ssl cert ${n}`);
          await ask(socket, `set ssl cert ${n} <<\n${pem}\n`);
          assertMatch(await ask(socket, `commit ssl cert ${n}`), /Success!/);
          assertMatch(await ask(socket, `add ssl crt-list ${list} <<\n${n} n.test\n`), /Success!/);
          assertEquals(await served(address, 18444, "n.test"), "b.test");
          assertMatch(await ask(socket, `del ssl crt-list ${list} ${n}`), /deleted in crtlist/);
          assertEquals(await served(address, 18444, "n.test"), "a.test");
          // Clients are told of those who may have signed their certificates.
          const told = async () => {
            const { output } = await program("openssl", [
              ...["s_client", "-connect", `${address}:18444`, "-servername", "a.test"],
            ]);
            return /Acceptable client certificate CA names\s+(CN = [^\n]*)/.exec(output)?.[1];
          };
          assertEquals(await told(), "CN = Test CA");
          const other = readFileSync(pki.path("b.crt"), "latin1");
          await ask(socket, `set ssl ca-file ${pki.ca} <<\n${other}\n`);
          assertMatch(await ask(socket, `commit ssl ca-file ${pki.ca}`), /Success!/);
          assertEquals(await told(), "CN = b.test");
        });
      });
    } finally {
      pki.remove();
    }
  },
  missing,
);
