import type { ForeignSource, SourceClient } from "../foreign-source.ts";
import { encodeProxyHeader } from "../../net/proxy-protocol/header.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type * as model from "../../config/model.ts";
import type {
  ConnectOptions,
  Endpoint,
  Socket,
  SocketError,
  SocketEvents,
} from "../../net/socket.ts";
import type { SniClient } from "../../tls/sni.ts";
import type { Runtime } from "../runtime.ts";
import type { ServerTls } from "../tls/server.ts";
import { tlsTlvs } from "../tls/tlvs.ts";
import { join, SendBuffer } from "./send-buffer.ts";

/** A socket for one request, over a connection that others may share (HTTP/2). */
export interface StreamSocket extends Socket {
  /** It is the whole connection after all, in HTTP/1. */
  readonly isPlain: boolean;
}

/** A connection that takes another request. */
export interface SharedConnection {
  readonly name: string | null;
  open(events: SocketEvents): StreamSocket;
}

/** Connections to a server that requests may share. */
export interface SharedConnections {
  /** Connects, for one request to begin with. @param header of the PROXY protocol; null: none */
  connect(
    to: Endpoint,
    options: ConnectOptions,
    name: string | null,
    header: Uint8Array | null,
    port: number,
    events: SocketEvents,
  ): StreamSocket;
  /** One that stands, and takes another request; null: there is none. */
  find(proven: boolean, name: string | null): SharedConnection | null;
}

/** What a choice of a server may depend on. Asking for it can cost a system call. */
export interface ClientAddress {
  readonly clientAddress: string;
  /** The port that the client connected to. */
  readonly clientPort: number;
}

/** What a connection needs of its server, while it is used and when it has been. */
export interface ConnectedServer {
  readonly config: Pick<
    model.Server,
    "sendProxy" | "proxyV2Options" | "maxReuse" | "poolMaxConn" | "poolPurgeDelay"
  >;
  readonly backend: {
    readonly runtime: Runtime;
    readonly config: Pick<model.Proxy, "httpReuse">;
  };
  /** Its place among the servers of its backend. */
  readonly index: number;
  /** It is up, or at least serves those who ask for it. */
  readonly serves: boolean;
  /** Its idle connections may be kept, in its pool. */
  readonly poolable: boolean;
  readonly pool: {
    readonly everywhere: { readonly value: number };
    add(connection: ServerConnection): void;
  };
  /** How many slots it has; Infinity: no limit. */
  readonly limit: number;
  readonly connectOptions: ConnectOptions;
  /** How to connect from one of its local ports. */
  connectFrom(port: number): ConnectOptions;
  /** Whose address connections come from; null: this machine's. */
  readonly foreignSource: ForeignSource | null;
  /** Where to connect for a client. */
  endpoint(client: ClientAddress & { readonly addresses: Addresses }): Endpoint;
  /** How often that has changed. */
  readonly placeVersion: number;
  /** How TLS is spoken with it; null: it is not. */
  readonly tls: ServerTls | null;
  /** It speaks HTTP/2, or may; null: it does not. */
  readonly shared: SharedConnections | null;
  /** Its local ports, where the configuration names them. */
  readonly sourcePorts: { release(port: number): void } | null;
}

/** What uses a connection to a server, one at a time. */
export interface ConnectionUser {
  /** It is established. */
  onOpened(connection: ServerConnection): void;
  /** Bytes have come, valid during the call. */
  onData(connection: ServerConnection, bytes: Uint8Array): void;
  /** It takes bytes again, all that waited having gone. */
  onDrained(connection: ServerConnection): void;
  /** The server has sent its last byte. */
  onEnded(connection: ServerConnection): void;
  /** It broke, or could not be made. */
  onClosed(connection: ServerConnection, error: SocketError): void;
  /** It has thrown: it is in no state to go on, and all that it holds is released. */
  abandon(): void;
}

/** The header of the PROXY protocol for a client. */
function headerFor(
  version: "v1" | "v2",
  { config: { proxyV2Options: options } }: ConnectedServer,
  { addresses, clientTls }: SniClient & { readonly addresses: Addresses },
): Uint8Array {
  const tlvs = version === "v2" && (clientTls !== null || options.length > 0)
    ? tlsTlvs(options, clientTls)
    : null;
  return encodeProxyHeader(version, addresses, tlvs, options.includes("crc32c"));
}

/** Where idle connections are kept. */
export interface ConnectionStore {
  /** The connection is gone, or can carry nothing more. */
  remove(connection: ServerConnection): void;
}

/** A connection to a server: in use, or idle in a store. */
export class ServerConnection implements SocketEvents {
  readonly socket: Socket;
  readonly out: SendBuffer;
  /** Requests it has carried, the present one included. */
  requests = 0;
  /** What uses it; null: it is idle. */
  user: ConnectionUser | null;
  /** Where it is kept while it is idle, and since when on the clock's scale. */
  store: ConnectionStore | null = null;
  idleSince = 0;
  /** Neighbours in a store. */
  above: ServerConnection | null = null;
  below: ServerConnection | null = null;
  /** The server has authenticated its client by it (NTLM and kin): it is for no other one. */
  isPrivate = false;
  /** The name that its server was asked for by TLS; null: none. */
  readonly name: string | null;
  /** The version of where its server is: see {@linkcode ConnectedServer.placeVersion}. */
  readonly #place: number;

  /**
   * The header of the PROXY protocol (manual: "send-proxy"), until it has been sent; null: none.
   */
  #header: Uint8Array | null;
  #gone = false;

  /**
   * Starts to connect.
   * @param client the client that it is for; null where it is `over` another's
   * @param port the local port, one of the server's `sourcePorts`; 0: the kernel chooses
   * @param over a connection that stands, and that it shares; null: it has its own
   */
  constructor(
    readonly server: ConnectedServer,
    user: ConnectionUser | null,
    client: ClientAddress & SniClient & { readonly addresses: Addresses } | null,
    readonly port: number,
    over: SharedConnection | null = null,
  ) {
    this.user = user;
    this.#place = server.placeVersion;
    const { tls, shared } = server;
    if (over !== null || client === null) {
      // As any that has carried a request, it may be closing just now.
      this.requests = 1;
      this.name = over!.name;
      this.#header = null;
      this.socket = this.#stream = over!.open(this);
      this.out = new SendBuffer(this.socket);
      return;
    }
    const { sendProxy } = server.config;
    const header = sendProxy === null ? null : headerFor(sendProxy, server, client);
    const { network } = server.backend.runtime;
    const own = port === 0 ? server.connectOptions : server.connectFrom(port);
    const options = server.foreignSource === null ? own : this.#fromClient(own, client);
    const to = server.endpoint(client);
    this.name = tls === null ? null : tls.nameFor(client);
    // With TLS it goes in clear, before that begins.
    this.#header = tls === null && shared === null ? header : null;
    if (shared !== null) {
      this.#stream = shared.connect(to, options, this.name, header, port, this);
      this.socket = this.#stream;
    } else {
      this.#stream = null;
      this.socket = tls === null
        ? network.connect(to, options, this)
        : tls.connect(network, to, options, this.name, header && (() => header), this);
      server.backend.runtime.serverConnections.increase();
    }
    this.out = new SendBuffer(this.socket);
  }

  /** With the client's address in the place of this machine's: it is for no other client. */
  #fromClient(own: ConnectOptions, client: SourceClient): ConnectOptions {
    this.isPrivate = true;
    const foreign = this.server.foreignSource!(client);
    return foreign === null ? own : { ...own, source: { ...own.source!, foreign } };
  }

  /** It is one request's share of a connection, and over with it. */
  get isShare(): boolean {
    return this.#stream !== null && !this.#stream.isPlain;
  }
  readonly #stream: StreamSocket | null;

  /**
   * Sends bytes[from, to), the first ones, if the connection stands already.
   * @returns how many of them were taken; -1: it does not stand yet
   */
  sendEarly(bytes: Uint8Array, from: number, to: number): number {
    const header = this.#header;
    if (header === null) {
      const taken = this.socket.write(bytes, from, to);
      return taken > 0 ? taken : -1;
    }
    const joined = join(header, bytes, from, to);
    const taken = this.socket.write(joined, 0, joined.length);
    if (taken <= 0) return -1;
    this.#header = null;
    if (taken >= header.length) return taken - header.length;
    this.out.push(header, taken, header.length, null);
    return 0;
  }

  /**
   * Sends bytes[from, to), the first ones or what sendEarly() left of them, the connection being
   * ready. They must stay as they are. @returns as SendBuffer.push
   */
  sendFirst(bytes: Uint8Array, from: number, to: number): boolean {
    const header = this.#header;
    if (header === null) return from === to || this.out.push(bytes, from, to, null);
    this.#header = null;
    const joined = join(header, bytes, from, to);
    return this.out.push(joined, 0, joined.length, null);
  }

  /** Its server has moved since: it is for no further request. */
  get outdated(): boolean {
    return this.#place !== this.server.placeVersion;
  }

  /** Nothing has come on it since it was put by, not even its end: asked of the kernel. */
  get isQuiet(): boolean {
    return this.socket.isQuiet();
  }

  opened(): void {
    const { user } = this;
    try {
      user?.onOpened(this);
    } catch (error) {
      this.#fault(error, user);
    }
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    const { user } = this;
    if (user === null) return this.#discard(); // bytes without a request: out of step
    try {
      user.onData(this, bytes);
    } catch (error) {
      this.#fault(error, user);
    }
  }
  drain(): void {
    if (this.out.empty || !this.out.flush()) return;
    const { user } = this;
    try {
      user?.onDrained(this);
    } catch (error) {
      this.#fault(error, user);
    }
  }
  ended(): void {
    const { user } = this;
    if (user === null) return this.#discard();
    try {
      user.onEnded(this);
    } catch (error) {
      this.#fault(error, user);
    }
  }
  closed(_socket: Socket, error: SocketError): void {
    this.#leave();
    const { user } = this;
    if (user === null) {
      this.store?.remove(this);
      return;
    }
    try {
      user.onClosed(this, error);
    } catch (error) {
      this.#fault(error, user);
    }
  }

  /** An exception of the user costs its session, and this connection, whatever uses it by now. */
  #fault(error: unknown, user: ConnectionUser | null): void {
    this.server.backend.runtime.fault(error, user);
    this.#discard();
  }

  /** Closes the connection; what has been sent still arrives. Idempotent. */
  close(): void {
    this.#leave();
    this.socket.close();
  }

  /**
   * Ends the connection at once, with a reset: it leaves nothing behind in the kernel, where a
   * close would hold its port for a minute (TIME_WAIT). For where nothing is owed any more.
   * Idempotent.
   */
  reset(): void {
    this.#leave();
    this.socket.reset();
  }

  #discard(): void {
    this.store?.remove(this);
    this.reset();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    // The connection that it shared goes on.
    if (this.isShare) return;
    this.server.backend.runtime.serverConnections.decrease();
    if (this.port !== 0) this.server.sourcePorts!.release(this.port);
  }
}
