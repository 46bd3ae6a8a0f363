/**
 * What OpenSSL asks in the middle of a handshake: which protocol to choose, and whether a certificate
 * with an error will do. It asks by callbacks, of which a thread has one each; the connection that
 * they are about is the one whose call is under way.
 */
import { type Callback, openssl } from "./openssl.ts";

/** A connection whose handshake is under way. */
export interface Handshaking {
  /**
   * Chooses a protocol by ALPN (RFC 7301).
   * @param offered the client's list, as it is on the wire
   * @returns its name, as in the list; null: none, and the handshake goes on without; undefined: it
   * is refused
   */
  chooseProtocol(offered: Uint8Array): string | null | undefined;
  /** An error of a certificate (X509_V_ERR_*). @returns whether to go on nonetheless */
  ignores(error: number, depth: number): boolean;
}

let current: Handshaking | null = null;

/** Says whose call is under way. */
export function enter(connection: Handshaking | null): void {
  current = connection;
}

const SSL_TLSEXT_ERR_OK = 0;
const SSL_TLSEXT_ERR_ALERT_FATAL = 2;
const SSL_TLSEXT_ERR_NOACK = 3;

let alpn: Callback | null = null;

/** The callback for ALPN of this thread's contexts. */
export function alpnCallback(): number {
  alpn ??= openssl().callback(
    ["pointer", "pointer", "pointer", "pointer", "u32", "pointer"],
    (_ssl, out = 0, outLength = 0, list = 0, length = 0) => {
      const { view } = openssl();
      const offered = view(list, length);
      const chosen = current === null ? null : current.chooseProtocol(offered);
      if (chosen === undefined) return SSL_TLSEXT_ERR_ALERT_FATAL;
      const at = chosen === null ? -1 : indexOfProtocol(offered, chosen);
      if (at < 0) return SSL_TLSEXT_ERR_NOACK;
      // The answer is a part of the client's list, which stands until it is written.
      const pointer = new BigUint64Array(1);
      pointer[0] = BigInt(list + at + 1);
      view(out, 8).set(new Uint8Array(pointer.buffer));
      view(outLength, 1)[0] = offered[at]!;
      return SSL_TLSEXT_ERR_OK;
    },
  );
  return alpn.pointer;
}

/** Where a protocol's length is in a list; -1: it is not there. */
function indexOfProtocol(list: Uint8Array, name: string): number {
  for (let at = 0; at < list.length; at += 1 + list[at]!) {
    if (list[at] !== name.length) continue;
    let same = true;
    for (let i = 0; i < name.length; i++) same &&= list[at + 1 + i] === name.charCodeAt(i);
    if (same) return at;
  }
  return -1;
}

let staple: Callback | null = null;

/** The callback of clients that ask for an OCSP response: the one that the SSL has, if any, is sent. */
export function stapleCallback(): number {
  staple ??= openssl().callback(["pointer", "pointer"], () => SSL_TLSEXT_ERR_OK);
  return staple.pointer;
}

let verify: Callback | null = null;

/** The callback for errors of certificates. */
export function verifyCallback(): number {
  verify ??= openssl().callback(["i32", "pointer"], (good = 0, store = 0) => {
    if (good === 1) return 1;
    const { crypto } = openssl();
    const error = crypto.X509_STORE_CTX_get_error(store);
    const depth = crypto.X509_STORE_CTX_get_error_depth(store);
    return current?.ignores(error, depth) === true ? 1 : 0;
  });
  return verify.pointer;
}
