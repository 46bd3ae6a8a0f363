/** What is shown of certificates and of lists of revoked ones (management manual: "show ssl cert"). */
import { createHash, X509Certificate } from "node:crypto";
import { pemBlocks } from "../../tls/pem.ts";
import { certificateParts, nameLine, readCrl, readX509 } from "../../tls/x509.ts";
import type { CertificateParts } from "../certificates.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The certificates in a text, in DER. */
export function certificatesIn(pem: Uint8Array): Uint8Array<ArrayBuffer>[] {
  return pemBlocks(text(pem), "(?:TRUSTED |X509 )?CERTIFICATE");
}

/** Those lines that are the same for all kinds of certificates. */
export function certificateLines(der: Uint8Array<ArrayBuffer>): string {
  const own = new X509Certificate(der);
  const read = readX509(der);
  // Deno's own text of it lacks a zero at its beginning.
  return `Serial: ${hex(read?.serial ?? new Uint8Array()).toUpperCase()}\n` +
    `notBefore: ${own.validFrom}\n` +
    `notAfter: ${own.validTo}\n` +
    `Subject Alternative Name: ${own.subjectAltName ?? ""}\n` +
    `Algorithm: ${read?.keyKind ?? ""}\n` +
    `SHA1 FingerPrint: ${own.fingerprint.replaceAll(":", "")}\n` +
    `Subject: ${nameLine(read?.subject ?? [])}\n` +
    `Issuer: ${nameLine(read?.issuer ?? [])}\n`;
}

/** A certificate, and what leads to its root. @param parts null: it is empty */
export function certificateFacts(
  name: string,
  parts: CertificateParts | null,
  used: boolean,
): string {
  const [own, ...chain] = parts === null ? [] : certificatesIn(parts.pem);
  if (parts === null || own === undefined) {
    return `Filename: ${name}\nStatus: Empty\nOCSP Response Key: \n`;
  }
  const above = chain.map((der) => {
    const read = readX509(der);
    return `Chain Subject: ${nameLine(read?.subject ?? [])}\n` +
      `Chain Issuer: ${nameLine(read?.issuer ?? [])}\n`;
  });
  return `Filename: ${name}\nStatus: ${used ? "Used" : "Unused"}\n` + certificateLines(own) +
    above.join("") + `OCSP Response Key: ${ocspKey(parts)?.key ?? ""}\n`;
}

/** What an OCSP response is known by: the certificate's CertID in DER (RFC 6960, 4.1.1). */
export interface OcspKey {
  readonly key: string;
  readonly issuerName: string;
  readonly issuerKey: string;
  readonly serial: string;
}

/** Of a certificate that has a response; null: it has none. */
export function ocspKey(parts: CertificateParts): OcspKey | null {
  if (parts.ocsp === null || parts.ocsp.length === 0) return null;
  const [own, ...chain] = certificatesIn(parts.pem);
  const issuer = parts.issuer === null ? chain[0] : certificatesIn(parts.issuer)[0];
  const of = own === undefined ? null : certificateParts(own);
  const by = certificateParts(issuer ?? own ?? new Uint8Array());
  if (of === null || by === null) return null;
  const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
  const [name, key, serial] = [sha1(of.issuer), sha1(by.key), hex(of.serial)];
  const tagged = (tag: string, content: string) =>
    tag + (content.length / 2).toString(16).padStart(2, "0") + content;
  const content = "300906052b0e03021a0500" + tagged("04", name) + tagged("04", key) +
    tagged("02", serial);
  return {
    key: tagged("30", content),
    issuerName: name.toUpperCase(),
    issuerKey: key.toUpperCase(),
    serial: serial.toUpperCase().replace(/^00(?=.)/, ""),
  };
}

/** The lists of revoked certificates in a text, in DER. */
export function revocationListsIn(pem: Uint8Array): Uint8Array[] {
  return pemBlocks(text(pem), "X509 CRL");
}

/** Those lines. */
export function revocationLines(der: Uint8Array): string {
  const read = readCrl(der);
  if (read === null) return "";
  const { version, signatureAlgorithm, issuer, lastUpdate, nextUpdate, revoked } = read;
  const list = revoked.map(({ serial, date }) =>
    `    Serial Number: ${hex(serial).toUpperCase()}\n        Revocation Date: ${longDate(date)}\n`
  );
  return `Version ${version}\nSignature Algorithm: ${signatureAlgorithm}\n` +
    `Issuer: ${nameLine(issuer)}\nLast Update: ${longDate(lastUpdate)}\n` +
    (nextUpdate === "" ? "" : `Next Update: ${longDate(nextUpdate)}\n`) +
    (list.length === 0 ? "No Revoked Certificates.\n" : `Revoked Certificates:\n${list.join("")}`);
}

const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** "YYMMDDhhmmssZ" as OpenSSL shows it: "Dec  1 02:52:43 2026 GMT". */
function longDate(date: string): string {
  const [year = 0, month = 1, day = 1, ...time] = (date.match(/\d\d/g) ?? []).map(Number);
  const clock = time.map((part) => String(part).padStart(2, "0")).join(":");
  const whole = year < 50 ? 2000 + year : 1900 + year;
  return `${months[month - 1] ?? ""} ${String(day).padStart(2)} ${clock} ${whole} GMT`;
}

/** A time as OpenSSL shows it. @param at ms since 1970 */
export function showTime(at: number): string {
  const [, , year, month, day, hour, minute, second] =
    /^(\d\d)(\d\d)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(new Date(at).toISOString()) ?? [];
  return longDate(`${year}${month}${day}${hour}${minute}${second}Z`);
}
