/** What is known of a TLS connection: what fetches, logs and the PROXY protocol ask for. */

/** A certificate in DER, and those that came with it. */
export interface PeerCertificates {
  readonly certificate: Uint8Array;
  /** Those that the peer sent besides, in their order; without those that only the store has. */
  readonly chain: readonly Uint8Array[];
}

/** Why a connection did not come to be, or broke; "": it did, and has not. */
export type TlsFailure =
  | ""
  /** The peer closed, or broke the connection, before it sent anything. */
  | "nothing came"
  /** It closed during the handshake; the connection broke. */
  | "closed"
  | "broken"
  /** They came to no agreement, or what came is no TLS. */
  | "handshake"
  /** The peer's certificate is no good; those that signed it are none. */
  | "certificate"
  | "authority";

/**
 * The facts of a connection. Those without brackets are there from the end of the handshake on, also
 * when the connection is closed; what the functions return is asked of OpenSSL, and null or 0 once it
 * is closed.
 */
export interface TlsFacts {
  /** "TLSv1.3"; "" before the handshake is done. */
  readonly version: string;
  /** "TLS_AES_128_GCM_SHA256": OpenSSL's name. */
  readonly cipher: string;
  /** Bits of the cipher's key: of those that it has, and those that count. */
  readonly cipherBits: { readonly used: number; readonly total: number };
  /** The protocol that ALPN has chosen; "": none. */
  readonly alpn: string;
  /** The name that the client asked for, in lower case; null: none. */
  readonly sni: string | null;
  /** A session before this one goes on. */
  readonly resumed: boolean;
  /** The client has sent a certificate, over this connection or when its session began. */
  readonly clientCertificateUsed: boolean;
  /** ... and over this connection (HAProxy's ssl_fc_has_crt). */
  readonly clientCertificateSent: boolean;
  /** X509_V_ERR_* by which the peer's certificate was found wrong; 0: it is good, or there is none. */
  readonly verifyResult: number;
  /** Of the first error at the certificate itself, and above it, at which depth; 0: none. */
  readonly certificateError: number;
  readonly authorityError: number;
  readonly authorityErrorDepth: number;
  /** Why it has failed, in OpenSSL's words, and of which kind that is; "": it has not. */
  readonly failure: string;
  readonly failureKind: TlsFailure;
  /** The connection below stands, or stood. */
  readonly connected: boolean;
  /** The peer's stream ended without the close_notify that says that it is whole (RFC 8446, 6.1). */
  readonly truncated: boolean;
  /** The ClientHello, from its record's header on, as long as it is kept: see `keepHello`. */
  readonly hello: Uint8Array | null;
  /** The peer's certificate; null: it has sent none. */
  peer(): PeerCertificates | null;
  /** Our own certificate, in DER. */
  own(): Uint8Array | null;
  sessionId(): Uint8Array | null;
  sessionKey(): Uint8Array | null;
  clientRandom(): Uint8Array | null;
  serverRandom(): Uint8Array | null;
  /** The first Finished message of the handshake (RFC 5929, 3: tls-unique). */
  uniqueId(): Uint8Array | null;
}
