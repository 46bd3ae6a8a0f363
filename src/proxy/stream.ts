import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { SocketError } from "../net/socket.ts";
import type { Backend } from "./backend.ts";
import { closeIdle } from "./runtime.ts";
import type { Server } from "./server.ts";
import { ServerConnection } from "./server-connection.ts";
import { StreamAssignment } from "./stream-assignment.ts";
import {
  type AssignFailure,
  CONNECTED,
  CONNECTING,
  ENDED,
  localErrors,
  portErrors,
  PORTLESS,
  QUEUED,
  type Reuse,
  TURNAROUND,
  turnaroundTime,
  UNASSIGNED,
} from "./stream-state.ts";

/**
 * A stream's way from a server's slot (see stream-assignment.ts) to a connection, with retries and
 * redispatch. What passes over the connection is for http-stream.ts and tcp-session.ts, which
 * extend this. It is also the time-out of its server's side.
 */
export abstract class Stream extends StreamAssignment {
  connection: ServerConnection | null = null;
  retriesLeft = 0;
  /** For the log: failed attempts. */
  retries = 0;
  /** Local ports that turned out not to be free. */
  #portsTried = 0;

  /** For the log, on the clock's scale; -1: not reached. */
  connectedAt = -1;

  /** Both ends of the client's connection, for who passes them on. */
  abstract readonly addresses: Addresses;
  /** What an idle connection is good for: see {@linkcode Reuse}. */
  protected abstract get reuse(): Reuse;
  /**
   * Sends what there is to send if the connection stands already, as over loopback it often does.
   * @returns whether it does
   */
  protected abstract sendEarly(connection: ServerConnection): boolean;
  /** The connection is ready. */
  protected abstract begin(connection: ServerConnection): void;
  /** There will be no connection. The server, if any, has been let go. */
  protected abstract failed(failure: AssignFailure): void;
  /** The time-out ran out while connected. */
  protected abstract timedOut(): void;

  abstract serverData(connection: ServerConnection, bytes: Uint8Array): void;
  abstract serverDrained(): void;
  abstract serverEnded(connection: ServerConnection): void;
  /** The connection broke after it was ready. */
  protected abstract serverBroke(connection: ServerConnection): void;

  /** Starts on the way to a server of `backend`; `server` if a cookie named it. */
  protected start(backend: Backend, server: Server | null): void {
    const load = this.startRefused(backend);
    this.direct = server !== null;
    // Before itself, those that came before it.
    backend.loadRose(load);
    this.assign(server);
  }

  /** Starts a stream that is counted in `backend`, but not to be served. @returns its streams now */
  protected startRefused(backend: Backend): number {
    const load = this.enter(backend);
    this.retriesLeft = backend.config.retries;
    this.retries = this.#portsTried = 0;
    this.connection = null;
    this.connectedAt = -1;
    return load;
  }

  /** Ends the stream: whatever it holds is given back. A connection not released is closed. */
  protected end(): void {
    if (this.state === ENDED) return;
    this.state = ENDED;
    this.leaveQueue();
    this.backend.runtime.wheel.clear(this);
    this.dropConnection();
    this.backend.connections.decrease();
    this.leaveServer();
  }

  /**
   * The exchange with the server is over: leaves the connection to the pool if it can be used
   * again, and the server to others. The stream itself goes on.
   */
  protected releaseConnection(reusable: boolean): void {
    const { connection, server } = this;
    this.state = UNASSIGNED;
    this.leaveQueue();
    this.backend.runtime.wheel.clear(this);
    if (connection !== null && reusable && server!.serves && server!.pools) {
      this.connection = null;
      connection.stream = null;
      server!.addIdle(connection);
    } else {
      this.dropConnection();
    }
    this.leaveServer();
  }

  /** Closes the connection, if there is one. */
  protected dropConnection(): void {
    const { connection } = this;
    if (connection === null) return;
    this.connection = null;
    connection.stream = null;
    connection.close();
  }

  /** The connection broke, established or not. */
  serverClosed(connection: ServerConnection, error: SocketError): void {
    if (this.state === CONNECTED) {
      this.serverBroke(connection);
      return;
    }
    this.connection = null;
    const isPort = portErrors.has(error.code);
    const attempts = this.server!.sourcePorts?.attempts ?? 0;
    if (!localErrors.has(error.code)) this.#retry("connect failed");
    else if (isPort && ++this.#portsTried < attempts) this.#open(this.server!);
    else this.#exhausted(isPort ? "no free ports" : error.code);
  }

  /**
   * A reused connection died before it answered, which says nothing of the server: tries again at
   * once, on a new connection. The caller has made sure that all can be sent again.
   */
  protected replay(): void {
    this.connection = null;
    this.connectedAt = -1;
    this.#open(this.server!);
  }

  protected override connect(server: Server): void {
    const { reuse } = this;
    const idle = reuse === "none" ? null : server.takeIdle(reuse === "recent");
    if (idle === null) {
      this.#open(server);
      return;
    }
    idle.stream = this;
    this.connected(idle);
  }

  #open(server: Server): void {
    server.makeRoom();
    const { runtime, config } = this.backend;
    if (runtime.serverConnections.value >= runtime.maxconn) closeIdle(runtime);
    const port = server.sourcePorts === null ? 0 : server.takeSourcePort();
    if (port === 0 && server.sourcePorts !== null) {
      // Not at once: who fails lets the next one in, which would fail in its turn, and so on.
      this.state = PORTLESS;
      runtime.wheel.set(this, 0);
      return;
    }
    this.state = CONNECTING;
    this.connection = new ServerConnection(server, this, port);
    if (this.sendEarly(this.connection)) {
      this.connected(this.connection);
      return;
    }
    runtime.wheel.set(this, config.timeout.connect);
  }

  /** The connection is established. */
  connected(connection: ServerConnection): void {
    const { runtime } = this.backend;
    runtime.wheel.clear(this);
    this.connection = connection;
    this.state = CONNECTED;
    this.connectedAt = runtime.clock.now();
    connection.requests++;
    this.begin(connection);
  }

  /** After a failed attempt: the same server later, another one now, or none (manual: "retries"). */
  #retry(failure: AssignFailure): void {
    const { backend } = this;
    const server = this.server!;
    if (this.retriesLeft === 0) {
      this.fail(failure);
      return;
    }
    this.retriesLeft--;
    this.retries++;
    const { config, runtime } = backend;
    const leave = config.redispatch &&
      (this.retriesLeft === 0 || !server.up || (!this.direct && backend.choosesFreely));
    if (leave) this.changeServer();
    // Who waited for the connection has waited enough, and another server need not be waited for.
    if (failure === "connect timeout" || (leave && backend.choosesFreely)) {
      this.#again();
      return;
    }
    this.state = TURNAROUND;
    runtime.wheel.set(this, Math.min(turnaroundTime, config.timeout.connect ?? Infinity));
  }

  /**
   * This machine lacks what a connection takes, and will in a second, too: as in HAProxy all
   * attempts are over at once, and with "redispatch" the last one is with another server.
   */
  #exhausted(lack: string): void {
    const { config, runtime } = this.backend;
    runtime.log.event(config, "err", `Connect() failed for backend ${config.name}: ${lack}.`);
    const again = config.redispatch && this.retriesLeft > 0;
    this.retries += this.retriesLeft;
    this.retriesLeft = this.#portsTried = 0;
    if (!again) {
      this.fail("connect failed");
      return;
    }
    this.changeServer();
    this.#again();
  }

  /** The next attempt: with the same server, unless it has been left. */
  #again(): void {
    if (this.backend.config.abortonclose && this.clientGone) this.abort();
    else if (this.server !== null) this.connect(this.server);
    else this.assign(null);
  }

  protected override fail(failure: AssignFailure): void {
    this.state = UNASSIGNED;
    this.backend.runtime.wheel.clear(this);
    this.leaveServer();
    this.failed(failure);
  }

  /** The time-out of the server's side has run out. */
  override fire(): void {
    switch (this.state) {
      case QUEUED:
        if (this.giveUpWaiting()) this.fail("queue timeout");
        break;
      case CONNECTING:
        this.dropConnection();
        this.#retry("connect timeout");
        break;
      case TURNAROUND:
        this.#again();
        break;
      case PORTLESS:
        this.#exhausted("no free ports");
        break;
      case CONNECTED:
        this.timedOut();
        break;
    }
  }
}
