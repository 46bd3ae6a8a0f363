/** Which kinds of keys a client can take, by its ClientHello. */
import type { ClientHello } from "./client-hello.ts";

/** What a client can take. */
export interface KeyKinds {
  readonly rsa: boolean;
  readonly ecdsa: boolean;
}

/** Signature algorithms by their numbers (RFC 8446, 4.2.3): the lower byte of old ones is the kind. */
const rsaPss: ReadonlySet<number> = new Set([0x804, 0x805, 0x806, 0x809, 0x80a, 0x80b]);
const edwards: ReadonlySet<number> = new Set([0x807, 0x808]);

/** Suites with ECDSA of TLS 1.2 and before (IANA's registry). */
const ecdsaSuites: ReadonlySet<number> = new Set([
  ...[0xc006, 0xc007, 0xc008, 0xc009, 0xc00a, 0xc023, 0xc024, 0xc02b, 0xc02c, 0xc048, 0xc049],
  ...[0xc05c, 0xc05d, 0xc072, 0xc073, 0xc086, 0xc087, 0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xcca9],
]);

const TLS13 = 0x304;

/**
 * What a client can take. HAProxy 2.6 gives RSA to a client with suites of TLS 1.3 alone; here the
 * signature algorithms decide then, as in later versions.
 */
export function keyKinds(hello: ClientHello): KeyKinds {
  const algorithms = hello.signatureAlgorithms;
  // Without, RSA and ECDSA with SHA-1 are understood (RFC 5246, 7.4.1.4.1).
  let rsa = algorithms === null;
  let ecdsa = algorithms === null;
  for (const algorithm of algorithms ?? []) {
    const old = algorithm < 0x700;
    if (old && (algorithm & 0xff) === 1 || rsaPss.has(algorithm)) rsa = true;
    if (old && (algorithm & 0xff) === 3 || edwards.has(algorithm)) ecdsa = true;
  }
  if (ecdsa && !hello.versions.includes(TLS13)) {
    ecdsa = hello.ciphers.some((suite) => ecdsaSuites.has(suite));
  }
  return { rsa, ecdsa };
}
