import { manyAtOnce } from "../../http/h1/content.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { TlsFacts } from "../../net/tls/facts.ts";
import type { Socket } from "../../net/socket.ts";
import {
  noPriority,
  type Priority,
  type ProxyFacts,
  type ServerConnectionFacts,
  type ServerFacts,
} from "../../expr/context.ts";
import type { LogRecord } from "../../log/record.ts";
import { CONTINUE, END, WAIT } from "../../rules/verdict.ts";
import type { Route } from "../route.ts";
import { SessionState, unnamedListener } from "../rules/session.ts";
import { Sticking } from "../stick.ts";
import type { RuleContext } from "../rules/context.ts";
import { serverByRule } from "../rules/switching.ts";
import { type RuledSession, TcpRules } from "./rules.ts";
import { Timer } from "../../time/wheel.ts";
import type { Backend } from "../backend.ts";
import { countStream, type EndedStream } from "../counting.ts";
import type { Frontend } from "../frontend.ts";
import type { Server } from "../server.ts";
import { type KillCause, remaining, type Session } from "../session-list.ts";
import { fillSession, logTcpSession } from "../session-log.ts";
import { Assignment } from "../stream/assignment.ts";
import { Connector, type ConnectorOwner } from "../stream/connector.ts";
import { type Failure, failureStates } from "../stream/failure.ts";
import { LateReset } from "../stream/linger.ts";
import { tunnelClient, tunnelServer } from "../stream/tunnel-timeouts.ts";
import { type BufferOwner, retainAfter, type SpliceOwner } from "../stream/send-buffer.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import {
  type RelayEvents,
  TcpClientEndpoint,
  type TcpEndpoint,
  TcpServerEndpoint,
} from "./endpoint.ts";

/** Bytes that are read from a client before there is a server; more waits in the kernel. */
const earlyLimit = 16384;
const nothing = new Uint8Array(0);
/**
 * A connection to the server that was begun so short a time ago, ms, may well stand in a moment.
 */
const aMoment = 20;

/**
 * A relay of bytes between a client and a server (manual: "mode tcp"). It is also the time-out of
 * the server's side.
 */
export class TcpSession extends Timer
  implements Session, ConnectorOwner, RelayEvents, SpliceOwner, EndedStream, RuledSession {
  place = -1;
  serial = 0;
  readonly assignment = new Assignment(this);
  readonly connector = new Connector(this, this.assignment);
  /** Its way to a backend: rules may give it another one. */
  route: Route;
  readonly #rules: TcpRules | null;
  readonly client: TcpClientEndpoint;
  readonly acceptedAt: number;
  readonly startedAt: number;
  readonly remotePort: number;
  readonly clientAddress: string;
  #server: TcpServerEndpoint | null = null;
  /** Bytes sent to the client, and come from it. */
  bytes = 0;
  received = 0;
  #clientEnded = false;
  #serverEnded = false;
  /** What the client sent before there was a server to take it. */
  #early: Uint8Array | null = null;
  /** It has come to its backend. */
  #started = false;
  #over = false;
  /** It has been logged before its end. */
  #logged = false;
  /** The server broke: the client still takes what came of it; null: not so. */
  #late: LateReset | null = null;
  /** For the log: what ended the session first. A time-out only ends a side of it. */
  #termination: string | null = null;
  readonly #clientTimer = new ClientTimer(this);
  /** What the server has sent, while rules wait for more of it; null: they do not. */
  #inspected: Uint8Array | null = null;
  readonly #responseTimer = new ResponseTimer(this);

  /** @param addresses the client's: of the socket, or of a PROXY header that came over it */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
    state: SessionState | null = null,
  ) {
    super();
    this.#state = state;
    this.client = new TcpClientEndpoint(socket, this);
    this.route = frontend.route;
    this.#rules = frontend.evaluates || frontend.rules.tcpResponse !== null ||
        this.route.backend.rules.tcpResponse !== null
      ? new TcpRules(this)
      : null;
    const { clock } = frontend.runtime;
    this.acceptedAt = clock.wall();
    this.startedAt = clock.now();
    this.clientAddress = addresses.remoteAddress;
    this.remotePort = addresses.remotePort;
    // Once the acceptor has it: a failure ends the session, and nothing must end before it begins.
    queueMicrotask(() => {
      if (this.#over) return;
      try {
        this.#advance();
        if (this.#clientEnded && this.#started) this.#endedEarly();
      } catch (error) {
        frontend.runtime.fault(error, this);
      }
    });
  }

  get sent(): number {
    return this.bytes;
  }
  get reached(): Backend | null {
    return this.assignment.entered ? this.backend : null;
  }
  get servedBy(): Server | null {
    return this.assignment.servedBy;
  }
  get queueTime(): number {
    return this.assignment.assignedAt - this.assignment.queuedAt;
  }
  get connectTime(): number {
    return this.connector.connectedAt - this.assignment.assignedAt;
  }
  readonly responseTime = -1;
  get totalTime(): number {
    return this.backend.runtime.clock.now() - this.startedAt;
  }

  // ---- what rules ask and do ----

  get state(): SessionState {
    return this.#state ??= new SessionState(unnamedListener);
  }
  #state: SessionState | null;
  get backendFacts(): ProxyFacts | null {
    return this.#started ? this.backend.facts : null;
  }
  get serverFacts(): ServerFacts | null {
    return this.assignment.servedBy?.facts ?? null;
  }
  get serverConnection(): ServerConnectionFacts | null {
    const socket = this.#server?.socket ?? null;
    return socket === null ? null : { addresses: socket, socket };
  }
  get ruleContext(): RuleContext | null {
    return this.#rules?.context ?? null;
  }
  get destination(): string {
    return this.#started ? this.backend.config.name : this.frontend.config.name;
  }
  logRecord(): LogRecord {
    return fillSession(this, this.#termination ?? "--");
  }
  rejectedByRule(silent: boolean): void {
    this.#silent = silent;
    this.denied = true;
    this.#finish(this.#inspected === null ? "PR" : "PD");
  }
  #silent = false;
  /** A rule has denied it. */
  denied = false;
  wait(ms: number): void {
    this.frontend.runtime.wheel.set(this, ms);
  }

  resume(): void {
    if (!this.#over && this.#rules!.waits) this.#advance();
  }

  get clientPort(): number {
    return this.addresses.localPort;
  }
  get requestHead(): null {
    return null;
  }
  get clientTls(): TlsFacts | null {
    return this.socket.tls ?? null;
  }
  get priority(): Priority {
    return this.#rules?.context.priority ?? noPriority;
  }
  clientGone(): boolean {
    return this.socket.peerGone();
  }

  get backend(): Backend {
    return this.route.backend;
  }

  /** Evaluates rules, as far as they go now; a session that they let pass goes on its way. */
  #advance(): void {
    const rules = this.#rules;
    if (rules !== null) {
      const { early } = this;
      const full = early.length >= earlyLimit;
      this.assignment.prepare(this.backend);
      const verdict = rules.run(early, this.#clientEnded || full);
      if (verdict !== CONTINUE) return;
      this.frontend.runtime.wheel.clear(this);
    }
    this.#start();
  }
  get early(): Uint8Array {
    return this.#early ?? nothing;
  }

  #start(): void {
    this.#started = true;
    const { assignment, backend, connector } = this;
    connector.begin(backend.config.retries);
    const load = assignment.enter(backend);
    // Before itself, those that came before it.
    backend.loadRose(load);
    const content = this.#early ?? nothing;
    if (backend.hashesRequest) {
      const message = { head: null, bytes: nothing, content, from: 0, to: content.length };
      assignment.key = backend.requestKey(message);
    }
    const { useServer } = backend.rules;
    const context = this.#rules?.context ?? null;
    if (context !== null && !backend.hashesRequest) assignment.key = backend.sampleKey(context);
    const named = useServer === null || context === null
      ? null
      : serverByRule(useServer, backend, context);
    const wanted = named ?? backend.rdpServer(content);
    const { stick } = backend.rules;
    const stuck = stick === null || context === null
      ? null
      : (this.#sticking ??= new Sticking()).ofRequest(stick, backend, context, wanted === null);
    const server = stuck ?? wanted;
    assignment.direct = server !== null;
    assignment.assign(server);
  }

  #sticking: Sticking | null = null;
  /** Notes which server the client sticks to, when that has answered. */
  #stick(bytes: Uint8Array): void {
    const { stick } = this.backend.rules;
    const { server } = this.assignment;
    const sticking = this.#sticking;
    if (stick === null || server === null || this.#rules === null || sticking === null) return;
    this.#rules.showResponse(bytes);
    sticking.ofResponse(stick, this.#rules.context);
    sticking.store(server, this.frontend.runtime.tables.serverKeys);
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
    const server = this.#server = new TcpServerEndpoint(connection, this);
    if (this.frontend.config.logasap && this.frontend.logs) {
      this.#logged = true;
      logTcpSession(this, "--", true);
    }
    const early = this.#early ?? nothing;
    this.#early = null;
    if (connection.sendFirst(early, 0, early.length)) {
      if (this.#clientEnded) server.shutdown();
      this.client.resume();
    } else {
      this.client.pause();
    }
    this.#arm();
    if (this.#rules !== null && this.backend.rules.tcpResponse !== null) {
      this.#rules.responseIsFinal = this.backend.config.tcpResponseDelay === null;
      this.#inspected = nothing;
      this.#inspect();
    }
  }

  // ---- from both sides ----

  onContent(side: TcpEndpoint, bytes: Uint8Array, owner: BufferOwner): void {
    const { client } = this;
    const server = this.#server;
    if (this.#late !== null) return;
    if (side === client) this.received += bytes.length;
    if (server === null) {
      this.#early = retainAfter(this.#early, bytes, 0, bytes.length, owner);
      if (this.#early.length >= earlyLimit) client.pause();
      if (this.#rules?.waits) this.#advance();
      return;
    }
    const fromClient = side === client;
    const to = fromClient ? server : client;
    if (!fromClient && this.#inspected !== null) {
      const held = this.#inspected.length === 0 ? null : this.#inspected;
      this.#inspected = retainAfter(held, bytes, 0, bytes.length, owner);
      return this.#inspect();
    }
    this.#pass(side, to, fromClient, bytes, owner);
  }

  /** Evaluates rules for what the server has sent; what they let pass goes to the client. */
  #inspect(): void {
    const rules = this.#rules!;
    const held = this.#inspected!;
    const { wheel } = this.frontend.runtime;
    const full = held.length >= earlyLimit;
    const verdict = rules.respond(held, this.#serverEnded || full);
    if (verdict === WAIT) {
      if (this.#responseTimer.deadline === Infinity) {
        wheel.set(this.#responseTimer, this.backend.config.tcpResponseDelay);
      }
      return this.#arm();
    }
    if (verdict === END) return;
    wheel.clear(this.#responseTimer);
    this.#inspected = null;
    if (held.length > 0) this.#pass(this.#server!, this.client, false, held, null);
  }
  responseTimeIsUp(): void {
    this.#rules!.responseIsFinal = true;
    this.#inspect();
  }

  #pass(
    side: TcpEndpoint,
    to: TcpEndpoint,
    fromClient: boolean,
    bytes: Uint8Array,
    owner: BufferOwner | null,
  ): void {
    if (!fromClient && this.bytes === 0 && this.backend.rules.stick !== null) this.#stick(bytes);
    if (!fromClient) this.bytes += bytes.length;
    const { splice } = this.route;
    if (!to.sendContent(bytes, 0, bytes.length, owner)) side.pause();
    else if (bytes.length >= manyAtOnce && (fromClient ? splice.request : splice.response)) {
      to.spliceFrom(side.socket, Infinity, this);
    }
    this.#arm();
  }

  onDrained(side: TcpEndpoint): void {
    const toClient = side === this.client;
    if (this.#late !== null) return this.#resetLate(this.#late);
    if (toClient ? this.#serverEnded : this.#clientEnded) this.#passEnds();
    else if (toClient) this.#server?.resume();
    else this.client.resume();
    this.#arm();
  }

  onEnded(side: TcpEndpoint): void {
    if (side === this.client) this.#clientEnded = true;
    else this.#serverEnded = true;
    if (side !== this.client && this.#inspected !== null) this.#inspect();
    if (this.#over) return;
    if (this.#server !== null) this.#passEnds();
    else if (this.#rules?.waits) this.#advance();
    else if (this.#started && this.#late === null) this.#endedEarly();
  }

  onClosed(side: TcpEndpoint): void {
    if (side === this.client) this.closed();
    else this.#serverBroke();
  }

  /** What came from the server still goes to the client; then a reset, so that it is not taken for whole. */
  #serverBroke(): void {
    const { client, frontend } = this;
    this.#termination ??= this.#phase("S");
    this.#server!.release(false);
    this.#server = null;
    this.assignment.releaseServer();
    frontend.runtime.wheel.clear(this);
    client.out.sourceGone();
    client.pause();
    this.#late = new LateReset(this.socket, frontend.timeouts.client);
    if (client.empty) this.#resetLate(this.#late);
    else frontend.runtime.wheel.set(this.#clientTimer, frontend.timeouts.client);
  }

  #resetLate(late: LateReset): void {
    const { wheel, clock } = this.frontend.runtime;
    const wait = late.next(clock.now());
    if (wait > 0) wheel.set(this.#clientTimer, wait);
    else this.#finish("SD");
  }

  /**
   * Before there is a server: a client that has half-closed without sending anything counts as
   * gone, as in HAProxy; except one that half-closed at once, and may only want to receive.
   */
  #endedEarly(): void {
    const { config, runtime } = this.backend;
    const comes = this.connector.connecting && runtime.clock.now() - this.startedAt < aMoment;
    if (config.abortonclose || (this.#early === null && !comes)) {
      this.onClientGone(this.assignment.queued);
    }
  }
  override abandon(): void {
    this.#termination = "ID";
    this.#finish("ID");
  }
  closed(): void {
    this.#finish(this.#phase("C"));
  }
  facts(): ReturnType<Session["facts"]> {
    const { assignment, backend, frontend, bytes, received } = this;
    const now = frontend.runtime.clock.now();
    return {
      protocol: this.clientAddress === "" ? "unix_stream" : "tcpv4",
      source: `${this.clientAddress || "unix"}:${this.remotePort}`,
      frontend: frontend.config.name,
      backend: this.#started ? backend.config.name : null,
      server: assignment.servedBy?.name ?? null,
      age: now - this.startedAt,
      requests: 1,
      received,
      sent: bytes,
      expires: remaining(Math.min(this.deadline, this.#clientTimer.deadline), now),
      queued: assignment.queued,
    };
  }
  kill(server: object | null, cause: KillCause): void {
    if (server !== null && this.assignment.server !== server) return;
    this.#termination = cause === "K" ? this.#phase(cause) : `${cause}-`;
    this.#finish(this.#termination);
  }
  /** It goes on until it ends by itself. */
  softStop(): void {}

  /**
   * A side does not read what is sent to it; or it has been silent for too long, and counts as one
   * that has ended: the other may still send something, as in HAProxy.
   */
  #timedOut(side: TcpEndpoint, termination: string): void {
    this.#termination ??= termination;
    if (!side.empty) return this.#finish(termination);
    side.pause();
    this.onEnded(side);
  }
  clientTimedOut(): void {
    if (this.#late !== null && this.client.empty) return this.#resetLate(this.#late);
    this.#timedOut(this.client, "cD");
  }
  /** The server's side, or a rule that waits. */
  override fire(): void {
    if (this.#rules?.waits) {
      this.#rules.timeIsUp();
      return this.#advance();
    }
    this.#timedOut(this.#server!, "sD");
  }

  /** Bytes of either side have passed without being seen. */
  onSpliced(source: Socket, count: number): void {
    if (source !== this.socket) this.bytes += count;
    else this.received += count;
    this.#arm();
  }

  /** Passes each side's end on, after what waits, and sees when both have ended. */
  #passEnds(): void {
    const { client } = this;
    const server = this.#server!;
    const { wheel } = this.frontend.runtime;
    if (this.#clientEnded) server.shutdown();
    if (this.#serverEnded) client.shutdown();
    if (this.#clientEnded && client.empty) wheel.clear(this.#clientTimer);
    if (this.#serverEnded && server.empty) wheel.clear(this);
    if (this.#clientEnded && this.#serverEnded && server.empty && client.empty) {
      return this.#finish("--");
    }
    const { frontend, backend } = this;
    if (frontend.timeouts.clientFin !== null || backend.config.timeout.serverFin !== null) {
      this.#arm();
    }
  }

  #phase(side: string): string {
    if (this.#server !== null) return `${side}D`;
    return side + (this.assignment.queued ? "Q" : "C");
  }

  /**
   * Sets the time-outs of both sides, something having moved. Each side has to read what is sent to
   * it; and to send something, unless it has half-closed, or is not read because the other side is
   * slow.
   */
  #arm(): void {
    if (this.#server === null) return;
    const { wheel } = this.frontend.runtime;
    const forClient = !this.client.empty;
    const forServer = !this.#server.empty;
    const client = forClient || (!this.#clientEnded && !forServer);
    const server = forServer || (!this.#serverEnded && !forClient);
    const { frontend, backend } = this;
    wheel.set(
      this.#clientTimer,
      client ? tunnelClient(frontend, backend, this.#serverEnded) : null,
    );
    wheel.set(this, server ? tunnelServer(backend, this.#clientEnded) : null);
  }

  #finish(last: string): void {
    if (this.#over) return;
    this.#over = true;
    const termination = this.#termination ?? last;
    this.#early = null;
    this.assignment.leaveQueue();
    const { wheel } = this.frontend.runtime;
    countStream(this, termination);
    try {
      if (this.frontend.logs && !this.#logged && (this.#started || this.#rules !== null)) {
        logTcpSession(this, termination);
      }
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    this.connector.stop();
    this.#server?.release(last === "--");
    this.#server = null;
    this.assignment.leave();
    wheel.remove(this.assignment);
    wheel.remove(this.connector);
    wheel.remove(this);
    wheel.remove(this.#clientTimer);
    wheel.remove(this.#responseTimer);
    // What breaks off ends with a reset, so that the client does not take it for complete.
    const counters = this.#rules?.context.counters ?? this.#state?.counters ?? null;
    if (counters !== null) {
      counters.count("bytesIn", this.received);
      counters.count("bytesOut", this.bytes);
      this.#rules?.context.endTracking();
      this.#state?.end();
    }
    if (this.#silent) this.socket.reset();
    else if (this.client.empty && termination !== "SD" && termination !== "ID") this.socket.close();
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

/** How long "tcp-response content" rules wait. */
class ResponseTimer extends Timer {
  constructor(readonly session: TcpSession) {
    super();
  }
  override fire(): void {
    this.session.responseTimeIsUp();
  }
  override abandon(): void {
    this.session.abandon();
  }
}
