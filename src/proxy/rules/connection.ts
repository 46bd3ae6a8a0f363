/** Rules for connections, before anything of them is read (manual: "tcp-request connection"). */
import type { ProxyFacts, TransactionFacts } from "../../expr/context.ts";
import type { LogRecord } from "../../log/record.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Socket } from "../../net/socket.ts";
import type { ProxyRules, RuleList } from "../../rules/proxy-rules.ts";
import { evaluateRules } from "../../rules/ruleset.ts";
import { END } from "../../rules/verdict.ts";
import type { Clock } from "../../time/clock.ts";
import type { Frontend } from "../frontend.ts";
import { noLookups } from "../lookups.ts";
import { emptyRecord } from "../session-log.ts";
import { type ProxyDirectory, RuleContext, type RuleOwner } from "./context.ts";
import type { SessionState } from "./session.ts";

/** What there is of a transaction where there is none. */
export const noTransaction: TransactionFacts = {
  status: -1,
  serverStatus: -1,
  termination: "----",
  retries: 0,
  redispatched: false,
  startedAt: -1,
  readAt: -1,
  queuedAt: -1,
  assignedAt: -1,
  connectedAt: -1,
  respondedAt: -1,
  bytesReceived: 0,
  bytesSent: 0,
  waitingBefore: 0,
  compression: null,
  cache: null,
};

/** See above. It serves one connection after the other, each within a call. */
export class ConnectionRules implements RuleOwner {
  readonly #context = new RuleContext(this);
  readonly #at = { rule: 0 };
  frontend!: Frontend;
  session!: SessionState;
  socket!: Socket;
  connectionAddresses!: Addresses;
  /** It has been rejected; "silent": without the client learning of it. */
  rejected: "closed" | "silent" | null = null;

  /** Evaluates rules for a connection. @returns whether it may go on; else see `rejected` */
  admits(
    rules: RuleList,
    socket: Socket,
    frontend: Frontend,
    addresses: Addresses,
    session: SessionState,
  ): boolean {
    if (rules === null) return true;
    this.frontend = frontend;
    this.session = session;
    this.socket = socket;
    this.connectionAddresses = addresses;
    this.rejected = null;
    this.#context.begin();
    this.#context.final = true;
    return evaluateRules(rules, this.#context, 0, this.#at) !== END;
  }

  get clock(): Clock {
    return this.frontend.runtime.clock;
  }
  get rules(): ProxyRules {
    return this.frontend.rules;
  }
  get directory(): ProxyDirectory {
    return this.frontend.directory;
  }
  get acceptedAt(): number {
    return this.clock.wall();
  }
  get frontendFacts(): ProxyFacts {
    return this.frontend.facts;
  }
  readonly requests = 0;
  readonly httpMajor = 0;
  readonly glitches = 0;
  readonly backendFacts = null;
  readonly serverFacts = null;
  readonly serverConnection = null;
  readonly facts = noTransaction;
  readonly requestLine = "";
  readonly tarpitTimeout = 0;
  logRecord(): LogRecord {
    return emptyRecord(this.frontend, this.socket, this.connectionAddresses);
  }
  answer(): void {
    this.rejected = "closed";
  }
  refuse(): void {
    this.rejected = "closed";
  }
  reject(silent: boolean): void {
    this.rejected = silent ? "silent" : "closed";
  }
  wait(): void {}
  readonly lookups = noLookups;
  resume(): void {}
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
