/** Certificates for stories (RFC 5280): an authority of their own, and what it signs. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import {
  bits,
  explicit,
  integer,
  joined,
  objectId,
  octets,
  sequence,
  set,
  time,
  utf8,
  value,
  yes,
} from "../tls/der.ts";
import { pemOf } from "../tls/pem.ts";

/** Signs certificates. */
export interface Authority {
  readonly name: string;
  /** Its own certificate, in PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
}

const day = 86_400_000;
const ecdsaWithSha256 = sequence(objectId("1.2.840.10045.4.3.2"));

const nameOf = (commonName: string) =>
  sequence(set(sequence(objectId("2.5.4.3"), utf8(commonName))));
const extension = (id: string, critical: boolean, content: Uint8Array) =>
  sequence(objectId(id), ...critical ? [yes] : [], octets(content));

interface Wanted {
  readonly subject: string;
  readonly issuer: string;
  readonly extensions: readonly Uint8Array[];
  /** The key of the issuer; null: it signs itself. */
  readonly signer: KeyObject | null;
}

/** A certificate that is good from yesterday on, for a month; and its key. */
function make({ subject, issuer, extensions, signer }: Wanted) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const now = Date.now();
  const content = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(joined([Uint8Array.of(1), randomBytes(8)])),
    ecdsaWithSha256,
    nameOf(issuer),
    sequence(time(now - day), time(now + 30 * day)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions)),
  );
  const signature = sign("sha256", content, signer ?? privateKey);
  const certificate = pemOf("CERTIFICATE", sequence(content, ecdsaWithSha256, bits(signature)));
  return { certificate, key: privateKey };
}

/** Makes an authority. */
export function createAuthority(name: string): Authority {
  const basic = extension("2.5.29.19", true, sequence(yes));
  // keyCertSign and cRLSign.
  const usage = extension("2.5.29.15", true, value(0x03, Uint8Array.of(1, 0x06)));
  const id = createHash("sha1").update(name).digest();
  const keyId = extension("2.5.29.14", false, octets(id));
  const extensions = [basic, usage, keyId];
  return { name, ...make({ subject: name, issuer: name, extensions, signer: null }) };
}

/**
 * Has an authority sign a certificate.
 * @param names the first is also its common name
 * @returns certificate and key, in one text of PEM
 */
export function issueCertificate(authority: Authority, names: readonly string[]): string {
  // RFC 5280, 4.2.1.6: dNSName is [2].
  const own = names.map((name) => value(0x82, new TextEncoder().encode(name)));
  const { certificate, key } = make({
    subject: names[0] ?? "",
    issuer: authority.name,
    extensions: [extension("2.5.29.17", false, sequence(...own))],
    signer: authority.key,
  });
  return certificate + String(key.export({ type: "pkcs8", format: "pem" }));
}
