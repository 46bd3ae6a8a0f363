/** What OpenSSL knows of a connection. */
import type { PeerCertificates } from "./facts.ts";
import { openssl } from "./openssl.ts";

/** A connection that stands. */
export interface Known {
  readonly ssl: number;
  readonly server: boolean;
}

const versions: Readonly<Record<number, string>> = {
  0x300: "SSLv3",
  0x301: "TLSv1",
  0x302: "TLSv1.1",
  0x303: "TLSv1.2",
  0x304: "TLSv1.3",
};

/** "TLSv1.3", as OpenSSL names it. */
export function versionName(version: number): string {
  return versions[version] ?? "unknown";
}

/** The ciphers that were in use, by their addresses, which never change: names are made once. */
const ciphers = new Map<number, { name: string; bits: { used: number; total: number } }>();

function cipherAt(cipher: number): { name: string; bits: { used: number; total: number } } {
  let known = ciphers.get(cipher);
  if (known === undefined) {
    const { ssl, text } = openssl();
    const total = new Int32Array(new ArrayBuffer(4));
    const used = cipher === 0 ? 0 : ssl.SSL_CIPHER_get_bits(cipher, total);
    const name = cipher === 0 ? "" : text(ssl.SSL_CIPHER_get_name(cipher));
    known = { name, bits: { used, total: total[0]! } };
    ciphers.set(cipher, known);
  }
  return known;
}

/** A cipher's name, "ECDHE-ECDSA-AES128-GCM-SHA256". */
export function cipherName(cipher: number): string {
  return cipherAt(cipher).name;
}
/** The bits of its key. */
export function cipherBits(cipher: number): { used: number; total: number } {
  return cipherAt(cipher).bits;
}

/** A certificate in DER. */
export function derOf(certificate: number): Uint8Array {
  const { crypto, addressOf } = openssl();
  const length = crypto.i2d_X509(certificate, null);
  const der = new Uint8Array(new ArrayBuffer(Math.max(0, length)));
  if (length <= 0) return der;
  const at = new BigUint64Array(new ArrayBuffer(8));
  at[0] = BigInt(addressOf(der));
  crypto.i2d_X509(certificate, at);
  return der;
}

/** What the peer has sent. */
export function peerCertificates({ ssl: made, server }: Known): PeerCertificates | null {
  const { ssl, crypto } = openssl();
  const peer = ssl.SSL_get1_peer_certificate(made);
  if (peer === 0) return null;
  const certificate = derOf(peer);
  crypto.X509_free(peer);
  const stack = ssl.SSL_get_peer_cert_chain(made);
  const chain: Uint8Array[] = [];
  const count = stack === 0 ? 0 : crypto.OPENSSL_sk_num(stack);
  // On the client's side the peer's own is the first of them.
  for (let i = server ? 0 : 1; i < count; i++) chain.push(derOf(crypto.OPENSSL_sk_value(stack, i)));
  return { certificate, chain };
}

/** Our certificate. */
export function ownCertificate({ ssl: made }: Known): Uint8Array | null {
  const certificate = openssl().ssl.SSL_get_certificate(made);
  return certificate === 0 ? null : derOf(certificate);
}

const buffer = new Uint8Array(new ArrayBuffer(256));
const length = new Uint32Array(new ArrayBuffer(4));

/** What is read into a buffer. @returns how many bytes */
const reads = {
  sessionId(made: number): number {
    const { ssl, view } = openssl();
    const session = ssl.SSL_get_session(made);
    if (session === 0) return 0;
    length[0] = 0;
    const at = ssl.SSL_SESSION_get_id(session, length);
    const count = at === 0 ? 0 : length[0]!;
    if (count > 0) buffer.set(view(at, count));
    return count;
  },
  sessionKey(made: number): number {
    const { ssl } = openssl();
    const session = ssl.SSL_get_session(made);
    return session === 0 ? 0 : ssl.SSL_SESSION_get_master_key(session, buffer, buffer.length);
  },
  clientRandom: (made: number) => openssl().ssl.SSL_get_client_random(made, buffer, buffer.length),
  serverRandom: (made: number) => openssl().ssl.SSL_get_server_random(made, buffer, buffer.length),
  uniqueId(made: number): number {
    const { ssl } = openssl();
    // The client's is the first one, but where the session goes on (RFC 5929, 3).
    const first = ssl.SSL_session_reused(made) === 1
      ? ssl.SSL_get_finished
      : ssl.SSL_get_peer_finished;
    return first(made, buffer, buffer.length);
  },
} as const;

/** One of them; null: there is none. */
export function bytesOf(known: Known | null, what: keyof typeof reads): Uint8Array | null {
  if (known === null) return null;
  const count = reads[what](known.ssl);
  return count === 0 ? null : buffer.slice(0, count);
}
