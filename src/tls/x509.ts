/** What a certificate says (RFC 5280), read from its DER as far as fetches ask. */

/** A part of a name: "CN" and its value. */
export interface NameEntry {
  /** OpenSSL's short name, or the number of its kind. */
  readonly kind: string;
  readonly value: string;
}

/** A certificate, read. */
export interface X509 {
  /** From 1. */
  readonly version: number;
  readonly serial: Uint8Array;
  readonly issuer: readonly NameEntry[];
  readonly subject: readonly NameEntry[];
  /** "YYMMDDhhmmssZ" */
  readonly notBefore: string;
  readonly notAfter: string;
  /** OpenSSL's short names. */
  readonly signatureAlgorithm: string;
  readonly keyAlgorithm: string;
  /** "EC256", "RSA2048": as the PROXY protocol names keys. */
  readonly keyKind: string;
}

/** A value in DER: where its content is. */
interface Value {
  readonly tag: number;
  readonly from: number;
  readonly to: number;
}

const kinds: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.4": "SN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.12": "title",
  "2.5.4.13": "description",
  "2.5.4.17": "postalCode",
  "2.5.4.41": "name",
  "2.5.4.42": "GN",
  "2.5.4.43": "initials",
  "2.5.4.46": "dnQualifier",
  "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL",
  "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST",
  "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
  "2.5.4.15": "businessCategory",
};

const algorithms: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.1": "rsaEncryption",
  "1.2.840.113549.1.1.4": "RSA-MD5",
  "1.2.840.113549.1.1.5": "RSA-SHA1",
  "1.2.840.113549.1.1.10": "RSASSA-PSS",
  "1.2.840.113549.1.1.11": "RSA-SHA256",
  "1.2.840.113549.1.1.12": "RSA-SHA384",
  "1.2.840.113549.1.1.13": "RSA-SHA512",
  "1.2.840.113549.1.1.14": "RSA-SHA224",
  "1.2.840.10045.2.1": "id-ecPublicKey",
  "1.2.840.10045.4.1": "ecdsa-with-SHA1",
  "1.2.840.10045.4.3.1": "ecdsa-with-SHA224",
  "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
  "1.2.840.10045.4.3.3": "ecdsa-with-SHA384",
  "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
  "1.2.840.10040.4.1": "dsaEncryption",
  "1.3.101.112": "ED25519",
  "1.3.101.113": "ED448",
};

/** Bits of the curves, by their numbers. */
const curves: Readonly<Record<string, number>> = {
  "1.2.840.10045.3.1.7": 256,
  "1.3.132.0.10": 256,
  "1.3.132.0.33": 224,
  "1.3.132.0.34": 384,
  "1.3.132.0.35": 521,
};

/** Reads a certificate; null: that is none. */
export function readX509(der: Uint8Array): X509 | null {
  try {
    return read(der);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function read(der: Uint8Array): X509 {
  const [tbs, outer] = children(der, valueAt(der, 0, der.length));
  const parts = children(der, there(tbs));
  // The version may be left out: then it is the first.
  const [version] = there(parts[0]).tag === 0xa0 ? children(der, there(parts.shift())) : [];
  const [serial, , issuer, validity, subject, key] = parts;
  const [notBefore, notAfter] = children(der, there(validity));
  const [keyParameters, keyBits] = children(der, there(key));
  const [keyType, parameters] = children(der, there(keyParameters));
  const [signatureType] = children(der, there(outer));
  const keyAlgorithm = objectName(der, there(keyType));
  return {
    version: version === undefined ? 1 : (der[version.to - 1] ?? 0) + 1,
    serial: withoutZero(der.subarray(there(serial).from, there(serial).to)),
    issuer: nameEntries(der, there(issuer)),
    subject: nameEntries(der, there(subject)),
    notBefore: timeText(der, there(notBefore)),
    notAfter: timeText(der, there(notAfter)),
    signatureAlgorithm: named(algorithms, objectName(der, there(signatureType))),
    keyAlgorithm: named(algorithms, keyAlgorithm),
    keyKind: keyKind(der, keyAlgorithm, parameters, keyBits),
  };
}

/** A list of revoked certificates (RFC 5280, 5), as far as it is shown. */
export interface Crl {
  readonly version: number;
  readonly signatureAlgorithm: string;
  readonly issuer: readonly NameEntry[];
  /** As {@linkcode X509.notBefore}; "": none. */
  readonly lastUpdate: string;
  readonly nextUpdate: string;
  readonly revoked: readonly { readonly serial: Uint8Array; readonly date: string }[];
}

/** Reads one; null: that is none. */
export function readCrl(der: Uint8Array): Crl | null {
  try {
    const [tbs, outer] = children(der, valueAt(der, 0, der.length));
    const parts = children(der, there(tbs));
    const version = there(parts[0]).tag === INTEGER ? parts.shift() : undefined;
    const [, issuer, last, ...rest] = parts;
    const next = isTime(rest[0]) ? rest.shift() : undefined;
    const list = rest[0]?.tag === SEQUENCE && rest[0].to > rest[0].from ? rest[0] : undefined;
    const [type] = children(der, there(outer));
    return {
      version: version === undefined ? 1 : (der[version.to - 1] ?? 0) + 1,
      signatureAlgorithm: named(algorithms, objectName(der, there(type))),
      issuer: nameEntries(der, there(issuer)),
      lastUpdate: timeText(der, there(last)),
      nextUpdate: next === undefined ? "" : timeText(der, next),
      revoked: list === undefined ? [] : children(der, list).map((entry) => {
        const [serial, date] = children(der, entry);
        return {
          serial: withoutZero(der.subarray(there(serial).from, there(serial).to)),
          date: timeText(der, there(date)),
        };
      }),
    };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** The parts of a certificate that an OCSP request or a renewal's question names; null: it is none. */
export function certificateParts(
  der: Uint8Array,
): {
  /** The names in DER. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** The key's bits. */
  readonly key: Uint8Array;
  /** With a zero before, where it would be negative without. */
  readonly serial: Uint8Array;
  /** The issuer's key, as the certificate names it (authorityKeyIdentifier); null: it does not. */
  readonly authorityKey: Uint8Array | null;
} | null {
  try {
    const [tbs] = children(der, valueAt(der, 0, der.length));
    const parts = children(der, there(tbs));
    if (there(parts[0]).tag === 0xa0) parts.shift();
    const [serial, , issuer, validity, subject, key, ...rest] = parts;
    const [, bits] = children(der, there(key));
    const from = (before: Value | undefined, one: Value | undefined) =>
      der.slice(there(before).to, there(one).to);
    const extensions = rest.find(({ tag }) => tag === 0xa3);
    return {
      issuer: from(parts[1], issuer),
      subject: from(validity, subject),
      key: der.slice(there(bits).from + 1, there(bits).to),
      serial: der.slice(there(serial).from, there(serial).to),
      authorityKey: extensions === undefined ? null : authorityKey(der, extensions),
    };
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function authorityKey(der: Uint8Array, extensions: Value): Uint8Array | null {
  const [list] = children(der, extensions);
  for (const extension of children(der, there(list))) {
    const parts = children(der, extension);
    if (objectName(der, there(parts[0])) !== "2.5.29.35") continue;
    const content = there(parts.at(-1));
    const found = children(der, valueAt(der, content.from, content.to)).find(({ tag }) =>
      tag === 0x80
    );
    return found === undefined ? null : der.slice(found.from, found.to);
  }
  return null;
}

const INTEGER = 0x02;
const SEQUENCE = 0x30;
const UTC_TIME = 0x17;

function isTime(value: Value | undefined): boolean {
  return value !== undefined && (value.tag === UTC_TIME || value.tag === GENERALIZED_TIME);
}

/** @throws {RangeError} where there is nothing */
function there<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError("nothing where something must be");
  return value;
}

function named(names: Readonly<Record<string, string>>, number: string): string {
  return names[number] ?? number;
}

function valueAt(der: Uint8Array, at: number, end: number): Value {
  const byte = (i: number) => {
    if (i >= end) throw new RangeError("DER that is cut off");
    return der[i]!;
  };
  const tag = byte(at);
  let length = byte(at + 1);
  let from = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4) throw new RangeError("a length that is none");
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + byte(from + i);
    from += count;
  }
  if (from + length > end) throw new RangeError("DER that is cut off");
  return { tag, from, to: from + length };
}

function children(der: Uint8Array, { from, to }: Value): Value[] {
  const values: Value[] = [];
  for (let at = from; at < to;) {
    const value = valueAt(der, at, to);
    values.push(value);
    at = value.to;
  }
  if (values.length === 0) throw new RangeError("nothing where something must be");
  return values;
}

/** "2.5.4.3" */
function objectName(der: Uint8Array, { from, to }: Value): string {
  const numbers: number[] = [];
  for (let at = from, number = 0; at < to; at++) {
    number = number * 128 + (der[at]! & 0x7f);
    if (der[at]! >= 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(number / 40));
      numbers.push(first, number - 40 * first);
    } else numbers.push(number);
    number = 0;
  }
  return numbers.join(".");
}

function nameEntries(der: Uint8Array, name: Value): NameEntry[] {
  if (name.from === name.to) return [];
  return children(der, name).flatMap((set) =>
    children(der, set).map((entry) => {
      const [kind, value] = children(der, entry);
      return { kind: named(kinds, objectName(der, there(kind))), value: textOf(der, there(value)) };
    })
  );
}

const BMP_STRING = 0x1e;

function textOf(der: Uint8Array, { tag, from, to }: Value): string {
  let text = "";
  if (tag === BMP_STRING) {
    for (let i = from; i + 1 < to; i += 2) {
      text += String.fromCharCode(der[i]! << 8 | der[i + 1]!);
    }
    return text;
  }
  for (let i = from; i < to; i++) text += String.fromCharCode(der[i]!);
  return text;
}

const GENERALIZED_TIME = 0x18;

/** "YYMMDDhhmmssZ", as HAProxy has it: of a longer form without the century. */
function timeText(der: Uint8Array, value: Value): string {
  const text = textOf(der, value);
  return value.tag === GENERALIZED_TIME ? text.slice(2) : text;
}

function withoutZero(bytes: Uint8Array): Uint8Array {
  return bytes.length > 1 && bytes[0] === 0 ? bytes.slice(1) : bytes.slice();
}

function keyKind(
  der: Uint8Array,
  algorithm: string,
  parameters: Value | undefined,
  key: Value | undefined,
): string {
  const name = named(algorithms, algorithm);
  if (name === "id-ecPublicKey" && parameters !== undefined) {
    return `EC${curves[objectName(der, parameters)] ?? 0}`;
  }
  if (name === "rsaEncryption" && key !== undefined) {
    // A BIT STRING, with a count of unused bits before the key, a SEQUENCE of modulus and exponent.
    const [modulus] = children(der, valueAt(der, key.from + 1, key.to));
    return `RSA${8 * withoutZero(der.subarray(there(modulus).from, there(modulus).to)).length}`;
  }
  return name;
}

/** A whole name on a line: "/C=FR/CN=x". */
export function nameLine(entries: readonly NameEntry[]): string {
  return entries.map(({ kind, value }) => `/${kind}=${value}`).join("");
}

/** A whole name as RFC 2253 has it: "CN=x,C=FR". */
export function nameRfc2253(entries: readonly NameEntry[]): string {
  const escaped = (value: string) =>
    value.replace(/[,+"\\<>;]/g, "\\$&").replace(/^[ #]| $/g, "\\$&");
  return entries.toReversed().map(({ kind, value }) => `${kind}=${escaped(value)}`).join(",");
}

/**
 * The value of an entry; null: there is none.
 * @param kind "CN", whatever its case, as in HAProxy
 * @param occurrence from 1 from the beginning, from -1 from the end
 */
export function nameEntry(
  entries: readonly NameEntry[],
  kind: string,
  occurrence: number,
): string | null {
  const wanted = kind.toLowerCase();
  const found = entries.filter((entry) => entry.kind.toLowerCase() === wanted);
  const entry = found.at(occurrence > 0 ? occurrence - 1 : occurrence);
  return entry?.value ?? null;
}
