/** The server's side of a handshake. */
import { type ContextOptions, verifyModes } from "./context.ts";
import { type Handshaking, verifyCallback } from "./handshake.ts";
import { openssl, zeroTerminated } from "./openssl.ts";
import type { TlsSide, TlsSocket } from "./socket.ts";

/** What serves a client, chosen by its ClientHello. */
export interface ServerChoice {
  /** The context of this thread, and one whose sessions all threads share. */
  readonly context: number;
  readonly sessions: number;
  readonly verify: ContextOptions["verify"];
  readonly certificate: {
    readonly x509: number;
    readonly key: number;
    readonly chain: number;
    /** An OCSP response to staple (RFC 6066, 8), as it is now; null: none. */
    readonly ocsp: Uint8Array | null;
  };
  /** See {@linkcode Handshaking.chooseProtocol}. */
  readonly protocols: (offered: Uint8Array) => string | null | undefined;
  /** Whether an error of the client's certificate will do: at its own depth, 0, or above. */
  readonly ignores: (error: number, depth: number) => boolean;
  /** The name that the client asks for. */
  readonly sni: string | null;
  /** Content of a record at the start of the connection at most; 0: no bound. */
  readonly firstRecords: number;
  /** The ClientHello, if it is kept for those who ask for it. */
  readonly hello: Uint8Array | null;
}

/**
 * Chooses by what has come of a ClientHello, from its record's header on.
 * @returns null: more must come first; or why nobody serves it
 */
export type Choose = (hello: Uint8Array) => ServerChoice | string | null;

const SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP = 71;

/** A server's side, for one connection. */
export function serverSide(choose: Choose): TlsSide {
  return new ServerSide(choose);
}

class ServerSide implements TlsSide, Handshaking {
  readonly server = true;
  readonly preamble = null;
  readonly #choose: Choose;
  #choice: ServerChoice | null = null;
  #socket: TlsSocket | null = null;

  constructor(choose: Choose) {
    this.#choose = choose;
  }

  begin(hello: Uint8Array, socket: TlsSocket): number | string {
    const choice = this.#choose(hello);
    if (choice === null) return 0;
    if (typeof choice === "string") return choice;
    this.#choice = choice;
    this.#socket = socket;
    socket.sni = choice.sni;
    socket.hello = choice.hello;
    socket.firstRecords = choice.firstRecords;
    const { ssl } = openssl();
    // Its sessions are those of the first context, all else that of the second.
    const made = ssl.SSL_new(choice.sessions);
    if (made === 0) return "no memory";
    ssl.SSL_set_SSL_CTX(made, choice.context);
    const { x509, key, chain, ocsp } = choice.certificate;
    ssl.SSL_use_cert_and_key(made, x509, key, chain, 1);
    if (choice.verify !== "none") {
      ssl.SSL_set_verify(made, verifyModes[choice.verify], verifyCallback());
    }
    if (ocsp !== null) staple(made, ocsp);
    return made;
  }

  chooseProtocol(offered: Uint8Array): string | null | undefined {
    const chosen = this.#choice!.protocols(offered);
    this.#socket!.alpn = chosen ?? "";
    return chosen;
  }

  ignores(error: number, depth: number): boolean {
    const socket = this.#socket!;
    if (depth === 0) socket.certificateError ||= error;
    else if (socket.authorityError === 0) {
      socket.authorityError = error;
      socket.authorityErrorDepth = depth;
    }
    return this.#choice!.ignores(error, depth);
  }

  done(made: number, socket: TlsSocket): string {
    if (this.#choice!.verify !== "none") {
      const { ssl, crypto } = openssl();
      const peer = ssl.SSL_get1_peer_certificate(made);
      if (peer !== 0) crypto.X509_free(peer);
      socket.clientCertificateUsed = peer !== 0;
      socket.clientCertificateSent = peer !== 0 && !socket.resumed;
    }
    return "";
  }
}

const file = zeroTerminated("sluice");

/** OpenSSL frees the response with the SSL. */
function staple(made: number, response: Uint8Array): void {
  const { ssl, crypto, view } = openssl();
  const memory = crypto.CRYPTO_malloc(response.length, file, 0);
  if (memory === 0) return;
  const copy = view(memory, response.length);
  copy.set(response);
  ssl.SSL_ctrl(made, SSL_CTRL_SET_TLSEXT_STATUS_REQ_OCSP_RESP, response.length, copy);
}
