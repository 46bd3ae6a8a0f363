import type { ConnectOptions, Endpoint, Socket, SocketEvents } from "../../../net/socket.ts";
import type { Runtime } from "../../runtime.ts";
import type { ServerTls } from "../../tls/server.ts";
import { ServerSession, type SessionOwner } from "./server-session.ts";
import type { StreamSocket } from "./stream-socket.ts";

/** What is needed of a server. */
export interface MultiplexedServer {
  readonly config: {
    readonly proto: "h1" | "h2" | "none" | null;
    readonly poolPurgeDelay: number;
    readonly poolMaxConn: number;
    readonly maxReuse: number;
  };
  readonly backend: { readonly runtime: Runtime };
  readonly tls: ServerTls | null;
  readonly placeVersion: number;
  readonly poolable: boolean;
  /** Connections come from their client's address; null: they do not. */
  readonly foreignSource: unknown;
  readonly sourcePorts: { release(port: number): void } | null;
}

/** A thread's connections to a server that speaks HTTP/2, or may. */
export class ServerSessions implements SessionOwner {
  readonly runtime: Runtime;
  readonly isForced: boolean;
  readonly isSecure: boolean;
  readonly purgeDelay: number;
  /** Those that may take further streams, and those that are being made. */
  readonly #sessions: ServerSession[] = [];

  constructor(readonly server: MultiplexedServer) {
    this.runtime = server.backend.runtime;
    this.isForced = server.config.proto === "h2";
    this.isSecure = server.tls !== null;
    this.purgeDelay = server.config.poolPurgeDelay;
  }

  /**
   * Connects, for one request: a socket in HTTP/1, whatever the server speaks.
   * @param header of the PROXY protocol; null: none
   */
  connect(
    to: Endpoint,
    options: ConnectOptions,
    name: string | null,
    header: Uint8Array | null,
    port: number,
    events: SocketEvents,
  ): StreamSocket {
    const { runtime, server } = this;
    const { network } = runtime;
    const { tls } = server;
    const connect = (events: SocketEvents): Socket => {
      if (tls !== null) {
        return tls.connect(network, to, options, name, header && (() => header), events);
      }
      return network.connect(to, options, header === null ? events : preceded(header, events));
    };
    const session = new ServerSession(this, name, server.placeVersion, port, connect, events);
    runtime.serverConnections.increase();
    if (server.poolable && server.foreignSource === null) this.#sessions.push(session);
    return session.first;
  }

  /**
   * A connection that stands and takes another request; null: there is none.
   * @param proven has carried a request (manual: "http-reuse aggressive")
   * @param name the name that the server was asked for by TLS; null: none
   */
  find(proven: boolean, name: string | null): ServerSession | null {
    const { placeVersion, config } = this.server;
    return this.#sessions.find((session) =>
      session.hasRoom && session.name === name && session.place === placeVersion &&
      (!proven || session.requests > 1) &&
      (config.maxReuse < 0 || session.requests <= config.maxReuse)
    ) ?? null;
  }

  /** Whether a connection that is idle is kept for later requests. */
  keeps(session: ServerSession): boolean {
    const { placeVersion, poolable, config } = this.server;
    const { poolMaxConn, maxReuse, poolPurgeDelay } = config;
    if (!poolable || poolPurgeDelay === 0 || session.place !== placeVersion) return false;
    if (!this.#sessions.includes(session)) return false;
    if (maxReuse >= 0 && session.requests > maxReuse) return false;
    const idle = this.#sessions.filter((each) => each.isIdle).length;
    return poolMaxConn < 0 || idle <= poolMaxConn;
  }

  remove(session: ServerSession): void {
    const at = this.#sessions.indexOf(session);
    if (at >= 0) this.#sessions.splice(at, 1);
  }

  onClosed({ port }: ServerSession): void {
    this.runtime.serverConnections.decrease();
    if (port !== 0) this.server.sourcePorts!.release(port);
  }

  /** Closes all. */
  close(): void {
    for (const session of [...this.#sessions]) session.close();
  }
}

/** Sends a header before anything else, once the connection stands. */
function preceded(header: Uint8Array, events: SocketEvents): SocketEvents {
  return {
    opened(socket) {
      // So few bytes a new connection always takes.
      socket.write(header, 0, header.length);
      socket.events = events;
      events.opened(socket);
    },
    data: (socket, bytes) => events.data(socket, bytes),
    drain: (socket) => events.drain(socket),
    ended: (socket) => events.ended(socket),
    closed: (socket, error) => events.closed(socket, error),
  };
}
