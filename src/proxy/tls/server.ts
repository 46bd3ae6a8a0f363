/** What a thread needs to speak TLS with a server. */
import { ClientSessions, clientSide } from "../../net/tls/client.ts";
import { type ContextOptions, createContext } from "../../net/tls/context.ts";
import { useCertificate } from "../../net/tls/context.ts";
import { TlsSocket } from "../../net/tls/socket.ts";
import type { ConnectOptions, Endpoint, Network, Socket, SocketEvents } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { ClientMaterial } from "../../tls/material.ts";
import { type SniClient, type SniSource, sniSource } from "../../tls/sni.ts";

/** The contexts of this thread, by what they are made of: many servers have the same. */
const contexts = new Map<string, number>();

function contextFor({ options, certificate }: ClientMaterial): number {
  const key = `${certificate?.file ?? ""} ${keyOf(options)}`;
  let context = contexts.get(key);
  if (context === undefined) {
    context = createContext(options, true);
    if (certificate !== null) useCertificate(context, certificate);
    contexts.set(key, context);
  }
  return context;
}

function keyOf(options: ContextOptions): string {
  return JSON.stringify({ ...options, protocols: [...options.protocols ?? []] });
}

/** What is sent before TLS begins; it may depend on the connection's addresses. */
export type Preamble = ((inner: Socket) => Uint8Array) | null;

/** See above. */
export class ServerTls {
  readonly #context: number;
  readonly #verifyHost: string | null;
  readonly #verify: boolean;
  readonly #sessions: ClientSessions | null;
  readonly #sni: SniSource | null;
  readonly #clock: Clock;

  /** @param sni the expression for the name that is asked for; null: none */
  constructor(material: ClientMaterial, sni: string | null, clock: Clock) {
    this.#context = contextFor(material);
    this.#verifyHost = material.verifyHost;
    this.#verify = material.options.verify === "required";
    this.#sessions = material.reuse ? new ClientSessions() : null;
    this.#sni = sni === null ? null : sniSource(sni);
    this.#clock = clock;
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
    const side = clientSide({
      context: this.#context,
      sni: name,
      verifyName: this.#verify ? this.#verifyHost ?? name : null,
      sessions: this.#sessions,
      preamble,
    });
    const later = (delay: number, act: () => void) => this.#clock.schedule(delay, act);
    return TlsSocket.connect(network, to, options, side, events, later);
  }
}
