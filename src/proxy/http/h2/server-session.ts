import { type FieldSink, noFields } from "../../../http/h2/hpack-decoder.ts";
import { NO_ERROR } from "../../../http/h2/protocol.ts";
import { Http2Session, type SessionEvents } from "../../../http/h2/session.ts";
import type { Http2Stream } from "../../../http/h2/stream.ts";
import { type Socket, SocketError, type SocketEvents } from "../../../net/socket.ts";
import { Timer } from "../../../time/wheel.ts";
import type { Runtime } from "../../runtime.ts";
import { type ConnectionSettings, serverSettings } from "./settings.ts";
import { type StreamCarrier, StreamSocket } from "./stream-socket.ts";

/** What a connection needs of its server. */
export interface SessionOwner {
  readonly runtime: Runtime;
  /** HTTP/2 is spoken without asking by ALPN (manual: "proto h2"). */
  readonly isForced: boolean;
  readonly isSecure: boolean;
  /** How long one that is idle is kept, ms (manual: "pool-purge-delay"). */
  readonly purgeDelay: number;
  /** Whether one that is idle is kept for later requests. */
  keeps(session: ServerSession): boolean;
  /** The connection is gone, or takes no further streams. */
  remove(session: ServerSession): void;
  /** It is closed: whatever it held is given back. */
  onClosed(session: ServerSession): void;
}

/**
 * A connection to a server that many requests share, if the server speaks HTTP/2. It is also the
 * time-out of the connection while it is idle.
 */
export class ServerSession extends Timer implements SocketEvents, SessionEvents, StreamCarrier {
  readonly socket: Socket;
  readonly isSecure: boolean;
  readonly headLimit: number;
  session: Http2Session | null = null;
  /** Requests it has carried. */
  requests = 0;
  readonly #settings: ConnectionSettings;
  readonly #defer: (callback: () => void) => void;
  #deferred = false;
  readonly #toGoOn: StreamSocket[] = [];
  /** The stream for which it is made, until it stands. */
  #first: StreamSocket | null;
  #gone = false;

  /**
   * Starts to connect.
   * @param name the name that the server is asked for by TLS; null: none
   * @param place the version of where the server is
   * @param port a local port of the server's; 0: none
   * @param connect connects, for these events
   * @param events of the user of its first stream
   */
  constructor(
    readonly owner: SessionOwner,
    readonly name: string | null,
    readonly place: number,
    readonly port: number,
    connect: (events: SocketEvents) => Socket,
    events: SocketEvents,
  ) {
    super();
    const { runtime } = owner;
    this.isSecure = owner.isSecure;
    this.headLimit = runtime.headLimit;
    this.#settings = serverSettings(owner);
    this.#defer = runtime.network.defer ?? queueMicrotask;
    this.#first = new StreamSocket(this, events);
    this.socket = connect(this);
  }

  get first(): StreamSocket {
    return this.#first!;
  }

  /** It takes another stream. */
  get hasRoom(): boolean {
    const { session } = this;
    const { maxConcurrentStreams } = this.#settings.own;
    return session !== null && !this.#gone && session.room > 0 &&
      session.streams.size < maxConcurrentStreams;
  }
  get isIdle(): boolean {
    return this.session !== null && this.session.streams.size === 0;
  }

  /** Opens a stream more. */
  open(events: SocketEvents): StreamSocket {
    const stream = new StreamSocket(this, events);
    this.#begin(stream);
    return stream;
  }

  #begin(stream: StreamSocket): void {
    this.requests++;
    this.owner.runtime.wheel.clear(this);
    stream.begin(this.session);
  }

  // ---- from the socket ----

  opened(): void {
    const first = this.#first!;
    this.#first = null;
    const { isForced } = this.owner;
    if (!isForced && this.socket.tls?.alpn !== "h2") {
      // It is the stream's alone, as one in HTTP/1 is.
      this.#gone = true;
      this.owner.remove(this);
      first.begin(null);
      this.socket.events = first.events;
      return first.events.opened(first);
    }
    const { own, limits } = this.#settings;
    this.session = new Http2Session(false, own, limits, this);
    this.onOutput();
    if (first.isGone) return this.onStreamOver();
    this.#begin(first);
    first.events.opened(first);
  }

  data(_socket: Socket, bytes: Uint8Array): void {
    this.session?.receive(bytes);
  }
  drain(): void {
    this.flush();
    this.session?.wake();
  }
  ended(): void {
    this.#close(new SocketError("ECONNRESET", "the server has closed the connection"));
  }
  closed(_socket: Socket, error: SocketError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#over(error);
  }

  // ---- from the session ----

  now(): number {
    return this.owner.runtime.clock.now();
  }
  onOutput(): void {
    if (this.#deferred || this.#gone) return;
    this.#deferred = true;
    this.#defer(this.#endTurn);
  }
  readonly #endTurn = (): void => {
    this.#deferred = false;
    for (const stream of this.#toGoOn.splice(0)) {
      try {
        stream.goOn();
      } catch (error) {
        this.owner.runtime.fault(error, null);
      }
    }
    this.flush();
    const { session } = this;
    if (session !== null && !this.#gone && session.hasWaiting) {
      session.wake();
      this.flush();
    }
    if (session !== null && !this.#gone && session.failed && session.output.length === 0) {
      this.#close(new SocketError("ECONNRESET"));
    }
  };
  goOnLater(stream: StreamSocket): void {
    this.#toGoOn.push(stream);
    this.onOutput();
  }

  flush(): void {
    if (this.#gone || this.session === null) return;
    const { output } = this.session;
    if (output.length === 0) return;
    const taken = this.socket.write(output.bytes, output.from, output.to);
    output.taken(taken < 0 ? output.length : taken);
  }

  sinkFor({ user }: Http2Stream): FieldSink {
    return user === null ? noFields : (user as StreamSocket).sink;
  }
  onFields({ user }: Http2Stream, ends: boolean): void {
    (user as StreamSocket | null)?.onFields(ends);
  }
  onSettings(): void {}
  onGlitch(): void {}
  onGoaway(): void {
    this.owner.remove(this);
    this.#closeIfOver();
  }
  onFailed(): void {
    this.owner.remove(this);
    const error = new SocketError("ECONNRESET");
    for (const { user } of [...this.session!.streams.values()]) {
      (user as StreamSocket | null)?.onConnectionClosed(error);
    }
    this.session!.streams.clear();
  }

  // ---- from streams ----

  onStreamOver(): void {
    if (this.#gone) return;
    if (this.session === null) return this.close();
    if (this.session.streams.size > 0) return;
    if (!this.owner.keeps(this)) return this.#closeIfOver();
    this.owner.runtime.wheel.set(this, this.owner.purgeDelay);
  }

  // ---- how it ends ----

  override fire(): void {
    if (this.isIdle) this.close();
  }

  #closeIfOver(): void {
    if (this.session!.streams.size === 0) this.close();
  }

  /** Closes it, with whatever it carries. */
  close(): void {
    const { session } = this;
    if (session !== null && !session.failed && !this.#gone) {
      session.goaway(0, NO_ERROR);
      this.flush();
    }
    this.#close(new SocketError("ECONNRESET"));
  }

  #close(error: SocketError): void {
    if (this.#gone) return;
    this.#gone = true;
    this.socket.close();
    this.#over(error);
  }

  #over(error: SocketError): void {
    const { runtime } = this.owner;
    runtime.wheel.remove(this);
    this.owner.remove(this);
    this.owner.onClosed(this);
    const { session } = this;
    this.#first?.onConnectionClosed(error);
    this.#first = null;
    if (session === null) return;
    session.failed = true;
    session.output.drop();
    for (const { user } of [...session.streams.values()]) {
      try {
        (user as StreamSocket | null)?.onConnectionClosed(error);
      } catch (fault) {
        runtime.fault(fault, null);
      }
    }
    session.streams.clear();
  }
}
