import type * as model from "../config/model.ts";
import { bytesOf } from "../http/bytes.ts";
import type { Listener } from "../net/socket.ts";
import { Counter, Gauge } from "../shared/counts.ts";
import type { Backend } from "./backend.ts";
import { type AddressField, addressField } from "./http-request.ts";
import type { HttpStream } from "./http-stream.ts";
import type { Runtime } from "./runtime.ts";
import type { Listed } from "./session-list.ts";

/** While the proxy stops, ms that a connection may go on without a request. */
const lastWait = 2000;

/** The client side of a proxy: its listeners, its connections, what every request needs of it. */
export class Frontend {
  readonly listeners: Listener[] = [];
  /** Connections of clients here now (HAProxy's feconn). */
  readonly connections: Gauge;
  /** Connections so far. */
  readonly total: Counter;
  /** It has stopped listening for good: its sessions are the last ones. */
  stopping = false;
  /** Sessions are logged: then their log records are filled in. */
  readonly logs: boolean;
  /** Connections are logged as they are accepted. */
  readonly logsConnections: boolean;
  readonly forwardFor: AddressField | null;
  readonly originalTo: AddressField | null;
  /** What monitors ask for; null: nobody does. */
  readonly monitor: Uint8Array | null;
  readonly timeouts: {
    readonly client: number | null;
    readonly httpRequest: number | null;
    readonly httpKeepAlive: number | null;
  };
  readonly closesClient: boolean;
  readonly closesServer: boolean;
  /** Which content may pass without being seen. */
  readonly splice: model.Splice;
  /** Streams that ended, for the next requests: in the long run none is made. */
  readonly spareStreams: HttpStream[] = [];

  /**
   * @param index its place among all frontends, from 0
   * @param backend where the requests go: its own servers, or those of `default_backend`
   */
  constructor(
    readonly index: number,
    readonly config: model.Proxy,
    readonly backend: Backend,
    readonly runtime: Runtime,
  ) {
    const { timeout } = config;
    this.connections = new Gauge(runtime.memory);
    this.total = new Counter(runtime.memory);
    this.logs = runtime.log.logsSessions(config);
    this.logsConnections = runtime.log.logsConnections(config);
    this.forwardFor = addressField(backend.config.forwardfor ?? config.forwardfor);
    this.originalTo = addressField(backend.config.originalto ?? config.originalto);
    this.monitor = config.monitorUri === null ? null : bytesOf(config.monitorUri);
    const httpRequest = timeout.httpRequest ?? timeout.client;
    this.timeouts = {
      client: timeout.client,
      httpRequest,
      httpKeepAlive: timeout.httpKeepAlive ?? httpRequest,
    };
    this.splice = {
      request: config.splice.request && backend.config.splice.request,
      response: config.splice.response && backend.config.splice.response,
    };
    const modes = [config.connection, backend.config.connection];
    this.closesClient = modes.includes("close");
    this.closesServer = this.closesClient || modes.includes("server-close");
  }

  /** How long to wait for a request, ms, where `wanted` is the time for that. */
  patience(wanted: number | null): number | null {
    return this.stopping ? Math.min(wanted ?? Infinity, lastWait) : wanted;
  }

  /** Connections that it may have at most; `maxconn 0` is the process's. */
  get limit(): number {
    return this.config.maxconn || Infinity;
  }

  /** A client's connection is gone. */
  sessionEnded!: (session: Listed) => void;
}
