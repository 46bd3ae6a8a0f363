import {
  type Content,
  createContent,
  requestFraming,
  responseFraming,
  scanContent,
  startContent,
  TUNNEL,
  UNTIL_CLOSE,
} from "../http/content.ts";
import {
  createHead,
  type Head,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
  parseResponse,
} from "../http/head.ts";
import { textOf } from "../http/bytes.ts";
import { errorReply } from "../http/reply.ts";
import { HeadWriter } from "../http/writer.ts";
import type { RequestCookie } from "../persist/request.ts";
import type { ResponseContext } from "../persist/response.ts";
import type { Frontend } from "./frontend.ts";
import { editRequest, type RequestEdit } from "./http-request.ts";
import { editResponse, planResponse } from "./http-response.ts";
import { type HttpSession, join } from "./http-session.ts";
import { copying, type Keeper } from "./outlet.ts";
import type { Server } from "./server.ts";
import type { ServerConnection } from "./server-connection.ts";
import { logSession } from "./session-log.ts";
import { type AssignFailure, CONNECTED, ENDED, QUEUED, Stream } from "./stream.ts";

/** Responses are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/** Content up to this size is copied behind its head, to go out in one write. */
const smallContent = 4096;
/** Content up to this size is held with its head while there is no connection yet. */
const heldContent = 16384;
/** What a stream's buffer holds to begin with: most heads. */
const bufferSize = 2048;
/** A buffer that grew beyond this is not kept for later requests. */
const largestBuffer = 32768;

/** Methods that may be sent again unasked (RFC 9110, section 9.2.2), as a bit set. */
const idempotent = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_OPTIONS | 1 << METHOD_PUT |
  1 << METHOD_DELETE | 1 << METHOD_TRACE;

/** One request and its response. Ended streams serve later requests: nothing is made for each. */
export class HttpStream extends Stream implements RequestEdit, ResponseContext {
  #session!: HttpSession;
  #frontend!: Frontend;
  /** The head as it goes to the server, and with it what content there was before it could go. */
  #out = new HeadWriter(bufferSize);
  readonly #request: Content = createContent();
  readonly #response: Content = createContent();
  #method = METHOD_OTHER;
  /** The client's version is HTTP/1.minor. */
  #minor = 1;
  /** The client's connection may carry another request after this one. */
  #keep = false;
  #upgrade = false;
  #lineLength = 0;
  /** Content that came before the connection and has no room behind the head. */
  #pending: Uint8Array | null = null;
  /** Content has gone to the server that is not kept here: the request cannot be sent again. */
  #streamed = false;
  /** The beginning of a response's head. */
  #carry: Uint8Array | null = null;
  /** The response's head has been sent to the client. */
  #responding = false;
  /** In a tunnel: a side has ended its direction. */
  #clientEnded = false;
  #serverEnded = false;
  /** The exchange with the server is over; the client has not taken all of it yet. */
  #flushing = false;
  #status = -1;
  #termination = "--";
  #requestState = "-";
  #responseState = "-";

  // for the log
  bytes = 0;
  acceptDate = 0;
  startedAt = -1;
  readAt = -1;
  respondedAt = -1;

  // what editing a request depends on
  readonly found: RequestCookie = { server: null, lastDate: 0, firstDate: 0 };
  close = false;
  get cookie() {
    return this.#frontend.backend.cookie;
  }
  get forwardFor() {
    return this.#frontend.forwardFor;
  }
  get forwardForLine(): Uint8Array | null {
    return this.#session.forwardForLine;
  }
  get originalToLine(): Uint8Array | null {
    return this.#session.originalToLine;
  }

  // what editing a response depends on
  get serverCookie(): string | null {
    return this.server?.cookie ?? null;
  }
  get post(): boolean {
    return this.#method === METHOD_POST;
  }
  get request(): RequestCookie {
    return this.found;
  }
  get now(): number {
    return Math.floor(this.backend.runtime.clock.wall() / 1000);
  }

  override get clientAddress(): string {
    return this.#session.clientAddress;
  }
  override get clientPort(): number {
    return this.#session.socket.localPort;
  }
  protected override get mayReuse(): boolean {
    return (idempotent >> this.#method & 1) === 1 && this.#request.done && this.#isHeld;
  }

  /** The whole request so far is in the buffer. */
  get #isHeld(): boolean {
    return this.#pending === null && !this.#streamed;
  }

  /** The request line as it came. */
  get requestLine(): string {
    return textOf(this.#out.bytes, 0, this.#lineLength);
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
    this.#session = session;
    this.#frontend = frontend;
    this.#method = head.method;
    this.#minor = head.minor;
    this.#keep = (head.minor === 1 ? !head.close : head.keepAlive && !head.close) &&
      !frontend.closesClient;
    this.#upgrade = head.upgrade;
    this.#lineLength = head.lineEnd - head.lineStart;
    this.#reset();
    if (frontend.logs) this.#stamp(session, since);
    this.close = frontend.closesServer;
    editRequest(this, head, bytes, end, this.#out);
    startContent(this.#request, requestFraming(head), head.contentLength);
    const contentEnd = scanContent(this.#request, bytes, end, bytes.length);
    if (contentEnd > end) this.#takeContent(bytes, end, contentEnd, owner);
    if (contentEnd >= 0 && contentEnd < bytes.length) {
      session.stash(bytes, contentEnd, bytes.length, owner);
    }
    // Now the stream is counted and its log complete, also where it goes no further.
    if (contentEnd < 0) this.startRefused(frontend.backend);
    else this.start(frontend.backend, this.#wanted());
    if (contentEnd < 0) this.#refuse(400, "PR");
    else if (!this.#request.done && this.state !== ENDED) this.#arm();
  }

  #reset(): void {
    this.found.server = null;
    this.found.lastDate = this.found.firstDate = 0;
    this.#pending = this.#carry = null;
    this.#streamed = this.#responding = this.#flushing = false;
    this.#clientEnded = this.#serverEnded = false;
    this.#status = -1;
    this.bytes = 0;
    this.respondedAt = -1;
    this.#termination = "--";
    this.#requestState = this.#responseState = "-";
  }

  #stamp(session: HttpSession, since: number): void {
    const { clock } = this.#frontend.runtime;
    this.readAt = clock.now();
    this.startedAt = since < 0 ? this.readAt : since;
    this.acceptDate = session.requests === 1
      ? session.acceptedAt
      : clock.wall() - (this.readAt - this.startedAt);
  }

  /** The server that the client's cookie names, if it may be used; notes the cookie's state. */
  #wanted(): Server | null {
    const { backend } = this.#frontend;
    const { cookie: policy } = backend;
    if (policy === null) return null;
    this.#responseState = "N";
    const { server, lastDate, firstDate } = this.found;
    if (server === null) {
      this.#requestState = "N";
      return null;
    }
    if (policy.maxidle > 0 && lastDate > 0 && this.#age(lastDate) > policy.maxidle) {
      this.#requestState = "E";
      return null;
    }
    if (policy.maxlife > 0 && firstDate > 0 && this.#age(firstDate) > policy.maxlife) {
      this.#requestState = "O";
      return null;
    }
    const wanted = backend.byCookie(server);
    const down = wanted === null ? backend.knowsCookie(server) : !wanted.serves;
    this.#requestState = down ? "D" : wanted !== null ? "V" : "I";
    return wanted;
  }

  #age(date: number): number {
    return Math.floor(this.#frontend.runtime.clock.wall() / 1000) - date;
  }

  // ---- from the client ----

  /** More bytes from the client. */
  clientData(bytes: Uint8Array): void {
    const { socket } = this.#session;
    if (this.#response.kind === TUNNEL && this.#responding) {
      if (!this.connection!.out.push(bytes, 0, bytes.length, socket)) this.#session.pause();
      this.#arm();
      return;
    }
    if (this.#request.done) {
      this.#session.stash(bytes, 0, bytes.length, socket);
      return;
    }
    // What comes behind an answer that did not wait for it is nobody's any more.
    if (this.#flushing) return;
    const end = scanContent(this.#request, bytes, 0, bytes.length);
    if (end < 0) {
      this.#refuse(400, this.#responding ? "PD" : "PH");
      return;
    }
    this.#takeContent(bytes, 0, end, socket);
    if (end < bytes.length) this.#session.stash(bytes, end, bytes.length, socket);
    this.#arm();
  }

  #takeContent(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): void {
    if (this.state === CONNECTED) {
      this.#streamed = true;
      if (!this.connection!.out.push(bytes, from, to, owner)) this.#session.pause();
    } else if (this.#pending === null && this.#out.length + to - from <= heldContent) {
      this.#out.append(bytes, from, to);
    } else {
      this.#pending = this.#pending === null
        ? owner === null ? bytes.subarray(from, to) : owner.keep(bytes, from, to)
        : join(this.#pending, bytes, from, to);
      this.#session.pause();
    }
  }

  /** The client takes bytes again, all that waited having gone. */
  clientDrained(): void {
    if (this.#flushing) {
      this.#finish();
      return;
    }
    if (this.#serverEnded) this.#session.socket.shutdown();
    else this.connection?.socket.resume();
    this.#arm();
  }

  /** The client has half-closed. */
  clientEnded(): void {
    if (this.#response.kind === TUNNEL && this.#responding) {
      this.#clientEnded = true;
      if (this.#serverEnded) this.#over("--");
      else if (this.connection!.out.empty) this.connection!.socket.shutdown();
    } else if (!this.#request.done && !this.#flushing) {
      this.#refuse(400, this.#phase("C"));
    }
  }

  /** The client is gone. */
  clientClosed(): void {
    this.#over(this.#phase("C"));
  }

  /** The client neither sends what it owes nor takes what is for it. */
  clientTimedOut(): void {
    if (this.#responding || this.#flushing) this.#truncate(this.#phase("c"));
    else this.#refuse(408, this.state === CONNECTED ? "cH" : this.#phase("c"));
  }

  // ---- to the server ----

  protected override sendEarly(connection: ServerConnection): boolean {
    this.#sentEarly = Math.max(0, connection.socket.write(this.#out.bytes, 0, this.#out.length));
    return this.#sentEarly > 0;
  }
  #sentEarly = 0;

  protected override begin(connection: ServerConnection): void {
    const from = this.#sentEarly;
    this.#sentEarly = 0;
    let open = from === this.#out.length ||
      connection.out.push(this.#out.bytes, from, this.#out.length, null);
    if (this.#pending !== null) {
      open = connection.out.push(this.#pending, 0, this.#pending.length, null) && open;
      this.#pending = null;
      this.#streamed = true;
    }
    if (!this.#request.done) {
      if (open) this.#session.resume();
      else this.#session.pause();
    }
    this.#arm();
  }

  override serverDrained(): void {
    if (this.#clientEnded) this.connection!.socket.shutdown();
    else if (!this.#request.done || this.#isTunnel) this.#session.resume();
    this.#arm();
  }

  protected override failed(failure: AssignFailure): void {
    switch (failure) {
      case "no server":
      case "connect failed":
        this.#refuse(503, "SC");
        break;
      case "connect timeout":
        this.#refuse(503, "sC");
        break;
      case "queue timeout":
        this.#refuse(503, "sQ");
        break;
    }
  }

  // ---- from the server ----

  override serverData(connection: ServerConnection, bytes: Uint8Array): void {
    if (!this.#responding) {
      this.#readHead(connection, bytes);
      return;
    }
    const response = this.#response;
    const end = scanContent(response, bytes, 0, bytes.length);
    if (end < 0) {
      this.#truncate("PD");
      return;
    }
    const taken = this.#toClient(bytes, 0, end, connection.socket);
    if (response.done) {
      this.#exchanged(end === bytes.length);
    } else {
      if (!taken) connection.socket.pause();
      this.#arm();
    }
  }

  #readHead(connection: ServerConnection, bytes: Uint8Array): void {
    let owner: Keeper | null = connection.socket;
    if (this.#carry !== null) {
      bytes = join(this.#carry, bytes, 0, bytes.length);
      owner = null;
      this.#carry = null;
    }
    const { headLimit } = this.#frontend.runtime;
    let from = 0;
    let end: number;
    for (;;) {
      end = parseResponse(head, bytes, from, bytes.length);
      const size = (end > 0 ? end : bytes.length) - from;
      if (end < 0 || size > headLimit) {
        this.#refuse(502, "PH");
        return;
      }
      const interim = end > 0 && head.status < 200 && head.status !== 101;
      if (!interim) break;
      from = end;
    }
    // Interim responses pass on together: HTTP/1.0 knows none (RFC 9110, section 15.2).
    const taken = from === 0 || this.#minor === 0 || this.#toClient(bytes, 0, from, owner);
    if (end > 0) {
      this.#respond(connection, bytes, from, end, owner);
      return;
    }
    if (from < bytes.length) {
      this.#carry = owner === null ? bytes.subarray(from) : owner.keep(bytes, from, bytes.length);
    }
    if (!taken) connection.socket.pause();
    this.#arm();
  }

  /** The head of the final response is bytes[from, end). */
  #respond(
    connection: ServerConnection,
    bytes: Uint8Array,
    from: number,
    end: number,
    owner: Keeper | null,
  ): void {
    const framing = responseFraming(head, this.#method);
    if (framing < 0 || (head.status === 101 && !this.#upgrade)) {
      this.#refuse(502, "PH");
      return;
    }
    const response = this.#response;
    startContent(response, framing, head.contentLength);
    const contentEnd = scanContent(response, bytes, end, bytes.length);
    if (contentEnd < 0) {
      this.#refuse(502, "PH");
      return;
    }
    this.#responding = true;
    this.#status = head.status;
    if (this.#frontend.logs) this.respondedAt = this.#frontend.runtime.clock.now();
    this.#serverKeeps = this.#minor === 1 && head.minor === 1 ? !head.close : head.keepAlive;
    // Without a length only the close of the connection ends the content, here as there.
    this.#keep &&= framing !== UNTIL_CLOSE && this.#request.done;
    const { cookie } = this;
    const close = framing !== TUNNEL && !this.#keep;
    const plan = planResponse(head, bytes, close, this.#minor, cookie, this);
    this.#responseState = plan.cookieState;
    let taken: boolean;
    if (!plan.edit) {
      taken = this.#toClient(bytes, from, contentEnd, owner);
    } else {
      const edited = editResponse(head, bytes, end, cookie, this.serverCookie);
      const small = contentEnd - end <= smallContent;
      if (small) edited.append(bytes, end, contentEnd);
      taken = this.#toClient(edited.bytes, 0, edited.length, copying);
      if (!small) taken = this.#toClient(bytes, end, contentEnd, owner) && taken;
    }
    if (response.done) {
      this.#exchanged(contentEnd === bytes.length);
      return;
    }
    if (!taken) connection.socket.pause();
    if (framing === TUNNEL) this.#openTunnel(connection);
    this.#arm();
  }
  #serverKeeps = false;

  get #isTunnel(): boolean {
    return this.#response.kind === TUNNEL && this.#responding;
  }

  /** From here on both directions pass on as they are; what the client sent ahead goes first. */
  #openTunnel(connection: ServerConnection): void {
    this.#keep = false;
    const ahead = this.#session.takeStash();
    if (ahead === null || connection.out.push(ahead, 0, ahead.length, null)) this.#session.resume();
  }

  override serverEnded(connection: ServerConnection): void {
    if (!this.#responding) {
      this.#unanswered(connection, "SH");
    } else if (this.#isTunnel) {
      this.#serverEnded = true;
      if (this.#clientEnded) this.#over("--");
      else if (this.#session.out.empty) this.#session.socket.shutdown();
    } else if (this.#response.kind === UNTIL_CLOSE) {
      this.#response.done = true;
      this.#exchanged(false);
    } else {
      this.#truncate("SD");
    }
  }

  protected override serverBroke(connection: ServerConnection): void {
    if (!this.#responding) this.#unanswered(connection, "SH");
    else if (this.#isTunnel && this.#serverEnded) this.#over("--");
    else this.#truncate("SD");
  }

  protected override timedOut(): void {
    if (this.#responding) this.#truncate("sD");
    else this.#refuse(504, this.#phase("s"));
  }

  /** The server closed without an answer. An idle connection may have been closing all along. */
  #unanswered(connection: ServerConnection, termination: string): void {
    const stale = connection.requests > 1 && this.#carry === null && this.bytes === 0;
    if (stale && this.mayReuse) {
      connection.socket.close();
      this.replay();
    } else {
      this.#refuse(502, termination);
    }
  }

  // ---- to the client, and the end ----

  #toClient(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): boolean {
    this.bytes += to - from;
    return this.#session.out.push(bytes, from, to, owner);
  }

  /**
   * The response is complete.
   * @param clean nothing followed it that nobody asked for
   */
  #exchanged(clean: boolean): void {
    const reusable = clean && this.#serverKeeps && !this.close && this.#request.done &&
      this.connection!.out.empty && this.#response.kind !== UNTIL_CLOSE;
    this.releaseConnection(reusable);
    this.#complete();
  }

  /** Answers for the server, if it is not too late for that. */
  #refuse(status: number, termination: string): void {
    if (this.#responding) {
      this.#truncate(termination);
      return;
    }
    this.#termination = termination;
    this.#status = status;
    this.#keep &&= this.#request.done && status >= 500;
    this.releaseConnection(false);
    const reply = errorReply(status, this.#keep, this.#method === METHOD_HEAD);
    this.#toClient(reply, 0, reply.length, null);
    this.#complete();
  }

  /** The response cannot be completed: the client must not take it for complete. */
  #truncate(termination: string): void {
    this.#termination = termination;
    this.#finish(true);
  }

  /** All that will be sent has been handed over; ends when the client has taken it. */
  #complete(): void {
    if (this.#session.out.empty) {
      this.#finish();
      return;
    }
    this.#flushing = true;
    this.#frontend.runtime.wheel.set(this.#session, this.#frontend.timeouts.client);
  }

  /** Ends without regard to what the client still has to take. */
  #over(termination: string): void {
    this.#termination = termination;
    this.#keep = false;
    this.#finish();
  }

  /** @param truncated the client has not got all of the response, and never will */
  #finish(truncated = false): void {
    const session = this.#session;
    if (this.#frontend.logs) this.#log();
    this.end();
    if (this.#out.bytes.length > largestBuffer) this.#out = new HeadWriter(bufferSize);
    this.#pending = this.#carry = null;
    if (truncated) session.streamBroken();
    else session.streamEnded(this.#keep, !this.#request.done);
  }

  #log(): void {
    // A cookie's server that turned out not to work counts as down.
    const down = this.redispatched && this.#requestState === "V";
    const termination = this.#termination + (down ? "D" : this.#requestState) + this.#responseState;
    logSession(this.#session, this, this.#status, termination, 0);
  }

  /** Who ended the session, and when (manual: "Session state at disconnection"). */
  #phase(who: string): string {
    if (this.#flushing) return `${who}L`;
    if (this.#responding) return `${who}D`;
    if (this.state === QUEUED) return `${who}Q`;
    if (this.state !== CONNECTED) return `${who}C`;
    return `${who}${this.#request.done ? "H" : "D"}`;
  }

  /** Sets the time-outs of both sides by who owes the next byte. */
  #arm(): void {
    if (this.#flushing) return;
    if (this.state !== CONNECTED) {
      if (!this.#request.done && this.state !== ENDED) this.#armClient(this.#pending === null);
      return;
    }
    const { wheel } = this.#frontend.runtime;
    const blocked = !this.#session.out.empty;
    const uploading = !this.#request.done && this.connection!.out.empty;
    const tunnel = this.#isTunnel;
    this.#armClient(blocked || uploading || tunnel);
    const waits = tunnel || !blocked && (!uploading || this.#responding);
    wheel.set(this, waits ? this.backend.config.timeout.server : null);
  }

  #armClient(owes: boolean): void {
    const { wheel } = this.#frontend.runtime;
    wheel.set(this.#session, owes ? this.#frontend.timeouts.client : null);
  }
}
