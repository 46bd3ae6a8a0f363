/** Listeners with TLS, on the wire: the program, curl and openssl's own client. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { freshAddress, inFolder, programTest, run, threadless, withProxy } from "../binary.ts";
import { response, startOrigin } from "../scenarios/wire.ts";
import { until } from "../until.ts";
import { createPki, type Pki } from "./pki.ts";
import { curl, missing, program } from "./wire.ts";

const port = 18443;

/** Plays with a PKI, and a proxy before an origin. @param bind what follows the address */
async function play(
  prepare: (pki: Pki) => string,
  body: (scene: { address: string; pki: Pki; log: () => string }) => Promise<void>,
  global = "",
): Promise<void> {
  const pki = createPki();
  const [address, at] = [freshAddress(), freshAddress()];
  const origin = await startOrigin("web", { host: at, port: 18080 }, () => response("content"));
  try {
    await withProxy(
      `global
  log stdout format raw local0
${global}
defaults
  mode http
  log global
  option httplog
  timeout connect 10s
  timeout client 10s
  timeout server 10s
frontend fe
  bind ${address}:${port} ${prepare(pki)}
  default_backend web
backend web
  server s ${at}:18080
`,
      ({ stdout }) => body({ address, pki, log: stdout }),
    );
  } finally {
    await origin.stop();
    pki.remove();
  }
}

programTest(
  "TLS: HTTPS by HTTP/1.1 and ALPN, verified by its chain and name, and logged",
  () =>
    play(
      (pki) => `ssl crt ${pki.make("a", ["a.test"])} alpn h2,http/1.1`,
      async ({ address, pki, log }) => {
        const got = await curl(address, port, "a.test", "--cacert", pki.ca, "--http1.1", "-v");
        assertEquals(got.status, 0, got.output);
        assert(got.output.includes("content"));
        assertMatch(got.output, /server accepted http\/1\.1/);
        await until(() => / fe~ web\/s .* 200 /.test(log()), "its line in the log");
      },
    ),
  missing,
);

programTest(
  "TLS: certificates by SNI, exact, wildcard and default, from a folder and a list",
  () =>
    play(
      (pki) => {
        pki.make("a", ["a.test"]);
        pki.make("b", ["b.test", "*.wild.test"]);
        pki.make("c", ["ignored.test"]);
        const list = pki.write("list", `${pki.path("c.pem")} [ssl-min-ver TLSv1.3] listed.test\n`);
        return `ssl crt ${pki.path("a.pem")} crt ${pki.path("b.pem")} crt-list ${list}`;
      },
      async ({ address, pki }) => {
        const served = async (name: string, ...args: string[]) => {
          const { output } = await program("openssl", [
            ...["s_client", "-connect", `${address}:${port}`, "-servername", name, ...args],
          ]);
          return /subject=CN = (\S+)/.exec(output)?.[1] ?? output;
        };
        assertEquals(await served("a.test"), "a.test");
        assertEquals(await served("B.TEST"), "b.test");
        assertEquals(await served("x.wild.test"), "b.test");
        assertEquals(await served("x.y.wild.test"), "a.test");
        assertEquals(await served("listed.test"), "ignored.test");
        assertEquals(await served("ignored.test"), "a.test");
        assertMatch(await served("listed.test", "-tls1_2"), /alert protocol version/);
        const { status } = await curl(address, port, "x.wild.test", "--cacert", pki.ca);
        assertEquals(status, 0);
      },
      "",
    ),
  missing,
);

programTest(
  "TLS: strict-sni refuses others; TLS 1.1 is refused, and a request in clear",
  () =>
    play(
      (pki) => `ssl strict-sni crt ${pki.make("a", ["a.test"])}`,
      async ({ address, pki, log }) => {
        assertEquals((await curl(address, port, "a.test", "--cacert", pki.ca)).status, 0);
        assertEquals((await curl(address, port, "b.test", "-k")).status, 35);
        await until(() => /fe\/1: SSL handshake failure .*'b.test'/.test(log()), "its line");
        const old = await curl(address, port, "a.test", "-k", "--tls-max", "1.1");
        assertEquals(old.status, 35);
        const clear = await program("curl", ["-sS", `http://${address}:${port}/`]);
        assertEquals(clear.status, 52, clear.output);
        await until(() => log().includes("a request in clear on a port with TLS"), "its line");
      },
    ),
  missing,
);

programTest(
  "TLS: an RSA and an ECDSA certificate of one name, by what the client takes",
  () =>
    play(
      (pki) => {
        pki.make("r", ["a.test"], { key: "rsa" });
        pki.make("e", ["a.test"]);
        pki.write("both.pem.rsa", readFileSync(pki.path("r.pem"), "utf8"));
        pki.write("both.pem.ecdsa", readFileSync(pki.path("e.pem"), "utf8"));
        return `ssl crt ${pki.path("both.pem")}`;
      },
      async ({ address }) => {
        const kind = async (...args: string[]) => {
          const { output } = await program("openssl", [
            ...["s_client", "-connect", `${address}:${port}`, "-servername", "a.test", ...args],
          ]);
          return /Peer signature type: (\S+)/.exec(output)?.[1] ?? output;
        };
        assertEquals(await kind(), "ECDSA");
        assertEquals(await kind("-sigalgs", "RSA-PSS+SHA256"), "RSA-PSS");
        assertEquals(await kind("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), "RSA-PSS");
      },
    ),
  missing,
);

programTest("TLS: sessions go on by tickets and by ids, whichever thread has them", () =>
  play(
    (pki) => `ssl crt ${pki.make("a", ["a.test"])}`,
    async ({ address }) => {
      const resumed = async (...args: string[]) => {
        const { output } = await program("openssl", [
          ...["s_client", "-connect", `${address}:${port}`, "-reconnect", ...args],
        ]);
        return output.match(/^Reused, TLS/gm)?.length ?? 0;
      };
      assertEquals(await resumed("-tls1_2"), 5);
      assertEquals(await resumed("-tls1_2", "-no_ticket"), 5);
    },
    threadless === null ? "  nbthread 3" : "",
  ), missing);

programTest(
  "TLS: clients' certificates: none, a good one, one of others, a revoked one",
  () =>
    play(
      (pki) => {
        pki.make("a", ["a.test"]);
        pki.make("good", [], { cn: "good" });
        pki.make("bad", [], { cn: "bad" });
        pki.make("other", [], { cn: "other", self: true });
        const revoked = pki.revoke("crl.pem", ["bad"]);
        return `ssl crt ${pki.path("a.pem")} ca-file ${pki.ca} crl-file ${revoked} verify required`;
      },
      async ({ address, pki, log }) => {
        const as = (name: string) =>
          curl(address, port, "a.test", "-k", "--cert", pki.path(`${name}.pem`));
        assertEquals((await as("good")).status, 0);
        assert((await curl(address, port, "a.test", "-k")).status !== 0);
        await until(() => /peer did not return a certificate/.test(log()), "its line");
        assert((await as("other")).status !== 0);
        await until(() => /SSL client certificate not trusted/.test(log()), "its line");
        assert((await as("bad")).status !== 0);
      },
    ),
  missing,
);

programTest(
  "TLS: with verify optional a client may have none, and errors may be ignored",
  () =>
    play(
      (pki) => {
        pki.make("a", ["a.test"]);
        pki.make("other", [], { cn: "other", self: true });
        const errors = "crt-ignore-err 18,X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE";
        return `ssl crt ${pki.path("a.pem")} ca-file ${pki.ca} verify optional ${errors}`;
      },
      async ({ address, pki }) => {
        assertEquals((await curl(address, port, "a.test", "-k")).status, 0);
        const cert = ["--cert", pki.path("other.pem")];
        assertEquals((await curl(address, port, "a.test", "-k", ...cert)).status, 0);
      },
    ),
  missing,
);

programTest(
  "TLS: an OCSP response beside the certificate is stapled, that of another is refused",
  () =>
    play(
      (pki) => {
        const pem = pki.make("a", ["a.test"]);
        pki.write("a.pem.issuer", readFileSync(pki.ca, "utf8"));
        pki.ocsp("a.pem.ocsp", "a", 3);
        return `ssl crt ${pem}`;
      },
      async ({ address, pki }) => {
        const { output } = await program("openssl", [
          ...["s_client", "-connect", `${address}:${port}`, "-status", "-CAfile", pki.ca],
        ]);
        assertMatch(output, /OCSP Response Status: successful/);
        assertMatch(output, /Cert Status: good/);
        pki.make("b", ["b.test"]);
        pki.ocsp("a.pem.ocsp", "b", 3);
        const file = pki.path("x.cfg");
        writeFileSync(file, `listen l\n  mode tcp\n  bind :443 ssl crt ${pki.path("a.pem")}\n`);
        const { status, stderr } = await run(["-c", "-f", file]);
        assertEquals(status, 1);
        assertMatch(stderr, /the OCSP response is of another certificate/);
      },
    ),
  missing,
);

programTest("TLS: in mode tcp it ends here, and its end goes both ways", () =>
  play(
    (pki) => `ssl crt ${pki.make("a", ["a.test"])}\n  mode tcp\n  option tcplog`,
    async ({ address, pki, log }) => {
      const got = await curl(address, port, "a.test", "--cacert", pki.ca, "--http1.0");
      assertEquals({ status: got.status, output: got.output }, { status: 0, output: "content" });
      await until(() => log().includes("fe~ web/s"), "its line in the log");
    },
  ), missing);

programTest("TLS: much content, both ways, as it was", () =>
  play(
    (pki) => `ssl crt ${pki.make("a", ["a.test"], { key: "rsa" })}`,
    async ({ address, pki }) => {
      const content = "0123456789abcdef".repeat(200_000);
      const file = pki.write("content", content);
      const { status, output } = await curl(
        ...[address, port, "a.test", "-k", "--data-binary", `@${file}`] as const,
      );
      assertEquals({ status, output }, { status: 0, output: "content" });
    },
  ), missing);

programTest(
  "TLS: what is wrong with certificates is said where they are named",
  () =>
    inFolder(async (folder) => {
      const pki = createPki();
      pki.make("a", ["a.test"]);
      pki.make("b", ["b.test"]);
      const own = readFileSync(pki.path("a.crt"), "utf8");
      const cases: [bind: string, expected: RegExp][] = [
        ["crt /nowhere/x.pem", /'crt': cannot read '\/nowhere\/x\.pem': no such file/],
        [
          `crt ${pki.write("junk", "junk\n")}`,
          /cannot load the certificate .*junk': no start line/,
        ],
        [`crt ${pki.write("cut", own.slice(0, 200))}`, /cannot load the certificate .*cut'/],
        [`crt ${pki.write("alone", own)}`, /no private key/],
        [
          `crt ${pki.write("mixed", own + readFileSync(pki.path("b.key"), "utf8"))}`,
          /mixed': key values mismatch/,
        ],
        [`crt ${pki.path("a.pem")} ciphers NONSENSE`, /ciphers 'NONSENSE': no cipher match/],
        [`crt ${pki.path("a.pem")} curves X99999`, /curves 'X99999'/],
        [`crt ${pki.path("a.pem")} verify required ca-file /nowhere`, /cannot read '\/nowhere'/],
        [`crt-list ${pki.write("list", "\n/nowhere.pem\n")}`, /list:2:1/],
      ];
      for (const [bind, expected] of cases) {
        const file = `${folder}/x.cfg`;
        writeFileSync(file, `listen l\n  mode tcp\n  bind :443 ssl ${bind}\n`);
        const { status, stderr } = await run(["-c", "-f", file]);
        assertEquals(status, 1, `${bind}\n${stderr}`);
        assertMatch(stderr, expected);
        assertMatch(stderr, /x\.cfg:3|list:2/);
      }
      pki.remove();
    }),
  missing,
);

programTest("TLS: more handshakes than 'maxsslrate' in a second wait, and none is lost", () =>
  play(
    (pki) => `ssl crt ${pki.make("a", ["a.test"])}`,
    async ({ address }) => {
      const start = performance.now();
      const all = await Promise.all(
        Array.from({ length: 9 }, () => curl(address, port, "a.test", "-k")),
      );
      assertEquals(all.map(({ status }) => status), Array.from({ length: 9 }, () => 0));
      assert(performance.now() - start > 500, "three a second, and nine of them");
    },
    "  maxsslrate 3",
  ), missing);
