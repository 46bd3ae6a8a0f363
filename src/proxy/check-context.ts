/** What the expressions of a check are worked out in: its server, what that has sent, variables. */
import {
  type Context,
  noPriority,
  noProcess,
  type ProxyFacts,
  type ServerFacts,
  type TransactionFacts,
} from "../expr/context.ts";
import { MessageView } from "../expr/message.ts";
import { processVariables, type Scope, Variables } from "../expr/variables.ts";
import type { CheckScope } from "../health/expressions.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Clock } from "../time/clock.ts";
import type { Server } from "./server.ts";

const noAddresses: Addresses = {
  remoteAddress: "",
  remotePort: 0,
  localAddress: "",
  localPort: 0,
};

/** Nothing happens in a check that a log of traffic would have. */
const noFacts: TransactionFacts = {
  status: -1,
  serverStatus: -1,
  termination: "--",
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

/** See above: one for each check that is made. */
export class CheckContext implements Context {
  readonly final = true;
  readonly socket = null;
  readonly addresses = noAddresses;
  readonly connectionAddresses = noAddresses;
  readonly listener = { id: 0, name: "" };
  readonly httpMajor = 0;
  readonly glitches = 0;
  readonly requests = 0;
  readonly serverConnection = null;
  readonly request = new MessageView();
  readonly response = new MessageView();
  readonly facts = noFacts;
  readonly requestLine = "";
  readonly uniqueId = null;
  readonly requestCaptures = [];
  readonly responseCaptures = [];
  readonly lastRule = null;
  readonly process = noProcess;
  readonly priority = noPriority;
  readonly timeouts = {};
  readonly counters = null;
  readonly acceptedAt: number;
  readonly clock: Clock;
  readonly frontend: ProxyFacts;
  readonly backend: ProxyFacts;
  readonly server: ServerFacts;
  readonly #session = new Variables("sess");
  readonly #check = new Variables("check");

  constructor(server: Server) {
    const { backend } = server;
    this.clock = backend.runtime.clock;
    this.acceptedAt = this.clock.wall();
    this.server = factsOf(server);
    this.frontend = this.backend = {
      name: backend.config.name,
      id: backend.index + 1,
      mode: backend.config.mode,
      defaultBackend: null,
      connections: 0,
      connectionLimit: Infinity,
      queueLength: backend.queue.length,
      sessionRate: 0,
      requestRate: 0,
      servers: backend.servers.map(factsOf),
      timeout: () => null,
    };
  }

  variables(scope: Scope): Variables {
    if (scope === "proc") return processVariables;
    return scope === "sess" ? this.#session : this.#check;
  }
  proxy(): null {
    return null;
  }

  /** What has come since the last was sent. */
  receive({ received, response }: CheckScope): this {
    const view = this.response;
    view.clear();
    if (response !== null) view.set(response.head, response.bytes);
    view.content = response?.body ?? received;
    view.from = 0;
    view.to = view.content.length;
    view.done = response?.complete ?? true;
    return this;
  }
}

function factsOf(server: Server): ServerFacts {
  return {
    name: server.name,
    id: server.index + 1,
    up: server.up,
    weight: server.weight,
    initialWeight: server.config.weight,
    connections: server.slots.value,
    connectionLimit: server.maxconn,
    queueLength: server.queue.length,
    sessionRate: server.rate.read(server.backend.runtime.clock.wall()),
    idleConnections: server.pool.everywhere.value,
  };
}

/** The context of a check of `server`. */
export function contextOf(server: Server): (scope: CheckScope) => Context {
  return (scope) => {
    const context = (scope.memory ??= new CheckContext(server)) as CheckContext;
    return context.receive(scope);
  };
}
