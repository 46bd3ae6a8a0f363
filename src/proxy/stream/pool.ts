import { Gauge } from "../../shared/counts.ts";
import type { SharedMemory } from "../../shared/memory.ts";
import { Timer } from "../../time/wheel.ts";
import type { Runtime } from "../runtime.ts";
import type { ConnectionStore, ServerConnection } from "./server-connection.ts";

/**
 * An idle connection used so short a time ago, ms, may carry what cannot be sent again: the
 * shortest keep-alive time-outs of servers are some seconds.
 */
const recently = 1000;

/**
 * The idle connections of a thread to one server, which any client may use: a stack, linked through
 * them, the last used on top. It is also the timer that closes those that were not needed.
 */
export class Pool extends Timer implements ConnectionStore {
  #top: ServerConnection | null = null;
  #bottom: ServerConnection | null = null;
  /** How many there are. */
  size = 0;
  /** How many there are in all threads. */
  readonly everywhere: Gauge;
  /** The fewest since the last purge: so many were not needed. */
  #unneeded = 0;

  /** @param purgeDelay how often those that were not needed are closed, ms */
  constructor(readonly runtime: Runtime, memory: SharedMemory, readonly purgeDelay: number) {
    super();
    this.everywhere = new Gauge(memory);
  }

  /**
   * A connection to use, the one used last that will do; null: there is none. Whatever has come on
   * an idle one disqualifies it: it would be taken for the response to the next request.
   * @param recent used so recently that its server has no reason to close it: for what cannot be
   * sent again
   * @param proven has carried more than one request (manual: "http-reuse aggressive")
   * @param name the name that the server was asked for by TLS; null: none
   */
  take(recent: boolean, proven: boolean, name: string | null): ServerConnection | null {
    const now = recent ? this.runtime.clock.now() : 0;
    for (let next = this.#top; next !== null;) {
      const connection = next;
      next = connection.below;
      if (recent && now - connection.idleSince > recently) return null;
      if (proven && connection.requests < 2 || connection.name !== name) continue;
      this.remove(connection);
      if (connection.isQuiet) return connection;
      connection.reset();
    }
    return null;
  }

  /** Keeps a connection for later requests. */
  add(connection: ServerConnection): void {
    connection.store = this;
    connection.idleSince = this.runtime.clock.now();
    connection.below = this.#top;
    if (this.#top !== null) this.#top.above = connection;
    else this.#bottom = connection;
    this.#top = connection;
    this.size++;
    this.everywhere.increase();
    if (this.deadline === Infinity) this.runtime.wheel.set(this, this.purgeDelay);
  }

  remove(connection: ServerConnection): void {
    if (connection.store !== this) return;
    connection.store = null;
    const { above, below } = connection;
    if (above === null) this.#top = below;
    else above.below = below;
    if (below === null) this.#bottom = above;
    else below.above = above;
    connection.above = connection.below = null;
    this.size--;
    this.everywhere.decrease();
    if (this.size < this.#unneeded) this.#unneeded = this.size;
  }

  /** Closes the connection that went unused longest. */
  closeOldest(): void {
    const connection = this.#bottom;
    if (connection === null) return;
    this.remove(connection);
    connection.reset();
  }

  /** Closes all. */
  close(): void {
    while (this.#bottom !== null) this.closeOldest();
    this.runtime.wheel.remove(this);
  }

  /** Closes those that were not needed since the last time. */
  override fire(): void {
    for (let count = this.#unneeded; count > 0; count--) this.closeOldest();
    this.#unneeded = this.size;
    if (this.size > 0) this.runtime.wheel.set(this, this.purgeDelay);
  }
}

/**
 * The idle connections that one client alone may use: see {@linkcode ServerConnection.isPrivate}.
 */
export class PrivateConnections implements ConnectionStore {
  readonly #connections: ServerConnection[] = [];

  /** @param most how many are kept (manual: "max-session-srv-conns") */
  constructor(readonly most: number) {}

  add(connection: ServerConnection): void {
    connection.store = this;
    this.#connections.push(connection);
    if (this.#connections.length > this.most) this.#dropAt(0);
  }

  /** The one that was used last and is accepted; it is taken out. */
  take(accept: (connection: ServerConnection) => boolean): ServerConnection | null {
    for (let i = this.#connections.length - 1; i >= 0; i--) {
      const connection = this.#connections[i]!;
      if (!accept(connection)) continue;
      if (!connection.isQuiet) {
        this.#dropAt(i);
        continue;
      }
      this.remove(connection);
      return connection;
    }
    return null;
  }

  /** The one that was used last and is accepted; it stays. */
  find(accept: (connection: ServerConnection) => boolean): ServerConnection | null {
    return this.#connections.findLast(accept) ?? null;
  }

  remove(connection: ServerConnection): void {
    const at = this.#connections.indexOf(connection);
    if (at < 0) return;
    connection.store = null;
    this.#connections.splice(at, 1);
  }

  /** Closes all. */
  close(): void {
    while (this.#connections.length > 0) this.#dropAt(0);
  }

  #dropAt(i: number): void {
    const connection = this.#connections[i]!;
    this.remove(connection);
    connection.reset();
  }
}
