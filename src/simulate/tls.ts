/** TLS of a script's clients and servers, over any network, by the engine that the proxy has, too. */
import { readFileSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import {
  type Certificate,
  createStore,
  freeCertificate,
  loadCertificate,
} from "../net/tls/certificate.ts";
import { clientSide } from "../net/tls/client.ts";
import {
  type ContextOptions,
  createContext,
  freeContext,
  plainOptions,
  useCertificate,
} from "../net/tls/context.ts";
import { type ServerChoice, serverSide } from "../net/tls/server.ts";
import { TlsSocket } from "../net/tls/socket.ts";
import { type Network, noEvents, type Socket, type SocketEvents } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";

const options: ContextOptions = {
  ...plainOptions,
  tickets: false,
  sessionContext: "story",
  cacheSize: 0,
};

/** Whom a client asks for, and what it shows. */
export interface ClientTls {
  /** The name that it asks for, and that the certificate must have; null: any will do. */
  readonly name: string | null;
  /** The file of its own certificate; null: it has none. */
  readonly certificate: string | null;
}

/** What takes a connection that has been accepted. */
export type Accept = (socket: Socket) => SocketEvents;

/** What it is made with: contexts of OpenSSL's, which are freed at the end. */
export class StoryTls {
  readonly #clock: Clock;
  readonly #clients = new Map<string, number>();
  readonly #servers = new Map<string, ServerChoice>();
  readonly #certificates: Certificate[] = [];
  readonly #authorities: readonly string[];

  /** @param authorities the files of those whom clients trust */
  constructor(clock: Clock, authorities: readonly string[]) {
    this.#clock = clock;
    this.#authorities = authorities;
  }

  /** The network with TLS in each connection that is made. */
  over(network: Network, { name, certificate }: ClientTls): Network {
    const context = this.#clientContext(certificate);
    const setup = { sni: name, verifyName: name, sessions: null, preamble: null };
    return {
      ...network,
      connect: (to, how, events) => {
        const side = clientSide({ context, ...setup });
        return TlsSocket.connect(network, to, how, side, events, this.#later);
      },
    };
  }

  /** A connection that a client has made, which begins with TLS. @param file the certificate */
  accept(inner: Socket, file: string, accept: Accept): SocketEvents {
    const choice = this.#serverChoice(file);
    const whole = (hello: Uint8Array) =>
      hello.length >= 5 && hello.length >= 5 + (hello[3]! << 8 | hello[4]!) ? choice : null;
    const opened = (socket: Socket) => void (socket.events = accept(socket));
    return TlsSocket.accept(inner, serverSide(whole), { ...noEvents, opened }, this.#later);
  }

  /** Frees what was made. */
  close(): void {
    for (const context of this.#clients.values()) freeContext(context);
    for (const { context, sessions } of this.#servers.values()) {
      freeContext(context);
      freeContext(sessions);
    }
    for (const certificate of this.#certificates) freeCertificate(certificate);
    this.#clients.clear();
    this.#servers.clear();
  }

  readonly #later = (delay: number, act: () => void) => this.#clock.schedule(delay, act);

  #load(file: string): Certificate {
    const certificate = loadCertificate(readFileSync(file), null);
    this.#certificates.push(certificate);
    return certificate;
  }

  #clientContext(file: string | null): number {
    const key = file ?? "";
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const pems = this.#authorities.map((each) => readFileSync(each));
    const names = this.#authorities.join(", ");
    const store = createStore({ authorities: pems, revoked: [], names });
    const made = createContext({ ...options, role: "client", verify: "required", store }, true);
    if (file !== null) useCertificate(made, this.#load(file));
    this.#clients.set(key, made);
    return made;
  }

  #serverChoice(file: string): ServerChoice {
    const known = this.#servers.get(file);
    if (known !== undefined) return known;
    const choice: ServerChoice = {
      context: createContext(options, true),
      sessions: createContext(options, false),
      verify: "none",
      certificate: { ...this.#load(file), ocsp: null },
      protocols: () => null,
      ignores: () => false,
      sni: null,
      firstRecords: 0,
      hello: null,
    };
    this.#servers.set(file, choice);
    return choice;
  }
}

/** The names of the certificate that the other side has shown; none: there is no TLS. */
export function namesShown({ tls }: Socket): string[] {
  const peer = tls?.peer() ?? null;
  if (peer === null) return [];
  const { subjectAltName = "" } = new X509Certificate(peer.certificate);
  return [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map(([, name]) => name!);
}
