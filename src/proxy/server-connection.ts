import { encodeProxyHeader } from "../net/proxy-protocol/header.ts";
import type { Socket, SocketError, SocketEvents } from "../net/socket.ts";
import { join, Outlet } from "./outlet.ts";
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

  /** The header of the PROXY protocol (manual: "send-proxy"), until it has been sent; null: none. */
  #header: Uint8Array | null;

  /**
   * Starts to connect on behalf of `stream`.
   * @param port the local port, one of the server's `sourcePorts`; 0: the kernel chooses
   */
  constructor(readonly server: Server, stream: Stream, readonly port: number) {
    this.stream = stream;
    const { sendProxy } = server.config;
    this.#header = sendProxy === null ? null : encodeProxyHeader(sendProxy, stream.addresses);
    const { network } = server.backend.runtime;
    const options = port === 0 ? server.connectOptions : server.connectFrom(port);
    this.socket = network.connect(server.endpoint(stream), options, this);
    server.backend.runtime.serverConnections.increase();
    this.out = new Outlet(this.socket);
  }

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
   * ready. They are to stay as they are. @returns as Outlet.push
   */
  sendFirst(bytes: Uint8Array, from: number, to: number): boolean {
    const header = this.#header;
    if (header === null) return from === to || this.out.push(bytes, from, to, null);
    this.#header = null;
    const joined = join(header, bytes, from, to);
    return this.out.push(joined, 0, joined.length, null);
  }

  opened(): void {
    this.stream?.connected(this);
  }
  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.stream !== null) this.stream.serverData(this, bytes);
    else this.#discard(); // bytes that nobody asked for: out of step
  }
  drain(): void {
    if (!this.out.empty && this.out.flush()) this.stream?.serverDrained();
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
    this.server.backend.runtime.serverConnections.decrease();
    if (this.port !== 0) this.server.sourcePorts!.give(this.port);
  }
  #gone = false;
}
