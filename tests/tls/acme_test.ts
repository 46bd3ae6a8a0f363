/** Automatic certificates, against a small authority: Debian's pebble. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { freshAddress, inFolder, programTest, withProxy } from "../binary.ts";
import { until } from "../until.ts";
import { missingPebble, type Pebble, startPebble } from "./pebble.ts";
import { createPki, type Pki } from "./pki.ts";
import { ask, curl, program } from "./wire.ts";

/** What a play has. */
interface Scene {
  readonly address: string;
  readonly folder: string;
  readonly pki: Pki;
  readonly pebble: Pebble;
}

/** Plays with an authority whose names all lead to one address. */
async function play(
  body: (scene: Scene) => Promise<void>,
  options: { readonly httpPort?: number; readonly external?: Record<string, string> } = {},
): Promise<void> {
  const pki = createPki();
  const address = freshAddress();
  const { httpPort = 18080, external } = options;
  const pebble = await startPebble(pki, {
    address,
    httpPort,
    tlsPort: 18443,
    ...external === undefined ? {} : { external },
  });
  try {
    await inFolder((folder) => body({ address, folder, pki, pebble }));
  } finally {
    await pebble.stop();
    pki.remove();
  }
}

const configuration = (
  { folder, pebble, address }: Scene,
  section: string,
  bind: string,
  more = "",
  listen = `${address}:18080`,
) =>
  `global
  log stdout format raw local0
  acme.state-dir ${folder}/state
  acme.http-listen ${listen}
acme default
  directory ${pebble.directory}
  ca-file ${pebble.caFile}
${section}
defaults
  mode http
  log global
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend f
  bind ${address}:18443 ssl ${bind}
  http-request return status 200 content-type text/plain string served
${more}`;

/** Who has signed what a client gets, and for whom. */
async function issuer(address: string, name: string): Promise<string> {
  const { output } = await program("openssl", [
    ...["s_client", "-connect", `${address}:18443`, "-servername", name, "-showcerts"],
  ]);
  return /\n *0 s:.*\n *i:(.*)/.exec(output)?.[1] ?? output;
}

/** Waits until the proxy says that it has a certificate. */
function served(stdout: () => string, count = 1): Promise<void> {
  return until(
    () => {
      const failure = /acme: .*; fix: .*/.exec(stdout());
      if (failure !== null) throw new Error(failure[0]);
      return stdout().split("a new certificate for").length > count;
    },
    "a certificate",
    20_000,
  );
}

programTest(
  "acme: one line gets a certificate, http-01 being answered where no frontend listens; it is kept",
  () =>
    play(async (scene) => {
      const { address, folder } = scene;
      const text = configuration(scene, "", "acme example.test,www.example.test");
      await withProxy(text, async ({ stdout }) => {
        await served(stdout);
        assertMatch(await issuer(address, "www.example.test"), /Pebble Intermediate/);
        const got = await curl(address, 18443, "www.example.test", "-k");
        assert(got.output.includes("served"), got.output);
        const file = join(folder, "state/certs/example.test.pem");
        assertEquals(statSync(file).mode & 0o777, 0o600);
        assertEquals(statSync(join(folder, "state")).mode & 0o777, 0o700);
        const pem = readFileSync(file, "latin1");
        assert(pem.includes("BEGIN PRIVATE KEY"));
        assertEquals(pem.split("BEGIN CERTIFICATE").length, 3);
        for (const name of readdirSync(join(folder, "state/accounts"))) {
          assertEquals(statSync(join(folder, "state/accounts", name)).mode & 0o777, 0o600, name);
        }
      });
      // After a restart it is there, and nothing is asked for again.
      const before = readFileSync(join(folder, "state/certs/example.test.pem"), "latin1");
      await withProxy(text, async ({ stdout }) => {
        assertMatch(await issuer(address, "example.test"), /Pebble Intermediate/);
        assertEquals(stdout().includes("acme:"), false);
      });
      assertEquals(readFileSync(join(folder, "state/certs/example.test.pem"), "latin1"), before);
    }),
  missingPebble,
);

programTest(
  "acme: a certificate of our own stands in until the first one comes, and tls-alpn-01 gets that",
  () =>
    play(async (scene) => {
      const { address } = scene;
      // Nothing answers on port 80.
      const text = configuration(scene, "", "acme alpn.test", "", "off");
      await withProxy(text, async ({ stdout }) => {
        const first = await issuer(address, "alpn.test");
        assertMatch(first, /CN = alpn\.test|Pebble/);
        await served(stdout);
        assertMatch(await issuer(address, "alpn.test"), /Pebble Intermediate/);
        const got = await curl(address, 18443, "alpn.test", "-k");
        assert(got.output.includes("served"), got.output);
      });
    }),
  missingPebble,
);

programTest(
  "acme: a frontend on port 80 answers http-01 before its own rules, and passes on all else",
  () =>
    play(async (scene) => {
      const { address } = scene;
      const front = `frontend clear
  bind ${address}:18080
  http-request redirect scheme https
`;
      const text = configuration(scene, "  challenge http-01", "acme a.test", front, "off");
      await withProxy(text, async ({ stdout }) => {
        await served(stdout);
        assertMatch(await issuer(address, "a.test"), /Pebble Intermediate/);
        const { output } = await program("curl", [
          ...["-sS", "-o", "/dev/null", "-w", "%{http_code}"],
          `http://${address}:18080/.well-known/acme-challenge/unknown`,
        ]);
        assertEquals(output, "302");
      });
    }),
  missingPebble,
);

programTest(
  "acme: a failure is logged with what to do, and served is what stands in",
  () =>
    play(async (scene) => {
      const { address } = scene;
      // The authority looks on a port on which nothing listens.
      const text = configuration(scene, "  challenge http-01", "acme lost.test");
      await withProxy(text, async ({ stdout }) => {
        const line =
          /acme: .*lost\.test\.pem: lost\.test: http-01: connection: .*; fix: .*port 80.*; next attempt: /;
        await until(() => line.test(stdout()), "the failure's line", 20_000);
        assertMatch(await issuer(address, "lost.test"), /CN = lost\.test/);
      }, { stderr: /acme: / });
    }, { httpPort: 18090 }),
  missingPebble,
);

programTest(
  "acme: dns-01 by a hook, for a name with a star; an external account; keys of RSA by a section",
  () =>
    play(async (scene) => {
      const { address, folder, pebble } = scene;
      const hook = join(folder, "hook");
      const what = `{\\"host\\":\\"$2.\\",\\"value\\":\\"$3\\"}`;
      writeFileSync(
        hook,
        `#!/bin/sh
echo "$1 $2 $ACME_VARS" >> ${folder}/calls
case $1 in add) to=set-txt ;; *) to=clear-txt ;; esac
exec curl -sS -d "${what}" ${pebble.dnsControl}/$to
`,
        { mode: 0o755 },
      );
      writeFileSync(join(folder, "id"), "kid-1\n");
      writeFileSync(
        join(folder, "mac"),
        "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n",
      );
      const section = `  challenge dns-01
  dns-hook ${hook}
  acme-vars token=1
  keytype RSA
  eab-key-id ${folder}/id
  eab-mac-key ${folder}/mac`;
      const text = configuration(scene, section, "acme *.star.test", "", "off");
      await withProxy(text, async ({ stdout }) => {
        await served(stdout);
        assertMatch(await issuer(address, "any.star.test"), /Pebble Intermediate/);
        await until(
          () => readFileSync(join(folder, "calls"), "utf8").split("\n").length === 3,
          "the record's removal",
        );
        assertEquals(
          readFileSync(join(folder, "calls"), "utf8"),
          "add _acme-challenge.star.test token=1\nremove _acme-challenge.star.test token=1\n",
        );
      });
    }, {
      external: { "kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W" },
    }),
  missingPebble,
);

programTest(
  "acme: HAProxy's own form: a section, a crt-store, a map that a rule of one's own answers from",
  () =>
    play(async (scene) => {
      const { address, folder, pebble } = scene;
      const socket = join(folder, "socket");
      const text = `global
  log stdout format raw local0
  stats socket ${socket} level admin
  acme.state-dir ${folder}/state
  acme.http-listen off
acme le
  directory ${pebble.directory}
  ca-file ${pebble.caFile}
  account-key ${folder}/le.account.key
  contact john.doe@example.org
  challenge HTTP-01
  keytype RSA
  bits 2048
  map virt@acme
crt-store web
  crt-base ${folder}
  load crt site.pem alias site acme le domains "site.test,www.site.test"
defaults
  mode http
  log global
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend f
  bind ${address}:18080
  bind ${address}:18443 ssl crt @web/site
  http-request return status 200 content-type text/plain lf-string "%[path,field(-1,/)].%[path,field(-1,/),map(virt@acme)]\\n" if { path_beg /.well-known/acme-challenge/ }
  http-request return status 200 content-type text/plain string served
`;
      await withProxy(text, async ({ stdout }) => {
        await served(stdout);
        assertMatch(await issuer(address, "www.site.test"), /Pebble Intermediate/);
        assertMatch(await ask(socket, "show ssl cert @web/site"), /Algorithm: RSA2048/);
        const status = await ask(socket, "acme status");
        assertMatch(
          status,
          /^# certificate\tsection\tstate\texpiration date \(UTC\)\texpires in\t/,
        );
        assertMatch(
          status,
          /\n@web\/site\tle\tScheduled\t\d{4}-\d\d-\d\dT\S+Z\t\d+d \d+h\d\dm\d\ds\t/,
        );
        assertEquals(
          await ask(socket, "acme renew nope"),
          "Can't renew: 'nope' is no certificate that is got by 'acme'\n\n",
        );
        assertEquals(await ask(socket, "acme renew @web/site"), "\n");
        await served(stdout, 2);
        assertEquals(statSync(join(folder, "le.account.key")).mode & 0o777, 0o600);
      });
    }),
  missingPebble,
);

programTest(
  "acme: dns-01 without a hook waits until an operator says that the record is there",
  () =>
    play(async (scene) => {
      const { address, folder, pebble } = scene;
      const socket = join(folder, "socket");
      const text = configuration(scene, "  challenge dns-01", "acme byhand.test", "", "off")
        .replace("global\n", `global\n  stats socket ${socket} level admin\n`);
      await withProxy(text, async ({ stdout }) => {
        const line =
          /requires a TXT record "(\S+)" with the value "(\S+)"; .*: (acme challenge_ready .*)/;
        await until(() => line.test(stdout()), "what is to be done");
        const [, record, value, command] = line.exec(stdout())!;
        assertEquals(record, "_acme-challenge.byhand.test");
        const body = JSON.stringify({ host: `${record}.`, value });
        await program("curl", ["-sS", "-d", body, `${pebble.dnsControl}/set-txt`]);
        assertMatch(await ask(socket, "acme challenge_ready x domain y"), /^Couldn't find/);
        assertEquals(await ask(socket, command!), "\n");
        await served(stdout);
        assertMatch(await issuer(address, "byhand.test"), /Pebble Intermediate/);
      });
    }),
  missingPebble,
);

programTest(
  "acme: a process that waits for an operator ends nonetheless, at once",
  () =>
    play(async (scene) => {
      const section = "  challenge dns-01\n  dns-timeout 10m";
      const text = configuration(scene, section, "acme never.test", "", "off");
      await withProxy(text, async ({ stdout, signal, ended }) => {
        await until(() => stdout().includes("requires a TXT record"), "the challenge");
        const before = performance.now();
        signal("SIGTERM");
        await ended;
        assert(performance.now() - before < 5000);
      });
    }),
  missingPebble,
);

programTest(
  "acme: what a process keeps belongs to the user that it becomes, in a chroot too",
  () =>
    play(async (scene) => {
      const { folder } = scene;
      chmodSync(folder, 0o755);
      const text = configuration(scene, "", "acme user.test", "", "off")
        .replace("global\n", `global\n  uid 65534\n  gid 65534\n  chroot ${folder}\n`);
      await withProxy(text, async ({ stdout }) => {
        await served(stdout);
        const file = join(folder, "state/certs/user.test.pem");
        assertEquals([statSync(file).uid, statSync(file).mode & 0o777], [65534, 0o600]);
        // Of NODE_EXTRA_CA_CERTS, which is not in the chroot.
      }, { stderr: /^(Warning: Ignoring extra certs .*\n)?$/ });
    }),
  missingPebble ?? (process.getuid?.() === 0 ? null : "it takes root"),
);
