import type { Socket, SocketEvents } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Frontend } from "./frontend.ts";
import { Outlet } from "./outlet.ts";
import type { ServerConnection } from "./server-connection.ts";
import type { Listed } from "./session-list.ts";
import { logTcpSession } from "./session-log.ts";
import { Stream } from "./stream.ts";
import {
  type AssignFailure,
  CONNECTED,
  failureStates,
  QUEUED,
  type Reuse,
} from "./stream-state.ts";

/** A relay of bytes between a client and a server (manual: "mode tcp"). */
export class TcpSession extends Stream implements SocketEvents, Listed {
  place = -1;
  readonly out: Outlet;
  readonly acceptedAt: number;
  readonly startedAt: number;
  readonly remotePort: number;
  /** Bytes sent to the client. */
  bytes = 0;
  #clientEnded = false;
  #serverEnded = false;
  #over = false;
  readonly #clientTimer = new ClientTimer(this);
  readonly #address: string;

  constructor(readonly socket: Socket, readonly frontend: Frontend) {
    super();
    this.out = new Outlet(socket);
    const { clock } = frontend.runtime;
    this.acceptedAt = clock.wall();
    this.startedAt = clock.now();
    this.#address = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    // The client's bytes wait in the kernel until there is a server to take them.
    socket.pause();
    // Once the acceptor has it: a failure ends the session, and nothing must end before it begins.
    queueMicrotask(() => {
      if (!this.#over) this.start(frontend.backend, null);
    });
  }

  override get clientAddress(): string {
    return this.#address;
  }
  override get clientPort(): number {
    return this.socket.localPort;
  }
  protected override get reuse(): Reuse {
    return "none";
  }

  protected override sendEarly(): boolean {
    return false;
  }
  protected override begin(): void {
    this.socket.resume();
    this.#arm();
  }

  protected override failed(failure: AssignFailure): void {
    this.#finish(failureStates[failure]);
  }

  // ---- the client's side ----

  opened(): void {}
  data(_socket: Socket, bytes: Uint8Array): void {
    const { connection } = this;
    if (connection === null) return;
    if (!connection.out.push(bytes, 0, bytes.length, this.socket)) this.socket.pause();
    this.#arm();
  }
  drain(): void {
    if (!this.out.flush()) return;
    if (this.#serverEnded) this.socket.shutdown();
    else this.connection?.socket.resume();
    this.#arm();
  }
  ended(): void {
    this.#clientEnded = true;
    if (this.#serverEnded && this.out.empty) this.#finish("--");
    else if (this.connection?.out.empty) this.connection.socket.shutdown();
    this.#arm();
  }
  closed(): void {
    this.#finish(this.#phase("C"));
  }
  /** The client has been silent for too long. */
  clientTimedOut(): void {
    this.#finish("cD");
  }

  // ---- the server's side ----

  override serverData(connection: ServerConnection, bytes: Uint8Array): void {
    this.bytes += bytes.length;
    if (!this.out.push(bytes, 0, bytes.length, connection.socket)) connection.socket.pause();
    this.#arm();
  }
  override serverDrained(): void {
    if (this.#clientEnded) this.connection!.socket.shutdown();
    else this.socket.resume();
    this.#arm();
  }
  override serverEnded(): void {
    this.#serverEnded = true;
    if (this.#clientEnded && this.connection!.out.empty) this.#finish("--");
    else if (this.out.empty) this.socket.shutdown();
    this.#arm();
  }
  protected override serverBroke(): void {
    this.#finish(this.#phase("S"));
  }
  protected override timedOut(): void {
    this.#finish("sD");
  }

  #phase(who: string): string {
    return who + (this.state === CONNECTED ? "D" : this.state === QUEUED ? "Q" : "C");
  }

  /** Sets the time-outs of both sides: who has half-closed owes only to take what is for it. */
  #arm(): void {
    if (this.state !== CONNECTED) return;
    const { wheel } = this.frontend.runtime;
    const client = !this.#clientEnded || !this.out.empty;
    const server = !this.#serverEnded || !this.connection!.out.empty;
    wheel.set(this.#clientTimer, client ? this.frontend.timeouts.client : null);
    wheel.set(this, server ? this.backend.config.timeout.server : null);
  }

  #finish(termination: string): void {
    if (this.#over) return;
    this.#over = true;
    const { wheel } = this.frontend.runtime;
    if (this.frontend.logs && this.backend !== undefined) logTcpSession(this, termination);
    this.end();
    wheel.remove(this);
    wheel.remove(this.#clientTimer);
    if (termination === "--" || this.out.empty && termination[0] !== "S") this.socket.close();
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
}
