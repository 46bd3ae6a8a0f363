/** What a thread needs to speak TLS with a server. */
import { ClientSessions, clientSide } from "../../net/tls/client.ts";
import { type ContextOptions, createContext, freeContext } from "../../net/tls/context.ts";
import { useCertificate } from "../../net/tls/context.ts";
import { TlsSocket } from "../../net/tls/socket.ts";
import type { ConnectOptions, Endpoint, Network, Socket, SocketEvents } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { ClientMaterial } from "../../tls/material.ts";
import { type SniClient, type SniSource, sniSource } from "../../tls/sni.ts";

/** The contexts of this thread, by what they are made of: many servers have the same. */
const contexts = new Map<string, { readonly context: number; users: number }>();

function keyFor({ options, certificate }: ClientMaterial): string {
  return `${certificate?.x509 ?? 0} ${keyOf(options)}`;
}

function acquire(material: ClientMaterial): number {
  const key = keyFor(material);
  let made = contexts.get(key);
  if (made === undefined) {
    made = { context: createContext(material.options, true), users: 0 };
    if (material.certificate !== null) useCertificate(made.context, material.certificate);
    contexts.set(key, made);
  }
  made.users++;
  return made.context;
}

function release(material: ClientMaterial): void {
  const key = keyFor(material);
  const made = contexts.get(key);
  if (made === undefined || --made.users > 0) return;
  contexts.delete(key);
  freeContext(made.context);
}

function keyOf(options: ContextOptions): string {
  return JSON.stringify({ ...options, protocols: [...options.protocols ?? []] });
}

/** What is sent before TLS begins; it may depend on the connection's addresses. */
export type Preamble = ((inner: Socket) => Uint8Array) | null;

/** See above. */
export class ServerTls {
  #material: ClientMaterial;
  #context: number;
  #sessions: ClientSessions | null;
  readonly #sni: SniSource | null;
  readonly #clock: Clock;

  /** @param sni the expression for the name that is asked for; null: none */
  constructor(material: ClientMaterial, sni: string | null, clock: Clock) {
    this.#material = material;
    this.#context = acquire(material);
    this.#sessions = material.reuse ? new ClientSessions() : null;
    this.#sni = sni === null ? null : sniSource(sni);
    this.#clock = clock;
  }

  /** Takes what is new: connections that are made from now on have it. @throws {TlsError} */
  replace(material: ClientMaterial): void {
    const before = this.#material;
    this.#context = acquire(material);
    this.#material = material;
    this.#sessions = material.reuse ? new ClientSessions() : null;
    release(before);
  }

  /** The name that the server is asked for on behalf of a client; null: none. */
  nameFor(client: SniClient): string | null {
    return this.#sni === null ? null : this.#sni(client);
  }

  /** Connects; `opened` follows when the handshake is done. */
  connect(
    network: Pick<Network, "connect">,
    to: Endpoint,
    options: ConnectOptions,
    name: string | null,
    preamble: Preamble,
    events: SocketEvents,
  ): TlsSocket {
    const { verifyHost, options: { verify } } = this.#material;
    const side = clientSide({
      context: this.#context,
      sni: name,
      verifyName: verify === "required" ? verifyHost ?? name : null,
      sessions: this.#sessions,
      preamble,
    });
    const later = (delay: number, act: () => void) => this.#clock.schedule(delay, act);
    return TlsSocket.connect(network, to, options, side, events, later);
  }
}
