import type { SocketError } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Backend, Client } from "./backend.ts";
import type { Queue, Queued } from "./queue.ts";
import type { Server } from "./server.ts";
import { ServerConnection } from "./server-connection.ts";
import {
  type AssignFailure,
  CONNECTED,
  CONNECTING,
  ENDED,
  localErrors,
  QUEUED,
  type Reuse,
  TURNAROUND,
  turnaroundTime,
  UNASSIGNED,
} from "./stream-state.ts";

/**
 * A stream's way to a server: assignment, queue, connection, retries and redispatch. What passes
 * over the connection is for http-stream.ts and tcp-session.ts, which extend this.
 * It is also the time-out of its server's side.
 */
export abstract class Stream extends Timer implements Queued<Stream>, Client {
  state = ENDED;
  backend!: Backend;
  /** The server whose slot the stream holds. */
  server: Server | null = null;
  /** For the log: the server that it was assigned to last, or waited for. */
  servedBy: Server | null = null;
  connection: ServerConnection | null = null;
  /** The server is the one that the client's cookie named. */
  direct = false;
  retriesLeft = 0;
  /** For the log: failed attempts, and whether the server was changed after one. */
  retries = 0;
  redispatched = false;
  /** The server to pass over at the next choice, after it failed. */
  #avoid: Server | null = null;

  // the queue's links, and the order of arrival
  queue: Queue<Stream> | null = null;
  queueNext: Stream | null = null;
  queuePrevious: Stream | null = null;
  queuedSince = 0;
  /** For the log: its place in the server's queue and in the backend's, from 1; 0: not queued. */
  srvQueue = 0;
  backendQueue = 0;

  /** For the log, on the clock's scale; -1: not reached. */
  queuedAt = -1;
  assignedAt = -1;
  connectedAt = -1;

  abstract get clientAddress(): string;
  abstract get clientPort(): number;
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
    this.startRefused(backend);
    this.direct = server !== null;
    this.#assign(server);
  }

  /** Starts a stream that is counted in `backend`, but not to be served. */
  protected startRefused(backend: Backend): void {
    this.backend = backend;
    this.state = UNASSIGNED;
    this.retriesLeft = backend.config.retries;
    this.retries = this.srvQueue = this.backendQueue = 0;
    this.redispatched = this.direct = false;
    this.server =
      this.servedBy =
      this.#avoid =
      this.connection =
        null;
    this.assignedAt = this.connectedAt = -1;
    this.queuedAt = backend.runtime.clock.now();
    backend.connections++;
    backend.runtime.activity++;
  }

  /** Ends the stream: whatever it holds is given back. A connection not released is closed. */
  protected end(): void {
    if (this.state === ENDED) return;
    this.state = ENDED;
    this.queue?.remove(this);
    this.backend.runtime.wheel.clear(this);
    this.dropConnection();
    this.backend.connections--;
    this.#leaveServer();
  }

  /**
   * The exchange with the server is over: leaves the connection to the pool if it can be used
   * again, and the server to others. The stream itself goes on.
   */
  protected releaseConnection(reusable: boolean): void {
    const { connection, server } = this;
    this.state = UNASSIGNED;
    this.queue?.remove(this);
    this.backend.runtime.wheel.clear(this);
    if (connection !== null && reusable && server!.serves && server!.pools) {
      this.connection = null;
      connection.stream = null;
      server!.addIdle(connection);
    } else {
      this.dropConnection();
    }
    this.#leaveServer();
  }

  /** Closes the connection, if there is one. */
  protected dropConnection(): void {
    const { connection } = this;
    if (connection === null) return;
    this.connection = null;
    connection.stream = null;
    connection.close();
  }

  /** The server went down while this stream waited for it: chooses again. */
  reassign(): void {
    this.direct = false;
    this.#assign(null);
  }

  /** The connection broke, established or not. */
  serverClosed(connection: ServerConnection, error: SocketError): void {
    if (this.state === CONNECTED) {
      this.serverBroke(connection);
      return;
    }
    this.connection = null;
    // What this machine cannot do it cannot do in a second either.
    if (localErrors.has(error.code)) this.#fail("connect failed");
    else this.#retry("connect failed");
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

  #assign(wanted: Server | null): void {
    const { backend } = this;
    const server = wanted ?? backend.choose(this, this.#avoid);
    if (server !== null && !server.full) {
      this.take(server);
    } else if (server !== null) {
      this.#choose(server);
      this.#wait(server.queue);
      this.srvQueue = server.queue.length;
    } else if (backend.active.length > 0) {
      this.#wait(backend.queue);
      this.backendQueue = backend.queue.length;
    } else {
      this.#fail("no server");
    }
  }

  #wait(queue: Queue<Stream>): void {
    const { runtime, config } = this.backend;
    this.state = QUEUED;
    this.queuedSince = runtime.clock.now();
    queue.push(this);
    runtime.wheel.set(this, config.timeout.queue ?? config.timeout.connect);
  }

  #choose(server: Server): void {
    if (this.servedBy !== null && this.servedBy !== server) this.redispatched = true;
    this.servedBy = server;
  }

  /** Takes a slot of `server`, which is free for this stream. */
  take(server: Server): void {
    this.#choose(server);
    this.server = server;
    this.assignedAt = this.backend.runtime.clock.now();
    this.backend.take(server);
    this.#connect(server);
  }

  #leaveServer(): void {
    const { server } = this;
    this.server = null;
    if (server !== null) this.backend.release(server);
  }

  #connect(server: Server): void {
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
    const { maxconn } = server.config;
    // Idle connections occupy the server too: with them it must not hold more than its limit.
    if (maxconn > 0 && server.current + server.idle > maxconn) server.closeOldestIdle();
    const { runtime, config } = this.backend;
    if (runtime.serverConnections >= runtime.maxconn) runtime.closeIdle();
    this.state = CONNECTING;
    this.connection = new ServerConnection(server, this);
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
      this.#fail(failure);
      return;
    }
    this.retriesLeft--;
    this.retries++;
    const { config, runtime } = backend;
    const leave = config.redispatch &&
      (this.retriesLeft === 0 || !server.up || (!this.direct && backend.choosesFreely));
    if (leave) {
      this.#avoid = server;
      this.direct = false;
      this.#leaveServer();
    }
    // Who waited for the connection has waited enough, and another server need not be waited for.
    if (failure === "connect timeout" || (leave && backend.choosesFreely)) {
      this.#again();
      return;
    }
    this.state = TURNAROUND;
    runtime.wheel.set(this, Math.min(turnaroundTime, config.timeout.connect ?? Infinity));
  }

  /** The next attempt: with the same server, unless it has been left. */
  #again(): void {
    if (this.server !== null) this.#connect(this.server);
    else this.#assign(null);
  }

  #fail(failure: AssignFailure): void {
    this.state = UNASSIGNED;
    this.backend.runtime.wheel.clear(this);
    this.#leaveServer();
    this.failed(failure);
  }

  /** The time-out of the server's side has run out. */
  override fire(): void {
    switch (this.state) {
      case QUEUED:
        this.queue?.remove(this);
        this.assignedAt = this.backend.runtime.clock.now();
        this.#fail("queue timeout");
        break;
      case CONNECTING:
        this.dropConnection();
        this.#retry("connect timeout");
        break;
      case TURNAROUND:
        this.#again();
        break;
      case CONNECTED:
        this.timedOut();
        break;
    }
  }
}
