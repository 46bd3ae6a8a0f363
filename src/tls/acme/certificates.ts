/** Requests for certificates (RFC 2986), and certificates of our own making (RFC 5280, RFC 8737). */
import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import * as der from "../der.ts";
import { pemOf } from "../pem.ts";

/** How a key signs: the algorithm, as certificates name it. */
function algorithmOf(key: KeyObject): Uint8Array {
  return key.asymmetricKeyType === "rsa"
    ? der.sequence(der.objectId("1.2.840.113549.1.1.11"), der.none)
    : der.sequence(der.objectId("1.2.840.10045.4.3.2"));
}

function publicKey(key: KeyObject): Uint8Array {
  return new Uint8Array(createPublicKey(key).export({ type: "spki", format: "der" }));
}

function signedBy(key: KeyObject, content: Uint8Array): Uint8Array<ArrayBuffer> {
  return der.sequence(content, algorithmOf(key), der.bits(sign("sha256", content, key)));
}

const octet = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const isAddress = (name: string) => /^[\d.]+$/.test(name) && name.split(".").length === 4;

/** subjectAltName. */
function alternativeNames(names: readonly string[]): Uint8Array {
  const all = names.map((name) =>
    isAddress(name)
      ? der.value(0x87, Uint8Array.from(name.split("."), Number))
      : der.value(0x82, octet(name))
  );
  return der.sequence(der.objectId("2.5.29.17"), der.octets(der.sequence(...all)));
}

/** A request for a certificate (PKCS #10), in DER. The names are only in subjectAltName. */
export function certificateRequest(
  names: readonly string[],
  key: KeyObject,
): Uint8Array<ArrayBuffer> {
  const extensions = der.sequence(alternativeNames(names));
  const attribute = der.sequence(der.objectId("1.2.840.113549.1.9.14"), der.set(extensions));
  const info = der.sequence(
    der.integer(Uint8Array.of(0)),
    der.sequence(),
    publicKey(key),
    der.explicit(0, attribute),
  );
  return signedBy(key, info);
}

const dayMs = 86_400_000;

/** What a certificate of our own says. */
interface Own {
  readonly commonName: string;
  readonly names: readonly string[];
  /** ms since 1970. */
  readonly from: number;
  readonly days: number;
  readonly more?: readonly Uint8Array[];
}

function ownCertificate(key: KeyObject, { commonName, names, from, days, more = [] }: Own): string {
  const name = der.sequence(
    der.set(der.sequence(der.objectId("2.5.4.3"), der.utf8(commonName.slice(0, 64)))),
  );
  const serial = Uint8Array.from(randomBytes(16));
  serial[0] = serial[0]! & 0x7f | 0x40;
  const content = der.sequence(
    der.explicit(0, der.integer(Uint8Array.of(2))),
    der.integer(serial),
    algorithmOf(key),
    name,
    der.sequence(der.time(from), der.time(from + days * dayMs)),
    name,
    publicKey(key),
    der.explicit(3, der.sequence(alternativeNames(names), ...more)),
  );
  return pemOf("CERTIFICATE", signedBy(key, content));
}

/**
 * A certificate that is signed by its own key, in PEM: it stands in until an authority's comes.
 * @param now ms since 1970
 */
export function standIn(names: readonly string[], key: KeyObject, now: number): string {
  const [commonName = "sluice"] = names;
  return ownCertificate(key, { commonName, names, from: now - dayMs / 24, days: 7 });
}

/**
 * The certificate that answers tls-alpn-01 for a name (RFC 8737, 3), in PEM.
 * @param authorization the key authorization
 */
export function challengeCertificate(
  name: string,
  authorization: string,
  key: KeyObject,
  now: number,
): string {
  const digest = Uint8Array.from(createHash("sha256").update(authorization).digest());
  const identifier = der.sequence(
    der.objectId("1.3.6.1.5.5.7.1.31"),
    der.yes,
    der.octets(der.octets(digest)),
  );
  return ownCertificate(key, {
    commonName: "ACME challenge",
    names: [name],
    from: now - dayMs / 24,
    days: 1,
    more: [identifier],
  });
}
