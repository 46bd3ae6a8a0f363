/**
 * What expressions are worked out in: a session, and the transaction in it that is under way. Fetches
 * know the proxy by this alone. What there is of it at a time, a rule's phase says (needs.ts).
 */
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket } from "../net/socket.ts";
import type { Counters } from "../stick-table/counters.ts";
import type { Clock } from "../time/clock.ts";
import type { MessageView } from "./message.ts";
import type { Scope, Variables } from "./variables.ts";

/** A frontend or backend, as fetches see it. The numbers are those of all threads. */
export interface ProxyFacts {
  readonly name: string;
  /** Its number (manual: "id"). */
  readonly id: number;
  /** "http" or "tcp". */
  readonly mode: string;
  /** The name of a frontend's default backend; null: it has none. */
  readonly defaultBackend: string | null;
  readonly connections: number;
  readonly connectionLimit: number;
  /** Streams that wait in its queue, of a backend. */
  readonly queueLength: number;
  /** Sessions or requests a second. */
  readonly sessionRate: number;
  readonly requestRate: number;
  readonly servers: readonly ServerFacts[];
  /** "timeout client", "timeout server", "timeout tunnel", "timeout connect", ms; null: none. */
  timeout(which: "client" | "server" | "tunnel" | "connect"): number | null;
}

/** A server, as fetches see it. */
export interface ServerFacts {
  readonly name: string;
  readonly id: number;
  readonly up: boolean;
  readonly weight: number;
  readonly initialWeight: number;
  readonly connections: number;
  readonly connectionLimit: number;
  readonly queueLength: number;
  readonly sessionRate: number;
  readonly idleConnections: number;
}

/** A place in queues (manual: "set-priority-class", "set-priority-offset"): the least is served first. */
export interface Priority {
  readonly class: number;
  /** ms, to its time of arrival. */
  readonly offset: number;
}
export const noPriority: Priority = { class: 0, offset: 0 };

/** The process, as fetches see it. */
export interface ProcessFacts {
  /** The number of this thread, from 0. */
  readonly thread: number;
  /** Connections of clients now. */
  readonly connections: number;
  /** It stops: it takes no more connections. */
  readonly stopping: boolean;
  /** When it began, ms since 1970. */
  readonly startedAt: number;
}

/** That of which nothing is known. */
export const noProcess: ProcessFacts = { thread: 0, connections: 0, stopping: false, startedAt: 0 };

/** What the server's connection of a transaction is like. */
export interface ServerConnectionFacts {
  readonly addresses: Addresses;
  readonly socket: Socket | null;
}

/** Facts of the transaction that the log knows too; ms on the clock's scale, -1: not reached. */
export interface TransactionFacts {
  /** The status that was sent to the client; -1: none yet. */
  readonly status: number;
  /** The status that the server sent. */
  readonly serverStatus: number;
  /** Its four characters (manual: "Session state at disconnection"). */
  readonly termination: string;
  readonly retries: number;
  readonly redispatched: boolean;
  readonly startedAt: number;
  readonly readAt: number;
  readonly queuedAt: number;
  readonly assignedAt: number;
  readonly connectedAt: number;
  readonly respondedAt: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly waitingBefore: number;
  /** What its response is compressed by, here; null: it is not. */
  readonly compression: string | null;
  /** The cache that its response is of; null: it is not of one. */
  readonly cache: string | null;
}

/** See the head of this file. */
export interface Context {
  readonly clock: Clock;
  /**
   * The time-out of waiting for more input ("tcp-request inspect-delay") has run out, or no more will
   * come: what is not known by now never will be.
   */
  readonly final: boolean;
  /** The client's connection. */
  readonly socket: Socket | null;
  /** Both ends of it: of the socket, a PROXY header, or as rules have set them ("set-src"). */
  readonly addresses: Addresses;
  /** The same, untouched by rules and headers. */
  readonly connectionAddresses: Addresses;
  /** Where it came in: the listener's number in its frontend, from 1, and its name. */
  readonly listener: { readonly id: number; readonly name: string };
  /** The first digit of the HTTP version that the client speaks; 0: none. */
  readonly httpMajor: number;
  /** Strange things that the client's connection has brought (manual: "fc_glitches"). */
  readonly glitches: number;
  /** When it was accepted, ms since 1970. */
  readonly acceptedAt: number;
  /** Requests of the connection so far, this one included. */
  readonly requests: number;
  readonly frontend: ProxyFacts;
  /** The backend of the transaction; null: it has not been chosen. */
  readonly backend: ProxyFacts | null;
  /** The server; null: it has not been assigned. */
  readonly server: ServerFacts | null;
  /** The connection to it; null: there is none. */
  readonly serverConnection: ServerConnectionFacts | null;
  readonly request: MessageView;
  readonly response: MessageView;
  readonly facts: TransactionFacts;
  /** The request line as it came, and its method: also when the head is gone. */
  readonly requestLine: string;
  /** The id of the request (manual: "unique-id-format"); null: there is no format for it. */
  readonly uniqueId: string | null;
  /** Captured by rules and by "capture": by number; null: nothing was. */
  readonly requestCaptures: (Uint8Array | null)[];
  readonly responseCaptures: (Uint8Array | null)[];
  readonly process: ProcessFacts;
  /** Its place in queues, as rules have set it. */
  readonly priority: Priority;
  /** Time-outs that rules have set for it, ms. */
  readonly timeouts: Readonly<Partial<Record<"server" | "tunnel" | "client", number>>>;
  /** Where the rule stands that ended the evaluation (manual: "last_rule_file"). */
  readonly lastRule: { readonly file: string; readonly line: number } | null;
  /** What it tracks in stick tables (manual: "track-sc0"); null: nothing. */
  readonly counters: Counters | null;
  /** The variables of a scope. */
  variables(scope: Scope): Variables;
  /** A proxy of the configuration, by its name; null: there is none. */
  proxy(name: string, side: "frontend" | "backend"): ProxyFacts | null;
}

/** The backend; until there is one, the proxy at hand is both, as in HAProxy. */
export function backendOf(context: Context): ProxyFacts {
  const { backend, frontend } = context;
  return backend ?? context.proxy(frontend.name, "backend") ?? frontend;
}
