/** The client's side of a handshake: that of a connection to a server. */
import { openssl, zeroTerminated } from "./openssl.ts";
import type { TlsSide, TlsSocket } from "./socket.ts";

/** What a connection to a server needs. */
export interface ClientSetup {
  readonly context: number;
  /** The name to ask for (RFC 6066, 3); null: none. */
  readonly sni: string | null;
  /** The name that the server's certificate must have; null: any. */
  readonly verifyName: string | null;
  /** Whose sessions go on; null: none do. */
  readonly sessions: ClientSessions | null;
  /** See {@linkcode TlsSide.preamble}. */
  readonly preamble: TlsSide["preamble"];
}

/** The last session with one server, under each name that it was asked for. */
export class ClientSessions {
  readonly #sessions = new Map<string, number>();

  /** The session of a connection that ends well. */
  keep(made: number, name: string): void {
    const { ssl } = openssl();
    const session = ssl.SSL_get1_session(made);
    if (session === 0) return;
    const before = this.#sessions.get(name);
    if (ssl.SSL_SESSION_is_resumable(session) !== 1 || before === session) {
      ssl.SSL_SESSION_free(session);
      return;
    }
    if (before !== undefined) ssl.SSL_SESSION_free(before);
    else if (this.#sessions.size >= mostNames) this.clear();
    this.#sessions.set(name, session);
  }
  /** The session to go on with; 0: there is none. It stays this object's. */
  get(name: string): number {
    return this.#sessions.get(name) ?? 0;
  }
  /** Forgets all. */
  clear(): void {
    for (const session of this.#sessions.values()) openssl().ssl.SSL_SESSION_free(session);
    this.#sessions.clear();
  }
}

/** Names under which one server's sessions are kept: clients may choose them. */
const mostNames = 256;

const SSL_CTRL_SET_TLSEXT_HOSTNAME = 55;

const pointer = new BigUint64Array(new ArrayBuffer(8));
const length = new Uint32Array(new ArrayBuffer(4));

/** A client's side, for one connection. */
export function clientSide(setup: ClientSetup): TlsSide {
  return new ClientSide(setup);
}

class ClientSide implements TlsSide {
  readonly server = false;
  readonly preamble: TlsSide["preamble"];
  readonly #setup: ClientSetup;
  #socket: TlsSocket | null = null;

  constructor(setup: ClientSetup) {
    this.#setup = setup;
    this.preamble = setup.preamble;
  }

  begin(_hello: Uint8Array, socket: TlsSocket): number | string {
    const { ssl } = openssl();
    const { context, sni, verifyName, sessions } = this.#setup;
    this.#socket = socket;
    socket.sni = sni;
    const made = ssl.SSL_new(context);
    if (made === 0) return "no memory";
    if (sni !== null) ssl.SSL_ctrl(made, SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, zeroTerminated(sni));
    if (verifyName !== null) ssl.SSL_set1_host(made, zeroTerminated(verifyName));
    const session = sessions?.get(sni ?? "") ?? 0;
    if (session !== 0) ssl.SSL_set_session(made, session);
    return made;
  }

  // A client is not asked.
  chooseProtocol(): null {
    return null;
  }
  ignores(error: number, depth: number): boolean {
    const socket = this.#socket!;
    if (depth === 0) socket.certificateError ||= error;
    else if (socket.authorityError === 0) {
      socket.authorityError = error;
      socket.authorityErrorDepth = depth;
    }
    return false;
  }

  done(made: number, socket: TlsSocket): string {
    const { ssl, view } = openssl();
    ssl.SSL_get0_alpn_selected(made, pointer, length);
    const count = length[0]!;
    socket.alpn = count === 0 ? "" : String.fromCharCode(...view(Number(pointer[0]), count));
    return "";
  }

  leaves(made: number): void {
    this.#setup.sessions?.keep(made, this.#setup.sni ?? "");
  }
}
