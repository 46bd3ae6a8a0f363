import { METHOD_CONNECT } from "../../../http/head.ts";
import { type FieldSink, noFields } from "../../../http/h2/hpack-decoder.ts";
import { enoughOutput } from "../../../http/h2/output.ts";
import { CANCEL, NO_ERROR, PROTOCOL_ERROR } from "../../../http/h2/protocol.ts";
import { MALFORMED, RequestReader, SOUND, TOO_LARGE } from "../../../http/h2/request-reader.ts";
import { Http2Session, type SessionEvents } from "../../../http/h2/session.ts";
import type { Http2Stream } from "../../../http/h2/stream.ts";
import { TrailerReader } from "../../../http/h2/trailer-reader.ts";
import type { Addresses } from "../../../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../../../net/socket.ts";
import { Timer } from "../../../time/wheel.ts";
import type { Frontend } from "../../frontend.ts";
import type { SessionState } from "../../rules/session.ts";
import { type KillCause, remaining, type Session } from "../../session-list.ts";
import { logRefused } from "../../session-log.ts";
import { Linger } from "../../stream/linger.ts";
import { AcceptedClient } from "../accepted-client.ts";
import { HttpTransaction } from "../transaction.ts";
import { Http2ClientStream, type StreamConnection } from "./client-stream.ts";
import { clientSettings } from "./settings.ts";
import { upgradeFields } from "./web-socket.ts";

/** Heads and trailer sections are read one at a time, within a call. */
const reader = new RequestReader();
const trailers = new TrailerReader();
const nothing = new Uint8Array(0);

/** Ended transactions that a thread keeps: some MiB, whatever the peak was. */
const maxFreeTransactions = 1024;

/** How long a client is given to take note that the connection ends, ms. */
const leaveTime = 1000;

/**
 * A client's HTTP/2 connection: its streams are requests, each of which becomes a transaction. What
 * one turn of the event loop brings about on all of them goes out in one write. It is also the
 * time-out of the connection while there is no stream.
 */
export class Http2ClientConnection extends Timer
  implements SocketEvents, Session, SessionEvents, StreamConnection {
  place = -1;
  serial = 0;
  readonly accepted: AcceptedClient;
  readonly session: Http2Session;
  requests = 0;
  readonly #free: HttpTransaction[];
  readonly #defer: (callback: () => void) => void;
  /** Sending has been put off to the end of this turn. */
  #deferred = false;
  /** Of streams that are over, for the next ones: in the long run none is made. */
  readonly #freeStreams: Http2ClientStream[] = [];
  /** Streams that go on then. */
  readonly #toGoOn: Http2ClientStream[] = [];
  /** Streams whose client opens a WebSocket by them. */
  readonly #webSockets = new Set<Http2ClientStream>();
  /** The stream whose fields are being read, and whether they are trailers. */
  #isTrailers = false;
  #paused = false;
  /** The client has half-closed. */
  #hasEnded = false;
  /** All has been sent; what still comes is discarded, for so long; null: not yet. */
  #closing: Linger | null = null;
  #gone = false;

  /** As {@linkcode HttpClientConnection}. */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
    free: HttpTransaction[],
    state: SessionState | null = null,
  ) {
    super();
    const { runtime, timeouts } = frontend;
    this.accepted = new AcceptedClient(frontend, addresses, state);
    this.#free = free;
    this.#defer = runtime.network.defer ?? queueMicrotask;
    socket.expectMuch?.(true);
    const { own, limits } = clientSettings(frontend);
    this.session = new Http2Session(true, own, limits, this);
    this.onOutput();
    runtime.wheel.set(this, frontend.idleTimeout(timeouts.httpRequest));
  }

  // ---- from the socket ----

  opened(): void {}

  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.#gone) return;
    if (this.#closing !== null) {
      return this.#setTimeout(this.#closing.next(this.now()));
    }
    this.session.receive(bytes);
    if (this.#gone) return;
    // What the client does not take it need not cause more of.
    if (this.session.output.length >= enoughOutput) {
      this.flush();
      if (this.session.output.length >= enoughOutput) this.#pause();
      if (this.#gone) return;
    }
    if (this.session.streams.size === 0 && !this.session.between) this.#awaitRest();
  }

  drain(): void {
    if (this.#gone) return;
    this.flush();
    if (this.#gone) return;
    if (this.session.output.length < enoughOutput) this.session.wake();
  }

  ended(): void {
    this.#hasEnded = true;
    if (this.#gone) return;
    if (this.#closing !== null) {
      if (this.session.output.length === 0) this.#leave();
      return;
    }
    // What has not come whole never will.
    for (const stream of [...this.session.streams.values()]) {
      if (stream.remoteEnd) continue;
      const { user } = stream;
      this.session.reset(stream, CANCEL);
      (user as Http2ClientStream | null)?.onConnectionClosed();
    }
    this.#closeIfOver();
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.session.failed = true;
    try {
      for (const { user } of [...this.session.streams.values()]) {
        (user as Http2ClientStream | null)?.onConnectionClosed();
      }
    } finally {
      this.#releaseAll();
    }
  }

  override abandon(): void {
    if (this.#gone) return;
    this.socket.reset();
    this.closed();
  }

  // ---- from the session ----

  now(): number {
    return this.frontend.runtime.clock.now();
  }

  onOutput(): void {
    if (this.#deferred || this.#gone) return;
    this.#deferred = true;
    this.#defer(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#deferred = false;
    try {
      for (const stream of this.#toGoOn.splice(0)) stream.goOn();
      this.flush();
      if (this.session.hasWaiting && !this.#gone) {
        this.session.wake();
        this.flush();
      }
    } catch (error) {
      this.frontend.runtime.fault(error, this);
    }
  };

  goOnLater(stream: Http2ClientStream): void {
    this.#toGoOn.push(stream);
    this.onOutput();
  }

  flush(): void {
    const { output } = this.session;
    if (output.length === 0 || this.#gone) return;
    const taken = this.socket.write(output.bytes, output.from, output.to);
    // A broken socket reports `closed`; what is written until then is lost with it.
    output.taken(taken < 0 ? output.length : taken);
    // Not by `drain` alone, which follows only where the socket was full.
    if (this.#paused && output.length < enoughOutput) this.#resume();
    if (output.length > 0) {
      if (this.session.streams.size === 0) this.#setTimeout(this.frontend.timeouts.client);
    } else if (this.#closing !== null) {
      this.#hangUp();
    } else if (this.session.isOver) {
      this.#close();
    }
  }

  sinkFor(stream: Http2Stream): FieldSink {
    this.#isTrailers = stream.headed;
    const { headLimit } = this.frontend.runtime;
    if (stream.user === null && this.#isTrailers) return noFields;
    return this.#isTrailers ? trailers.begin(headLimit) : reader.begin(headLimit);
  }

  onFields(stream: Http2Stream, ends: boolean): void {
    if (this.#isTrailers) return this.#onTrailers(stream);
    this.frontend.runtime.wheel.clear(this);
    this.requests++;
    const kind = reader.finish(ends, upgradeFields);
    const client = this.#freeStreams.pop() ?? new Http2ClientStream(this, stream);
    client.take(stream);
    if (kind === MALFORMED) return this.#refuseMalformed(client);
    try {
      this.#begin(client, kind, ends);
    } catch (error) {
      this.frontend.runtime.fault(error, client);
    }
  }

  #begin(client: Http2ClientStream, kind: number, ends: boolean): void {
    const transaction = this.#free.pop() ?? new HttpTransaction(this.frontend.runtime.headLimit);
    if (kind !== SOUND) {
      client.begin(transaction, 0, true);
      transaction.beginUnread(client, kind === TOO_LARGE ? 431 : 501, "PR", 0);
      return;
    }
    const { head, bytes, end, isExtended } = reader;
    const tunnels = isExtended || head.method === METHOD_CONNECT;
    if (isExtended) this.#webSockets.add(client);
    const done = ends || tunnels || head.contentLength === 0;
    client.begin(transaction, ends ? 0 : head.contentLength, tunnels);
    transaction.begin(client, head, bytes, end, nothing, 0, 0, done, null, -1);
  }

  /** RFC 9113, section 8.1.1: a malformed request is an error of its stream. */
  #refuseMalformed(client: Http2ClientStream): void {
    this.frontend.runtime.refusals.request(client, reader.error, null);
    // No response is sent: as in HAProxy the status is 0.
    if (this.frontend.logs && this.#logged === "stream") logRefused(client, 0, "PR", 0);
    client.tracked?.count("request");
    client.tracked?.count("error");
    client.stream.user = null;
    this.session.glitch("a malformed request");
    this.session.reset(client.stream, PROTOCOL_ERROR);
    this.onStreamOver(client);
  }

  #onTrailers(stream: Http2Stream): void {
    const client = stream.user as Http2ClientStream | null;
    if (client === null) return;
    if (!trailers.malformed) return client.onTrailers(trailers);
    this.session.glitch("malformed trailers");
    this.session.reset(stream, PROTOCOL_ERROR);
    client.onStreamReset();
  }

  onGlitch(): void {
    this.accepted.tracked?.count("glitch");
  }
  onGoaway(): void {}
  onSettings(): void {}

  onFailed(_code: number, reason: string): void {
    const { frontend, socket, nothingCame } = this;
    const { clientAddress, remotePort } = this.accepted;
    const client = { frontend, socket, clientAddress, remotePort, nothingCame };
    if (!nothingCame || !frontend.config.httpIgnoreProbes) {
      frontend.runtime.refusals.request(client, reason, null);
      if (frontend.logs && this.#logged !== "none") logRefused(client, 0, "PR", 0);
    }
    for (const { user } of [...this.session.streams.values()]) {
      (user as Http2ClientStream | null)?.onConnectionClosed();
    }
    this.session.streams.clear();
    this.#close();
  }
  get #logged(): string {
    return this.frontend.runtime.global.tuneH2LogErrors;
  }
  get nothingCame(): boolean {
    return this.requests === 0;
  }

  // ---- from streams ----

  isWebSocket(stream: Http2ClientStream): boolean {
    return this.#webSockets.size > 0 && this.#webSockets.has(stream);
  }

  releaseTransaction(transaction: HttpTransaction): void {
    if (this.#free.length < maxFreeTransactions) this.#free.push(transaction);
  }

  onStreamOver(stream: Http2ClientStream): void {
    if (this.#webSockets.size > 0) this.#webSockets.delete(stream);
    this.#freeStreams.push(stream);
    if (this.#gone || this.session.streams.size > 0) return;
    if (this.session.isOver || this.#hasEnded) return this.#closeIfOver();
    this.#setTimeout(this.frontend.idleTimeout(this.frontend.timeouts.httpKeepAlive));
  }

  // ---- time-outs, and how it ends ----

  #setTimeout(ms: number | null): void {
    this.frontend.runtime.wheel.set(this, ms);
  }

  /** A request has begun to come, and must come whole in time. */
  #awaitRest(): void {
    if (this.#restAwaited === this.requests) return;
    this.#restAwaited = this.requests;
    if (this.requests > 0) this.#setTimeout(this.frontend.timeouts.httpRequest);
  }
  #restAwaited = -1;

  override fire(): void {
    if (this.#gone) return;
    if (this.#closing !== null) return this.#leave();
    const { session } = this;
    if (session.leaving) {
      session.leaveNow();
      if (session.isOver) this.#close();
      return;
    }
    if (session.streams.size > 0) return;
    session.goaway(session.lastRemote, NO_ERROR);
    this.#close();
  }

  softStop(): void {
    if (this.#gone || this.#closing !== null) return;
    this.session.leave();
    this.#setTimeout(leaveTime);
  }

  #closeIfOver(): void {
    if (this.session.streams.size === 0) this.#close();
  }

  /** Ends the connection after what has been sent; the client may still be sending. */
  #close(): void {
    if (this.#closing !== null || this.#gone) return;
    this.#closing = new Linger(this.now(), true);
    this.accepted.privates?.close();
    this.#setTimeout(this.frontend.timeouts.client ?? this.#closing.next(this.now()));
    if (this.session.output.length === 0) this.#hangUp();
    else this.onOutput();
  }

  #hangUp(): void {
    if (this.#hasEnded) return this.#leave();
    if (this.#hungUp) return;
    this.#hungUp = true;
    this.socket.shutdown();
    this.#resume();
    this.#setTimeout(this.#closing!.next(this.now()));
  }
  #hungUp = false;

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.socket.close();
    this.#releaseAll();
  }

  #releaseAll(): void {
    this.session.failed = true;
    this.session.output.drop();
    this.#webSockets.clear();
    const { wheel } = this.frontend.runtime;
    for (const stream of this.#freeStreams) wheel.remove(stream);
    wheel.remove(this);
    this.accepted.end();
    this.frontend.sessionEnded(this);
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }
  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  // ---- for operators ----

  facts(): ReturnType<Session["facts"]> {
    let received = 0;
    let sent = 0;
    let age = 0;
    let queued = false;
    let backend: string | null = null;
    let server: string | null = null;
    for (const client of this.#clients()) {
      const transaction = client.transaction!;
      received += transaction.received;
      sent += client.sent;
      age = Math.max(age, transaction.totalTime);
      queued ||= transaction.assignment.queued;
      backend ??= transaction.reached?.config.name ?? null;
      server ??= transaction.servedBy?.name ?? null;
    }
    return {
      protocol: this.accepted.protocol,
      source: this.accepted.source,
      frontend: this.frontend.config.name,
      backend,
      server,
      age,
      requests: this.requests,
      received,
      sent,
      expires: remaining(this.deadline, this.now()),
      queued,
    };
  }

  /** The streams that have a transaction. */
  #clients(): Http2ClientStream[] {
    return [...this.session.streams.values()]
      .map(({ user }) => user as Http2ClientStream | null)
      .filter((client) => client !== null && client.transaction !== null) as Http2ClientStream[];
  }

  kill(server: object | null, cause: KillCause): void {
    for (const { transaction } of this.#clients()) {
      if (transaction === null) continue;
      if (server !== null && transaction.assignment.server !== server) continue;
      if (cause !== "K") transaction.loseServer(cause);
      else transaction.record.end(`${cause}D`);
    }
    if (cause === "K" && (server === null || this.#clients().length > 0)) this.abandon();
  }
}
