import { addressKey } from "../balance/hash.ts";
import type { Balancer } from "../balance/balancer.ts";
import { createBalancer } from "../balance/select.ts";
import type * as model from "../config/model.ts";
import { type CookiePolicy, cookiePolicy } from "../persist/policy.ts";
import { Queue } from "./queue.ts";
import type { Runtime } from "./runtime.ts";
import { Server } from "./server.ts";
import type { StreamAssignment } from "./stream-assignment.ts";

/** What a choice may depend on. Asking for it costs a system call: only who needs it does. */
export interface Client {
  readonly clientAddress: string;
  /** The port that the client connected to. */
  readonly clientPort: number;
}

/** Servers with the same bounds, whose limits rise at the same loads. */
interface Ramp {
  readonly minconn: number;
  readonly maxconn: number;
  readonly servers: Server[];
}

/** The server side of a proxy: it assigns streams to servers, or lets them wait. */
export class Backend {
  readonly servers: Server[] = [];
  readonly cookie: CookiePolicy | null;
  /** Streams that any server may take. */
  readonly queue = new Queue<StreamAssignment>();
  /** How many have ever waited. */
  queued = 0;
  /** Streams here now (HAProxy's beconn). */
  connections = 0;
  /** Streams so far. */
  total = 0;
  /** The load at which servers reach their `maxconn`. */
  #fullconn: number;
  /** Connections that the frontends may have which send theirs here. */
  #incoming = 0;
  readonly #ramps: Ramp[] = [];
  /** Servers that take new sessions now: the main ones, or else backups. */
  active: readonly Server[] = [];
  readonly #balancer: Balancer<Server>;
  readonly #byCookie = new Map<string, Server[]>();

  constructor(readonly config: model.Proxy, readonly runtime: Runtime) {
    this.cookie = config.cookie === null ? null : cookiePolicy(config.cookie);
    this.#balancer = createBalancer<Server>(config.balance, config.hashType);
    // The guide's way: servers reach their limit when the proxy, a listen section, reaches its own.
    this.#fullconn = config.fullconn ?? (config.maxconn || runtime.maxconn);
  }

  /** Adds a server; {@linkcode update} is to follow when all are there. */
  add(config: model.Server, address: model.ServerAddress): Server {
    const server = new Server(config, this, address);
    this.servers.push(server);
    this.#addRamp(server);
    if (server.cookie !== null) {
      const sharing = this.#byCookie.get(server.cookie) ?? [];
      sharing.push(server);
      this.#byCookie.set(server.cookie, sharing);
    }
    return server;
  }

  /**
   * Works out anew which servers take part, after a state or a weight changed: those that are up,
   * else the first backup that is, or all of those with `allbackups`.
   */
  update(): void {
    const usable = this.servers.filter((server) => server.usable);
    const main = usable.filter((server) => !server.config.backup);
    const backups = this.config.allbackups ? usable : usable.slice(0, 1);
    for (const server of this.active) server.active = false;
    this.active = main.length > 0 ? main : backups;
    for (const server of this.active) server.active = true;
    this.#balancer.update(this.active);
  }

  /** A server's state changed: others take its queue, or it takes of theirs. */
  stateChanged(server: Server): void {
    this.update();
    if (server.serves) this.serveQueues(server);
    else server.closeIdle();
    // Who takes part only now, say a backup, will not have heard of those that wait.
    if (this.queue.length > 0) {
      for (const other of this.active) this.serveQueues(other);
    }
    if (server.serves || !this.config.redispatch || this.config.persist) return;
    for (let stream = server.queue.first; stream !== null; stream = server.queue.first) {
      stream.reassign();
    }
  }

  /** The server that a cookie's value names, the first one that may serve; null: none. */
  byCookie(value: string): Server | null {
    const sharing = this.#byCookie.get(value);
    if (sharing === undefined) return null;
    for (const server of sharing) if (server.serves || this.config.persist) return server;
    return null;
  }

  /** Whether a cookie's value names a server that may serve. */
  readonly accepts = (value: string): boolean => this.byCookie(value) !== null;

  /** Whether a cookie's value names a server at all, be it up or not. */
  knowsCookie(value: string): boolean {
    return this.#byCookie.has(value);
  }

  /** Whether choosing again would, in all likelihood, choose another server. */
  get choosesFreely(): boolean {
    return this.active.length > 1 &&
      (this.config.balance === "roundrobin" || this.config.balance === "static-rr");
  }

  /**
   * Chooses a server; null: none is left, or all are full. It may be full itself where the algorithm
   * binds the client to it.
   */
  choose(client: Client, avoid: Server | null): Server | null {
    if (this.active.length === 0) return null;
    const key = this.config.balance === "source" ? addressKey(client.clientAddress) : 0;
    return this.#balancer.pick(key, avoid);
  }

  /** Streams of a frontend come here, which may have so many connections. */
  addIncoming(maxconn: number): void {
    this.#incoming += maxconn;
    if (this.config.fullconn !== null || this.config.kind === "listen") return;
    // HAProxy's way, for a backend may have several frontends: a tenth of what can come.
    this.#fullconn = Math.max(1, Math.round(this.#incoming / 10));
  }

  /** The slots of a server with such limits at the present load (manual: "minconn"). */
  limit(minconn: number, maxconn: number): number {
    const full = this.#fullconn;
    return this.connections >= full
      ? maxconn
      : Math.max(minconn, Math.floor(this.connections * maxconn / full));
  }

  /** A stream has come: where limits rise with that, who waits longest takes the new slot. */
  loadRose(): void {
    for (const { maxconn, servers } of this.#ramps) {
      const full = this.#fullconn;
      // Whether the ramp has a step here.
      if (this.connections > full || this.connections * maxconn % full >= maxconn) continue;
      for (const server of servers) this.serveQueues(server);
    }
  }

  #addRamp(server: Server): void {
    const { minconn, maxconn } = server;
    if (minconn === maxconn) return;
    const ramp = this.#ramps.find((ramp) => ramp.minconn === minconn && ramp.maxconn === maxconn);
    if (ramp === undefined) this.#ramps.push({ minconn, maxconn, servers: [server] });
    else ramp.servers.push(server);
  }

  /** A stream takes one of the server's slots. */
  take(server: Server): void {
    server.current++;
    server.total++;
  }

  /** A stream gives its slot back; who waits longest takes it. */
  release(server: Server): void {
    server.current--;
    if (this.queue.length > 0 || server.queue.length > 0) this.serveQueues(server);
  }

  /** Serves who waits for this server or for any, in the order in which they came. */
  serveQueues(server: Server): void {
    while (!server.full) {
      const own = server.queue.first;
      const any = server.active ? this.queue.first : null;
      const stream = own === null
        ? any
        : any === null || own.queueOrder < any.queueOrder
        ? own
        : any;
      if (stream === null) return;
      stream.serve(server);
    }
  }
}
