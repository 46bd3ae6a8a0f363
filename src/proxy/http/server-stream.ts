import type { Socket, SocketError } from "../../net/socket.ts";
import type { ReleaseMode, ServerEndpoint, ServerEvents } from "../stream/endpoints.ts";
import type { BufferOwner, SpliceOwner } from "../stream/send-buffer.ts";
import type { ConnectionUser, ServerConnection } from "../stream/server-connection.ts";
import { ResponseReader } from "./response-reader.ts";

/** Where a server connection goes that can carry another request. */
export interface ConnectionReturn {
  /** Keeps it, or closes it. */
  put(connection: ServerConnection): void;
}

/**
 * The server's side of a transaction on an HTTP/1 connection, which it uses for one exchange at a
 * time. It serves one transaction after the other.
 */
export class Http1ServerStream implements ServerEndpoint, ConnectionUser {
  readonly #reader: ResponseReader;
  #connection: ServerConnection | null = null;

  constructor(
    readonly events: ServerEvents,
    readonly owner: SpliceOwner,
    readonly store: ConnectionReturn,
    headLimit: number,
  ) {
    this.#reader = new ResponseReader(events, headLimit);
  }

  /**
   * Takes the connection over.
   * @param method of the request, one of METHOD_...
   * @param upgrade whether it offers to upgrade the connection
   */
  attach(connection: ServerConnection, method: number, upgrade: boolean): void {
    connection.user = this;
    this.#connection = connection;
    this.#reader.begin(method, upgrade);
  }

  get attached(): boolean {
    return this.#connection !== null;
  }
  get socket(): Socket {
    return this.#connection!.socket;
  }
  get empty(): boolean {
    return this.#connection === null || this.#connection.out.empty;
  }
  /** Nothing of a response has come. */
  get untouched(): boolean {
    return this.#reader.untouched;
  }
  /** The connection has carried a request before, and nothing of this one's response has come. */
  get mayBeStale(): boolean {
    return this.#connection!.requests > 1 && this.#reader.untouched;
  }

  /** Sends head and content, what is left of them: bytes[from, to), which stay as they are. */
  sendRequest(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#connection!.sendFirst(bytes, from, to);
  }
  sendContent(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean {
    return this.#connection!.out.push(bytes, from, to, owner);
  }
  shutdown(): void {
    if (this.#connection?.out.empty) this.#connection.socket.shutdown();
  }
  pause(): void {
    this.#connection?.socket.pause();
  }
  resume(): void {
    this.#connection?.socket.resume();
  }
  peerGone(): boolean {
    return this.#connection?.socket.peerGone() ?? true;
  }

  /** Lets content of `source` pass to the server without being seen. */
  spliceFrom(source: Socket, count: number): void {
    this.#connection!.out.splice(source, count, this.owner);
  }
  /** How much of the response need not be looked at. @param seen bytes that came just now */
  unseen(seen: number): number {
    return this.#reader.unseen(seen);
  }
  /** So much of it has passed without. */
  passed(count: number): void {
    this.#reader.passed(count);
  }

  get untilClose(): boolean {
    return this.#reader.untilClose;
  }
  get reusable(): boolean {
    const connection = this.#connection;
    const { done, persistent, surplus, untilClose } = this.#reader;
    return connection !== null && done && persistent && !surplus && !untilClose &&
      connection.out.empty;
  }

  /** The connection is for this client alone from now on: its server has authenticated that. */
  markPrivate(): void {
    if (this.#connection !== null) this.#connection.isPrivate = true;
  }

  release(mode: ReleaseMode): void {
    const connection = this.#connection;
    if (connection === null) return;
    this.#connection = null;
    connection.user = null;
    this.#reader.clear();
    if (mode === "keep") this.store.put(connection);
    else if (mode === "close") connection.close();
    else connection.reset();
  }

  // ---- from the connection ----

  onOpened(): void {}
  onData(connection: ServerConnection, bytes: Uint8Array): void {
    this.#reader.read(bytes, connection.socket);
  }
  onDrained(): void {
    this.events.onServerDrained();
  }
  onEnded(): void {
    if (this.#reader.isTunnel) this.events.onServerEnded();
    else if (!this.#reader.ended()) this.#closed();
  }
  onClosed(_connection: ServerConnection, _error: SocketError): void {
    this.#closed();
  }
  abandon(): void {
    this.events.abandon();
  }
  #closed(): void {
    this.events.onServerClosed(!this.#reader.answered);
  }
}
