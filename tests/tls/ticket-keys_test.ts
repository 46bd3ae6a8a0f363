/** Keys for tickets: files of them, and sessions that go on after a restart. */
import { assertEquals } from "@std/assert";
import { randomBytes } from "node:crypto";
import { keyName, readTicketKeys } from "#src/tls/ticket-keys.ts";
import { freshAddress, programTest, withProxy } from "../binary.ts";
import { test } from "../testing.ts";
import { createPki } from "./pki.ts";
import { missing, program } from "./wire.ts";

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const lines = (...sizes: number[]) => sizes.map((size) => base64(randomBytes(size))).join("\n");
const stretch = () => new Uint8Array(64).fill(7);

test("ticket keys: the last but one makes tickets, the others are known", () => {
  const keys = Array.from({ length: 4 }, () => new Uint8Array(randomBytes(80)));
  const read = readTicketKeys(keys.map(base64).join("\n") + "\n", stretch);
  if (typeof read === "string") throw new Error(read);
  assertEquals(keyName(read.current), keyName(keys[2]!));
  assertEquals(read.others.map(keyName), [0, 1, 3].map((i) => keyName(keys[i]!)));
});

test("ticket keys: short ones are stretched; what is wrong is said with its line", () => {
  const read = readTicketKeys(lines(48, 80, 48), stretch);
  assertEquals(typeof read === "string" ? read : read.others.map(({ length }) => length), [80, 80]);
  assertEquals(readTicketKeys(lines(80, 80), stretch), "it has 2 keys; there must be 3 at least");
  assertEquals(
    readTicketKeys(lines(80, 20, 80), stretch),
    "line 2 has 20 bytes; a key has 48 or 80",
  );
  assertEquals(readTicketKeys("\n!!\n", stretch), "line 2 is not base64");
});

programTest(
  "TLS: sessions go on after a restart and a rotation, by the keys that are kept",
  async () => {
    const pki = createPki();
    const address = freshAddress();
    const keys = Array.from({ length: 4 }, () => base64(randomBytes(80)));
    const pem = pki.make("a", ["a.test"]);
    /** A connection to a proxy with such keys. @returns whether the session of before went on */
    const connect = async (own: readonly string[], version: string, session: string[]) => {
      let resumed = false;
      const file = pki.write("keys", own.join("\n"));
      const bind = `bind ${address}:18443 ssl crt ${pem} tls-ticket-keys ${file}`;
      const times = "timeout client 5s\n  timeout server 5s\n  timeout connect 5s";
      const text =
        `listen l\n  mode http\n  retries 0\n  ${times}\n  ${bind}\n  server s ${address}:18081\n`;
      await withProxy(text, async () => {
        const to = ["s_client", "-connect", `${address}:18443`, version, "-ign_eof"];
        const request = "GET / HTTP/1.0\r\n\r\n";
        const { output } = await program("openssl", [...to, ...session], request);
        resumed = /^Reused, TLS/m.test(output);
      });
      return resumed;
    };
    const [in1, out] = [["-sess_in", pki.path("session")], ["-sess_out", pki.path("session")]];
    try {
      for (const version of ["-tls1_2", "-tls1_3"]) {
        assertEquals(await connect(keys.slice(0, 3), version, out), false);
        assertEquals(await connect(keys.slice(0, 3), version, in1), true, `${version}: restart`);
        assertEquals(await connect(keys.slice(1), version, in1), true, `${version}: rotation`);
        const strange = [0, 1, 2].map(() => base64(randomBytes(80)));
        assertEquals(await connect(strange, version, in1), false, `${version}: other keys`);
      }
    } finally {
      pki.remove();
    }
  },
  missing,
);
