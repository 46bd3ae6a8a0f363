import { addressHash, type Algorithm, algorithmOf, hashOf } from "../balance/algorithms.ts";
import { type Balance, balanceOf, isFault, parseBalance } from "../balance/balance-text.ts";
import type { Balancer } from "../balance/balancer.ts";
import { type HashType, hashTypeOf } from "../balance/hash-type.ts";
import { type KeyedMessage, NO_KEY, type RequestKey } from "../balance/request-key.ts";
import { serverIds } from "../balance/server-ids.ts";
import { castTo } from "../expr/cast.ts";
import type { Context } from "../expr/context.ts";
import { BIN, Sample } from "../expr/sample.ts";
import { bytesOf, textOf } from "../bytes/bytes.ts";
import type * as model from "../config/model.ts";
import { noRules, type ProxyRules } from "../rules/proxy-rules.ts";
import type { ProxyFacts } from "../expr/context.ts";
import { backendFacts } from "./rules/facts.ts";
import { type CookiePolicy, cookiePolicy } from "../persist/policy.ts";
import type { ErrorReplies } from "../services/error-replies.ts";
import { rdpCookie } from "../net/rdp.ts";
import { rdpServer } from "../persist/rdp-cookie.ts";
import { Counter, Gauge } from "../shared/counts.ts";
import { Lock } from "../shared/lock.ts";
import type { SharedMemory } from "../shared/memory.ts";
import type { Rate } from "../shared/rate.ts";
import { Tally } from "../shared/tally.ts";
import { tallySize } from "../stats/counters.ts";
import { type StatsRoute, statsRoute } from "./http/stats-route.ts";
import { GRANTED, STATE } from "./workers.ts";
import { Queue, type Waiter } from "./queue.ts";
import { remove, type Runtime } from "./runtime.ts";
import { admin, Server, type ServerBackend } from "./server.ts";
import { CONN_FAILURE, retryBits } from "./stream/retry-on.ts";
import type { ClientAddress } from "./stream/server-connection.ts";

const nobody: readonly Server[] = [];

/** The value of an expression, which is worked out within a call. */
const sample = new Sample();

/** The algorithm of a proxy: what needs HTTP falls back in TCP mode, as in HAProxy. */
function balanceFor({ balance, mode }: model.Proxy): Balance {
  const given = balanceOf(balance);
  const usable = !isFault(given) && (mode === "http" || !algorithmOf(given.name).needsHttp);
  return usable ? given : roundrobin;
}
const roundrobin = parseBalance([]) as Balance;

/** Where a server that is added has its place. */
export interface ServerPlace {
  readonly index: number;
  /** Its number (manual: "id"). */
  readonly id: number;
  /** How many have ever been added to the backend, with this one. */
  readonly additions: number;
}

/** Servers with the same bounds, whose limits rise at the same loads. */
interface Ramp {
  readonly minconn: number;
  readonly maxconn: number;
  readonly servers: Server[];
}

/**
 * The server side of a proxy: it assigns streams to servers, or lets them wait. Its state is that
 * of all threads. Words of it that depend on each other are read and written under its lock;
 * streams are called back only after the lock has been released.
 */
export class Backend implements ServerBackend {
  readonly index: number;
  readonly servers: Server[] = [];
  /** The same by their places: one that is removed leaves a gap. */
  readonly #places: (Server | undefined)[] = [];
  readonly cookie: CookiePolicy | null;
  /** What requests are sent again for: bits of stream/retry-on.ts. */
  readonly retryOn: number;
  readonly lock: Lock;
  /** Streams that any server may take. */
  readonly queue: Queue<Waiter>;
  /** Streams here now (HAProxy's beconn). */
  readonly connections: Gauge;
  /** Streams so far. */
  readonly total: Counter;
  /** Responses that were refused, for they were invalid. */
  readonly invalid: Counter;
  /** What else is counted of it. */
  readonly counts: Tally;
  /** Streams a second. */
  readonly rate: Rate;
  /** Its statistics page, where that is not its own frontend's; null: there is none. */
  readonly stats: StatsRoute | null;
  /**
   * How often the servers' states have changed; how many streams have ever waited; how often servers
   * were added.
   */
  readonly #words: Int32Array;
  /** Slots that were taken for streams of this thread, which do not know it yet. */
  readonly #granted: { readonly ticket: number; readonly server: Server }[] = [];
  #granting = false;
  /** The load at which servers reach their `maxconn`. */
  #fullconn: number;
  /** Connections that the frontends may have which send theirs here. */
  #incoming = 0;
  readonly #ramps: Ramp[] = [];
  /** Servers that take new sessions now: the main ones, or else backups. */
  active: readonly Server[] = [];
  /** The changes of the servers' states that {@linkcode active} reflects. */
  #seen = 0;
  readonly #algorithm: Algorithm;
  #balancer: Balancer<Server>;
  /** The additions that this thread knows of. */
  #additions = 0;
  readonly #hashType: HashType;
  readonly #hash: HashType["hash"];
  readonly #requestKey: RequestKey | null;
  readonly #byCookie = new Map<string, Server[]>();

  /** The key of its servers' cookies, and whether they follow from it (manual: "cookie", dynamic). */
  cookieKey: { readonly dynamic: boolean; readonly key: string | null };
  get dynamicCookieKey(): string | null {
    return this.cookieKey.dynamic ? this.cookieKey.key : null;
  }

  /** What expressions see of it. */
  readonly facts: ProxyFacts;

  /**
   * @param servers those of the configuration, or what stands for its `dispatch`
   * @param replies in place of the proxy's own; null: none
   */
  constructor(
    readonly config: model.Proxy,
    servers: readonly model.Server[],
    readonly runtime: Runtime,
    readonly replies: ErrorReplies | null = null,
    readonly rules: ProxyRules = noRules,
  ) {
    const { memory, tickets, backends } = runtime;
    this.index = backends.push(this) - 1;
    this.cookieKey = {
      dynamic: config.cookie?.dynamic === true,
      key: config.dynamicCookieKey,
    };
    this.cookie = config.cookie === null ? null : cookiePolicy(config.cookie);
    this.retryOn = config.mode === "http" && config.retryOn !== null
      ? retryBits(config.retryOn)
      : CONN_FAILURE;
    this.lock = new Lock(memory);
    this.#words = memory.ints(3);
    this.queue = new Queue(memory, tickets, 1);
    this.connections = new Gauge(memory);
    this.total = new Counter(memory);
    this.invalid = new Counter(memory);
    runtime.totals.push(this.total);
    this.counts = new Tally(memory, tallySize);
    this.stats = config.kind === "backend" ? statsRoute(config, rules, runtime) : null;
    this.rate = runtime.rate(() => this.total.value);
    // The guide's way: servers reach their limit when the proxy, a listen section, reaches its own.
    this.#fullconn = config.fullconn ?? (config.maxconn || runtime.maxconn);
    const ids = serverIds(servers);
    servers.forEach((server, index) => {
      this.#add(new Server(server, this, index, server.address, ids[index]!));
    });
    const balance = balanceFor(config);
    this.#algorithm = algorithmOf(balance.name);
    this.#hashType = hashTypeOf(config.hashType);
    this.#requestKey = this.#algorithm.requestKey?.(balance) ?? null;
    this.#hash = hashOf(this.#hashType);
    this.#balancer = this.#createBalancer(
      memory.floats(this.#algorithm.memory(this.servers.length)),
    );
    if (memory.fresh) this.#update();
    else this.#follow();
    this.facts = backendFacts(this, this.index + 1);
  }

  #createBalancer(memory: Float64Array): Balancer<Server> {
    const { config, runtime } = this;
    return this.#algorithm.create<Server>(memory, {
      balance: balanceFor(config),
      hashType: this.#hashType,
      factor: config.hashBalanceFactor,
      affinity: config.hashPreserveAffinity,
      random: runtime.random ?? Math.random,
    });
  }

  #add(server: Server): void {
    this.servers.push(server);
    this.#places[server.index] = server;
    this.#addRamp(server);
    const { cookie } = server.config;
    if (cookie === null) return;
    const sharing = this.#byCookie.get(cookie) ?? [];
    sharing.push(server);
    this.#byCookie.set(cookie, sharing);
  }

  /** The server at a place; undefined: there is none any more. */
  at(index: number): Server | undefined {
    return this.#places[index];
  }

  /** The place, and the number, that a server would have which is added now. */
  nextPlace(): ServerPlace {
    let index = 0;
    while (this.#places[index] !== undefined) index++;
    let id = 1;
    while (this.servers.some((server) => server.id === id)) id++;
    return { index, id, additions: this.#words[2]! + 1 };
  }

  /**
   * A server joins while streams are served. Every thread does this; the first of them, on new
   * memory, has the others know. Until then those balance as before, on what they have.
   */
  addServer(
    config: model.Server,
    { index, id, additions }: ServerPlace,
    memory: SharedMemory,
  ): Server {
    const server = new Server(config, this, index, config.address, id, memory);
    // It is put into service by hand.
    if (memory.fresh && config.disabled) server.admin = admin.maintenance;
    server.wasServing = server.serves;
    this.lock.lock();
    this.#add(server);
    const numbers = memory.floats(this.#algorithm.memory(this.#places.length));
    this.#balancer = this.#createBalancer(numbers);
    this.#additions = additions;
    if (memory.fresh) {
      this.#words[2] = additions;
      this.#update();
    } else this.#follow();
    this.lock.unlock();
    return server;
  }

  /** A server that has no streams, and is in maintenance, leaves. */
  removeServer(server: Server): void {
    server.pool.close();
    this.runtime.forget(server.total, server.rate);
    remove(this.servers, server);
    this.#places[server.index] = undefined;
    for (const ramp of this.#ramps) remove(ramp.servers, server);
    remove(this.#byCookie.get(server.config.cookie ?? "") ?? [], server);
  }

  /**
   * Determines anew which servers take part, after states were set and before any stream is served.
   */
  refreshActive(): void {
    this.lock.lock();
    this.#update();
    this.lock.unlock();
  }

  /** The same, after a state or a weight changed, with the lock. */
  #update(): void {
    this.#balancer.update(this.#choose());
    this.#seen = ++this.#words[0]!;
  }

  /** Does what another thread has done by {@linkcode #update}. */
  #follow(): void {
    this.#seen = this.#words[0]!;
    // Its memory follows the others' only as far as the servers are the same.
    if (this.#words[2] === this.#additions) this.#balancer.follow(this.#choose());
    else this.#balancer.update(this.#choose());
  }

  /** Those that are up, else the first backup that is, or all of those with `allbackups`. */
  #choose(): readonly Server[] {
    const usable = this.servers.filter((server) => server.usable);
    const main = usable.filter((server) => !server.config.backup);
    const backups = this.config.allbackups ? usable : usable.slice(0, 1);
    for (const server of this.active) server.active = false;
    this.active = main.length > 0 ? main : backups;
    for (const server of this.active) server.active = true;
    return this.active;
  }

  /** A server's state changed: others take its queue, or it takes of theirs. */
  stateChanged(server: Server): void {
    this.lock.lock();
    this.#update();
    if (server.serves) this.#serveQueues(server);
    // A server that takes part only now, a backup say, has not been offered those that wait.
    if (this.queue.length > 0) {
      for (const other of this.active) this.#serveQueues(other);
    }
    this.lock.unlock();
    this.#serveGranted();
    this.runtime.workers.broadcast(STATE, this.index, server.index);
    this.runtime.serversChanged?.();
  }

  /** What each thread does of that: its own connections, and its own streams. */
  onState(server: Server): void {
    if (server.hasMoved()) server.pool.close();
    if (server.serves) return;
    server.pool.close();
    if (!this.config.redispatch || this.config.persist) return;
    for (const stream of this.#waitingFor(server)) {
      try {
        stream.reassign();
      } catch (error) {
        this.runtime.fault(error, stream.owner);
      }
    }
  }

  /** The streams of this thread that wait for a server. */
  #waitingFor({ queue }: Server): Waiter[] {
    const { tickets, memory } = this.runtime;
    const waiting: Waiter[] = [];
    this.lock.lock();
    for (let ticket = queue.first; ticket !== 0; ticket = queue.after(ticket)) {
      if (tickets.threadOf(ticket) === memory.self) waiting.push(tickets.owner(ticket)!);
    }
    this.lock.unlock();
    return waiting;
  }

  /** The server that a cookie's value names, the first one that may serve; null: none. */
  byCookie(value: string, force = this.config.persist): Server | null {
    const sharing = this.#serversOf(value);
    for (const server of sharing) if (server.serves || force) return server;
    return null;
  }

  /** Whether a cookie's value names a server that may serve. */
  readonly accepts = (value: string): boolean => this.byCookie(value) !== null;

  /** Whether a cookie's value names a server at all, be it up or not. */
  knowsCookie(value: string): boolean {
    return this.#serversOf(value).length > 0;
  }

  /** The servers whose cookie it is. */
  #serversOf(value: string): readonly Server[] {
    // What follows from addresses changes with them.
    if (this.dynamicCookieKey === null) return this.#byCookie.get(value) ?? nobody;
    return this.servers.filter(({ cookie }) => cookie === value);
  }

  /** The server that a stream's cookie names, if it may serve (manual: "persist rdp-cookie"). */
  rdpServer(content: Uint8Array): Server | null {
    const { persistRdpCookie: name, persist } = this.config;
    if (name === null) return null;
    const found = rdpCookie(bytesOf(name.toLowerCase()), content, 0, content.length);
    const named = found === null ? null : rdpServer(textOf(content, found.from, found.to));
    if (named === null) return null;
    return this.servers.find(({ place, serves }) =>
      place.host === named.host && place.port.port === named.port && (serves || persist)
    ) ?? null;
  }

  /** Whether choosing again would, in all likelihood, choose another server. */
  get choosesFreely(): boolean {
    return this.active.length > 1 &&
      this.#algorithm.alternates === true;
  }

  /** The choice of a server depends on the request: see {@linkcode Backend.requestKey}. */
  get hashesRequest(): boolean {
    return this.#requestKey !== null;
  }

  /** What the choice of a server depends on, of a request; NO_KEY: it is not there. */
  requestKey(message: KeyedMessage): number {
    return this.#requestKey?.(message, this.#hash) ?? NO_KEY;
  }

  /** What it depends on, of a client. */
  clientKey({ clientAddress }: ClientAddress): number {
    return addressHash(this.#hashType, clientAddress);
  }

  /** It depends on either, or on an expression. */
  get hashes(): boolean {
    return this.hashesAddress || this.hashesRequest || this.rules.balanceHash !== null;
  }

  /** What it depends on, of an expression (manual: "balance", hash); NO_KEY: that has no value. */
  sampleKey(context: Context): number {
    const { balanceHash } = this.rules;
    if (balanceHash === null) return NO_KEY;
    sample.begin();
    if (!balanceHash.evaluate(context, sample) || !castTo(sample, BIN)) return NO_KEY;
    return this.#hash(sample.bytes, sample.from, sample.to);
  }

  /** It depends on the client's address. */
  get hashesAddress(): boolean {
    return this.#algorithm.hashesAddress === true;
  }

  /**
   * Chooses a server, with the lock; null: none is left, or all are full. It may be full itself
   * where the algorithm binds the client to it.
   */
  choose(key: number, avoid: Server | null): Server | null {
    if (this.#words[0] !== this.#seen) this.#follow();
    return this.active.length === 0 ? null : this.#balancer.pick(key, avoid);
  }

  /** Streams of a frontend come here, which may have so many connections. */
  addIncoming(maxconn: number): void {
    this.#incoming += maxconn;
    if (this.config.fullconn !== null || this.config.kind === "listen") return;
    // HAProxy's way, for a backend may have several frontends: a tenth of what can come.
    this.#fullconn = Math.max(1, Math.round(this.#incoming / 10));
  }

  /** The load at which servers reach their `maxconn` (manual: "fullconn"). */
  get fullconn(): number {
    return this.#fullconn;
  }

  /** The slots of a server with such limits at the present load (manual: "minconn"). */
  limit(minconn: number, maxconn: number): number {
    const full = this.#fullconn;
    const load = this.connections.value;
    return load >= full ? maxconn : Math.max(minconn, Math.floor(load * maxconn / full));
  }

  /**
   * A stream has come: where limits rise with that, the stream that has waited longest takes the
   * new slot.
   * @param load the streams with this one: each number occurs once, whatever other threads do
   */
  loadRose(load: number): void {
    if (this.#ramps.length === 0) return;
    const full = this.#fullconn;
    this.lock.lock();
    for (const { maxconn, servers } of this.#ramps) {
      // Whether the ramp has a step here.
      if (load > full || load * maxconn % full >= maxconn) continue;
      for (const server of servers) this.#serveQueues(server);
    }
    this.lock.unlock();
    this.#serveGranted();
  }

  #addRamp(server: Server): void {
    const { minconn, maxconn } = server;
    if (minconn === maxconn) return;
    const ramp = this.#ramps.find((ramp) => ramp.minconn === minconn && ramp.maxconn === maxconn);
    if (ramp === undefined) this.#ramps.push({ minconn, maxconn, servers: [server] });
    else ramp.servers.push(server);
  }

  /** The number of a stream that comes to wait, among all that ever did; with the lock. */
  nextOrder(): number {
    return this.#words[1]!++;
  }

  /** A stream releases its slot; the one that has waited longest takes it. */
  release(server: Server): void {
    this.lock.lock();
    server.slots.decrease(this.runtime.memory.self);
    if (this.queue.length > 0 || server.queue.length > 0) this.#serveQueues(server);
    this.lock.unlock();
    if (this.#granted.length > 0) this.#serveGranted();
  }

  /**
   * Takes slots for streams that wait for this server or for any, in the order in which they came;
   * with the lock.
   */
  #serveQueues(server: Server): void {
    if (this.#words[0] !== this.#seen) this.#follow();
    const { tickets, memory, workers } = this.runtime;
    while (!server.full) {
      const own = server.queue.first;
      const any = server.active ? this.queue.first : 0;
      if (own === 0 && any === 0) return;
      const isOwn = any === 0 ||
        (own !== 0 && tickets.precedes(own, any));
      const ticket = isOwn ? own : any;
      (isOwn ? server.queue : this.queue).grant(ticket);
      const thread = tickets.threadOf(ticket);
      server.slots.increase(thread);
      if (thread !== memory.self) workers.post(thread, GRANTED, ticket, this.index, server.index);
      else this.#granted.push({ ticket, server });
    }
  }

  /** Lets streams of this thread have what was taken for them; without the lock. */
  #serveGranted(): void {
    // A stream that is served may release the slot at once, to the next one: the loop below serves
    // that.
    if (this.#granting) return;
    this.#granting = true;
    for (let next = this.#granted.shift(); next !== undefined; next = this.#granted.shift()) {
      this.onGrant(next.ticket, next.server);
    }
    this.#granting = false;
  }

  /** A slot has been taken for a ticket of this thread. */
  onGrant(ticket: number, server: Server): void {
    const stream = this.runtime.tickets.owner(ticket);
    if (stream !== null) {
      try {
        stream.serve(server.index);
      } catch (error) {
        this.runtime.fault(error, stream.owner);
      }
    } else {
      this.runtime.tickets.release(ticket);
      this.release(server);
    }
  }

  /** Releases what a thread held here that has ended without doing so. */
  releaseThread(thread: number): void {
    this.lock.releaseThread(thread);
    this.connections.releaseThread(thread);
    this.lock.lock();
    this.queue.releaseThread(thread);
    for (const server of this.servers) server.releaseThread(thread);
    for (const server of this.servers) this.#serveQueues(server);
    this.lock.unlock();
  }
}
