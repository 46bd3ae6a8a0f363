import type { Candidate } from "../balance/balancer.ts";
import type * as model from "../config/model.ts";
import type { Endpoint } from "../net/socket.ts";
import { Timer, type TimerWheel } from "../time/wheel.ts";
import type { Backend, Client } from "./backend.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { Stream } from "./stream.ts";
import { Queue } from "./queue.ts";

/**
 * An idle connection used so short a time ago, ms, may carry what cannot be sent again: the shortest
 * keep-alive time-outs of servers are some seconds.
 */
const recently = 1000;
/** How often idle connections that were not needed are closed, ms (HAProxy's pool-purge-delay). */
const purgeInterval = 5000;

/** A server while the proxy runs: its state, its load, its connections. */
export class Server implements Candidate {
  /** As the checks see it. */
  up = true;
  /** Streams that hold one of the server's slots. */
  current = 0;
  /** Streams that wait for this server in particular. */
  readonly queue = new Queue<Stream>();
  readonly connectOptions: { readonly source?: { host: string; port: number } };
  /** Idle connections: a stack, linked through them, the last used on top. */
  #idleTop: ServerConnection | null = null;
  #idleBottom: ServerConnection | null = null;
  idle = 0;
  /** The fewest idle connections since the last purge: so many were not needed. */
  #spare = 0;
  readonly #purge: Purge;
  readonly #wheel: TimerWheel;
  readonly #endpoint: Endpoint | null;

  /** @param address its address, names being resolved */
  constructor(
    readonly config: model.Server,
    readonly backend: Backend,
    readonly address: model.ServerAddress,
  ) {
    this.#wheel = backend.runtime.wheel;
    this.#purge = new Purge(this);
    this.#endpoint = address.kind !== "ip"
      ? address
      : address.port !== null
      ? { kind: "ip", host: address.host, port: address.port }
      : null;
    const source = config.source ?? backend.config.source;
    this.connectOptions = source === null ? {} : { source };
  }

  get name(): string {
    return this.config.name;
  }
  get cookie(): string | null {
    return this.config.cookie;
  }
  get weight(): number {
    return this.config.weight;
  }
  /** For the balancers: what is in progress and what waits. */
  get load(): number {
    return this.current + this.queue.length;
  }
  get full(): boolean {
    return this.config.maxconn > 0 && this.current >= this.config.maxconn;
  }
  /** Takes the sessions whose cookie names it (manual: "weight", for those of weight 0). */
  get serves(): boolean {
    return this.up && !this.config.disabled;
  }
  /** Takes new sessions. */
  get usable(): boolean {
    return this.serves && this.weight > 0;
  }

  /** Its connections can serve any client: they do not depend on the port that one came to. */
  get pools(): boolean {
    return this.#endpoint !== null;
  }

  /** Where to connect for `client`. */
  endpoint(client: Client): Endpoint {
    if (this.#endpoint !== null) return this.#endpoint;
    const address = this.address as { host: string; portOffset: number };
    const port = (client.clientPort + address.portOffset) & 65535;
    return { kind: "ip", host: address.host, port };
  }

  /**
   * An idle connection to use, the one used last; null: there is none.
   * @param recent only one that has just been used and stands still, for what cannot be sent again
   */
  takeIdle(recent: boolean): ServerConnection | null {
    const connection = this.#idleTop;
    if (connection === null) return null;
    if (recent) {
      const age = this.backend.runtime.clock.now() - connection.idleSince;
      if (age > recently || connection.socket.peerGone()) return null;
    }
    this.removeIdle(connection);
    return connection;
  }

  /** Keeps a connection for later requests. */
  addIdle(connection: ServerConnection): void {
    connection.isIdle = true;
    connection.idleSince = this.backend.runtime.clock.now();
    connection.idleBelow = this.#idleTop;
    if (this.#idleTop !== null) this.#idleTop.idleAbove = connection;
    else this.#idleBottom = connection;
    this.#idleTop = connection;
    this.idle++;
    if (this.#purge.deadline === Infinity) this.#wheel.set(this.#purge, purgeInterval);
  }

  /** Takes a connection out of the idle ones: it is used, or gone. */
  removeIdle(connection: ServerConnection): void {
    if (!connection.isIdle) return;
    connection.isIdle = false;
    const { idleAbove, idleBelow } = connection;
    if (idleAbove === null) this.#idleTop = idleBelow;
    else idleAbove.idleBelow = idleBelow;
    if (idleBelow === null) this.#idleBottom = idleAbove;
    else idleBelow.idleAbove = idleAbove;
    connection.idleAbove = connection.idleBelow = null;
    this.idle--;
    if (this.idle < this.#spare) this.#spare = this.idle;
  }

  /** Closes the idle connection that went unused longest. */
  closeOldestIdle(): void {
    const connection = this.#idleBottom;
    if (connection === null) return;
    this.removeIdle(connection);
    connection.close();
  }

  /** Closes all idle connections. */
  closeIdle(): void {
    while (this.#idleBottom !== null) this.closeOldestIdle();
    this.#wheel.remove(this.#purge);
  }

  /** Closes the idle connections that were not needed since the last time. */
  closeSpare(): void {
    for (let spare = this.#spare; spare > 0; spare--) this.closeOldestIdle();
    this.#spare = this.idle;
    if (this.idle > 0) this.#wheel.set(this.#purge, purgeInterval);
  }
}

class Purge extends Timer {
  constructor(readonly server: Server) {
    super();
  }
  override fire(): void {
    this.server.closeSpare();
  }
}
