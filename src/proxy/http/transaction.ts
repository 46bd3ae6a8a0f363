import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { NO_KEY } from "../../balance/request-key.ts";
import { bytesOf } from "../../bytes/bytes.ts";
import { NONE, requestFraming, TUNNEL, UNTIL_CLOSE } from "../../http/h1/content.ts";
import { passesUpgrade } from "../../http/h1/hop-by-hop.ts";
import { HeadJournal } from "../../http/h1/journal.ts";
import {
  createHead,
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
import { parseResponse } from "../../http/h1/parse.ts";
import {
  noPriority,
  type Priority,
  type ProxyFacts,
  type ServerConnectionFacts,
  type ServerFacts,
} from "../../expr/context.ts";
import { type Test, YES } from "../../expr/test.ts";
import type { LogRecord } from "../../log/record.ts";
import type { RuleReply } from "../../rules/stream.ts";
import { CONTINUE, END, type Verdict, WAIT } from "../../rules/verdict.ts";
import { Sticking } from "../stick.ts";
import type { RuleContext } from "../rules/context.ts";
import { serverByRule } from "../rules/switching.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import { serverRedirect } from "./server-redirect.ts";
import { ofStatus, storedService } from "../../services/error-replies.ts";
import { replyService } from "../../services/reply.ts";
import { at } from "../../stats/counters.ts";
import type { Granted, Service } from "../../services/service.ts";
import type { TlsFacts } from "../../net/tls/facts.ts";
import { Timer } from "../../time/wheel.ts";
import type { Backend } from "../backend.ts";
import { countTransaction, type EndedStream } from "../counting.ts";
import type { Frontend } from "../frontend.ts";
import type { Route } from "../route.ts";
import type { Server } from "../server.ts";
import { fillTransaction, logRefused, logTransaction } from "../session-log.ts";
import { restrictNames } from "./restrict-names.ts";
import { Assignment } from "../stream/assignment.ts";
import { adjustCase } from "../../http/h1/case-adjust.ts";
import { Connector, type ConnectorOwner } from "../stream/connector.ts";
import type {
  ClientEvents,
  ReleaseMode,
  ServerEndpoint,
  ServerEvents,
} from "../stream/endpoints.ts";
import { type Failure, failureStates } from "../stream/failure.ts";
import { type BufferOwner, copiedBuffer, type SpliceOwner } from "../stream/send-buffer.ts";
import { EMPTY_RESPONSE, JUNK_RESPONSE, RESPONSE_TIMEOUT, statusBit } from "../stream/retry-on.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import { tunnelClient, tunnelServer } from "../stream/tunnel-timeouts.ts";
import type { Counters } from "../../stick-table/counters.ts";
import type { Captured } from "./captures.ts";
import type { HttpClient } from "./client.ts";
import { isMonitorRequest } from "./monitor-uri.ts";

import { type RuledTransaction, TransactionRules } from "./transaction-rules.ts";
import type { CompressionPolicy } from "../../filters/compression/policy.ts";
import { ContentFilters } from "../../filters/content.ts";
import { TransactionCaching } from "./caching.ts";
import { TransactionCompression } from "./compressing.ts";
import { Persistence } from "./persistence.ts";
import { Progress } from "./progress.ts";
import { TransactionRecord } from "./record.ts";
import { leaksCookie } from "./check-cache.ts";
import { editRequest, heldContent, OutgoingRequest } from "./request.ts";
import { editResponse } from "./response.ts";
import { authenticatedServer, lastServer, putConnection, takeConnection } from "./reuse.ts";
import { type ConnectionReturn, Http1ServerStream } from "./server-stream.ts";
import { ServiceStream } from "./service-stream.ts";

/** Methods that may be sent again unasked (RFC 9110, section 9.2.2), as a bit set. */
const idempotent = 1 << METHOD_GET | 1 << METHOD_HEAD | 1 << METHOD_OPTIONS | 1 << METHOD_PUT |
  1 << METHOD_DELETE | 1 << METHOD_TRACE;

/** Responses are edited one at a time, and sent before the next: one journal serves all. */
const journal = new HeadJournal();
/** A response's head with the cookie that this proxy sets, for the rules behind that. */
const withCookie = new ByteBuffer(2048);
const cookieHead = createHead();

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
    SpliceOwner,
    EndedStream,
    RuledTransaction {
  client!: HttpClient;
  frontend!: Frontend;
  route!: Route;
  readonly assignment = new Assignment(this);
  readonly connector = new Connector(this, this.assignment);
  readonly persistence = new Persistence(this.assignment);
  readonly record = new TransactionRecord();
  readonly progress = new Progress();
  readonly #request = new OutgoingRequest();
  readonly #http1: Http1ServerStream;
  readonly #service: ServiceStream;
  /** The server's side, while there is one. */
  #server: ServerEndpoint | null = null;
  /** A request is in progress. */
  #active = false;
  /** Its backend has been chosen, and replies before the frontend does. */
  #routed = false;
  /** A response is left unread whose end is called back once more. */
  #endIgnored = false;

  /** The rules of the proxies, and what they see of it; null: none were ever evaluated. */
  #rules: TransactionRules | null = null;
  /** They have been for this request. */
  #ruled = false;
  /** The request line as it came, where rules have changed it. */
  #line: string | null = null;
  /** Rules will have nothing logged. */
  #silent = false;

  #method = METHOD_OTHER;
  /** The client's version is HTTP/1.minor. */
  #minor = 1;
  #expect = 0;
  /** The client's connection may carry another request after this one. */
  #keep = false;
  /** Content has gone to the server that is not kept here: the request cannot be sent again. */
  #streamed = false;
  /** Bytes that the connection took before it was known to stand. */
  #sentEarly = 0;
  /** What answers in a server's place, once it has the content that it wants; null: nothing. */
  #awaiting: Service | null = null;
  /** What the conditions of the statistics page allow. */
  #granted: Granted | null = null;
  /** It takes part in an authentication of the connection. */
  #authenticates = false;

  /** What its content passes through on its way to the server, and to the client; null: nothing. */
  #requestFilters: ContentFilters | null = null;
  #responseFilters: ContentFilters | null = null;
  /** Of one that has been used, for the next request. */
  #compression: TransactionCompression | null = null;
  #ownFilters: ContentFilters | null = null;
  #caching: TransactionCaching | null = null;
  /** Rules have named a cache for this request, and a cache answers it. */
  #caches = false;
  #fromCache = false;

  /** The request's offer to upgrade the connection has been passed on. */
  upgrade = false;

  constructor(headLimit: number) {
    super();
    this.#http1 = new Http1ServerStream(this, this, this, headLimit);
    this.#service = new ServiceStream(this, headLimit);
  }

  get backend(): Backend {
    return this.route.backend;
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
  get requestHead(): string {
    return this.#request.headText;
  }
  get clientTls(): TlsFacts | null {
    return this.client.socket?.tls ?? null;
  }
  get priority(): Priority {
    return this.#ruled ? this.#rules!.context.priority : noPriority;
  }
  clientGone(): boolean {
    return this.client.peerGone();
  }
  /** The request line as it came. */
  get requestLine(): string {
    return this.#line ?? this.#request.line;
  }

  // ---- the request's way ----

  /**
   * Begins with a request whose head ends before bytes[end].
   * @param content what came with it: content[from, to), not retained
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
    this.#keep = head.minor === 1 ? !head.close : head.keepAlive && !head.close;
    this.progress.requestDone = done;
    this.received = end - head.lineStart + to - from;
    this.record.stamp(client, frontend.runtime.clock, since, frontend.dated);
    this.persistence.begin(head.method === METHOD_POST);
    if (frontend.captures !== null) this.record.captured = frontend.captures.ofRequest(head, bytes);
    if (invalid !== null) {
      client.tracked?.count("request");
      client.tracked?.count("error");
      this.#request.begin(head, bytes, end, content, from, to);
      this.#enter();
      frontend.runtime.refusals.request(client, invalid, bytes);
      this.#refuse(400, "PR");
    } else if (frontend.monitor !== null && isMonitorRequest(frontend.monitor, head, bytes)) {
      this.#request.begin(head, bytes, end, content, from, to);
      this.#enter();
      this.record.isMonitor = true;
      this.#reply(frontend.monitorFails(() => this.#beginRules(head, bytes, end)) ? 503 : 200);
    } else if (!frontend.evaluates) {
      client.tracked?.count("request");
      if (frontend.stats !== null || this.backend.stats !== null) {
        this.#request.begin(head, bytes, end, content, from, to);
        if (this.servesStats(head, bytes, true) || this.servesStats(head, bytes, false)) {
          return this.#afterStart();
        }
      }
      this.#depart(head, bytes, end, content, from, to);
    } else {
      this.#request.begin(head, bytes, end, content, from, to);
      this.assignment.prepare(this.backend);
      this.connector.begin(0);
      this.#beginRules(head, bytes, end).setContent(content, from, to, done);
      this.#advance();
    }
    this.#afterStart();
  }

  /** What must outlive the call that brought it is kept. */
  #afterStart(): void {
    if (!this.#active) return;
    if (this.#ruled && this.#repliesInFormats) this.#rules!.context.retainRequest();
    this.#request.retain();
    if (!this.connector.connected && this.#request.full) this.client.pause();
    if (!this.progress.requestDone) this.#arm();
  }

  /** Replies may depend on the request as long as it has no response. */
  get #repliesInFormats(): boolean {
    return this.frontend.rules.formattedReplies !== null ||
      this.backend.rules.formattedReplies !== null;
  }

  /** Rules are evaluated for this transaction: they have a context from now on. */
  #beginRules(head: Head, bytes: Uint8Array, end: number): TransactionRules {
    const rules = this.#rules ??= new TransactionRules(this);
    this.#ruled = true;
    rules.begin(head, bytes, end);
    return rules;
  }

  /** Evaluates rules, as far as they go now; a request that they let pass goes on its way. */
  #advance(): void {
    const rules = this.#rules!;
    const verdict = rules.run();
    if (verdict === WAIT) {
      if (rules.held >= heldContent) this.client.pause();
      return;
    }
    if (verdict === END) return;
    const end = rules.settle();
    const { request } = rules.context;
    if (end <= 0) {
      const reason = `rules have made of it what is no request: ${request.head!.error}`;
      this.frontend.runtime.refusals.request(this.client, reason, null);
      return this.#refuse(500, "PR");
    }
    if (rules.context.requestEdited) this.#line = this.#request.line;
    const { head, bytes, content, from, to } = request;
    this.#method = head!.method;
    this.#depart(head!, bytes, end, content, from, to);
  }

  resume(): void {
    if (this.#ruled && this.#rules!.waits) this.#resumeRules();
  }

  /** More has come, or the time is up, for a rule that waits. */
  #resumeRules(): void {
    this.frontend.runtime.wheel.clear(this);
    this.#advance();
    if (!this.#rules!.waits) this.client.resume();
    this.#afterStart();
  }

  /** The request goes on its way to a server. */
  #depart(
    head: Head,
    bytes: Uint8Array,
    end: number,
    content: Uint8Array,
    from: number,
    to: number,
  ): void {
    if (this.#caches && this.#caching!.source !== null) return this.#serveCached(head, bytes);
    const { client, persistence, route, backend } = this;
    this.#keep &&= !route.closesClient;
    // As in HAProxy not with content: a server may switch before it has come.
    this.upgrade = head.upgrade && requestFraming(head) === NONE && passesUpgrade(head, bytes);
    this.#request.begin(head, bytes, end, content, from, to);
    const { journal } = this.#request;
    const { restricts } = route;
    for (let i = 0; i < restricts.length; i++) {
      if (restrictNames(journal, head, bytes, restricts[i]!)) continue;
      this.#enter();
      return this.#refuse(403, "PR");
    }
    editRequest(journal, head, bytes, client, route, persistence.request, this.upgrade);
    const { cases } = this.frontend.runtime;
    if (cases !== null && backend.config.h1CaseAdjustBogusServer) {
      adjustCase(journal, head, bytes, cases);
    }
    const { uniqueIdHeader } = this.frontend.config;
    if (route.compression !== null) {
      this.#compressRequest(route.compression, head, bytes, content, from, to);
    }
    const id = uniqueIdHeader === null || !this.#ruled ? null : this.#rules!.context.uniqueId;
    if (id !== null) journal.addField(bytesOf(`${uniqueIdHeader}: ${id}\r\n`));
    const key = backend.hashesRequest
      ? backend.requestKey({ head, bytes, content, from, to })
      : this.#ruled
      ? backend.sampleKey(this.#rules!.context)
      : NO_KEY;
    const wanted = this.#ruled ? this.#wantedByRules() : persistence.wanted(backend);
    if (this.#ruled && !this.#repliesInFormats) this.#rules!.release();
    this.#start(wanted, key);
  }

  /** Notes what the client accepts, and compresses the request, where that is wanted. */
  #compressRequest(
    policy: CompressionPolicy,
    head: Head,
    bytes: Uint8Array,
    content: Uint8Array,
    from: number,
    to: number,
  ): void {
    const { journal } = this.#request;
    const compression = this.#beginCompression(policy, head, bytes, journal);
    const filters = compression.compressesRequest(journal, head, bytes, requestFraming(head));
    if (filters === null) return;
    this.#requestFilters = filters;
    filters.pass(content, from, to, this.progress.requestDone);
    compression.passRequest(filters, this.backend);
    this.#request.setContent(filters.bytes.slice(filters.from, filters.to));
  }
  #beginCompression(
    policy: CompressionPolicy,
    head: Head,
    bytes: Uint8Array,
    journal: HeadJournal | null,
  ): TransactionCompression {
    const { frontend } = this;
    this.#compression ??= new TransactionCompression(frontend.runtime.compression);
    this.#compression.begin(frontend, policy, head, bytes, journal);
    return this.#compression;
  }

  /** The server that the request's cookie names, or a rule. */
  #wantedByRules(): Server | null {
    const { backend, persistence } = this;
    const { context } = this.#rules!;
    const { useServer, ignorePersist, forcePersist } = backend.rules;
    const holds = (tests: readonly Test[] | null) =>
      tests !== null && tests.some((test) => test(context) === YES);
    const forced = holds(forcePersist);
    const named = useServer === null ? null : serverByRule(useServer, backend, context, forced);
    // The cookie is looked at all the same.
    const wanted = holds(ignorePersist) ? null : persistence.wanted(backend, forced);
    const server = named ?? wanted;
    const { stick } = backend.rules;
    if (stick === null) return server;
    const sticking = this.#sticking ??= new Sticking();
    sticking.begin();
    return sticking.ofRequest(stick, backend, context, server === null) ?? server;
  }

  /**
   * Has the statistics page of the frontend, or the backend, answer a request that is for it.
   * @returns whether it is
   */
  servesStats(head: Head, bytes: Uint8Array, front: boolean): boolean {
    const { stats } = front ? this.frontend : this.backend;
    if (stats?.matches(head, bytes) !== true) return false;
    if (stats.asks) {
      const { end } = this.#request.journal;
      const { context } = this.#ruled ? this.#rules! : this.#beginRules(head, bytes, end);
      this.#granted = stats.grantsTo(context);
    }
    this.#compressService(head, bytes);
    this.serve(stats.service);
    return true;
  }

  /** Has the cache answer that has a response. */
  #serveCached(head: Head, bytes: Uint8Array): void {
    this.#compressService(head, bytes);
    this.#fromCache = true;
    this.serve(this.#caching!.hit);
  }

  /** What a service answers with is compressed as what a server does. */
  #compressService(head: Head, bytes: Uint8Array): void {
    const { compression } = this.route;
    if (compression !== null) this.#beginCompression(compression, head, bytes, null);
  }

  /** Has a service of this process answer in a server's place. */
  serve(service: Service): void {
    this.assignment.pass(this.backend);
    this.connector.begin(0);
    this.record.service = service.name ?? null;
    if (this.record.service !== null) {
      // As in HAProxy, whose services are reached as servers are, at once.
      const now = this.frontend.runtime.clock.now();
      this.assignment.queuedAt = this.assignment.assignedAt = this.connector.connectedAt = now;
    }
    this.record.end("LR");
    if (!this.#fromCache) this.frontend.counts.own[at.intercepted]!++;
    this.#awaiting = service;
    this.#serveAwaiting();
  }

  /** The same, once there is as much of the content as it wants. */
  #serveAwaiting(): void {
    const service = this.#awaiting!;
    const complete = this.progress.requestDone;
    if (service.wantsContent === true && !complete && !this.#request.full) return;
    this.#awaiting = null;
    this.#keep &&= complete && !this.frontend.stopping;
    this.progress.local = true;
    this.#server = this.#service;
    const request = this.#request;
    const asks = service.needsStream === true && this.#ruled;
    if (asks) {
      const content = request.contentSoFar;
      this.#rules!.setContent(content, 0, content.length, complete);
    }
    const stream = asks ? this.#rules!.context : null;
    this.#service.begin(service, this.#method, {
      head: () => request.headText,
      content: () => request.contentSoFar,
      complete,
      clientAddress: this.clientAddress,
      secure: false,
      granted: this.#granted,
    }, stream);
  }

  /** Answers what was no request, and ends the connection. @param since ms since it began */
  beginUnread(client: HttpClient, status: number, termination: string, since: number): void {
    this.#reset(client);
    this.#method = METHOD_OTHER;
    this.#minor = 1;
    this.#keep = this.upgrade = false;
    this.persistence.begin(false);
    this.record.unread = since;
    this.record.termination = termination;
    client.tracked?.count("request");
    if (status !== 408) client.tracked?.count("error");
    this.#reply(status);
  }

  /** Forgets the request before this one. */
  #reset(client: HttpClient): void {
    this.client = client;
    this.frontend = client.frontend;
    this.route = client.frontend.route;
    this.#active = true;
    this.#routed =
      this.#streamed =
      this.#ruled =
      this.#silent =
      this.#caches =
      this.#fromCache =
      this.#noRetries =
        false;
    this.#line = this.#timeouts = this.serverEnds = null;
    this.#serial = -1;
    this.#awaiting = this.#granted = null;
    this.#requestFilters = this.#responseFilters = null;
    this.denied = false;
    this.progress.begin();
    this.received = this.#sentEarly = 0;
    this.record.begin();
  }

  #enter(): number {
    this.connector.begin(this.backend.config.retries);
    return this.assignment.enter(this.backend);
  }

  /**
   * Starts on the way to a server; `wanted` if a cookie named one.
   * @param key what the choice of a server hashes on
   */
  #start(wanted: Server | null, key: number): void {
    const { assignment, backend } = this;
    this.#routed = true;
    const load = this.#enter();
    assignment.direct = wanted !== null;
    assignment.key = key;
    // Before itself, those that came before it.
    backend.loadRose(load);
    // Where a server has authenticated the client's connection, it knows the client by that.
    const { client } = this;
    assignment.assign(
      wanted ?? authenticatedServer(client, backend) ?? lastServer(client, backend),
    );
  }

  onAssigned(server: Server): void {
    const { redir } = server.config;
    const elsewhere = redir === null ? null : serverRedirect(redir, this.#request.headText);
    if (elsewhere !== null) {
      this.#keep = false;
      this.connector.begin(0);
      return this.answer(elsewhere, "LC");
    }
    if (server.nameLine !== null) this.#request.nameServer(server.nameLine);
    this.connector.connect(server);
  }
  onFailed(failure: Failure): void {
    this.#refuse(503, failureStates[failure]);
  }
  onClientGone(queued: boolean): void {
    this.#endNow(queued ? "CQ" : "CC");
  }

  /** The whole request is here. */
  get #isWhole(): boolean {
    return this.progress.requestDone && this.#request.pending === null && !this.#streamed;
  }

  /** The whole request is here, and may be sent again unasked. */
  get #mayReplay(): boolean {
    return (idempotent >> this.#method & 1) === 1 && this.#isWhole;
  }

  /** Sends the request again after such an event, a bit of retry-on.ts. @returns whether it did */
  #retriesOn(event: number): boolean {
    if (this.#noRetries) return false;
    const asked = (this.backend.retryOn & event) !== 0 && this.connector.mayRetry;
    if (!asked || !this.#isWhole || this.client.sent > 0 || this.progress.responding) return false;
    this.#http1.release("reset");
    this.#server = null;
    this.frontend.runtime.wheel.clear(this);
    this.connector.retry();
    return true;
  }

  reusable(server: Server): ServerConnection | null {
    const name = server.tls === null ? null : server.tls.nameFor(this);
    return takeConnection(this.client, server, this.#mayReplay, name);
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
    if (this.frontend.fullRecords) {
      const { remoteAddress, remotePort, localAddress, localPort } = connection.socket;
      this.serverEnds = { remoteAddress, remotePort, localAddress, localPort };
    }
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
    if (!this.progress.requestDone) {
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
    owner: BufferOwner | null,
    done: boolean,
  ): void {
    // Content behind an answer that did not wait for it is discarded.
    if (this.progress.flushing) return;
    if (done) this.progress.requestDone = true;
    this.received += to - from;
    if (this.#ruled && this.#rules!.waits) {
      this.#rules!.hold(bytes, from, to, done);
      return this.#resumeRules();
    }
    const filters = this.#requestFilters;
    if (filters !== null) {
      filters.pass(bytes, from, to, done);
      this.#compression!.passRequest(filters, this.backend);
      ({ bytes, from, to } = filters);
      owner = copiedBuffer;
    }
    if (this.connector.connected) {
      this.#streamed = true;
      if (!this.#server!.sendContent(bytes, from, to, owner)) this.client.pause();
      else this.#spliceRequest(to - from);
    } else {
      this.#request.hold(bytes, from, to, owner);
      if (this.#request.full) this.client.pause();
      if (this.#awaiting !== null) this.#serveAwaiting();
    }
    this.#arm();
  }

  /** Lets what is to come pass without being seen, where that pays. */
  #spliceRequest(seen: number): void {
    const { socket } = this.client;
    if (!this.route.splice.request || this.progress.requestDone || socket === null) return;
    if (this.#requestFilters !== null) return;
    const count = this.client.unseen(seen);
    if (count > 0) this.#http1.spliceFrom(socket, count);
  }

  onRequestInvalid(reason: string): void {
    this.#counters?.count("error");
    this.frontend.runtime.refusals.request(this.client, reason, null);
    this.#refuse(400, this.progress.responding ? "PD" : "PH");
  }

  onClientDrained(): void {
    if (this.progress.flushing) {
      this.#finish();
      return;
    }
    if (this.progress.serverEnded) this.client.shutdown();
    else this.#server?.resume();
    this.#arm();
  }

  onClientEnded(): void {
    if (this.progress.tunnel) {
      this.progress.clientEnded = true;
      if (this.progress.serverEnded) this.#endNow("--");
      else {
        this.#server?.shutdown();
        this.#arm();
      }
    } else if (!this.progress.requestDone && !this.progress.flushing) {
      this.#refuse(400, this.#phase("C"));
    } else if (
      this.backend.config.abortonclose && !this.progress.responding && !this.progress.flushing
    ) {
      if (this.connector.connected) this.#refuse(400, "CH");
      else this.onClientGone(this.assignment.queued);
    }
  }

  onClientClosed(): void {
    this.#endNow(this.#phase("C"));
  }

  /** The client neither sends what it must nor reads what is sent to it. */
  onClientTimeout(): void {
    if (this.progress.responding || this.progress.flushing) this.#truncate(this.#phase("c"), false);
    else this.#refuse(408, this.connector.connected ? "cH" : this.#phase("c"));
  }

  // ---- from the server ----

  onInterim(head: Head, bytes: Uint8Array, end: number, owner: BufferOwner | null): void {
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
    owner: BufferOwner | null,
    done: boolean,
  ): void {
    if (!this.progress.local && this.#retriesOn(statusBit(head.status))) {
      // What is called back next is the end of the response that is not passed on.
      this.#endIgnored = done;
      return;
    }
    if (!this.progress.local && head.status >= 400) this.#countStatus(head.status);
    const compression = this.#compression;
    const compressed = compression !== null && compression.selects(head, bytes, framing);
    let persisted = false;
    if (this.#ruled || this.route.responds) {
      const verdict = this.#respondByRules(head, bytes, end);
      if (verdict === END) return;
      if (!this.progress.local) this.#stick();
      const came = bytes;
      const edited = this.#editedResponse(head);
      if (edited !== null) ({ head, bytes, end } = edited);
      if (end <= 0) return this.#refuse(502, "PH");
      if (this.route.respondsAfter && this.record.unread < 0) {
        if (!this.progress.local && this.backend.cookie !== null) {
          // Those rules see the cookie that this proxy sets.
          persisted = true;
          journal.begin(head, bytes, end);
          this.persistence.editResponse(this.backend, journal, head, bytes);
          if (journal.edited) {
            withCookie.clear();
            journal.write(withCookie);
            bytes = withCookie.bytes;
            end = parseResponse(cookieHead, bytes, 0, withCookie.length);
            if (end <= 0) return this.#refuse(502, "PH");
            cookieHead.framingIgnored = head.framingIgnored;
            head = cookieHead;
          }
        }
        this.#rules!.respondAfter(head, bytes, end);
        const after = this.#editedResponse(head);
        if (after !== null) ({ head, bytes, end } = after);
        if (end <= 0) return this.#refuse(502, "PH");
      }
      // The head is somewhere else now: the content that came with it is on its own.
      if (bytes !== came && came === content) owner = null;
    }
    if (
      this.backend.config.checkcache && !this.progress.local &&
      leaksCookie(this.#method, head, bytes)
    ) {
      return this.#refuse(502, "PH");
    }
    this.progress.responding = true;
    // A file may say otherwise: what is logged is the status that it stands for.
    if (this.record.status < 0) {
      this.record.status = head.status;
      // Not a reply in a service's place, of which no response was seen.
      if (this.record.service !== null) {
        this.record.respondedAt = this.frontend.runtime.clock.now();
      }
    }
    journal.begin(head, bytes, end);
    if (!this.progress.local) {
      const { frontend } = this;
      this.record.respondedAt = frontend.runtime.clock.now();
      this.progress.inOrder = this.progress.requestDone && this.#server!.empty;
      // Without a length only the close of the connection ends the content, here as there.
      this.#keep &&= framing !== UNTIL_CLOSE && this.progress.requestDone && !frontend.stopping;
      if (head.connectionAuth) this.#http1.markPrivate();
      if (!persisted) this.persistence.editResponse(this.backend, journal, head, bytes);
      const { captured } = this.record;
      if (captured !== null) {
        frontend.captures!.ofResponse(captured, head, bytes);
        if (this.#ruled) this.#rules!.context.setCaptured(captured);
      }
    }
    if (this.progress.local) this.#keep &&= framing !== UNTIL_CLOSE && !head.close;
    this.progress.tunnel = framing === TUNNEL;
    editResponse(journal, head, bytes, !this.progress.tunnel && !this.#keep, this.#minor);
    const { cases } = this.frontend.runtime;
    if (cases !== null && this.frontend.config.h1CaseAdjustBogusClient) {
      adjustCase(journal, head, bytes, cases);
    }
    const keeps = this.#caches && this.#caching!.keeps;
    if (compressed) compression.edit(journal, head, bytes);
    if (compressed || keeps) {
      const filters = this.#responseFilters = this.#ownFilters ??= new ContentFilters();
      const transform = compressed ? compression.transform : null;
      filters.begin(framing, keeps ? this.#caching : null, transform);
      this.#filterResponse(filters, content, from, to, done);
      ({ bytes: content, from, to } = filters);
      if (compressed) owner = copiedBuffer;
    }
    if (done && !this.#keep && this.progress.requestDone) this.client.endsNext?.();
    const taken = this.client.sendHead(journal, content, from, to, owner);
    if (this.frontend.config.logasap && !this.progress.local) this.#logEarly();
    if (done) return;
    if (!taken) this.#server!.pause();
    if (this.progress.tunnel) this.#openTunnel();
    else if (taken) this.#spliceResponse(to - from);
    this.#arm();
  }

  /** Notes which server the client sticks to, by "stick store-request" and "store-response". */
  #stick(): void {
    const { stick } = this.backend.rules;
    const { server } = this.assignment;
    if (stick === null || server === null) return;
    const sticking = this.#sticking ??= new Sticking();
    sticking.ofResponse(stick, this.#rules!.context);
    if (sticking.pending) sticking.store(server, this.frontend.runtime.tables.serverKeys);
  }
  #sticking: Sticking | null = null;

  /** What the transaction tracks in stick tables; null: nothing. */
  get #counters(): Counters | null {
    return this.#ruled ? this.#rules!.context.counters : this.client.tracked;
  }
  /** Counts what a server's status says of the client, or of the server. */
  #countStatus(status: number): void {
    if (status < 500) this.#counters?.count("error");
    else if (status !== 501 && status !== 505) this.#counters?.count("failure");
  }

  /** Evaluates the rules for a response that has come. */
  #respondByRules(head: Head, bytes: Uint8Array, end: number): Verdict {
    const rules = this.#rules ??= new TransactionRules(this);
    if (!this.#ruled) {
      this.#ruled = true;
      rules.beginAfter();
    }
    if (this.record.unread >= 0) return CONTINUE;
    this.#serverStatus = this.progress.local ? -1 : head.status;
    if (this.progress.local && !this.#fromCache) {
      // What rules have made of a response that this one replaces is nothing to it.
      rules.context.setResponse(head, bytes, end);
      return CONTINUE;
    }
    return rules.respond(head, bytes, end);
  }

  /** The response as rules have left it, and where its head ends, 0 or less if they have spoilt it. */
  #editedResponse({ framingIgnored }: Head) {
    const { context } = this.#rules!;
    if (!context.responseEdited) return null;
    const editor = context.edit("response");
    const end = editor.settle(false);
    const { head, bytes } = editor;
    head.framingIgnored = framingIgnored;
    return { head, bytes, end };
  }
  #serverStatus = -1;

  onResponseContent(
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
    done: boolean,
  ): void {
    const filters = this.#responseFilters;
    if (filters !== null) {
      this.#filterResponse(filters, bytes, from, to, done);
      ({ bytes, from, to } = filters);
      if (filters.transform !== null) owner = copiedBuffer;
    }
    const taken = this.client.sendContent(bytes, from, to, owner);
    if (done) return;
    if (!taken) this.#server!.pause();
    else this.#spliceResponse(to - from);
    this.#arm();
  }

  /** Lets content of the response through its filters. */
  #filterResponse(
    filters: ContentFilters,
    bytes: Uint8Array,
    from: number,
    to: number,
    done: boolean,
  ): void {
    filters.pass(bytes, from, to, done);
    if (filters.transform !== null) this.#compression!.passResponse(filters, this.reached);
  }

  /** Lets the rest of the content pass without being seen, where that pays. */
  #spliceResponse(seen: number): void {
    const source = this.#server?.socket ?? null;
    if (!this.route.splice.response || source === null || this.#responseFilters !== null) return;
    const count = this.#http1.unseen(seen);
    if (count > 0) this.client.spliceFrom(source, count, this);
  }

  /** Bytes have passed without being seen. */
  onSpliced(source: Socket, count: number): void {
    if (source === this.client.socket) {
      this.received += count;
      this.progress.requestDone = this.client.passed(count);
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
    if (this.#endIgnored) {
      this.#endIgnored = false;
      return;
    }
    this.#responseFilters?.finish();
    const keep = this.progress.inOrder && !this.route.closesServer && this.#server!.reusable &&
      this.#expect !== EXPECT_OTHER && this.record.status !== 417;
    this.#releaseServer(keep ? "keep" : "reset");
    this.#complete();
  }

  put(connection: ServerConnection): void {
    putConnection(this.client, connection, this.#keep);
  }

  onResponseInvalid(reason: string, bytes: Uint8Array): void {
    if (this.#retriesOn(JUNK_RESPONSE)) return;
    const { refusals } = this.frontend.runtime;
    refusals.response(this.client, this.backend, this.assignment.server, reason, bytes);
    this.#refuse(502, this.progress.responding ? "PD" : "PH");
  }

  onServerDrained(): void {
    if (this.progress.clientEnded) this.#server!.shutdown();
    else if (!this.progress.requestDone || this.progress.tunnel) this.client.resume();
    this.#arm();
  }

  onServerEnded(): void {
    this.progress.serverEnded = true;
    if (this.progress.clientEnded) return this.#endNow("--");
    this.client.shutdown();
    this.#arm();
  }

  /** The server closed too early. An idle connection may have been closing all along. */
  onServerClosed(silent: boolean): void {
    if (this.progress.local) return this.#truncate("SD", true);
    if (!silent) {
      if (this.progress.tunnel && this.progress.serverEnded) this.#endNow("--");
      else this.#truncate("SD", true);
    } else if (this.#http1.mayBeStale && this.client.sent === 0 && this.#mayReplay) {
      this.#http1.release("reset");
      this.#server = null;
      // The server owes nothing before it is reached again: that has its own time-outs.
      this.frontend.runtime.wheel.clear(this);
      this.connector.replay();
    } else if (!this.#retriesOn(this.#http1.untouched ? EMPTY_RESPONSE : JUNK_RESPONSE)) {
      this.#refuse(502, "SH");
    }
  }

  /** The time-out of the server's side, or of a rule that waits. */
  override fire(): void {
    if (this.#ruled && this.#rules!.waits) {
      this.#rules!.timeIsUp();
      return this.#resumeRules();
    }
    if (this.progress.responding) this.#truncate("sD", true);
    else if (!this.#retriesOn(RESPONSE_TIMEOUT)) this.#refuse(504, this.#phase("s"));
  }

  // ---- how it ends ----

  /** Answers in the server's place, if it is not too late for that. */
  #refuse(status: number, termination: string): void {
    if (this.progress.responding) return this.#truncate(termination, true);
    this.record.end(termination);
    this.#keep &&= status >= 500;
    this.#releaseServer("reset");
    this.#reply(status);
  }

  /** Its server went down, or others came up: it is not waited for. @param cause for the log */
  loseServer(cause: string): void {
    this.#refuse(502, `${cause}${this.progress.responding ? "D" : "H"}`);
  }

  /** Has a service answer. The client need not have sent all of its request. */
  #reply(status: number): void {
    this.#serve(this.#replyOf(status), status);
  }

  /** Has a service answer, and says which status is logged. */
  #serve(service: Service, status: number): void {
    this.#keep &&= this.progress.requestDone && !this.frontend.stopping;
    this.progress.local = true;
    this.#server = this.#service;
    this.#compression?.forgoResponse();
    this.#fromCache = false;
    if (this.#caches) this.#caching!.clear();
    this.record.status = status;
    const stream = this.#ruled ? this.#rules!.context : null;
    this.#service.begin(service, this.#method, null, stream);
  }

  /** What the backend replies with, once there is one, or the frontend; else the proxy's own. */
  #replyOf(status: number): Service {
    const { replies } = this.frontend;
    const first = this.#routed ? this.backend.replies : null;
    const own = (first === null ? undefined : ofStatus(first, status)) ??
      (replies === null ? undefined : ofStatus(replies, status));
    // What depends on the request is for requests that could be read, as in HAProxy.
    return own === undefined || own.needsStream === true && !this.#ruled
      ? replyService(status)
      : own;
  }

  /**
   * The exchange with the server is over: leaves the connection to others, if it can be used again,
   * and the server. The transaction itself goes on.
   */
  #releaseServer(mode: ReleaseMode): void {
    const server = this.#server;
    this.frontend.runtime.wheel.clear(this);
    if (server !== null) {
      this.#server = null;
      server.release(mode);
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
    this.progress.flushing = true;
    this.client.setTimeout(this.frontend.timeouts.client);
  }

  /**
   * The response cannot be completed: the client must not take it for complete.
   * @param flush the client is still to have what has come of it
   */
  #truncate(termination: string, flush: boolean): void {
    this.record.end(termination);
    this.progress.broken = true;
    this.progress.ambiguous = !flush || this.progress.tunnel ||
      (!this.progress.local && this.#http1.untilClose);
    this.#releaseServer("reset");
    if (!flush) return this.#finish();
    this.client.sourceGone();
    this.#complete();
  }

  /** Ends without regard to what the client still has to take. */
  #endNow(termination: string): void {
    this.record.end(termination);
    this.#keep = false;
    this.#finish();
  }

  /** The client has been handed, or has left, all that it will get. */
  #finish(): void {
    if (!this.#active) return;
    this.#active = false;
    const { client } = this;
    this.assignment.leaveQueue();
    const { status, termination } = this.record;
    if (!this.record.isMonitor) countTransaction(this, status, termination, this.progress.local);
    try {
      if (this.frontend.logs && !this.record.isMonitor && !this.#silent) this.#log();
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    try {
      // A tunnel that both sides have ended is over in good order.
      this.#releaseServer(
        this.progress.serverEnded && this.progress.clientEnded ? "close" : "reset",
      );
    } catch (error) {
      this.frontend.runtime.fault(error, null);
    }
    this.assignment.leave();
    const counters = this.#counters;
    if (counters !== null) {
      counters.count("bytesIn", this.received);
      counters.count("bytesOut", client.sent);
    }
    if (this.#ruled) this.#rules!.end();
    this.#request.clear();
    if (this.#compression !== null) {
      this.#compression.end(this.#responseFilters?.done === true, this.reached);
    }
    this.#responseFilters?.end();
    if (this.#caches) this.#caching!.clear();
    try {
      if (this.progress.broken) client.abort(this.progress.ambiguous);
      else client.end(this.#keep, !this.progress.requestDone);
    } catch (error) {
      // The client's side is left with a transaction that is over.
      this.frontend.runtime.fault(error, client);
    }
  }

  /** It is in no state to go on. */
  override abandon(): void {
    this.client.abandon();
  }

  /** `option logasap`: now, not at the end. */
  #logEarly(): void {
    if (!this.frontend.logs || this.record.isMonitor) return;
    this.record.early = true;
    this.#log();
    this.record.logged = true;
  }

  #log(): void {
    const { client, record } = this;
    if (record.logged) return;
    if (record.unread >= 0) logRefused(client, record.status, record.termination, record.unread);
    else logTransaction(client, this, record.termination + this.persistence.states(this.backend));
  }

  // ---- what rules ask and do ----

  get backendFacts(): ProxyFacts | null {
    return this.#routed ? this.backend.facts : null;
  }
  get serverFacts(): ServerFacts | null {
    const { servedBy } = this.assignment;
    return servedBy === null || !this.#routed ? null : servedBy.facts;
  }
  get serverConnection(): ServerConnectionFacts | null {
    const socket = this.#http1.attached ? this.#http1.socket : null;
    return socket === null ? null : { addresses: socket, socket };
  }
  get status(): number {
    return this.record.status;
  }
  get serverStatus(): number {
    return this.#serverStatus;
  }
  get termination(): string {
    return this.record.termination + this.persistence.states(this.backend);
  }
  get retries(): number {
    return this.connector.retries;
  }
  get redispatched(): boolean {
    return this.assignment.redispatched;
  }
  get startedAt(): number {
    return this.record.startedAt;
  }
  get readAt(): number {
    return this.record.readAt;
  }
  get queuedAt(): number {
    return this.assignment.queuedAt;
  }
  get assignedAt(): number {
    return this.assignment.assignedAt;
  }
  get connectedAt(): number {
    return this.connector.connectedAt;
  }
  get respondedAt(): number {
    return this.record.respondedAt;
  }
  get bytesReceived(): number {
    return this.received;
  }
  get bytesSent(): number {
    return this.client.sent;
  }
  get waitingBefore(): number {
    return this.assignment.srvQueue + this.assignment.backendQueue;
  }

  /** Both ends of its server's connection, where the log asks; null: there was none. */
  serverEnds: Addresses | null = null;
  /** Its number among all of the process, given when it is first asked for. */
  get serial(): number {
    return this.#serial < 0 ? this.#serial = this.frontend.runtime.nextSerial() : this.#serial;
  }
  #serial = -1;
  /** What rules have kept of it, for the log; null: nothing. */
  get ruleContext(): RuleContext | null {
    return this.#ruled ? this.#rules!.context : null;
  }
  get captured(): Captured | null {
    return this.record.captured;
  }
  get destination(): string {
    return this.#routed ? this.backend.config.name : this.frontend.config.name;
  }

  onRouted(route: Route): void {
    this.route = route;
    this.#routed = true;
  }
  logRecord(): LogRecord {
    return fillTransaction(this.client, this, this.termination, true);
  }
  answer({ status, whole, head }: RuleReply, termination: string): void {
    this.denied = termination.startsWith("P");
    this.record.end(termination);
    if (termination === "PT") this.#noteTarpit();
    if (termination === "PR") this.#counters?.count("error");
    this.#releaseServer("reset");
    this.#serve(storedService({ whole, head }), status);
  }
  refuseByRule(status: number, termination: string): void {
    this.denied = termination.startsWith("P");
    this.record.end(termination);
    if (termination === "PT") this.#noteTarpit();
    this.#counters?.count("error");
    this.#releaseServer("reset");
    this.#reply(status);
  }
  reject(): void {
    this.denied = true;
    this.record.readAt = -1;
    this.#releaseServer("reset");
    this.#endNow("PR");
  }
  /** For the log: as in HAProxy the time in a tarpit is one in a queue. */
  #noteTarpit(): void {
    this.assignment.queuedAt = this.record.startedAt;
    this.assignment.assignedAt = this.frontend.runtime.clock.now();
    this.record.readAt = -1;
  }
  wait(ms: number): void {
    this.frontend.runtime.wheel.set(this, ms);
  }
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void {
    this.#timeouts ??= { server: null, tunnel: null, client: null };
    this.#timeouts[which] = ms;
  }
  #timeouts: Record<"server" | "tunnel" | "client", number | null> | null = null;
  hint(response: Uint8Array): void {
    // HTTP/1.0 knows none (RFC 9110, section 15.2).
    if (this.#minor === 0) return;
    const head = createHead();
    const end = parseResponse(head, response, 0, response.length);
    if (end <= 0) return;
    journal.begin(head, response, end);
    this.client.sendInterim(journal, null);
  }
  setRead(complete: boolean): void {
    this.record.readAt = complete ? this.frontend.runtime.clock.now() : -1;
  }
  disableRetries(): void {
    this.#noRetries = true;
  }
  #noRetries = false;
  setLogLevel(level: number | null): void {
    this.#silent = level === null;
  }
  useService(name: string): boolean {
    const service = this.frontend.services.get(name);
    if (service === undefined) return false;
    const { head, bytes } = this.#rules!.context.request;
    this.#compressService(head!, bytes);
    // The request is looked at when its content has come, too.
    if (service.needsStream === true) this.#rules!.context.retainRequest();
    this.serve(service);
    return true;
  }
  useCache(name: string, proxy: string): void {
    const { frontend } = this;
    const cache = frontend.runtime.caches.get(name)!;
    const { head, bytes } = this.#rules!.context.request;
    const caching = this.#caching ??= new TransactionCaching();
    if (!this.#caches) caching.begin();
    this.#caches = true;
    const outcome = caching.use(cache, head!, bytes, this.#seconds);
    if (outcome === "not asked") return;
    const { own } = proxy === frontend.config.name ? frontend.counts : this.backend.counts;
    own[at.cacheLookups]!++;
    if (outcome === "hit") own[at.cacheHits]!++;
  }
  storeInCache(name: string): void {
    if (!this.#caches) return;
    const { head, bytes } = this.#rules!.context.response;
    const cache = this.frontend.runtime.caches.get(name)!;
    this.#caching!.store(cache, head!, bytes, this.#seconds);
  }
  /** Seconds since 1970. */
  get #seconds(): number {
    return Math.floor(this.frontend.runtime.clock.wall() / 1000);
  }
  get cache(): string | null {
    return this.#fromCache ? this.#caching!.source!.name : null;
  }
  get compression(): string | null {
    return this.#compression?.algorithm ?? null;
  }

  // ---- what is counted of it, once it is over ----

  /** A rule has denied the request, or its response. */
  denied = false;
  /** Bytes of the request. */
  received = 0;
  get sent(): number {
    return this.client.sent;
  }
  get reached(): Backend | null {
    return this.assignment.entered ? this.backend : null;
  }
  get servedBy(): Server | null {
    return this.assignment.entered ? this.assignment.servedBy : null;
  }
  get queueTime(): number {
    return this.assignment.assignedAt - this.assignment.queuedAt;
  }
  get connectTime(): number {
    return this.connector.connectedAt - this.assignment.assignedAt;
  }
  get responseTime(): number {
    return this.record.respondedAt - this.connector.connectedAt;
  }
  get totalTime(): number {
    return this.frontend.runtime.clock.now() - this.record.startedAt;
  }

  #phase(side: string): string {
    return this.progress.phase(side, this.assignment.queued, this.connector.connected);
  }

  /** Sets the time-outs of both sides. */
  #arm(): void {
    if (this.progress.flushing || !this.#active) return;
    const { client, frontend, backend } = this;
    if (!this.connector.connected) {
      const owes = this.#request.pending === null;
      if (!this.progress.requestDone) client.setTimeout(owes ? frontend.timeouts.client : null);
      return;
    }
    const { progress } = this;
    const blocked = !client.empty;
    const taken = this.#server!.empty;
    const { wheel } = frontend.runtime;
    const { tunnel } = progress;
    const own = this.#timeouts;
    const clients = own !== null && (tunnel ? own.tunnel : own.client) !== null
      ? tunnel ? own.tunnel : own.client
      : tunnel
      ? tunnelClient(frontend, backend, progress.serverEnded)
      : frontend.timeouts.client;
    client.setTimeout(progress.clientMustAct(blocked, taken) ? clients : null);
    const servers = own !== null && (tunnel ? own.tunnel : own.server) !== null
      ? tunnel ? own.tunnel : own.server
      : tunnel
      ? tunnelServer(backend, progress.clientEnded)
      : backend.config.timeout.server;
    wheel.set(this, progress.serverMustAct(blocked, taken) ? servers : null);
  }
}
