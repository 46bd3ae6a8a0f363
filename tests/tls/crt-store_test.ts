/** Certificates of a `crt-store`: by alias, by file, with a key elsewhere. */
import { assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, renameSync } from "node:fs";
import { loadConfiguration } from "#src/config/load.ts";
import { freshAddress, programTest, withProxy } from "../binary.ts";
import { test } from "../testing.ts";
import { createPki } from "./pki.ts";
import { missing, program } from "./wire.ts";

programTest(
  "crt-store: named and unnamed stores, keys in a folder of their own, in a list as well",
  async () => {
    const pki = createPki();
    const address = freshAddress();
    try {
      for (const name of ["a", "b", "c"]) pki.make(name, [`${name}.test`]);
      mkdirSync(pki.path("keys"));
      renameSync(pki.path("a.key"), pki.path("keys/a.secret"));
      const list = pki.write("list", `@web/alias [alpn http/1.1]\n${pki.path("c.pem")}\n`);
      const text = `crt-store web
  crt-base ${pki.folder}
  key-base ${pki.path("keys")}
  load crt a.crt key a.secret alias alias
  load crt b.pem
crt-store
  load crt ${pki.path("c.pem")}
defaults
  mode http
  timeout client 10s
  timeout connect 10s
  timeout server 10s
frontend f
  bind ${address}:18443 ssl crt @web/b.pem crt-list ${list}
  http-request return status 200
`;
      await withProxy(text, async () => {
        for (const name of ["a", "b", "c"]) {
          const { output } = await program("openssl", [
            ...["s_client", "-connect", `${address}:18443`, "-servername", `${name}.test`],
          ]);
          assertMatch(output, new RegExp(`subject=CN = ${name}\\.test`));
        }
      });
    } finally {
      pki.remove();
    }
  },
  missing,
);

const errorsOf = (text: string) =>
  loadConfiguration([{ name: "x.cfg", text }], {}).diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ line, message, hint }) =>
      `${line}: ${message}${hint === undefined ? "" : `; ${hint}`}`
    );

test("acme: what cannot be is refused where it stands", () => {
  const front = (bind: string) =>
    `frontend f\n mode http\n timeout client 1s\n bind :443 ${bind}\n`;
  assertEquals(errorsOf(front("ssl acme exa_mple")), [
    "4: 'exa_mple' is not a name that a certificate can be asked for; names of DNS with commas " +
    "between, as in example.org,www.example.org",
  ]);
  assertMatch(errorsOf(front("ssl acme *.example.org"))[0]!, /needs the challenge dns-01/);
  assertEquals(errorsOf(`acme le\n${front("ssl acme lee domains a.test")}`), [
    "5: there is no section 'acme lee'; there are: le",
  ]);
  assertEquals(errorsOf(`global\n chroot /var/empty\n${front("ssl acme a.test")}`), [
    "2: with 'chroot', certificates cannot be kept outside of it; put the folder below it: " +
    "'acme.state-dir /var/empty/sluice'",
  ]);
  const store = (load: string) => `acme le\ncrt-store\n load ${load}\n${front("ssl acme a.test")}`;
  assertMatch(errorsOf(store("crt a.pem acme le"))[0]!, /^3: 'acme' needs 'domains'/);
  assertMatch(errorsOf(store("crt a.pem acme x domains a.test"))[0]!, /^3: there is no section/);
  assertMatch(errorsOf(store("key a.pem"))[0]!, /^3: 'load' needs 'crt'/);
  assertEquals(errorsOf(store("crt a.pem acme le domains a.test")), []);
});
