import type { Socket, SocketError, SocketEvents } from "../net/socket.ts";
import { Outlet } from "./outlet.ts";
import type { Server } from "./server.ts";
import type { Stream } from "./stream.ts";

/** A connection to a server: in use by a stream, or idle in the server's pool. */
export class ServerConnection implements SocketEvents {
  readonly socket: Socket;
  readonly out: Outlet;
  /** Requests it has carried, the present one included. */
  requests = 0;
  /** It is among the server's idle connections, since when on the clock's scale. */
  isIdle = false;
  idleSince = 0;
  /** Neighbours among the server's idle connections. */
  idleAbove: ServerConnection | null = null;
  idleBelow: ServerConnection | null = null;

  /** The stream that it serves; null: it is idle. */
  stream: Stream | null;

  /** Starts to connect on behalf of `stream`. */
  constructor(readonly server: Server, stream: Stream) {
    this.stream = stream;
    const { network } = server.backend.runtime;
    this.socket = network.connect(server.endpoint(stream), server.connectOptions, this);
    server.backend.runtime.serverConnections++;
    this.out = new Outlet(this.socket);
  }

  opened(): void {
    this.stream?.connected(this);
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.stream !== null) this.stream.serverData(this, bytes);
    else this.#discard(); // bytes that nobody asked for: out of step
  }
  drain(): void {
    if (this.out.flush()) this.stream?.serverDrained();
  }
  ended(): void {
    if (this.stream !== null) this.stream.serverEnded(this);
    else this.#discard();
  }
  closed(_socket: Socket, error: SocketError): void {
    this.#leave();
    if (this.stream !== null) this.stream.serverClosed(this, error);
    else this.server.removeIdle(this);
  }

  /** Closes the connection. Idempotent. */
  close(): void {
    this.#leave();
    this.socket.close();
  }

  #discard(): void {
    this.server.removeIdle(this);
    this.close();
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.server.backend.runtime.serverConnections--;
  }
  #gone = false;
}
