/** `sluice cert`: what is served, from where, until when. */
import { assertEquals, assertMatch } from "@std/assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder, programTest, run } from "../binary.ts";
import { createPki } from "../tls/pki.ts";
import { missing } from "../tls/wire.ts";

programTest(
  "sluice cert: names, file, issuer and end of each; what has not been got yet is said",
  () =>
    inFolder(async (folder) => {
      const pki = createPki();
      try {
        const a = pki.make("a", ["a.test", "*.a.test"], { days: 20 });
        const file = join(folder, "x.cfg");
        const text = `global
  acme.state-dir ${folder}/state
defaults
  mode http
  timeout client 1s
frontend f
  bind 127.0.0.1:8443,127.0.0.1:8444 ssl crt ${a} acme b.test
`;
        writeFileSync(file, text);
        const { status, stdout } = await run(["cert", file]);
        assertEquals(status, 0);
        const [head, first, second, ...more] = stdout.trimEnd().split("\n");
        assertMatch(head!, /^LISTENER +NAMES +FROM +ISSUER +UNTIL +LEFT$/);
        assertMatch(
          first!,
          /^f \(\S+x\.cfg:7\) +a\.test \*\.a\.test +\S+a\.pem +Test CA +\d{4}-.* 19 days$/,
        );
        assertMatch(
          second!,
          / b\.test +acme: not got yet, one of our own stands in +b\.test .* 6 days$/,
        );
        assertEquals(more, []);
        writeFileSync(file, "defaults\n mode http\n timeout client 1s\nfrontend f\n bind :1\n");
        assertMatch((await run(["cert", file])).stderr, /no listener has a certificate/);
      } finally {
        pki.remove();
      }
    }),
  missing,
);
