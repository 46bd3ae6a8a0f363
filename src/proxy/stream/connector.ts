import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { SocketError } from "../../net/socket.ts";
import { at } from "../../stats/counters.ts";
import type { SniClient } from "../../tls/sni.ts";
import { Timer } from "../../time/wheel.ts";
import { observe } from "../observing.ts";
import { closeIdle } from "../runtime.ts";
import type { Server } from "../server.ts";
import type { Assignment, AssignmentOwner } from "./assignment.ts";
import { type Failure, localErrors, portErrors } from "./failure.ts";
import { CONN_FAILURE } from "./retry-on.ts";
import { type ConnectionUser, ServerConnection } from "./server-connection.ts";

/** How long to wait before the same server is tried again, at most, ms. */
const turnaroundTime = 1000;

/** What connects: a transaction. */
export interface ConnectorOwner extends AssignmentOwner, SniClient {
  /** Both ends of the client's connection, for the PROXY protocol. */
  readonly addresses: Addresses;
  /** An established connection that may carry this transaction; null: none. */
  reusable(server: Server): ServerConnection | null;
  /**
   * Sends the request if the connection is established already, as it often is over loopback.
   * @returns whether it does
   */
  sendEarly(connection: ServerConnection): boolean;
  /** The connection is ready, and for the owner to use. */
  onConnected(connection: ServerConnection): void;
}

/** How far it is. */
const IDLE = 0;
const CONNECTING = 1;
/** Waits to try the same server again. */
const TURNAROUND = 2;
/** No local port is free; about to fail. */
const PORTLESS = 3;
const CONNECTED = 4;

/**
 * A transaction's way from a server's slot to a connection, with retries and redispatch (manual:
 * "retries", "option redispatch"). It is also the time-out of that.
 */
export class Connector extends Timer implements ConnectionUser {
  #state = IDLE;
  #connection: ServerConnection | null = null;
  #retriesLeft = 0;
  /** For the log: failed attempts. */
  retries = 0;
  /** Local ports that turned out not to be free. */
  #portsTried = 0;
  /** For the log, on the clock's scale; -1: not reached. */
  connectedAt = -1;

  constructor(readonly owner: ConnectorOwner, readonly assignment: Assignment) {
    super();
  }

  get connected(): boolean {
    return this.#state === CONNECTED;
  }
  get connecting(): boolean {
    return this.#state === CONNECTING;
  }

  /** Resets, for a transaction with so many retries. */
  begin(retries: number): void {
    this.#state = IDLE;
    this.#connection = null;
    this.#retriesLeft = retries;
    this.retries = this.#portsTried = 0;
    this.connectedAt = -1;
  }

  /** Connects to `server`, whose slot its transaction holds. */
  connect(server: Server): void {
    const idle = this.owner.reusable(server);
    if (idle === null) return this.#open(server);
    server.counts.own[at.reuses]!++;
    this.assignment.backend.counts.own[at.reuses]!++;
    this.#established(idle);
  }

  /**
   * A reused connection was closed before a response came, which says nothing about the server:
   * tries again at once, on a new connection. The caller has made sure that all can be sent again.
   */
  replay(): void {
    this.connectedAt = -1;
    this.#open(this.assignment.server!);
  }

  /** Stops connecting. An established connection is its user's. Idempotent. */
  stop(): void {
    if (this.#state === IDLE) return;
    this.#state = IDLE;
    this.assignment.backend.runtime.wheel.clear(this);
    this.#drop();
  }

  #drop(): void {
    const connection = this.#connection;
    this.#connection = null;
    if (connection?.user === this) connection.reset();
  }

  #open(server: Server): void {
    const { backend } = this.assignment;
    const { runtime, config } = backend;
    server.makeRoom();
    if (runtime.serverConnections.value >= runtime.maxconn) closeIdle(runtime);
    const port = server.sourcePorts === null ? 0 : server.acquireSourcePort();
    if (port === 0 && server.sourcePorts !== null) {
      // Not at once: the failure lets the next one in, which would fail in its turn, and so on.
      this.#state = PORTLESS;
      runtime.wheel.set(this, 0);
      return;
    }
    this.#state = CONNECTING;
    server.counts.own[at.connects]!++;
    backend.counts.own[at.connects]!++;
    const connection = new ServerConnection(server, this, this.owner, port);
    this.#connection = connection;
    if (this.owner.sendEarly(connection)) this.#established(connection);
    else runtime.wheel.set(this, config.timeout.connect);
  }

  #established(connection: ServerConnection): void {
    const { runtime } = this.assignment.backend;
    runtime.wheel.clear(this);
    connection.user = this;
    this.#connection = connection;
    this.#state = CONNECTED;
    this.connectedAt = runtime.clock.now();
    connection.requests++;
    const server = this.assignment.server!;
    if (server.config.observe !== null) observe(server, "connected");
    this.owner.onConnected(connection);
    // It is the owner's now.
    if (this.#connection === connection) this.#connection = null;
  }

  onOpened(connection: ServerConnection): void {
    this.#established(connection);
  }
  onClosed(_connection: ServerConnection, error: SocketError): void {
    this.#connection = null;
    const server = this.assignment.server!;
    const isPort = portErrors.has(error.code);
    const attempts = server.sourcePorts?.attempts ?? 0;
    if (!localErrors.has(error.code)) this.#retry("connect failed");
    else if (isPort && ++this.#portsTried < attempts) this.#open(server);
    else this.#exhausted(isPort ? "no free ports" : error.code);
  }
  // Nothing else comes from a connection that is being made.
  onData(): void {}
  onDrained(): void {}
  onEnded(): void {}

  /**
   * After a failed attempt: the same server later, another one now, or none (manual: "retries").
   */
  #retry(failure: Failure): void {
    const { backend, server } = this.assignment;
    if (server!.config.observe !== null) observe(server!, "unconnected");
    if (this.#retriesLeft === 0 || (backend.retryOn & CONN_FAILURE) === 0) {
      return this.#fail(failure);
    }
    const { config, runtime } = backend;
    const leave = this.#countRetry();
    // A connect that timed out has taken long enough, and another server needs no wait.
    if (failure === "connect timeout" || (leave && backend.choosesFreely)) return this.#again();
    this.#state = TURNAROUND;
    runtime.wheel.set(this, Math.min(turnaroundTime, config.timeout.connect ?? Infinity));
  }

  /** Counts one more attempt. @returns whether it is with another server, its own being left */
  #countRetry(): boolean {
    const { assignment } = this;
    const { backend, direct } = assignment;
    const server = assignment.server!;
    this.#retriesLeft--;
    this.retries++;
    backend.counts.own[at.retries]!++;
    server.counts.own[at.retries]!++;
    const { config } = backend;
    const leave = config.redispatch &&
      (this.#redispatches(config.redispatchAfter) || !server.up ||
        (!direct && backend.choosesFreely));
    if (leave) assignment.changeServer();
    return leave;
  }

  /** Whether a request may be sent once more (manual: "retries"). */
  get mayRetry(): boolean {
    return this.#retriesLeft > 0;
  }

  /**
   * The request is sent once more, since what came of it is not to be passed on (manual: "retry-on").
   * The caller has made sure that all can be sent again, and that it may be.
   */
  retry(): void {
    this.#countRetry();
    this.connectedAt = -1;
    this.#again();
  }

  /** Whether this retry is one with another server (manual: "option redispatch"). */
  #redispatches(after: number): boolean {
    return after > 0 ? this.retries % after === 0 : this.#retriesLeft === -1 - after;
  }

  /**
   * This machine lacks what a connection needs, and will lack it in a second, too: as in HAProxy all
   * attempts are over at once, and with "redispatch" the last one is with another server.
   */
  #exhausted(lack: string): void {
    const { config, runtime } = this.assignment.backend;
    runtime.log.event(config, "err", `Connect() failed for backend ${config.name}: ${lack}.`);
    const again = config.redispatch && this.#retriesLeft > 0;
    this.retries += this.#retriesLeft;
    this.#retriesLeft = this.#portsTried = 0;
    if (!again) return this.#fail("connect failed");
    this.assignment.changeServer();
    this.#again();
  }

  /** The next attempt: with the same server, unless it has been left. */
  #again(): void {
    const { assignment, owner } = this;
    this.#state = IDLE;
    if (assignment.backend.config.abortonclose && owner.clientGone()) owner.onClientGone(false);
    else if (assignment.server !== null) this.connect(assignment.server);
    else assignment.assign(null);
  }

  #fail(failure: Failure): void {
    this.#state = IDLE;
    const { backend, server } = this.assignment;
    backend.counts.own[at.failedConnects]!++;
    if (server !== null) server.counts.own[at.failedConnects]!++;
    this.assignment.backend.runtime.wheel.clear(this);
    this.owner.onFailed(failure);
  }

  override abandon(): void {
    this.owner.abandon();
  }
  override fire(): void {
    switch (this.#state) {
      case CONNECTING:
        this.#drop();
        this.#retry("connect timeout");
        break;
      case TURNAROUND:
        this.#again();
        break;
      case PORTLESS:
        this.#exhausted("no free ports");
        break;
    }
  }
}
