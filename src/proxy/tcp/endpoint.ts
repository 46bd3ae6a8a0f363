import type { Socket, SocketEvents } from "../../net/socket.ts";
import type { StreamEndpoint } from "../stream/endpoints.ts";
import { type BufferOwner, SendBuffer, type SpliceOwner } from "../stream/send-buffer.ts";
import type { ConnectionUser, ServerConnection } from "../stream/server-connection.ts";

/** What a side of a relay calls back. */
export interface RelayEvents {
  /** Bytes have come. @param owner keeps them beyond the call */
  onContent(side: TcpEndpoint, bytes: Uint8Array, owner: BufferOwner): void;
  /** It takes bytes again, all that waited having gone. */
  onDrained(side: TcpEndpoint): void;
  /** It has sent its last byte. */
  onEnded(side: TcpEndpoint): void;
  /** It broke. */
  onClosed(side: TcpEndpoint): void;
  /** A callback has thrown: all that the session holds is released. */
  abandon(): void;
}

/** One side of a relay: a connection whose bytes are all content (manual: "mode tcp"). */
export class TcpEndpoint implements StreamEndpoint {
  constructor(readonly socket: Socket, readonly out: SendBuffer, readonly events: RelayEvents) {}

  get empty(): boolean {
    return this.out.empty;
  }
  sendContent(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean {
    return this.out.push(bytes, from, to, owner);
  }
  /** Lets content of `source` pass to here without being seen. */
  spliceFrom(source: Socket, count: number, owner: SpliceOwner): void {
    this.out.splice(source, count, owner);
  }
  shutdown(): void {
    if (this.out.empty) this.socket.shutdown();
  }
  pause(): void {
    this.socket.pause();
  }
  resume(): void {
    this.socket.resume();
  }
  peerGone(): boolean {
    return this.socket.peerGone();
  }
}

/** The client's side: it receives the events of its socket. */
export class TcpClientEndpoint extends TcpEndpoint implements SocketEvents {
  constructor(socket: Socket, events: RelayEvents) {
    super(socket, new SendBuffer(socket), events);
  }
  opened(): void {}
  data(socket: Socket, bytes: Uint8Array): void {
    this.events.onContent(this, bytes, socket);
  }
  drain(): void {
    if (!this.out.empty && this.out.flush()) this.events.onDrained(this);
  }
  ended(): void {
    this.events.onEnded(this);
  }
  closed(): void {
    this.events.onClosed(this);
  }
}

/** The server's side: it uses a connection. */
export class TcpServerEndpoint extends TcpEndpoint implements ConnectionUser {
  constructor(readonly connection: ServerConnection, events: RelayEvents) {
    super(connection.socket, connection.out, events);
    connection.user = this;
  }
  onOpened(): void {}
  onData(connection: ServerConnection, bytes: Uint8Array): void {
    this.events.onContent(this, bytes, connection.socket);
  }
  onDrained(): void {
    this.events.onDrained(this);
  }
  onEnded(): void {
    this.events.onEnded(this);
  }
  onClosed(): void {
    this.events.onClosed(this);
  }
  abandon(): void {
    this.events.abandon();
  }

  /** Ends the connection: in good order, or so that the server does not take it for whole. */
  release(orderly: boolean): void {
    this.connection.user = null;
    if (orderly) this.connection.close();
    else this.connection.reset();
  }
}
