import type * as model from "../config/model.ts";
import { bytesOf } from "../bytes/bytes.ts";
import type { Listener } from "../net/socket.ts";
import { Counter, Gauge } from "../shared/counts.ts";
import { Rate } from "../shared/rate.ts";
import { RateLimit } from "../shared/rate-limit.ts";
import { Tally } from "../shared/tally.ts";
import { at, tallySize } from "../stats/counters.ts";
import type { ErrorReplies } from "../services/error-replies.ts";
import { type Context, noProcess, type ProxyFacts } from "../expr/context.ts";
import { isStandardFormat } from "../log/format/standard.ts";
import { YES } from "../expr/test.ts";
import { noRules, type ProxyRules } from "../rules/proxy-rules.ts";
import type { Backend } from "./backend.ts";
import { type StatsRoute, statsRoute } from "./http/stats-route.ts";
import type { ProxyDirectory } from "./rules/context.ts";
import type { Service } from "../services/service.ts";
import { frontendFacts } from "./rules/facts.ts";
import { Switching } from "./rules/switching.ts";
import { type Captures, capturesOf } from "./http/captures.ts";
import { Route } from "./route.ts";
import type { Runtime } from "./runtime.ts";
import type { Session } from "./session-list.ts";

/** While the proxy stops, ms that a connection may go on without a request. */
const lastWait = 2000;

/** The rules of a frontend, and what they refer to. */
export interface FrontendRules {
  readonly rules: ProxyRules;
  /** The backend of this name, for "use_backend"; null: there is none. */
  readonly routeTo: (name: string) => Backend | null;
  readonly directory: ProxyDirectory;
  readonly services: ReadonlyMap<string, Service>;
}

const withoutRules: FrontendRules = {
  rules: noRules,
  routeTo: () => null,
  directory: { proxy: () => null, process: noProcess },
  services: new Map(),
};

/** The client side of a proxy: its listeners, its connections, what every request needs of it. */
export class Frontend {
  readonly listeners: Listener[] = [];
  /** Connections of clients here now (HAProxy's feconn). */
  readonly connections: Gauge;
  /** Connections so far. */
  readonly total: Counter;
  /** Requests that were refused, for they were invalid. */
  readonly invalid: Counter;
  /** What else is counted of it. */
  readonly counts: Tally;
  /** Connections, and requests, a second. */
  readonly rate: Rate;
  readonly requestRate: Rate;
  /** `maxconn`, set by hand; -1: it was not. */
  readonly #limit: Int32Array;
  /** Sessions a second at most; null: no limit. */
  readonly rateLimit: RateLimit | null;
  /** It has stopped listening for good: its sessions are the last ones. */
  stopping = false;
  /** Sessions are logged: then their log records are filled in. */
  readonly logs: boolean;
  /** Connections are logged as they are accepted. */
  readonly logsConnections: boolean;
  /** The path that monitors request; null: there is none. */
  readonly monitor: Uint8Array | null;
  readonly timeouts: {
    readonly client: number | null;
    /** Once its server has ended, in a tunnel. */
    readonly clientFin: number | null;
    readonly httpRequest: number | null;
    readonly httpKeepAlive: number | null;
  };
  /** Its statistics page; null: there is none. */
  readonly stats: StatsRoute | null;
  /** What is kept of requests and responses for the log; null: nothing is. */
  readonly captures: Captures | null;
  /** Where a transaction goes, where no rule says otherwise. */
  readonly route: Route;
  readonly rules: ProxyRules;
  /** Where rules may send it; null: there are none. */
  readonly switching: Switching | null;
  /** There are rules for requests, its own or those of a backend. */
  readonly evaluates: boolean;
  /** Log records are filled in whole: a format of its own may ask for anything. */
  readonly fullRecords: boolean;
  /** There are rules, of whatever kind, that may ask for a connection's facts. */
  readonly hasRules: boolean;
  /** It is known when connections came, and from where: to be logged, or for what rules write. */
  readonly dated: boolean;
  /** What expressions see of it. */
  readonly facts: ProxyFacts;
  readonly directory: ProxyDirectory;
  /** Those that rules name ("http-request use-service"). */
  readonly services: ReadonlyMap<string, Service>;

  /**
   * @param index its place among all frontends, from 0
   * @param backend what `use_backend` or `default_backend` names, or its own servers
   * @param replies in place of the proxy's own; null: none
   */
  constructor(
    readonly index: number,
    readonly config: model.Proxy,
    backend: Backend,
    readonly runtime: Runtime,
    readonly replies: ErrorReplies | null = null,
    { rules, routeTo, directory, services }: FrontendRules = withoutRules,
  ) {
    const { timeout } = config;
    this.rules = rules;
    this.directory = directory;
    this.services = services;
    this.connections = new Gauge(runtime.memory);
    this.total = new Counter(runtime.memory);
    this.invalid = new Counter(runtime.memory);
    const { memory } = runtime;
    this.#limit = memory.ints(1);
    if (memory.fresh) this.#limit[0] = -1;
    runtime.totals.push(this.total);
    this.counts = new Tally(memory, tallySize);
    this.rate = runtime.rate(() => this.total.value);
    this.requestRate = runtime.rate(() => this.counts.sum(at.requests));
    const { rateLimitSessions } = config;
    this.rateLimit = rateLimitSessions === null ? null : new RateLimit(memory, rateLimitSessions);
    this.captures = capturesOf(config, runtime.global);
    this.logs = runtime.log.logsSessions(config);
    this.logsConnections = runtime.log.logsConnections(config);
    this.route = new Route(config, backend, rules);
    const routes = new Map<string, Route | null>();
    const routeOf = (name: string): Route | null => {
      const known = routes.get(name);
      if (known !== undefined) return known;
      const other = routeTo(name);
      const made = other === null ? null : new Route(config, other, rules);
      routes.set(name, made);
      return made;
    };
    this.switching = rules.useBackend === null ? null : new Switching(rules.useBackend, routeOf);
    this.evaluates = config.httpBufferRequest || this.switching !== null || this.route.evaluates ||
      [rules.tcpContent, rules.httpRequest, rules.formattedReplies, rules.uniqueId]
        .some((each) => each !== null) ||
      `${config.logFormat}${config.logFormatSd}`.includes("%[");
    this.fullRecords = rules.uniqueId !== null ||
      (config.logFormat !== null && !isStandardFormat(config.logFormat));
    this.hasRules = this.evaluates || this.route.responds || rules.tcpConnection !== null ||
      rules.tcpSession !== null;
    this.dated = this.logs || this.hasRules;
    this.facts = frontendFacts(this, index + 1);
    this.stats = statsRoute(config, rules, runtime);
    this.monitor = config.monitorUri === null ? null : bytesOf(config.monitorUri);
    const httpRequest = timeout.httpRequest ?? timeout.client;
    this.timeouts = {
      client: timeout.client,
      clientFin: timeout.clientFin,
      httpRequest,
      httpKeepAlive: timeout.httpKeepAlive ?? httpRequest,
    };
  }

  /**
   * Whether its clients speak HTTP: also those of a frontend in TCP mode, where the backend is in
   * HTTP mode, as in HAProxy.
   */
  get speaksHttp(): boolean {
    return this.config.mode === "http" || this.route.backend.config.mode === "http";
  }

  /**
   * Whether "monitor fail" says so (manual, chapter 4.2).
   * @param begin makes the context that its conditions are tested in
   */
  monitorFails(begin: () => { readonly context: Context }): boolean {
    const { monitorFail } = this.rules;
    if (monitorFail === null) return false;
    const { context } = begin();
    return monitorFail.some((test) => test(context) === YES);
  }

  /** How long to wait for a request, ms, where `wanted` is the time for that. */
  idleTimeout(wanted: number | null): number | null {
    return this.stopping && !this.config.idleCloseOnResponse
      ? Math.min(wanted ?? Infinity, lastWait)
      : wanted;
  }

  /** Connections that it may have at most; `maxconn 0` is the process's. */
  get limit(): number {
    const set = this.#limit[0]!;
    return (set < 0 ? this.config.maxconn : set) || Infinity;
  }
  set limit(maxconn: number) {
    this.#limit[0] = maxconn;
  }

  /** A client's connection is gone. */
  sessionEnded!: (session: Session) => void;
}
