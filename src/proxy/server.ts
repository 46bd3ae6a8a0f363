import type { AnyCandidate } from "../balance/algorithms.ts";
import { placeOfAddress, placeOfId } from "../balance/ring.ts";
import type * as model from "../config/model.ts";
import { bytesOf } from "../bytes/bytes.ts";
import type { ServerFacts } from "../expr/context.ts";
import { parseIp } from "../net/ip/address.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { ConnectOptions, Endpoint } from "../net/socket.ts";
import { dynamicCookie } from "../persist/dynamic-cookie.ts";
import { serverKey } from "../tls/material.ts";
import { ServerTls } from "./tls/server.ts";
import { Counter, LockedGauge } from "../shared/counts.ts";
import type { SharedMemory } from "../shared/memory.ts";
import type { Rate } from "../shared/rate.ts";
import { Tally } from "../shared/tally.ts";
import { tallySize } from "../stats/counters.ts";
import { IDLE } from "./workers.ts";
import { serverFacts } from "./rules/facts.ts";
import { serverSocket } from "./socket-options.ts";
import { type ForeignSource, foreignSource } from "./foreign-source.ts";
import { SourcePorts, sourcePorts } from "./source-ports.ts";
import { ServerSessions } from "./http/h2/server-sessions.ts";
import { Pool } from "./stream/pool.ts";
import { Queue, type Waiter } from "./queue.ts";
import type { Runtime } from "./runtime.ts";
import { ServerAddress } from "./server-address.ts";
import type { ClientAddress, ConnectedServer } from "./stream/server-connection.ts";

/** Words of a server's state. */
const [UP, WEIGHT, ADMIN, MAXCONN, STOPPING, HELD, HELD_SLOTS, ERRORS] = [0, 1, 2, 3, 4, 5, 6, 7];
/** A weight is held back in sixteenths of it, as in HAProxy; slots in hundredths. */
const sixteenths = 16;

/**
 * Why a server is out of service, or takes no new sessions, as set by hand: bits, of which HAProxy
 * shows the same (management manual, "show servers state", srv_admin_state).
 */
export const admin = {
  /** Maintenance; of a server that it tracks; by the configuration's `disabled`. */
  maintenance: 1,
  inheritedMaintenance: 2,
  configured: 4,
  /** Drain: only sessions that name it; of a server that it tracks. */
  drain: 8,
  inheritedDrain: 16,
  /** Its name has no address; it is another one than in the configuration. */
  unresolved: 32,
  renamed: 64,
} as const;
const inMaintenance = admin.maintenance | admin.inheritedMaintenance | admin.unresolved;
const inDrain = admin.drain | admin.inheritedDrain;

/** Where a server is checked, and its agent asked, as set by hand: null is as configured. */
export interface CheckedAt {
  addr: string | null;
  port: number | null;
  agentAddr: string | null;
  agentPort: number | null;
  agentSend: string | null;
}

/** What a server needs of its backend, and what is asked of a backend by its servers. */
export interface ServerBackend {
  readonly index: number;
  readonly config: model.Proxy;
  readonly runtime: Runtime;
  readonly servers: readonly Server[];
  /** Transactions that any of them may take. */
  readonly queue: { readonly length: number };
  /** From which, and their addresses, its servers' cookies follow; null: they do not. */
  readonly dynamicCookieKey: string | null;
  /** The slots of a server with such bounds, at the present load. */
  limit(minconn: number, maxconn: number): number;
  /** The state of a server has changed. */
  stateChanged(server: Server): void;
}

/** A server while the proxy runs: its state, its load, its connections. */
export class Server implements AnyCandidate, ConnectedServer {
  /** Its state, for all threads: see above. */
  readonly #state: Int32Array;
  /** Streams that hold one of the server's slots; with the backend's lock. */
  readonly slots: LockedGauge;
  /** Streams that ever held one. */
  readonly total: Counter;
  /** What else is counted of it. */
  readonly counts: Tally;
  /** Streams a second. */
  readonly rate: Rate;
  /** Streams that wait for this server in particular. */
  readonly queue: Queue<Waiter>;
  /** It takes sessions that any server may take: the backend's business. */
  active = false;
  /** The bounds of {@linkcode limit} in the configuration, put right; Infinity: no limit. */
  readonly #minconn: number;
  readonly #maxconn: number;
  readonly connectOptions: ConnectOptions;
  /** The local ports of its connections, where the configuration names them; else null. */
  readonly sourcePorts: SourcePorts | null;
  /** Whose address connections come from; null: this machine's. */
  readonly foreignSource: ForeignSource | null;
  /** This thread's idle connections. */
  readonly pool: Pool;
  /** How TLS is spoken with it; null: it is not. */
  readonly tls: ServerTls | null;
  /** Its connections, where it speaks HTTP/2, or may; null: it does not. */
  readonly shared: ServerSessions | null;
  /** What expressions see of it. */
  readonly facts: ServerFacts;
  /** Of the main thread, which checks. */
  readonly checkedAt: CheckedAt = {
    addr: null,
    port: null,
    agentAddr: null,
    agentPort: null,
    agentSend: null,
  };
  /** Where it is. */
  readonly place: ServerAddress;
  /** The version of that at which this thread's connections to where it was were closed. */
  #placed: number;

  /**
   * @param index its place in the backend, from 0
   * @param address its address, names being resolved
   * @param id its number in the backend (manual: "id")
   * @param memory where its state is, for all threads
   */
  constructor(
    readonly config: model.Server,
    readonly backend: ServerBackend,
    readonly index: number,
    readonly address: model.ServerAddress,
    readonly id: number,
    memory: SharedMemory = backend.runtime.memory,
  ) {
    const { tickets, clock } = backend.runtime;
    this.changedAt = clock.now();
    this.#state = memory.ints(8);
    this.errors = new ErrorCount(this.#state, ERRORS);
    this.slots = new LockedGauge(memory);
    this.total = new Counter(memory);
    backend.runtime.totals.push(this.total);
    this.counts = new Tally(memory, tallySize);
    this.rate = backend.runtime.rate(() => this.total.value, memory);
    this.queue = new Queue(memory, tickets, 2 + index);
    this.pool = new Pool(backend.runtime, memory, config.poolPurgeDelay);
    if (memory.fresh) {
      const down = config.check && config.initState.endsWith("down");
      this.#state[UP] = down ? 0 : 1;
      this.#state[WEIGHT] = config.weight;
      this.#state[ADMIN] = config.disabled ? admin.maintenance | admin.configured : 0;
      this.#state[MAXCONN] = -1;
    }
    this.wasServing = this.serves;
    // Only `minconn`, or a greater one than `maxconn`, is a limit that does not move, as in
    // HAProxy.
    this.#maxconn = Math.max(config.maxconn, config.minconn) || Infinity;
    this.#minconn = config.minconn || this.#maxconn;
    this.place = new ServerAddress(memory, address);
    this.#placed = this.place.version;
    const { httpSendNameHeader } = backend.config;
    this.nameLine = httpSendNameHeader === null
      ? null
      : bytesOf(`${httpSendNameHeader}: ${config.name}\r\n`);
    const source = config.source ?? backend.config.source;
    const socket = serverSocket(backend.config, config, backend.runtime.global);
    const { namespace } = config;
    this.foreignSource = foreignSource(source);
    this.connectOptions = {
      ...(source === null ? {} : { source: { host: source.host, port: 0 } }),
      ...(socket === null ? {} : { socket }),
      ...(namespace === null ? {} : { namespace }),
      ...(backend.config.mode === "http" && !config.ssl ? { speaksFirst: true } : {}),
    };
    this.sourcePorts = sourcePorts(source, memory);
    const key = serverKey(backend.config, config);
    const material = backend.runtime.tls.servers.get(key)?.traffic;
    if (config.ssl && !material) throw new Error("TLS has not been loaded");
    const tls = config.ssl && material ? new ServerTls(material, config.sni, clock) : null;
    this.tls = tls;
    if (tls !== null) {
      backend.runtime.tlsLive.onServer(key, ({ traffic }) => {
        if (traffic !== null) tls.replace(traffic);
      });
    }
    const asks = tls !== null && config.alpn?.includes("h2") === true;
    const isHttp = backend.config.mode === "http" && config.proto !== "h1";
    this.shared = isHttp && (config.proto === "h2" || asks) ? new ServerSessions(this) : null;
    this.facts = serverFacts(this);
  }

  /** How to connect from one of its {@linkcode sourcePorts}. */
  connectFrom(port: number): ConnectOptions {
    const { connectOptions } = this;
    return { ...connectOptions, source: { host: connectOptions.source!.host, port } };
  }

  /** A local port for a new connection; 0: there is none, not even one of an idle connection. */
  acquireSourcePort(): number {
    const ports = this.sourcePorts!;
    const port = ports.acquire();
    if (port !== 0 || this.pool.size === 0) return port;
    this.pool.closeOldest();
    return ports.acquire();
  }

  get name(): string {
    return this.config.name;
  }
  /** The line that names it in requests (manual: "http-send-name-header"); null: none. */
  readonly nameLine: Uint8Array | null;
  get cookie(): string | null {
    return this.config.cookie ?? this.#dynamicCookie;
  }
  /** The cookie that follows from its address; null: none does. */
  get #dynamicCookie(): string | null {
    const { dynamicCookieKey: key } = this.backend;
    if (key === null) return null;
    const { version, host, port } = this.place;
    if (this.#cookieVersion !== version || this.#cookieKey !== key) {
      this.#cookieKey = key;
      const address = host === null ? null : parseIp(host);
      this.#cookieVersion = version;
      this.#cookie = address === null
        ? null
        : dynamicCookie(key, address, port.port ?? port.portOffset);
    }
    return this.#cookie;
  }
  #cookie: string | null = null;
  /** The key, and the version of its address, from which that follows. */
  #cookieKey = "";
  #cookieVersion = -1;

  /** As the checks see it. */
  get up(): boolean {
    return this.#state[UP] === 1;
  }
  set up(up: boolean) {
    this.#state[UP] = up ? 1 : 0;
  }
  /** Its share of the load: what it was given, less while it starts slowly. */
  get weight(): number {
    const held = this.#state[HELD]!;
    const weight = this.#state[WEIGHT]!;
    return held === 0 ? weight : weight * (sixteenths - held) / sixteenths;
  }
  /** The weight that it was given. */
  get givenWeight(): number {
    return this.#state[WEIGHT]!;
  }
  /** To be followed by the backend's `stateChanged`. */
  set givenWeight(weight: number) {
    this.#state[WEIGHT] = weight;
  }
  /** Percent of its slots that it has (manual: "slowstart"); 100: all. */
  get throttle(): number {
    return 100 - this.#state[HELD_SLOTS]!;
  }
  /**
   * Holds back some of its load. To be followed by the backend's `stateChanged`.
   * @param weight sixteenths of its weight that count
   * @param slots percent of its slots
   */
  hold(weight: number, slots: number): void {
    this.#state[HELD] = sixteenths - weight;
    this.#state[HELD_SLOTS] = 100 - slots;
  }
  /** It is up, and takes no new sessions but those that name it: it is about to stop. */
  get stopping(): boolean {
    return this.#state[STOPPING] === 1;
  }
  /** To be followed by the backend's `stateChanged`. */
  set stopping(stopping: boolean) {
    this.#state[STOPPING] = stopping ? 1 : 0;
  }
  /** What was set by hand: bits of {@linkcode admin}. */
  get admin(): number {
    return this.#state[ADMIN]!;
  }
  /** To be followed by the backend's `stateChanged`. */
  set admin(bits: number) {
    this.#state[ADMIN] = bits;
  }
  get maintained(): boolean {
    return (this.#state[ADMIN]! & inMaintenance) !== 0;
  }
  get draining(): boolean {
    return (this.#state[ADMIN]! & inDrain) !== 0;
  }
  /** Sessions at most; Infinity: no limit. */
  get maxconn(): number {
    const set = this.#state[MAXCONN]!;
    return set < 0 ? this.#maxconn : set || Infinity;
  }
  set maxconn(maxconn: number) {
    this.#state[MAXCONN] = maxconn;
  }
  /** Where {@linkcode limit} begins to rise. */
  get minconn(): number {
    const set = this.#state[MAXCONN]!;
    return set < 0
      ? this.#minconn
      : this.config.minconn > 0
      ? Math.min(this.#minconn, this.maxconn)
      : this.maxconn;
  }
  /** When it last went up or down, on this thread's clock, and for how long it was down before, ms. */
  changedAt: number;
  downFor = 0;
  /** Errors of its traffic in a row, that `observe` has seen, in all threads. */
  readonly errors: ErrorCount;
  /** It was in service when this thread last looked: see sessions.ts. */
  wasServing: boolean;
  /** How often its checks failed while it was up, and how often it went down. */
  checkFailures = 0;
  checkDowns = 0;
  /** For the balancers: what is in progress, and that with what waits. */
  get served(): number {
    return this.slots.value;
  }
  get load(): number {
    return this.slots.value + this.queue.length;
  }
  get ringPlace(): number {
    const { hashKey } = this.config;
    const { host, port } = this.place;
    const address = hashKey === "id" || host === null ? null : parseIp(host);
    if (address === null) return placeOfId(this.id);
    return placeOfAddress(address, hashKey === "addr" ? 0 : port.port ?? port.portOffset);
  }
  /** Slots that it has: between `minconn` and `maxconn` as many as the backend's load allows. */
  get limit(): number {
    const held = this.#state[HELD_SLOTS]!;
    const limit = this.#wholeLimit;
    return held === 0 || limit === Infinity
      ? limit
      : Math.max(1, Math.floor(limit * (100 - held) / 100));
  }
  get #wholeLimit(): number {
    if (this.#state[MAXCONN]! < 0 && this.#minconn === this.#maxconn) return this.#maxconn;
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
    return this.up && !this.maintained;
  }
  /** Takes new sessions. */
  get usable(): boolean {
    return this.serves && this.weight > 0 && !this.draining && !this.stopping;
  }

  /**
   * Its connections can serve any client: they do not depend on where that connected to, and do not
   * begin with its address.
   */
  get poolable(): boolean {
    return this.place.fixed !== null && this.config.sendProxy === null;
  }

  /** The version of where it is. */
  get placeVersion(): number {
    return this.place.version;
  }

  /** Where to connect for `client`. */
  endpoint(client: ClientAddress & { readonly addresses: Addresses }): Endpoint {
    return this.place.for(client);
  }

  /** Whether it has moved since this was last asked, in this thread. */
  hasMoved(): boolean {
    const { version } = this.place;
    if (version === this.#placed) return false;
    this.#placed = version;
    return true;
  }

  /**
   * Makes room for a new connection within the limit: idle ones occupy the server too. Another
   * thread closes its own as soon as it reads the message.
   */
  makeRoom(): void {
    const { limit } = this;
    if (limit === Infinity) return;
    const { pool } = this;
    while (pool.size > 0 && this.slots.value + pool.everywhere.value > limit) pool.closeOldest();
    if (this.slots.value + pool.everywhere.value > limit) this.closeIdleElsewhere();
  }

  /** Has another thread close an idle connection. @returns whether one has any */
  closeIdleElsewhere(): boolean {
    const { memory, workers } = this.backend.runtime;
    const other = this.pool.everywhere.holder(memory.self);
    if (other >= 0) workers.post(other, IDLE, this.backend.index, this.index);
    return other >= 0;
  }

  /** Releases what a thread held here that has ended without doing so; with the backend's lock. */
  releaseThread(thread: number): void {
    this.slots.releaseThread(thread);
    this.queue.releaseThread(thread);
    this.pool.everywhere.releaseThread(thread);
    this.sourcePorts?.releaseThread(thread);
  }
}

/** A count that all threads share, of what has no end but success. */
class ErrorCount {
  readonly #words: Int32Array;
  readonly #place: number;

  constructor(words: Int32Array, place: number) {
    this.#words = words;
    this.#place = place;
  }
  /** Forgets them. */
  clear(): void {
    if (this.#words[this.#place] !== 0) Atomics.store(this.#words, this.#place, 0);
  }
  /** One more. @returns how many there are, where these are as many as there may be; else 0 */
  add(limit: number): number {
    const count = Atomics.add(this.#words, this.#place, 1) + 1;
    if (count < limit) return 0;
    Atomics.store(this.#words, this.#place, 0);
    return count;
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
