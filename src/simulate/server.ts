/** Servers of a script's own: a listener with its connections, and an origin that speaks HTTP/1. */
import type { Endpoint, Listener, Network } from "../net/socket.ts";
import { Connection } from "./connection.ts";
import { type Message, takeMessage } from "./message.ts";

/** What listens at one address, and does with its connections what it is told. */
export class Server {
  /** Connections that stand. */
  readonly standing = new Set<Connection>();
  /** The most that ever stood at once. */
  mostOpen = 0;
  readonly #network: Network;
  readonly #serve: (connection: Connection) => void;
  #endpoint: Endpoint;
  #listener: Listener | null = null;

  /** @param serve is given each connection as it is accepted */
  constructor(network: Network, endpoint: Endpoint, serve: (connection: Connection) => void) {
    this.#network = network;
    this.#endpoint = endpoint;
    this.#serve = serve;
  }

  /** Where it listens, with the port that was chosen if 0 was asked for. */
  get endpoint(): Endpoint {
    return this.#listener?.endpoint ?? this.#endpoint;
  }
  /** null: it does not listen. */
  get listener(): Listener | null {
    return this.#listener;
  }
  get isListening(): boolean {
    return this.#listener !== null;
  }
  /** Connections that stand now. */
  get open(): number {
    return this.standing.size;
  }

  /** Listens. Nothing happens if it does already. @throws {SocketError} EADDRINUSE, ... */
  listen(): this {
    if (this.#listener !== null) return this;
    this.#listener = this.#network.listen(this.#endpoint, {}, (socket) => {
      const connection = new Connection().accept(socket);
      this.standing.add(connection);
      this.mostOpen = Math.max(this.mostOpen, this.open);
      connection.onGone = () => this.standing.delete(connection);
      this.#serve(connection);
      return connection;
    });
    return this;
  }
  /** Stops listening: new connections are refused, those that stand go on. */
  stop(): void {
    this.#endpoint = this.endpoint;
    this.#listener?.close();
    this.#listener = null;
  }
  /** Closes the listener and all connections, as a process that dies. */
  kill(): void {
    this.stop();
    for (const connection of this.standing) connection.close();
  }
}

/** What an origin does with a request: the response's text, or null to do nothing (yet). */
export type Answer = (request: Message, connection: Connection, origin: Origin) => string | null;

/** A server that speaks HTTP/1, and remembers what it was asked. */
export class Origin extends Server {
  /** Every connection that was ever accepted, in order. */
  readonly connections: Connection[] = [];
  /** Every whole request, in order. */
  readonly requests: Message[] = [];

  /** @param answer may be exchanged at any time */
  constructor(network: Network, endpoint: Endpoint, readonly name: string, public answer: Answer) {
    super(network, endpoint, (connection) => this.#converse(connection));
  }

  #converse(connection: Connection): void {
    this.connections.push(connection);
    let at = 0;
    connection.onData = () => {
      for (;;) {
        const taken = takeMessage(connection.received.slice(at), "request", false);
        if (taken === null) return;
        at = connection.received.length - taken.rest.length;
        this.requests.push(taken.message);
        const text = this.answer(taken.message, connection, this);
        if (text !== null) connection.send(text);
      }
    };
    // As servers do: what ends is closed.
    connection.onEnd = () => connection.close();
  }
}
