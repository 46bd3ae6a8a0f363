/** What certificates say, beside what openssl says of them; mutilated ones say nothing wrong. */
import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { nameEntry, nameLine, nameRfc2253, readX509 } from "#src/tls/x509.ts";
import { test } from "../testing.ts";
import { createPki, hasOpenssl } from "./pki.ts";

function made(how: Parameters<ReturnType<typeof createPki>["make"]>[2]): Uint8Array {
  const pki = createPki();
  try {
    pki.make("a", ["a.test"], how);
    return new Uint8Array(new X509Certificate(readFileSync(pki.path("a.crt"))).raw);
  } finally {
    pki.remove();
  }
}

const skip = { skip: !hasOpenssl };

test("x509: names, dates and algorithms", () => {
  const der = made({ cn: "Some One, Inc." });
  const one = readX509(der)!;
  const { serialNumber } = new X509Certificate(der);
  assertEquals(one.version, 3);
  assertEquals(nameLine(one.subject), "/CN=Some One, Inc.");
  assertEquals(nameRfc2253(one.subject), "CN=Some One\\, Inc.");
  assertEquals(nameEntry(one.subject, "CN", 1), "Some One, Inc.");
  assertEquals(nameEntry(one.subject, "cn", 1), "Some One, Inc.");
  assertEquals(nameEntry(one.subject, "CN", -1), "Some One, Inc.");
  assertEquals(nameEntry(one.subject, "CN", 2), null);
  assertEquals(nameEntry(one.subject, "O", 1), null);
  assertEquals(nameLine(one.issuer), "/CN=Test CA");
  assertEquals(one.signatureAlgorithm, "ecdsa-with-SHA256");
  assertEquals(one.keyAlgorithm, "id-ecPublicKey");
  assertEquals(one.keyKind, "EC256");
  assertEquals(/^\d{12}Z$/.test(one.notAfter) && /^\d{12}Z$/.test(one.notBefore), true);
  assertEquals(
    [...one.serial].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase(),
    serialNumber,
  );
}, skip);

test("x509: RSA", () => {
  const one = readX509(made({ key: "rsa", self: true }))!;
  assertEquals(one.keyKind, "RSA2048");
  assertEquals(one.keyAlgorithm, "rsaEncryption");
  assertEquals(one.signatureAlgorithm, "RSA-SHA256");
}, skip);

test("x509: what is cut or changed is read to its end, or refused", () => {
  const der = made({});
  fc.assert(
    fc.property(
      fc.nat(der.length),
      fc.array(fc.tuple(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 })), {
        maxLength: 4,
      }),
      (length, changes) => {
        const bytes = der.slice(0, length);
        for (const [at, value] of changes) if (at < length) bytes[at] = value;
        const one = readX509(bytes);
        if (one !== null) nameLine(one.subject);
      },
    ),
    { numRuns: 2000 },
  );
}, skip);
