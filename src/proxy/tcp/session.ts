import { manyAtOnce } from "../../http/h1/content.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../../net/socket.ts";
import { Timer } from "../../time/wheel.ts";
import type { Backend } from "../backend.ts";
import type { Frontend } from "../frontend.ts";
import type { Server } from "../server.ts";
import type { Listed } from "../session-list.ts";
import { logTcpSession } from "../session-log.ts";
import { Assignment } from "../stream/assignment.ts";
import { Connector, type ConnectorOwner } from "../stream/connector.ts";
import { type Failure, failureStates } from "../stream/failure.ts";
import { keepAfter, Outlet, type Passing } from "../stream/outlet.ts";
import type { ConnectionUser, ServerConnection } from "../stream/server-connection.ts";

/** Bytes that are read from a client before there is a server; more waits in the kernel. */
const earlyLimit = 16384;
const nothing = new Uint8Array(0);
/** A connection to the server that was begun so short a time ago, ms, may well stand in a moment. */
const aMoment = 20;

/**
 * A relay of bytes between a client and a server (manual: "mode tcp"). It is also the time-out of the
 * server's side.
 */
export class TcpSession extends Timer
  implements SocketEvents, Listed, ConnectorOwner, ConnectionUser, Passing {
  place = -1;
  readonly assignment = new Assignment(this);
  readonly connector = new Connector(this, this.assignment);
  readonly backend: Backend;
  readonly out: Outlet;
  readonly acceptedAt: number;
  readonly startedAt: number;
  readonly remotePort: number;
  readonly clientAddress: string;
  #connection: ServerConnection | null = null;
  /** Bytes sent to the client. */
  bytes = 0;
  #clientEnded = false;
  #serverEnded = false;
  /** What the client sent before there was a server to take it. */
  #early: Uint8Array | null = null;
  /** It has come to its backend. */
  #started = false;
  #over = false;
  /** For the log: what ended the session first. A time-out only ends a side of it. */
  #termination: string | null = null;
  readonly #clientTimer = new ClientTimer(this);

  /** @param addresses the client's: of the socket, or of a PROXY header that came over it */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
  ) {
    super();
    this.out = new Outlet(socket);
    this.backend = frontend.route.backend;
    const { clock } = frontend.runtime;
    this.acceptedAt = clock.wall();
    this.startedAt = clock.now();
    this.clientAddress = addresses.remoteAddress;
    this.remotePort = addresses.remotePort;
    // Once the acceptor has it: a failure ends the session, and nothing must end before it begins.
    queueMicrotask(() => {
      if (this.#over) return;
      try {
        this.#start();
        if (this.#clientEnded) this.#endedEarly();
      } catch (error) {
        frontend.runtime.fault(error, this);
      }
    });
  }

  get clientPort(): number {
    return this.addresses.localPort;
  }
  clientGone(): boolean {
    return this.socket.peerGone();
  }

  #start(): void {
    this.#started = true;
    const { assignment, backend, connector } = this;
    connector.begin(backend.config.retries);
    const load = assignment.enter(backend);
    // Before itself, those that came before it.
    backend.loadRose(load);
    assignment.assign(null);
  }

  onAssigned(server: Server): void {
    this.connector.connect(server);
  }
  onFailed(failure: Failure): void {
    this.#finish(failureStates[failure]);
  }
  onClientGone(queued: boolean): void {
    this.#finish(queued ? "CQ" : "CC");
  }
  reusable(): null {
    return null;
  }
  sendEarly(): boolean {
    return false;
  }
  onConnected(connection: ServerConnection): void {
    connection.user = this;
    this.#connection = connection;
    const early = this.#early ?? nothing;
    this.#early = null;
    if (connection.sendFirst(early, 0, early.length)) {
      if (this.#clientEnded) connection.socket.shutdown();
      this.socket.resume();
    } else {
      this.socket.pause();
    }
    this.#arm();
  }

  // ---- the client's side ----

  opened(): void {}
  data(_socket: Socket, bytes: Uint8Array): void {
    const connection = this.#connection;
    if (connection === null) {
      this.#early = keepAfter(this.#early, bytes, 0, bytes.length, this.socket);
      if (this.#early.length >= earlyLimit) this.socket.pause();
      return;
    }
    if (!connection.out.push(bytes, 0, bytes.length, this.socket)) this.socket.pause();
    else if (bytes.length >= manyAtOnce && this.frontend.route.splice.request) {
      connection.out.splice(this.socket, Infinity, this);
    }
    this.#arm();
  }
  drain(): void {
    if (this.out.empty || !this.out.flush()) return;
    if (this.#serverEnded) this.#passEnds();
    else this.#connection?.socket.resume();
    this.#arm();
  }
  ended(): void {
    this.#clientEnded = true;
    if (this.#connection !== null) this.#passEnds();
    else if (this.#started) this.#endedEarly();
  }
  /**
   * Before there is a server: who said nothing and will say nothing has gone, as in HAProxy; but for
   * one who ended as soon as he came, and may have come to listen.
   */
  #endedEarly(): void {
    const { config, runtime } = this.backend;
    const comes = this.connector.connecting && runtime.clock.now() - this.startedAt < aMoment;
    if (config.abortonclose || (this.#early === null && !comes)) {
      this.onClientGone(this.assignment.queued);
    }
  }
  closed(): void {
    this.#finish(this.#phase("C"));
  }
  override abandon(): void {
    this.#termination = "ID";
    this.#finish("ID");
  }
  /** It goes on until it ends by itself. */
  softStop(): void {}

  /**
   * The client does not take what is for it; or it has been silent for too long, and counts as one
   * that has ended: the server may still have something to say, as in HAProxy.
   */
  clientTimedOut(): void {
    this.#termination ??= "cD";
    if (!this.out.empty) {
      this.#finish("cD");
      return;
    }
    this.socket.pause();
    this.ended();
  }

  /** Bytes of either side have passed without being seen. */
  passed(source: Socket, count: number): void {
    if (source !== this.socket) this.bytes += count;
    this.#arm();
  }

  // ---- the server's side ----

  onOpened(): void {}
  onData(connection: ServerConnection, bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!this.out.push(bytes, 0, bytes.length, connection.socket)) connection.socket.pause();
    else if (bytes.length >= manyAtOnce && this.frontend.route.splice.response) {
      this.out.splice(connection.socket, Infinity, this);
    }
    this.#arm();
  }
  onDrained(): void {
    if (this.#clientEnded) this.#passEnds();
    else this.socket.resume();
    this.#arm();
  }
  onEnded(): void {
    this.#serverEnded = true;
    this.#passEnds();
  }
  onClosed(): void {
    this.#finish(this.#phase("S"));
  }
  /** As {@linkcode clientTimedOut}, of the server. */
  override fire(): void {
    this.#termination ??= "sD";
    const { out, socket } = this.#connection!;
    if (!out.empty) {
      this.#finish("sD");
      return;
    }
    socket.pause();
    this.onEnded();
  }

  /** Passes each side's end on, after what waits, and sees when both have ended. */
  #passEnds(): void {
    const { out, socket } = this.#connection!;
    const { wheel } = this.frontend.runtime;
    if (this.#clientEnded && out.empty) socket.shutdown();
    if (this.#serverEnded && this.out.empty) this.socket.shutdown();
    if (this.#clientEnded && this.out.empty) wheel.clear(this.#clientTimer);
    if (this.#serverEnded && out.empty) wheel.clear(this);
    if (this.#clientEnded && this.#serverEnded && out.empty && this.out.empty) this.#finish("--");
  }

  #phase(who: string): string {
    if (this.#connection !== null) return `${who}D`;
    return who + (this.assignment.queued ? "Q" : "C");
  }

  /**
   * Sets the time-outs of both sides, something having moved. Each owes to take what is for it; and
   * to say something, unless it has half-closed, or nothing is read because the other is behind.
   */
  #arm(): void {
    if (this.#connection === null) return;
    const { wheel } = this.frontend.runtime;
    const forClient = !this.out.empty;
    const forServer = !this.#connection.out.empty;
    const client = forClient || (!this.#clientEnded && !forServer);
    const server = forServer || (!this.#serverEnded && !forClient);
    wheel.set(this.#clientTimer, client ? this.frontend.timeouts.client : null);
    wheel.set(this, server ? this.backend.config.timeout.server : null);
  }

  #finish(last: string): void {
    if (this.#over) return;
    this.#over = true;
    const termination = this.#termination ?? last;
    this.#early = null;
    this.assignment.leaveQueue();
    const { wheel } = this.frontend.runtime;
    try {
      if (this.frontend.logs && this.#started) logTcpSession(this, termination);
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    this.connector.stop();
    const connection = this.#connection;
    this.#connection = null;
    if (connection !== null) {
      connection.user = null;
      // What breaks off ends with a reset, so that the server does not take it for whole.
      if (last === "--") connection.close();
      else connection.reset();
    }
    this.assignment.leave();
    wheel.remove(this.assignment);
    wheel.remove(this.connector);
    wheel.remove(this);
    wheel.remove(this.#clientTimer);
    // What breaks off ends with a reset, so that nobody takes it for whole.
    if (this.out.empty && termination !== "SD" && termination !== "ID") this.socket.close();
    else this.socket.reset();
    this.frontend.sessionEnded(this);
  }
}

class ClientTimer extends Timer {
  constructor(readonly session: TcpSession) {
    super();
  }
  override fire(): void {
    this.session.clientTimedOut();
  }
  override abandon(): void {
    this.session.abandon();
  }
}
