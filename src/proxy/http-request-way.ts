import {
  type Content,
  passContent,
  requestFraming,
  scanContent,
  startContent,
  unseenContent,
} from "../http/h1/content.ts";
import {
  type Head,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_PUT,
  METHOD_TRACE,
} from "../http/head.ts";
import type { Socket } from "../net/socket.ts";
import { expiry, type RequestCookie } from "../persist/request.ts";
import { HttpExchange } from "./http-exchange.ts";
import { editRequest, type RequestEdit } from "./http-request.ts";
import { isAsked } from "./monitor-uri.ts";
import type { HttpSession } from "./http-session.ts";
import { keepAfter, type Keeper, type Passing } from "./outlet.ts";
import type { Server } from "./server.ts";
import type { ServerConnection } from "./server-connection.ts";
import { type AssignFailure, CONNECTED, ENDED, failureStates, type Reuse } from "./stream-state.ts";

/** Content up to this size is held with its head while there is no connection yet. */
const heldContent = 16384;

/** Methods that may be sent again unasked (RFC 9110, section 9.2.2), as a bit set. */
const idempotent = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_OPTIONS | 1 << METHOD_PUT |
  1 << METHOD_DELETE | 1 << METHOD_TRACE;

/** A request's way from the client to the server: its head, its content, its cookie's server. */
export abstract class HttpRequestWay extends HttpExchange implements RequestEdit, Passing {
  /** The client has offered to upgrade the connection. */
  protected upgrade = false;
  /** Content has gone to the server that is not kept here: the request cannot be sent again. */
  #streamed = false;
  /** Bytes that the connection took before it was known to stand. */
  #sentEarly = 0;

  // what editing the head depends on
  readonly found: RequestCookie = { server: null, lastDate: 0, firstDate: 0 };
  close = false;
  get cookie() {
    return this.frontend.backend.cookie;
  }
  get accepts() {
    return this.frontend.backend.accepts;
  }
  get forwardFor() {
    return this.frontend.forwardFor;
  }
  get forwardForLine(): Uint8Array | null {
    return this.session.forwardForLine;
  }
  get originalToLine(): Uint8Array | null {
    return this.session.originalToLine;
  }

  /** The whole request is in the buffer, and may be sent again. */
  protected get mayReplay(): boolean {
    return (idempotent >> this.method & 1) === 1 && this.requestContent.done &&
      this.pending === null && !this.#streamed;
  }

  protected override get reuse(): Reuse {
    return this.mayReplay ? "any" : "recent";
  }

  /**
   * Starts on a request.
   * @param bytes what has come: the head, which ends at `end`, and what follows it
   * @param owner keeps `bytes`; null if they stay
   * @param since when the request's first byte came, if that was in an earlier call; else -1
   */
  beginRequest(
    session: HttpSession,
    head: Head,
    bytes: Uint8Array,
    end: number,
    owner: Keeper | null,
    since: number,
  ): void {
    const frontend = session.frontend;
    this.session = session;
    this.frontend = frontend;
    this.reset();
    this.method = head.method;
    this.minor = head.minor;
    this.keep = (head.minor === 1 ? !head.close : head.keepAlive && !head.close) &&
      !frontend.closesClient;
    // HTTP/1.0 knows no upgrade (RFC 9110, section 7.8).
    this.upgrade = head.upgrade && head.minor === 1;
    this.lineLength = head.lineEnd - head.lineStart;
    this.#streamed = false;
    if (frontend.logs) this.#stamp(session, since);
    this.close = frontend.closesServer;
    this.found.server = null;
    this.found.lastDate = this.found.firstDate = 0;
    editRequest(this, head, bytes, end, this.buffer);
    const content = this.requestContent;
    startContent(content, requestFraming(head), head.contentLength, head, bytes);
    const contentEnd = scanContent(content, bytes, end, bytes.length);
    if (contentEnd > end) this.#takeContent(bytes, end, contentEnd, owner);
    if (contentEnd >= 0 && contentEnd < bytes.length) {
      session.stash(bytes, contentEnd, bytes.length, owner);
    }
    // Now the stream is counted and its log complete, also where it goes no further.
    const isMonitor = frontend.monitor !== null && isAsked(frontend.monitor, head, bytes);
    if (contentEnd < 0 || isMonitor) this.startRefused(frontend.backend);
    else this.start(frontend.backend, this.#wanted());
    if (contentEnd < 0) this.refuse(400, "PR");
    else if (isMonitor) this.answerMonitor();
    else if (!content.done && this.state !== ENDED) this.arm();
  }

  #stamp(session: HttpSession, since: number): void {
    const { clock } = this.frontend.runtime;
    this.readAt = clock.now();
    this.startedAt = since < 0 ? this.readAt : since;
    this.acceptDate = session.requests === 1
      ? session.acceptedAt
      : clock.wall() - (this.readAt - this.startedAt);
  }

  /** The server that the client's cookie names, if it may be used; notes the cookie's state. */
  #wanted(): Server | null {
    const { backend } = this.frontend;
    const { cookie: policy } = backend;
    if (policy === null) return null;
    this.responseState = "N";
    const { server } = this.found;
    if (server === null) {
      this.requestState = "N";
      return null;
    }
    const expired = expiry(policy, this.found, this.now);
    if (expired !== null) {
      this.requestState = expired;
      return null;
    }
    const wanted = backend.byCookie(server);
    const down = wanted === null ? backend.knowsCookie(server) : !wanted.serves;
    this.requestState = down ? "D" : wanted !== null ? "V" : "I";
    return wanted;
  }

  /** Seconds since 1970. */
  get now(): number {
    return Math.floor(this.frontend.runtime.clock.wall() / 1000);
  }

  // ---- from the client ----

  /** More bytes from the client. */
  clientData(bytes: Uint8Array): void {
    const { session, requestContent } = this;
    if (this.isTunnel) {
      if (!this.connection!.out.push(bytes, 0, bytes.length, session.socket)) session.pause();
      else this.#splice(this.responseContent, bytes.length);
      this.arm();
      return;
    }
    if (requestContent.done) {
      session.stash(bytes, 0, bytes.length, session.socket);
      return;
    }
    // What comes behind an answer that did not wait for it is nobody's any more.
    if (this.flushing) return;
    const end = scanContent(requestContent, bytes, 0, bytes.length);
    if (end < 0) {
      this.refuse(400, this.responding ? "PD" : "PH");
      return;
    }
    this.#takeContent(bytes, 0, end, session.socket);
    if (end < bytes.length) session.stash(bytes, end, bytes.length, session.socket);
    this.arm();
  }

  #takeContent(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): void {
    if (this.state === CONNECTED) {
      this.#streamed = true;
      if (!this.connection!.out.push(bytes, from, to, owner)) this.session.pause();
      else this.#splice(this.requestContent, to - from);
    } else if (this.pending === null && this.buffer.length + to - from <= heldContent) {
      this.buffer.append(bytes, from, to);
    } else {
      this.pending = keepAfter(this.pending, bytes, from, to, owner);
      this.session.pause();
    }
  }

  /** Lets what is to come pass without being seen, where that pays. */
  #splice(content: Content, seen: number): void {
    if (!this.frontend.splice.request || content.done) return;
    const count = unseenContent(content, seen);
    if (count > 0) this.connection!.out.splice(this.session.socket, count, this);
  }

  abstract passed(source: Socket, count: number): void;

  /** Bytes of the client have passed without being seen. */
  protected requestPassed(count: number): void {
    if (!this.isTunnel) passContent(this.requestContent, count);
    this.arm();
  }

  /** The client takes bytes again, all that waited having gone. */
  clientDrained(): void {
    if (this.flushing) {
      this.finish();
      return;
    }
    if (this.serverHasEnded) this.session.socket.shutdown();
    else this.connection?.socket.resume();
    this.arm();
  }

  /** The client has half-closed. */
  clientEnded(): void {
    if (this.isTunnel) {
      this.clientHasEnded = true;
      if (this.serverHasEnded) this.over("--");
      else this.#passEnd();
    } else if (!this.requestContent.done && !this.flushing) {
      this.refuse(400, this.phase("C"));
    } else if (this.backend.config.abortonclose && !this.responding && !this.flushing) {
      if (this.state === CONNECTED) this.refuse(400, "CH");
      else this.abort();
    }
  }

  /** In a tunnel: the client's end goes on to the server, after what waits. */
  #passEnd(): void {
    if (this.connection!.out.empty) this.connection!.socket.shutdown();
    this.arm();
  }

  /** The client is gone. */
  clientClosed(): void {
    this.over(this.phase("C"));
  }

  /** The client neither sends what it owes nor takes what is for it. */
  clientTimedOut(): void {
    if (this.responding || this.flushing) this.truncate(this.phase("c"));
    else this.refuse(408, this.state === CONNECTED ? "cH" : this.phase("c"));
  }

  // ---- to the server ----

  protected override sendEarly(connection: ServerConnection): boolean {
    const { bytes, length } = this.buffer;
    const taken = connection.sendEarly(bytes, 0, length);
    this.#sentEarly = Math.max(0, taken);
    return taken >= 0;
  }

  protected override begin(connection: ServerConnection): void {
    const { bytes, length } = this.buffer;
    const from = this.#sentEarly;
    this.#sentEarly = 0;
    let open = connection.sendFirst(bytes, from, length);
    if (this.pending !== null) {
      open = connection.out.push(this.pending, 0, this.pending.length, null) && open;
      this.pending = null;
      this.#streamed = true;
    }
    if (!this.requestContent.done) {
      if (open) this.session.resume();
      else this.session.pause();
    }
    this.arm();
  }

  override serverDrained(): void {
    if (this.clientHasEnded) this.connection!.socket.shutdown();
    else if (!this.requestContent.done || this.isTunnel) this.session.resume();
    this.arm();
  }

  protected override failed(failure: AssignFailure): void {
    this.refuse(503, failureStates[failure]);
  }
}
