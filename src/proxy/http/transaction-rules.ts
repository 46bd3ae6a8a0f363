import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import type {
  ProxyFacts,
  ServerConnectionFacts,
  ServerFacts,
  TransactionFacts,
} from "../../expr/context.ts";
import type { Proxy } from "../../config/model.ts";
import type { Head } from "../../http/head.ts";
import type { LogRecord } from "../../log/record.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import type { ProxyRules, RuleList } from "../../rules/proxy-rules.ts";
import { waitForBody } from "../../rules/body.ts";
import { heldContent } from "./request.ts";
import { evaluateRules } from "../../rules/ruleset.ts";
import type { RuleReply } from "../../rules/stream.ts";
import { CONTINUE, END, STOP, type Verdict, WAIT } from "../../rules/verdict.ts";
import type { Clock } from "../../time/clock.ts";
import type { Frontend } from "../frontend.ts";
import type { Lookups } from "../lookups.ts";
import type { Route } from "../route.ts";
import { type ProxyDirectory, RuleContext, type RuleOwner } from "../rules/context.ts";
import type { SessionState } from "../rules/session.ts";
import type { Captured } from "./captures.ts";
import type { HttpClient } from "./client.ts";

/** The transaction, as its rules know it. */
export interface RuledTransaction extends TransactionFacts {
  readonly client: HttpClient;
  readonly frontend: Frontend;
  readonly route: Route;
  readonly backendFacts: ProxyFacts | null;
  readonly serverFacts: ServerFacts | null;
  readonly serverConnection: ServerConnectionFacts | null;
  readonly requestLine: string;
  /** What was captured of fields; null: nothing is. */
  readonly captured: Captured | null;
  logRecord(): LogRecord;
  answer(reply: RuleReply, termination: string): void;
  refuseByRule(status: number, termination: string): void;
  reject(silent: boolean): void;
  wait(ms: number): void;
  /** What a rule waited for is there. */
  resume(): void;
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void;
  setLogLevel(level: number | null): void;
  setRead(complete: boolean): void;
  disableRetries(): void;
  hint(response: Uint8Array): void;
  useService(name: string): boolean;
  useCache(cache: string, proxy: string): void;
  storeInCache(cache: string): void;
  /** Has the statistics page of the frontend, or the backend, answer. @returns whether it is for it */
  servesStats(head: Head, bytes: Uint8Array, front: boolean): boolean;
  /** Its backend is known. */
  onRouted(route: Route): void;
}

/** Where a request is on its way through the rules. */
const FRONTEND_CONTENT = 0;
const FRONTEND_REQUEST = 1;
const SWITCHING = 2;
const BACKEND_CONTENT = 3;
const BACKEND_REQUEST = 4;
const DONE = 5;

/**
 * A transaction's way through the rules of its frontend and its backend. A rule may have it wait; then
 * the request is kept here, until it goes on.
 */
export class TransactionRules implements RuleOwner {
  readonly context = new RuleContext(this);
  #step = DONE;
  readonly #at = { rule: 0 };
  /** A rule waits: so long ago it began to. */
  #waits = false;
  /** The content that has come while rules waited. */
  readonly #held = new ByteBuffer(0);
  #holds = false;

  constructor(readonly transaction: RuledTransaction) {}

  /** Begins with a request: see HttpTransaction.begin. */
  begin(
    head: Head,
    bytes: Uint8Array,
    end: number,
  ): void {
    const { context } = this;
    context.begin();
    context.setRequest(head, bytes, end);
    context.setCaptured(this.transaction.captured);
    this.#end = end;
    this.#step = FRONTEND_CONTENT;
    this.#at.rule = 0;
    this.#waits = this.#holds = false;
  }

  /** What has come behind the head. */
  setContent(content: Uint8Array, from: number, to: number, done: boolean): void {
    const { request } = this.context;
    request.content = content;
    request.from = from;
    request.to = to;
    request.done = done;
  }

  /** Begins where there are rules only for what comes after the request. */
  beginAfter(): void {
    this.context.begin();
    this.#step = DONE;
    this.#waits = this.#holds = false;
  }

  get waits(): boolean {
    return this.#waits;
  }

  /**
   * Evaluates rules, from where it was.
   * @returns CONTINUE: all are done; WAIT; END: it has been answered
   */
  run(): Verdict {
    const { transaction, context } = this;
    while (this.#step !== DONE) {
      const verdict = this.#runStep();
      if (verdict === END) return END;
      if (verdict === WAIT) {
        this.#wait();
        return WAIT;
      }
      const front = this.#step === FRONTEND_REQUEST;
      if (front || this.#step === BACKEND_REQUEST) {
        const { head, bytes } = context.request;
        if (transaction.servesStats(head!, bytes, front)) return END;
      }
      this.#waits = false;
      context.final = false;
      context.waitingSince = -1;
      this.#at.rule = 0;
      // As in HAProxy: what is tracked before the request's own rules has it counted here.
      if (this.#step === FRONTEND_CONTENT) context.counters?.count("request");
      this.#step++;
      // Those of a "listen" section are not evaluated twice.
      const { frontend, route } = transaction;
      if (this.#step === BACKEND_CONTENT && route.backend.config === frontend.config) {
        this.#step = DONE;
      }
    }
    return CONTINUE;
  }

  #runStep(): Verdict {
    const { transaction, context } = this;
    const { frontend, route } = transaction;
    // Only "tcp-request content" rules wait for what they ask about.
    if (this.#step !== FRONTEND_CONTENT && this.#step !== BACKEND_CONTENT) context.final = true;
    switch (this.#step) {
      case FRONTEND_CONTENT:
        return this.#evaluate(frontend.rules.tcpContent);
      case FRONTEND_REQUEST:
        return this.#buffer(frontend.config) ?? this.#evaluate(frontend.rules.httpRequest);
      case SWITCHING:
        transaction.onRouted(frontend.switching?.choose(this.context) ?? route);
        return CONTINUE;
      case BACKEND_CONTENT:
        return this.#evaluate(route.backend.rules.tcpContent);
      default:
        return this.#buffer(route.backend.config) ??
          this.#evaluate(route.backend.rules.httpRequest);
    }
  }

  /**
   * Waits for the content before the rules of a proxy that wants it (manual: "option
   * http-buffer-request"). @returns null: they may begin
   */
  #buffer({ httpBufferRequest }: Proxy): Verdict | null {
    if (!httpBufferRequest || this.#at.rule > 0) return null;
    const time = this.transaction.frontend.timeouts.httpRequest ?? Infinity;
    const verdict = waitForBody(this.context, time, Infinity, heldContent);
    return verdict === CONTINUE ? null : verdict;
  }

  #evaluate(rules: RuleList): Verdict {
    return rules === null ? CONTINUE : evaluateRules(rules, this.context, this.#at.rule, this.#at);
  }

  /** Keeps what must outlive this call. */
  #wait(): void {
    const { context, transaction } = this;
    if (!this.#waits) {
      this.#waits = true;
      context.waitingSince = this.clock.now();
      const delay = transaction.route.backend.config.tcpInspectDelay ??
        transaction.frontend.config.tcpInspectDelay;
      if (this.#step !== FRONTEND_REQUEST && this.#step !== BACKEND_REQUEST) {
        transaction.wait(delay ?? 0);
      }
    }
    if (this.#holds) return;
    this.#holds = true;
    context.retainRequest();
    const { request } = context;
    this.#held.clear();
    this.#held.append(request.content, request.from, request.to);
    this.#showHeld();
  }

  #showHeld(): void {
    const { request } = this.context;
    request.content = this.#held.bytes;
    request.from = 0;
    request.to = this.#held.length;
  }

  /** More content has come while rules wait. */
  hold(bytes: Uint8Array, from: number, to: number, done: boolean): void {
    this.#held.append(bytes, from, to);
    this.context.request.done = done;
    this.#showHeld();
  }
  get held(): number {
    return this.#held.length;
  }

  /** The time that a rule waited for is over. */
  timeIsUp(): void {
    this.context.final = true;
  }

  /**
   * The request as rules have left it.
   * @returns where its head ends; 0 or less: they have spoilt it
   */
  settle(): number {
    const { context } = this;
    if (!context.requestEdited) return this.#end;
    return context.edit("request").settle(true);
  }
  #end = 0;

  /** The request has gone on. */
  release(): void {
    this.context.releaseRequest();
    this.#step = DONE;
    this.#waits = this.#holds = false;
    this.#held.clear();
  }

  /** Evaluates the "http-response" rules for a server's response: of the backend, then the frontend's. */
  respond(head: Head, bytes: Uint8Array, end: number): Verdict {
    this.#showResponse(head, bytes, end);
    for (const list of this.#responding()) {
      const verdict = list === null ? CONTINUE : this.#ofResponse(list.httpResponse);
      if (verdict === END) return END;
      if (verdict === STOP) break;
    }
    return CONTINUE;
  }

  /** The same with "http-after-response", for responses of this process, too. */
  respondAfter(head: Head, bytes: Uint8Array, end: number): void {
    this.#showResponse(head, bytes, end);
    for (const list of this.#responding()) {
      const verdict = list === null ? CONTINUE : this.#ofResponse(list.httpAfterResponse);
      if (verdict !== CONTINUE) break;
    }
  }

  #showResponse(head: Head, bytes: Uint8Array, end: number): void {
    const { context } = this;
    context.setResponse(head, bytes, end);
    context.setCaptured(this.transaction.captured);
  }

  /** The proxies whose rules are about the response, in order. */
  #responding(): readonly (ProxyRules | null)[] {
    const { transaction } = this;
    const { backend } = transaction.route;
    const { rules, config } = transaction.frontend;
    const reached = transaction.backendFacts !== null;
    return [reached ? backend.rules : null, reached && config === backend.config ? null : rules];
  }

  #ofResponse(rules: RuleList): Verdict {
    return rules === null ? CONTINUE : evaluateRules(rules, this.context, 0, this.#at);
  }

  /** The response is over. */
  end(): void {
    this.context.response.clear();
    this.context.endTracking();
    this.release();
  }

  // ---- what rules ask of the transaction ----

  get clock(): Clock {
    return this.transaction.frontend.runtime.clock;
  }
  get rules(): ProxyRules {
    return this.transaction.frontend.rules;
  }
  get directory(): ProxyDirectory {
    return this.transaction.frontend.directory;
  }
  get session(): SessionState {
    return this.transaction.client.state;
  }
  get socket(): Socket | null {
    return this.transaction.client.socket;
  }
  get connectionAddresses(): Addresses {
    return this.transaction.client.addresses;
  }
  get acceptedAt(): number {
    return this.transaction.client.acceptedAt;
  }
  get requests(): number {
    return this.transaction.client.requests;
  }
  get httpMajor(): number {
    return this.transaction.client.httpMajor;
  }
  get glitches(): number {
    return this.transaction.client.glitches;
  }
  get frontendFacts(): ProxyFacts {
    return this.transaction.frontend.facts;
  }
  get backendFacts(): ProxyFacts | null {
    return this.transaction.backendFacts;
  }
  get serverFacts(): ServerFacts | null {
    return this.transaction.serverFacts;
  }
  get serverConnection(): ServerConnectionFacts | null {
    return this.transaction.serverConnection;
  }
  get facts(): TransactionFacts {
    return this.transaction;
  }
  get requestLine(): string {
    return this.transaction.requestLine;
  }
  get tarpitTimeout(): number {
    const { timeout } = this.transaction.frontend.config;
    return timeout.tarpit ?? timeout.connect ?? 0;
  }
  logRecord(): LogRecord {
    return this.transaction.logRecord();
  }
  answer(reply: RuleReply, termination: string): void {
    this.transaction.answer(reply, termination);
  }
  refuse(status: number, termination: string): void {
    this.transaction.refuseByRule(status, termination);
  }
  reject(silent: boolean): void {
    this.transaction.reject(silent);
  }
  wait(ms: number): void {
    this.transaction.wait(ms);
  }
  get lookups(): Lookups {
    return this.transaction.frontend.runtime.lookups;
  }
  resume(): void {
    this.transaction.resume();
  }
  setTimeout(which: "server" | "tunnel" | "client", ms: number): void {
    this.transaction.setTimeout(which, ms);
  }
  setLogLevel(level: number | null): void {
    this.transaction.setLogLevel(level);
  }
  hint(response: Uint8Array): void {
    this.transaction.hint(response);
  }
  setRead(complete: boolean): void {
    this.transaction.setRead(complete);
  }
  disableRetries(): void {
    this.transaction.disableRetries();
  }
  useService(name: string): boolean {
    return this.transaction.useService(name);
  }
  useCache(cache: string, proxy: string): void {
    this.transaction.useCache(cache, proxy);
  }
  storeInCache(cache: string): void {
    this.transaction.storeInCache(cache);
  }
}
