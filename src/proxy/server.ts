import type { Candidate } from "../balance/balancer.ts";
import type * as model from "../config/model.ts";
import type { ConnectOptions, Endpoint } from "../net/socket.ts";
import { Counter, Gauge, LockedGauge } from "../shared/counts.ts";
import { Timer, type TimerWheel } from "../time/wheel.ts";
import type { Backend, Client } from "./backend.ts";
import { IDLE } from "./crew.ts";
import type { ServerConnection } from "./server-connection.ts";
import { SourcePorts, sourcePorts } from "./source-ports.ts";
import type { StreamAssignment } from "./stream-assignment.ts";
import { Queue } from "./queue.ts";

/**
 * An idle connection used so short a time ago, ms, may carry what cannot be sent again: the shortest
 * keep-alive time-outs of servers are some seconds.
 */
const recently = 1000;
/** How often idle connections that were not needed are closed, ms (HAProxy's pool-purge-delay). */
const purgeInterval = 5000;

/** A server while the proxy runs: its state, its load, its connections. */
export class Server implements Candidate {
  /** Its state, for all threads: whether it is up, and its weight. */
  readonly #state: Int32Array;
  /** Streams that hold one of the server's slots; with the backend's lock. */
  readonly slots: LockedGauge;
  /** Streams that ever held one. */
  readonly total: Counter;
  /** Streams that wait for this server in particular. */
  readonly queue: Queue<StreamAssignment>;
  /** It takes sessions that any server may take: the backend's business. */
  active = false;
  /** The bounds of {@linkcode limit}: `minconn` and `maxconn`, put right; Infinity: no limit. */
  readonly minconn: number;
  readonly maxconn: number;
  readonly connectOptions: ConnectOptions;
  /** The local ports of its connections, where the configuration names them; else null. */
  readonly sourcePorts: SourcePorts | null;
  /** Idle connections: a stack, linked through them, the last used on top. */
  #idleTop: ServerConnection | null = null;
  #idleBottom: ServerConnection | null = null;
  idle = 0;
  /** Idle connections of all threads. */
  readonly #idleEverywhere: Gauge;
  /** The fewest idle connections since the last purge: so many were not needed. */
  #spare = 0;
  readonly #purge: Purge;
  readonly #wheel: TimerWheel;
  readonly #endpoint: Endpoint | null;

  /**
   * @param index its place in the backend, from 0
   * @param address its address, names being resolved
   */
  constructor(
    readonly config: model.Server,
    readonly backend: Backend,
    readonly index: number,
    readonly address: model.ServerAddress,
  ) {
    const { memory, tickets, wheel } = backend.runtime;
    this.#wheel = wheel;
    this.#state = memory.ints(2);
    this.slots = new LockedGauge(memory);
    this.total = new Counter(memory);
    this.queue = new Queue(memory, tickets, 2 + index);
    this.#idleEverywhere = new Gauge(memory);
    if (memory.fresh) {
      this.#state[0] = 1;
      this.#state[1] = config.weight;
    }
    // Who sets only `minconn`, or a greater one, means a limit that does not move, as in HAProxy.
    this.maxconn = Math.max(config.maxconn, config.minconn) || Infinity;
    this.minconn = config.minconn || this.maxconn;
    this.#purge = new Purge(this);
    this.#endpoint = address.kind !== "ip"
      ? address
      : address.port !== null
      ? { kind: "ip", host: address.host, port: address.port }
      : null;
    const source = config.source ?? backend.config.source;
    this.connectOptions = source === null ? {} : { source: { host: source.host, port: 0 } };
    this.sourcePorts = sourcePorts(source, memory);
  }

  /** How to connect from one of its {@linkcode sourcePorts}. */
  connectFrom(port: number): ConnectOptions {
    return { source: { host: this.connectOptions.source!.host, port } };
  }

  /** A local port for a new connection; 0: there is none, not even one of an idle connection. */
  takeSourcePort(): number {
    const ports = this.sourcePorts!;
    const port = ports.take();
    if (port !== 0 || this.idle === 0) return port;
    this.closeOldestIdle();
    return ports.take();
  }

  get name(): string {
    return this.config.name;
  }
  get cookie(): string | null {
    return this.config.cookie;
  }
  /** As the checks see it. */
  get up(): boolean {
    return this.#state[0] === 1;
  }
  set up(up: boolean) {
    this.#state[0] = up ? 1 : 0;
  }
  get weight(): number {
    return this.#state[1]!;
  }
  /** For the balancers: what is in progress and what waits. */
  get load(): number {
    return this.slots.value + this.queue.length;
  }
  /** Slots that it has: between `minconn` and `maxconn` as many as the backend's load allows. */
  get limit(): number {
    const { minconn, maxconn } = this;
    return minconn === maxconn ? maxconn : this.backend.limit(minconn, maxconn);
  }
  get full(): boolean {
    return this.slots.value >= this.limit;
  }
  get saturated(): boolean {
    return this.full && (this.config.maxqueue === 0 || this.queueFull);
  }
  /** As many wait for it as may (manual: "maxqueue"). */
  get queueFull(): boolean {
    return this.config.maxqueue > 0 && this.queue.length >= this.config.maxqueue;
  }
  /** Takes the sessions whose cookie names it (manual: "weight", for those of weight 0). */
  get serves(): boolean {
    return this.up && !this.config.disabled;
  }
  /** Takes new sessions. */
  get usable(): boolean {
    return this.serves && this.weight > 0;
  }

  /**
   * Its connections can serve any client: they do not depend on the port that one came to, and do
   * not begin with its address.
   */
  get pools(): boolean {
    return this.#endpoint !== null && this.config.sendProxy === null;
  }

  /** Where to connect for `client`. */
  endpoint(client: Client): Endpoint {
    if (this.#endpoint !== null) return this.#endpoint;
    const address = this.address as { host: string; portOffset: number };
    const port = (client.clientPort + address.portOffset) & 65535;
    return { kind: "ip", host: address.host, port };
  }

  /**
   * An idle connection to use, the one used last; null: there is none.
   * @param recent only one that has just been used and stands still, for what cannot be sent again
   */
  takeIdle(recent: boolean): ServerConnection | null {
    const connection = this.#idleTop;
    if (connection === null) return null;
    if (recent) {
      const age = this.backend.runtime.clock.now() - connection.idleSince;
      if (age > recently || connection.socket.peerGone()) return null;
    }
    this.removeIdle(connection);
    return connection;
  }

  /** Keeps a connection for later requests. */
  addIdle(connection: ServerConnection): void {
    connection.isIdle = true;
    connection.idleSince = this.backend.runtime.clock.now();
    connection.idleBelow = this.#idleTop;
    if (this.#idleTop !== null) this.#idleTop.idleAbove = connection;
    else this.#idleBottom = connection;
    this.#idleTop = connection;
    this.idle++;
    this.#idleEverywhere.increase();
    if (this.#purge.deadline === Infinity) this.#wheel.set(this.#purge, purgeInterval);
  }

  /** Takes a connection out of the idle ones: it is used, or gone. */
  removeIdle(connection: ServerConnection): void {
    if (!connection.isIdle) return;
    connection.isIdle = false;
    const { idleAbove, idleBelow } = connection;
    if (idleAbove === null) this.#idleTop = idleBelow;
    else idleAbove.idleBelow = idleBelow;
    if (idleBelow === null) this.#idleBottom = idleAbove;
    else idleBelow.idleAbove = idleAbove;
    connection.idleAbove = connection.idleBelow = null;
    this.idle--;
    this.#idleEverywhere.decrease();
    if (this.idle < this.#spare) this.#spare = this.idle;
  }

  /**
   * Sees to it that a new connection is within the limit: idle ones occupy the server too. Those of
   * another thread go as soon as that has heard of it.
   */
  makeRoom(): void {
    const { limit } = this;
    if (limit === Infinity) return;
    while (this.idle > 0 && this.slots.value + this.#idleEverywhere.value > limit) {
      this.closeOldestIdle();
    }
    if (this.slots.value + this.#idleEverywhere.value > limit) this.closeIdleElsewhere();
  }

  /** Has another thread close an idle connection. @returns whether one has any */
  closeIdleElsewhere(): boolean {
    const { memory, crew } = this.backend.runtime;
    const other = this.#idleEverywhere.holder(memory.self);
    if (other >= 0) crew.tell(other, IDLE, this.backend.index, this.index);
    return other >= 0;
  }

  /** Closes the idle connection that went unused longest. */
  closeOldestIdle(): void {
    const connection = this.#idleBottom;
    if (connection === null) return;
    this.removeIdle(connection);
    connection.close();
  }

  /** Closes all idle connections. */
  closeIdle(): void {
    while (this.#idleBottom !== null) this.closeOldestIdle();
    this.#wheel.remove(this.#purge);
  }

  /** A thread has died: what it held here is free; with the backend's lock. */
  forget(thread: number): void {
    this.slots.forget(thread);
    this.queue.forget(thread);
    this.#idleEverywhere.forget(thread);
    this.sourcePorts?.forget(thread);
  }

  /** Closes the idle connections that were not needed since the last time. */
  closeSpare(): void {
    for (let spare = this.#spare; spare > 0; spare--) this.closeOldestIdle();
    this.#spare = this.idle;
    if (this.idle > 0) this.#wheel.set(this.#purge, purgeInterval);
  }
}

/** How many of `servers` take new sessions: main ones, and backups. */
export function countUsable(
  servers: readonly Server[],
): { readonly active: number; readonly backup: number } {
  const usable = servers.filter((server) => server.usable);
  const backup = usable.filter(({ config }) => config.backup).length;
  return { active: usable.length - backup, backup };
}

class Purge extends Timer {
  constructor(readonly server: Server) {
    super();
  }
  override fire(): void {
    this.server.closeSpare();
  }
}
