import { TUNNEL, UNTIL_CLOSE } from "../../http/h1/content.ts";
import { passesUpgrade } from "../../http/h1/hop-by-hop.ts";
import { HeadJournal } from "../../http/h1/journal.ts";
import {
  EXPECT_OTHER,
  type Head,
  METHOD_DELETE,
  METHOD_GET,
  METHOD_HEAD,
  METHOD_OPTIONS,
  METHOD_OTHER,
  METHOD_POST,
  METHOD_PUT,
  METHOD_TRACE,
} from "../../http/head.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import { expiry, type RequestCookie } from "../../persist/request.ts";
import type { ResponseContext } from "../../persist/response.ts";
import { replyService } from "../../services/reply.ts";
import { Timer } from "../../time/wheel.ts";
import type { Backend } from "../backend.ts";
import type { Frontend } from "../frontend.ts";
import type { Route } from "../route.ts";
import type { Server } from "../server.ts";
import { logRefused, logTransaction } from "../session-log.ts";
import { Assignment } from "../stream/assignment.ts";
import { Connector, type ConnectorOwner } from "../stream/connector.ts";
import type {
  ClientEndpoint,
  ClientEvents,
  ConnectionFate,
  ServerEndpoint,
  ServerEvents,
} from "../stream/endpoints.ts";
import { type Failure, failureStates } from "../stream/failure.ts";
import type { Keeper, Passing } from "../stream/outlet.ts";
import type { PrivateConnections } from "../stream/pool.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import { isAsked } from "./monitor.ts";
import { type AddressField, editRequest, OutgoingRequest, type RequestEdit } from "./request.ts";
import { editResponse, editResponseCookies } from "./response.ts";
import { type ConnectionReturn, Http1ServerStream } from "./server-stream.ts";
import { ServiceStream } from "./service-stream.ts";

/** The client's side of a transaction, with what an HTTP transaction asks of it besides. */
export interface HttpClient extends ClientEndpoint {
  readonly frontend: Frontend;
  readonly addresses: Addresses;
  /** The client's address, read once. */
  readonly clientAddress: string;
  readonly remotePort: number;
  /** For the log: when it was accepted, ms since 1970. */
  readonly acceptedAt: number;
  /** Requests of this connection so far, this one included. */
  readonly requests: number;
  /** Bytes of the present response that were sent. */
  readonly sent: number;
  /** The line that adds an address of the connection to requests; null: none is due. */
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null;
  /** Connections to servers that are for this client alone; null: there never was one. */
  readonly privates: PrivateConnections | null;
  /** Keeps one more of them, for the client's next requests. */
  keepPrivate(connection: ServerConnection): void;
  /** Sets the time-out of the client's side, ms from now; null: none. */
  setTimeout(ms: number | null): void;
  /** How much of the request's content need not be looked at. @param seen bytes that came just now */
  unseen(seen: number): number;
  /** So much of it has passed without. @returns whether it was the last of it */
  passed(count: number): boolean;
  /** Lets content of `source` pass to the client without being seen. */
  spliceFrom(source: Socket, count: number, passing: Passing): void;
  /** So many bytes of the response have passed without being seen. */
  sentUnseen(count: number): void;
  /** Nothing of a request has come. */
  readonly nothingCame: boolean;
  /** Resets the connection, which is in no state to go on, and releases all that it holds. */
  abandon(): void;
}

/** Methods that may be sent again unasked (RFC 9110, section 9.2.2), as a bit set. */
const idempotent = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_OPTIONS | 1 << METHOD_PUT |
  1 << METHOD_DELETE | 1 << METHOD_TRACE;

/** Responses are edited one at a time, and sent before the next: one journal serves all. */
const journal = new HeadJournal();

/**
 * One request and its response. It is made of its parts (assignment, connector, the request as it goes
 * out, the server's side), and says what becomes of what they find: this file is the story of a
 * request from its head to the end of its response. It is also the time-out of the server's side.
 *
 * Transactions that are over serve later requests: nothing is made for each.
 */
export class HttpTransaction extends Timer
  implements
    ClientEvents,
    ServerEvents,
    ConnectorOwner,
    ConnectionReturn,
    RequestEdit,
    ResponseContext,
    Passing {
  client!: HttpClient;
  frontend!: Frontend;
  route!: Route;
  readonly assignment = new Assignment(this);
  readonly connector = new Connector(this, this.assignment);
  readonly #request = new OutgoingRequest();
  readonly #http1: Http1ServerStream;
  readonly #service: ServiceStream;
  /** The server's side, while there is one. */
  #server: ServerEndpoint | null = null;
  /** A request is in progress. */
  #active = false;

  #method = METHOD_OTHER;
  /** The client's version is HTTP/1.minor. */
  #minor = 1;
  #expect = 0;
  /** The client's connection may carry another request after this one. */
  #keep = false;
  /** All of the request's content has come. */
  #requestDone = false;
  /** Content has gone to the server that is not kept here: the request cannot be sent again. */
  #streamed = false;
  /** Bytes that the connection took before it was known to stand. */
  #sentEarly = 0;
  /** It takes part in an authentication of the connection. */
  #authenticates = false;

  /** The response's head has been sent to the client. */
  #responding = false;
  /** It came when all of the request had been taken: the exchange can be told from the next one. */
  #inOrder = false;
  /** A service answers. */
  #local = false;
  /** The exchange with the server is over; the client has not taken all of it yet. */
  #flushing = false;
  /** The response will not become complete; an orderly end would look as if it were. */
  #broken = false;
  #ambiguous = false;
  #isTunnel = false;
  /** In a tunnel: a side has ended its direction. */
  #clientHasEnded = false;
  #serverHasEnded = false;

  // for the log
  acceptDate = 0;
  startedAt = -1;
  readAt = -1;
  respondedAt = -1;
  status = -1;
  #termination = "--";
  /** It is of a monitor: not logged (manual: "monitor-uri"). */
  #monitor = false;
  /** The request could not be read, after so many ms; -1: it could. */
  #unread = -1;
  #requestState = "-";
  #responseState = "-";

  // what the edits of both heads depend on
  readonly found: RequestCookie = { server: null, lastDate: 0, firstDate: 0 };
  upgrade = false;

  constructor(headLimit: number) {
    super();
    this.#http1 = new Http1ServerStream(this, this, this, headLimit);
    this.#service = new ServiceStream(this, headLimit);
  }

  get backend(): Backend {
    return this.route.backend;
  }
  get cookie() {
    return this.backend.cookie;
  }
  get accepts() {
    return this.backend.accepts;
  }
  get close(): boolean {
    return this.route.closesServer;
  }
  get serverName(): Uint8Array | null {
    return this.route.serverName;
  }
  get forwardFor(): AddressField | null {
    return this.route.forwardFor;
  }
  get forwardForLine(): Uint8Array | null {
    return this.client.addressLine(this.route.forwardFor, false);
  }
  get originalToLine(): Uint8Array | null {
    return this.client.addressLine(this.route.originalTo, true);
  }
  get serverCookie(): string | null {
    return this.assignment.server?.cookie ?? null;
  }
  get direct(): boolean {
    return this.assignment.direct;
  }
  get post(): boolean {
    return this.#method === METHOD_POST;
  }
  get request(): RequestCookie {
    return this.found;
  }
  /** Seconds since 1970. */
  get now(): number {
    return Math.floor(this.frontend.runtime.clock.wall() / 1000);
  }
  get addresses(): Addresses {
    return this.client.addresses;
  }
  get clientAddress(): string {
    return this.client.clientAddress;
  }
  get clientPort(): number {
    return this.client.addresses.localPort;
  }
  clientGone(): boolean {
    return this.client.peerGone();
  }
  /** The request line as it came. */
  get requestLine(): string {
    return this.#request.line;
  }

  // ---- the request's way ----

  /**
   * Begins with a request whose head ends before bytes[end].
   * @param content what came with it: content[from, to), retained by nobody
   * @param done that is all of it
   * @param invalid why its framing is broken; null: it is not
   * @param since when its first byte came, if that was in an earlier call; else -1
   */
  begin(
    client: HttpClient,
    head: Head,
    bytes: Uint8Array,
    end: number,
    content: Uint8Array,
    from: number,
    to: number,
    done: boolean,
    invalid: string | null,
    since: number,
  ): void {
    const { frontend } = client;
    this.#reset(client);
    this.#method = head.method;
    this.#minor = head.minor;
    this.#expect = head.expect;
    this.#authenticates = head.connectionAuth;
    this.#keep = (head.minor === 1 ? !head.close : head.keepAlive && !head.close) &&
      !this.route.closesClient;
    this.upgrade = head.upgrade && passesUpgrade(head, bytes);
    this.#requestDone = done;
    if (frontend.logs) this.#stamp(since);
    this.#request.begin(head, bytes, end, content, from, to);
    editRequest(this.#request.journal, this, head, bytes);
    if (invalid !== null) {
      this.#enter();
      frontend.runtime.refusals.request(client, invalid, bytes);
      this.#refuse(400, "PR");
    } else if (frontend.monitor !== null && isAsked(frontend.monitor, head, bytes)) {
      this.#enter();
      this.#monitor = true;
      this.#reply(200);
    } else {
      this.#start(this.#wanted());
    }
    if (!this.#active) return;
    this.#request.retain();
    if (!this.connector.connected && this.#request.full) client.pause();
    if (!done) this.#arm();
  }

  /** Answers what was no request, and ends the connection. @param since ms since it began */
  beginUnread(client: HttpClient, status: number, termination: string, since: number): void {
    this.#reset(client);
    this.#method = METHOD_OTHER;
    this.#minor = 1;
    this.#keep = this.#requestDone = this.upgrade = false;
    this.#unread = since;
    this.#termination = termination;
    this.#reply(status);
  }

  /** Forgets the request before this one. */
  #reset(client: HttpClient): void {
    this.client = client;
    this.frontend = client.frontend;
    this.route = client.frontend.route;
    this.#active = true;
    this.#streamed =
      this.#responding =
      this.#inOrder =
      this.#local =
      this.#flushing =
      this.#broken =
      this.#ambiguous =
      this.#isTunnel =
      this.#clientHasEnded =
      this.#serverHasEnded =
      this.#monitor =
        false;
    this.#sentEarly = 0;
    this.status = this.respondedAt = this.#unread = -1;
    this.#termination = "--";
    this.#requestState = this.#responseState = "-";
    this.found.server = null;
    this.found.lastDate = this.found.firstDate = 0;
  }

  #stamp(since: number): void {
    const { clock } = this.frontend.runtime;
    this.readAt = clock.now();
    this.startedAt = since < 0 ? this.readAt : since;
    this.acceptDate = this.client.requests === 1
      ? this.client.acceptedAt
      : clock.wall() - (this.readAt - this.startedAt);
  }

  /** The server that the client's cookie names, if it may be used; notes the cookie's state. */
  #wanted(): Server | null {
    const { backend, found } = this;
    const { cookie: policy } = backend;
    if (policy === null) return null;
    this.#responseState = "N";
    const { server } = found;
    if (server === null) {
      this.#requestState = "N";
      return null;
    }
    const expired = expiry(policy, found, this.now);
    if (expired !== null) {
      this.#requestState = expired;
      return null;
    }
    const wanted = backend.byCookie(server);
    const down = wanted === null ? backend.knowsCookie(server) : !wanted.serves;
    this.#requestState = down ? "D" : wanted !== null ? "V" : "I";
    return wanted;
  }

  #enter(): number {
    this.connector.begin(this.backend.config.retries);
    return this.assignment.enter(this.backend);
  }

  /** Starts on the way to a server; `wanted` if a cookie named one. */
  #start(wanted: Server | null): void {
    const { assignment, backend } = this;
    const load = this.#enter();
    assignment.direct = wanted !== null;
    // Before itself, those that came before it.
    backend.loadRose(load);
    // Where a server has authenticated the client's connection, it knows the client by that.
    const known = wanted ?? this.client.privates?.find(this.#isKnown)?.server ?? null;
    assignment.assign(known);
  }

  readonly #isKnown = ({ server, isPrivate }: ServerConnection): boolean =>
    isPrivate && server.backend === this.backend && server.serves;

  onAssigned(server: Server): void {
    if (server.nameLine !== null) this.#request.nameServer(server.nameLine);
    this.connector.connect(server);
  }
  onFailed(failure: Failure): void {
    this.#refuse(503, failureStates[failure]);
  }
  onClientGone(queued: boolean): void {
    this.#over(queued ? "CQ" : "CC");
  }

  /** The whole request is here, and may be sent again. */
  get #mayReplay(): boolean {
    return (idempotent >> this.#method & 1) === 1 && this.#requestDone &&
      this.#request.pending === null && !this.#streamed;
  }

  reusable(server: Server): ServerConnection | null {
    const { client, backend } = this;
    const own = client.privates?.take((connection) => connection.server === server) ?? null;
    if (own !== null || !server.pools) return own;
    const first = client.requests === 1;
    const { httpReuse } = backend.config;
    if (httpReuse === "never" || (httpReuse === "safe" && first)) return null;
    return server.pool.take(!this.#mayReplay, httpReuse === "aggressive" && first);
  }

  sendEarly(connection: ServerConnection): boolean {
    const { bytes, length } = this.#request.wire();
    const taken = connection.sendEarly(bytes, 0, length);
    this.#sentEarly = Math.max(0, taken);
    return taken >= 0;
  }

  onConnected(connection: ServerConnection): void {
    const stream = this.#http1;
    const request = this.#request;
    this.#server = stream;
    stream.attach(connection, this.#method, this.upgrade);
    if (this.#authenticates) stream.markPrivate();
    const { bytes, length } = request.wire();
    const from = this.#sentEarly;
    this.#sentEarly = 0;
    let open = stream.sendRequest(bytes, from, length);
    if (request.pending !== null) {
      open = stream.sendContent(request.pending, 0, request.pending.length, null) && open;
      request.pending = null;
      this.#streamed = true;
    }
    if (!this.#requestDone) {
      if (open) this.client.resume();
      else this.client.pause();
    }
    this.#arm();
  }

  // ---- from the client ----

  onRequestContent(
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: Keeper | null,
    done: boolean,
  ): void {
    // What comes behind an answer that did not wait for it is nobody's any more.
    if (this.#flushing) return;
    if (done) this.#requestDone = true;
    if (this.connector.connected) {
      this.#streamed = true;
      if (!this.#server!.sendContent(bytes, from, to, owner)) this.client.pause();
      else this.#spliceRequest(to - from);
    } else {
      this.#request.hold(bytes, from, to, owner);
      if (this.#request.full) this.client.pause();
    }
    this.#arm();
  }

  /** Lets what is to come pass without being seen, where that pays. */
  #spliceRequest(seen: number): void {
    const { socket } = this.client;
    if (!this.route.splice.request || this.#requestDone || socket === null) return;
    const count = this.client.unseen(seen);
    if (count > 0) this.#http1.spliceFrom(socket, count);
  }

  onRequestInvalid(reason: string): void {
    this.frontend.runtime.refusals.request(this.client, reason, null);
    this.#refuse(400, this.#responding ? "PD" : "PH");
  }

  onClientDrained(): void {
    if (this.#flushing) {
      this.#finish();
      return;
    }
    if (this.#serverHasEnded) this.client.shutdown();
    else this.#server?.resume();
    this.#arm();
  }

  onClientEnded(): void {
    if (this.#isTunnel) {
      this.#clientHasEnded = true;
      if (this.#serverHasEnded) this.#over("--");
      else {
        this.#server?.shutdown();
        this.#arm();
      }
    } else if (!this.#requestDone && !this.#flushing) {
      this.#refuse(400, this.#phase("C"));
    } else if (this.backend.config.abortonclose && !this.#responding && !this.#flushing) {
      if (this.connector.connected) this.#refuse(400, "CH");
      else this.onClientGone(this.assignment.queued);
    }
  }

  onClientClosed(): void {
    this.#over(this.#phase("C"));
  }

  /** The client neither sends what it owes nor takes what is for it. */
  onClientTimeout(): void {
    if (this.#responding || this.#flushing) this.#truncate(this.#phase("c"), false);
    else this.#refuse(408, this.connector.connected ? "cH" : this.#phase("c"));
  }

  // ---- from the server ----

  onInterim(head: Head, bytes: Uint8Array, end: number, owner: Keeper | null): void {
    // HTTP/1.0 knows none (RFC 9110, section 15.2).
    if (this.#minor > 0) {
      journal.begin(head, bytes, end);
      editResponse(journal, head, bytes, false, 1);
      if (!this.client.sendInterim(journal, owner)) this.#server!.pause();
    }
    this.#arm();
  }

  onResponse(
    head: Head,
    bytes: Uint8Array,
    end: number,
    framing: number,
    content: Uint8Array,
    from: number,
    to: number,
    owner: Keeper | null,
    done: boolean,
  ): void {
    this.#responding = true;
    this.status = head.status;
    journal.begin(head, bytes, end);
    if (!this.#local) {
      const { frontend } = this;
      if (frontend.logs) this.respondedAt = frontend.runtime.clock.now();
      this.#inOrder = this.#requestDone && this.#server!.empty;
      // Without a length only the close of the connection ends the content, here as there.
      this.#keep &&= framing !== UNTIL_CLOSE && this.#requestDone && !frontend.stopping;
      if (head.connectionAuth) this.#http1.markPrivate();
      const { cookie } = this;
      if (cookie !== null) {
        this.#responseState = editResponseCookies(journal, head, bytes, cookie, this);
      }
    }
    this.#isTunnel = framing === TUNNEL;
    editResponse(journal, head, bytes, !this.#isTunnel && !this.#keep, this.#minor);
    const taken = this.client.sendHead(journal, content, from, to, owner);
    if (done) return;
    if (!taken) this.#server!.pause();
    if (this.#isTunnel) this.#openTunnel();
    else if (taken) this.#spliceResponse(to - from);
    this.#arm();
  }

  onResponseContent(
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: Keeper | null,
    done: boolean,
  ): void {
    const taken = this.client.sendContent(bytes, from, to, owner);
    if (done) return;
    if (!taken) this.#server!.pause();
    else this.#spliceResponse(to - from);
    this.#arm();
  }

  /** Lets the rest of the content pass without being seen, where that pays. */
  #spliceResponse(seen: number): void {
    const source = this.#server?.socket ?? null;
    if (!this.route.splice.response || source === null) return;
    const count = this.#http1.unseen(seen);
    if (count > 0) this.client.spliceFrom(source, count, this);
  }

  /** Bytes have passed without being seen. */
  passed(source: Socket, count: number): void {
    if (source === this.client.socket) {
      this.#requestDone = this.client.passed(count);
    } else {
      this.client.sentUnseen(count);
      this.#http1.passed(count);
    }
    if (this.#active) this.#arm();
  }

  /** From here on both directions pass on as they are; what the client sent ahead goes first. */
  #openTunnel(): void {
    this.#keep = false;
    this.client.openTunnel();
  }

  onResponseEnd(): void {
    const keep = this.#inOrder && !this.close && this.#server!.reusable &&
      this.#expect !== EXPECT_OTHER && this.status !== 417;
    this.#releaseServer(keep ? "keep" : "reset");
    this.#complete();
  }

  /** Keeps a server's connection that may carry another request, or closes it. */
  put(connection: ServerConnection): void {
    const { server, isPrivate } = connection;
    if (!server.serves) return connection.reset();
    if (!isPrivate && server.pools && this.backend.config.httpReuse !== "never") {
      server.pool.add(connection);
    } else if (this.#keep && (isPrivate || server.limit === Infinity)) {
      this.client.keepPrivate(connection);
    } else {
      connection.reset();
    }
  }

  onResponseInvalid(reason: string, bytes: Uint8Array): void {
    const { refusals } = this.frontend.runtime;
    refusals.response(this.client, this.backend, this.assignment.server, reason, bytes);
    this.#refuse(502, this.#responding ? "PD" : "PH");
  }

  onServerDrained(): void {
    if (this.#clientHasEnded) this.#server!.shutdown();
    else if (!this.#requestDone || this.#isTunnel) this.client.resume();
    this.#arm();
  }

  onServerEnded(): void {
    this.#serverHasEnded = true;
    if (this.#clientHasEnded) return this.#over("--");
    this.client.shutdown();
    this.#arm();
  }

  /** The server closed too early. An idle connection may have been closing all along. */
  onServerClosed(silent: boolean): void {
    if (this.#local) return this.#truncate("SD", true);
    if (!silent) {
      if (this.#isTunnel && this.#serverHasEnded) this.#over("--");
      else this.#truncate("SD", true);
    } else if (this.#http1.mayBeStale && this.client.sent === 0 && this.#mayReplay) {
      this.#http1.release("reset");
      this.#server = null;
      this.connector.replay();
    } else {
      this.#refuse(502, "SH");
    }
  }

  /** The time-out of the server's side. */
  override fire(): void {
    if (this.#responding) this.#truncate("sD", true);
    else this.#refuse(504, this.#phase("s"));
  }

  // ---- how it ends ----

  /** Answers in the server's place, if it is not too late for that. */
  #refuse(status: number, termination: string): void {
    if (this.#responding) return this.#truncate(termination, true);
    this.#termination = termination;
    this.#keep &&= status >= 500;
    this.#releaseServer("reset");
    this.#reply(status);
  }

  /** Has a service answer. The client need not have sent all of its request. */
  #reply(status: number): void {
    this.#keep &&= this.#requestDone && !this.frontend.stopping;
    this.#local = true;
    this.#server = this.#service;
    this.#service.begin(replyService(status), this.#method);
  }

  /**
   * The exchange with the server is over: leaves the connection to others, if it can be used again,
   * and the server. The transaction itself goes on.
   */
  #releaseServer(fate: ConnectionFate): void {
    const server = this.#server;
    this.frontend.runtime.wheel.clear(this);
    if (server !== null) {
      this.#server = null;
      server.release(fate);
    }
    this.connector.stop();
    this.assignment.leaveQueue();
    this.assignment.releaseServer();
  }

  /** All that will be sent has been handed over; ends when the client has taken it. */
  #complete(): void {
    if (this.client.empty) {
      this.#finish();
      return;
    }
    this.#flushing = true;
    this.client.setTimeout(this.frontend.timeouts.client);
  }

  /**
   * The response cannot be completed: the client must not take it for complete.
   * @param flush the client is still to have what has come of it
   */
  #truncate(termination: string, flush: boolean): void {
    this.#termination = termination;
    this.#broken = true;
    this.#ambiguous = !flush || this.#isTunnel || (!this.#local && this.#http1.untilClose);
    this.#releaseServer("reset");
    if (flush) this.#complete();
    else this.#finish();
  }

  /** Ends without regard to what the client still has to take. */
  #over(termination: string): void {
    this.#termination = termination;
    this.#keep = false;
    this.#finish();
  }

  /** The client has been handed, or has left, all that it will get. */
  #finish(): void {
    if (!this.#active) return;
    this.#active = false;
    const { client } = this;
    this.assignment.leaveQueue();
    try {
      if (this.frontend.logs && !this.#monitor) this.#log();
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    try {
      // A tunnel that both sides have ended is over in good order.
      this.#releaseServer(this.#serverHasEnded && this.#clientHasEnded ? "close" : "reset");
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    this.assignment.leave();
    this.#request.clear();
    try {
      if (this.#broken) client.abort(this.#ambiguous);
      else client.end(this.#keep, !this.#requestDone);
    } catch (error) {
      // The client's side is left with a transaction that is over.
      this.frontend.runtime.fault(error, client);
    }
  }

  /** It is in no state to go on. */
  override abandon(): void {
    this.client.abandon();
  }

  #log(): void {
    const { client } = this;
    if (this.#unread >= 0) logRefused(client, this.status, this.#termination, this.#unread);
    else logTransaction(client, this, this.#termination + this.#cookieStates());
  }

  #cookieStates(): string {
    const { cookie } = this;
    if (cookie === null || cookie.mode === "passive") return "--";
    // A cookie's server that turned out not to work counts as down.
    const down = this.assignment.redispatched && this.#requestState === "V";
    return (down ? "D" : this.#requestState) + this.#responseState;
  }

  /** Who ended the session, and when (manual: "Session state at disconnection"). */
  #phase(who: string): string {
    if (this.#flushing) return `${who}L`;
    if (this.#responding) return `${who}D`;
    if (this.assignment.queued) return `${who}Q`;
    if (!this.connector.connected) return `${who}C`;
    return `${who}${this.#requestDone ? "H" : "D"}`;
  }

  /** Sets the time-outs of both sides by who owes the next byte. */
  #arm(): void {
    if (this.#flushing || !this.#active) return;
    const uploading = !this.#requestDone;
    if (!this.connector.connected) {
      if (uploading) this.#armClient(this.#request.pending === null);
      return;
    }
    const blocked = !this.client.empty;
    const taken = this.#server!.empty;
    const awaited = uploading && taken;
    const tunnel = this.#isTunnel;
    // Who has half-closed a tunnel owes only to take what is for it; and who is not read, as the
    // other is behind, need not speak.
    this.#armClient(blocked || awaited || (tunnel && !this.#clientHasEnded && taken));
    const waits = tunnel
      ? !taken || (!this.#serverHasEnded && !blocked)
      : !blocked && (!awaited || this.#responding);
    this.frontend.runtime.wheel.set(this, waits ? this.backend.config.timeout.server : null);
  }

  #armClient(owes: boolean): void {
    this.client.setTimeout(owes ? this.frontend.timeouts.client : null);
  }
}
