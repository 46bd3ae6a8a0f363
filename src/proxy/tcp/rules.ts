import type { ProxyFacts, ServerConnectionFacts, ServerFacts } from "../../expr/context.ts";
import type { LogRecord } from "../../log/record.ts";
import { parseRequest, parseResponse } from "../../http/h1/parse.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import type { ProxyRules } from "../../rules/proxy-rules.ts";
import { evaluateRules } from "../../rules/ruleset.ts";
import { CONTINUE, END, type Verdict, WAIT } from "../../rules/verdict.ts";
import type { Clock } from "../../time/clock.ts";
import type { Frontend } from "../frontend.ts";
import type { Lookups } from "../lookups.ts";
import type { Route } from "../route.ts";
import { noTransaction } from "../rules/connection.ts";
import { type ProxyDirectory, RuleContext, type RuleOwner } from "../rules/context.ts";
import type { SessionState } from "../rules/session.ts";

/** The session, as its rules know it. */
export interface RuledSession {
  readonly frontend: Frontend;
  readonly socket: Socket;
  readonly addresses: Addresses;
  readonly acceptedAt: number;
  readonly state: SessionState;
  route: Route;
  readonly backendFacts: ProxyFacts | null;
  readonly serverFacts: ServerFacts | null;
  readonly serverConnection: ServerConnectionFacts | null;
  logRecord(): LogRecord;
  /** A rule ends it. */
  rejectedByRule(silent: boolean): void;
  /** A rule waits for more, for so long at most, ms. */
  wait(ms: number): void;
  /** What a rule waited for is there. */
  resume(): void;
}

const FRONTEND_CONTENT = 0;
const SWITCHING = 1;
const BACKEND_CONTENT = 2;
const DONE = 3;

/** A TCP session's way through its rules (manual: "tcp-request content", "use_backend"). */
export class TcpRules implements RuleOwner {
  readonly context = new RuleContext(this);
  readonly #at = { rule: 0 };
  #step = FRONTEND_CONTENT;
  #waits = false;

  constructor(readonly owner: RuledSession) {
    this.context.request.done = false;
  }

  get waits(): boolean {
    return this.#waits;
  }

  /**
   * Evaluates rules, from where it was.
   * @param content what the client has sent so far @param ended it will send no more
   */
  run(content: Uint8Array, ended: boolean): Verdict {
    const { context, owner } = this;
    const { request } = context;
    context.final ||= ended;
    request.show(content, context.final, parseRequest);
    while (this.#step !== DONE) {
      const verdict = this.#runStep();
      if (verdict === END) return END;
      if (verdict === WAIT) {
        if (!this.#waits) {
          this.#waits = true;
          context.waitingSince = this.clock.now();
          const { frontend, route } = owner;
          owner.wait(
            frontend.config.tcpInspectDelay ?? route.backend.config.tcpInspectDelay ?? 0,
          );
        }
        return WAIT;
      }
      this.#waits = false;
      this.#at.rule = 0;
      this.#step++;
      if (this.#step === BACKEND_CONTENT && owner.route.backend.config === owner.frontend.config) {
        this.#step = DONE;
      }
    }
    return CONTINUE;
  }

  #runStep(): Verdict {
    const { frontend, route } = this.owner;
    switch (this.#step) {
      case FRONTEND_CONTENT:
        return this.#evaluate(frontend.rules.tcpContent);
      case SWITCHING:
        this.owner.route = frontend.switching?.choose(this.context) ?? route;
        return CONTINUE;
      default:
        return this.#evaluate(route.backend.rules.tcpContent);
    }
  }
  #evaluate(rules: Frontend["rules"]["tcpContent"]): Verdict {
    return rules === null ? CONTINUE : evaluateRules(rules, this.context, this.#at.rule, this.#at);
  }

  /** Has expressions see what the server has sent. */
  showResponse(content: Uint8Array): void {
    this.context.response.show(content, true, parseResponse);
  }

  /** No more of the response is waited for. */
  responseIsFinal = true;

  /**
   * "tcp-response content", from where it was.
   * @param content what the server has sent so far @param ended no more will come, or be held
   * @returns WAIT: for more; END: it does not pass
   */
  respond(content: Uint8Array, ended: boolean): Verdict {
    const { context } = this;
    context.final = this.responseIsFinal ||= ended;
    context.response.show(content, context.final, parseResponse);
    return this.#evaluate(this.owner.route.backend.rules.tcpResponse);
  }

  timeIsUp(): void {
    this.context.final = true;
  }

  get clock(): Clock {
    return this.owner.frontend.runtime.clock;
  }
  get rules(): ProxyRules {
    return this.owner.frontend.rules;
  }
  get directory(): ProxyDirectory {
    return this.owner.frontend.directory;
  }
  get session(): SessionState {
    return this.owner.state;
  }
  get socket(): Socket {
    return this.owner.socket;
  }
  get connectionAddresses(): Addresses {
    return this.owner.addresses;
  }
  get acceptedAt(): number {
    return this.owner.acceptedAt;
  }
  readonly requests = 0;
  readonly httpMajor = 0;
  readonly glitches = 0;
  get frontendFacts(): ProxyFacts {
    return this.owner.frontend.facts;
  }
  get backendFacts(): ProxyFacts | null {
    return this.owner.backendFacts;
  }
  get serverFacts(): ServerFacts | null {
    return this.owner.serverFacts;
  }
  get serverConnection(): ServerConnectionFacts | null {
    return this.owner.serverConnection;
  }
  readonly facts = noTransaction;
  readonly requestLine = "";
  readonly tarpitTimeout = 0;
  logRecord(): LogRecord {
    return this.owner.logRecord();
  }
  answer(): void {
    this.owner.rejectedByRule(false);
  }
  refuse(): void {
    this.owner.rejectedByRule(false);
  }
  reject(silent: boolean): void {
    this.owner.rejectedByRule(silent);
  }
  wait(ms: number): void {
    this.owner.wait(ms);
  }
  get lookups(): Lookups {
    return this.owner.frontend.runtime.lookups;
  }
  resume(): void {
    this.owner.resume();
  }
  setTimeout(): void {}
  setLogLevel(): void {}
  setRead(): void {}
  disableRetries(): void {}
  hint(): void {}
  useCache(): void {}
  storeInCache(): void {}
  useService(): boolean {
    return false;
  }
}
