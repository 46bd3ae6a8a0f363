import { Timer } from "../../time/wheel.ts";
import { at } from "../../stats/counters.ts";
import { NO_KEY } from "../../balance/request-key.ts";
import type { Priority } from "../../expr/context.ts";
import type { Backend } from "../backend.ts";
import type { Queue, Waiter } from "../queue.ts";
import type { Server } from "../server.ts";
import type { Failure } from "./failure.ts";

/** Whose assignment it is: a transaction. */
export interface AssignmentOwner {
  /** What the choice of a server may depend on. Asking for it can cost a system call. */
  readonly clientAddress: string;
  /** The port that the client connected to. */
  readonly clientPort: number;
  /** Its place in queues. */
  readonly priority: Priority;
  /** Whether the client has closed its side, at the least: asked of the kernel. */
  clientGone(): boolean;
  /** It has a slot of the server. */
  onAssigned(server: Server): void;
  /** There will be no server. */
  onFailed(failure: Failure): void;
  /** The client has gone before it could be served. @param queued while it waited in a queue */
  onClientGone(queued: boolean): void;
  /** It is in no state to go on: all that it holds is released. */
  abandon(): void;
}

/**
 * A transaction's way to one of a server's slots: which server it is, and the queues before it. It
 * is also the time-out of waiting there. How to connect from the slot is in connector.ts.
 */
export class Assignment extends Timer implements Waiter {
  backend!: Backend;
  /** The server whose slot it holds. */
  server: Server | null = null;
  /** For the log: the server that it was assigned to last, or waited for. */
  servedBy: Server | null = null;
  /** The server is the one that the client's cookie named. */
  direct = false;
  /** For the log: the server was changed. */
  redispatched = false;
  /** The server to pass over at the next choice, after it failed. */
  #avoid: Server | null = null;
  /** What the choice hashes on, of the request; see Backend.hashesRequest. */
  key = NO_KEY;
  /** It is counted in its backend. */
  #entered = false;

  /** The queue that it waits in, and its ticket there, 0: none. */
  #queue: Queue<Waiter> | null = null;
  #ticket = 0;
  #servedBefore = 0;
  /** For the log: its place in the server's queue and in the backend's, from 1; 0: not queued. */
  srvQueue = 0;
  backendQueue = 0;

  /** For the log, on the clock's scale; -1: not reached. */
  queuedAt = -1;
  assignedAt = -1;

  constructor(readonly owner: AssignmentOwner) {
    super();
  }

  /** It has come to its backend, and not left it. */
  get entered(): boolean {
    return this.#entered;
  }

  /** It waits in a queue. */
  get queued(): boolean {
    return this.#ticket !== 0;
  }

  /** Begins on the way to `backend`, where it need not come. */
  prepare(backend: Backend): void {
    this.backend = backend;
    this.srvQueue = this.backendQueue = 0;
    this.redispatched = this.direct = false;
    this.server = this.servedBy = this.#avoid = null;
    this.assignedAt = this.queuedAt = -1;
    this.key = NO_KEY;
  }

  /** Comes to `backend`, where it holds nothing yet. @returns how many transactions that has now */
  enter(backend: Backend): number {
    this.prepare(backend);
    this.queuedAt = backend.runtime.clock.now();
    this.#entered = true;
    backend.total.increase();
    backend.runtime.activity.increase();
    const now = backend.connections.increase();
    const { own } = backend.counts;
    if (now > own[at.sessionsMax]!) own[at.sessionsMax] = now;
    return now;
  }

  /** It is answered on the way to `backend`, to which it does not come. */
  pass(backend: Backend): void {
    this.backend = backend;
    this.srvQueue = this.backendQueue = 0;
    this.redispatched = this.direct = false;
    this.server = this.servedBy = this.#avoid = null;
    this.assignedAt = this.queuedAt = -1;
  }

  /** Leaves the backend: whatever it holds there is released. Idempotent. */
  leave(): void {
    if (!this.#entered) return;
    this.#entered = false;
    this.leaveQueue();
    this.backend.connections.decrease();
    this.releaseServer();
  }

  /** Takes a slot of the server `wanted`, else of one that the backend chooses; or waits for it. */
  assign(wanted: Server | null): void {
    const { backend } = this;
    const key = wanted === null && backend.hashesAddress ? backend.clientKey(this.owner) : this.key;
    backend.lock.lock();
    const server = wanted ?? backend.choose(key, this.#avoid);
    const taken = server !== null && !server.full;
    const queue = taken || backend.active.length === 0 && server === null
      ? null
      : server === null
      ? backend.queue
      : server.queueFull
      ? null
      : server.queue;
    if (taken) server.slots.increase(backend.runtime.memory.self);
    else if (queue !== null) this.#join(queue, server);
    backend.lock.unlock();

    if (server === null) {
      // It has left the server that it was to have, though there is no other yet.
      this.redispatched ||= this.servedBy !== null;
      this.servedBy = null;
    } else {
      this.#choose(server);
    }
    if (taken) {
      this.#begin(server);
    } else if (queue !== null) {
      const { runtime, config } = backend;
      runtime.wheel.set(this, config.timeout.queue ?? config.timeout.connect);
    } else if (server !== null && this.direct && backend.config.redispatch) {
      this.direct = false;
      this.assign(null);
    } else {
      this.owner.onFailed(server === null ? "no server" : "queue full");
    }
  }

  /** The server went down while it waited for that: chooses again. */
  reassign(): void {
    // Perhaps a slot has been taken for it in the meantime.
    if (this.#isGranted) return;
    this.leaveQueue();
    this.assignedAt = -1;
    this.direct = false;
    this.assign(null);
  }

  /** Joins a queue, with the backend's lock. */
  #join(queue: Queue<Waiter>, server: Server | null): void {
    const { tickets } = this.backend.runtime;
    this.#queue = queue;
    this.#servedBefore = queue.served;
    this.#ticket = tickets.acquire(this);
    const now = this.backend.runtime.clock.wall();
    queue.push(this.#ticket, this.backend.nextOrder(), this.owner.priority, now);
    const { own } = (queue === this.backend.queue ? this.backend : server!).counts;
    if (queue.length > own[at.queueMax]!) own[at.queueMax] = queue.length;
  }

  /** A slot has been taken for it, of which it learns soon. */
  get #isGranted(): boolean {
    return this.#ticket !== 0 && this.backend.runtime.tickets.granted(this.#ticket);
  }

  /** The time to wait is over, unless a slot has been taken for it already. */
  override fire(): void {
    if (this.#isGranted) return;
    this.leaveQueue();
    this.owner.onFailed("queue timeout");
  }

  override abandon(): void {
    this.owner.abandon();
  }

  /** Leaves the queue that it waits in, if any; for the log it notes its place, and how long. */
  leaveQueue(): void {
    const ticket = this.#ticket;
    if (ticket === 0) return;
    const { backend } = this;
    const { tickets } = backend.runtime;
    const queue = this.#queue!;
    backend.lock.lock();
    const granted = tickets.granted(ticket);
    const before = granted ? tickets.order(ticket) : queue.served;
    if (!granted) queue.remove(ticket);
    backend.lock.unlock();
    // What was taken for it is released when it arrives.
    if (granted) tickets.leave(ticket);
    else tickets.release(ticket);
    this.#left(before);
  }

  /** It waits no more. @param before how many its queue had served by then */
  #left(before: number): void {
    const { backend } = this;
    backend.runtime.wheel.clear(this);
    // Both count on from the greatest of 32 bits to the least.
    const place = ((before - this.#servedBefore) | 0) + 1;
    if (this.#queue === backend.queue) this.backendQueue += place;
    else this.srvQueue += place;
    this.#queue = null;
    this.#ticket = 0;
    this.assignedAt = backend.runtime.clock.now();
  }

  /** Its turn has come, and it has a slot: unless its client has gone. */
  serve(index: number): void {
    const { backend } = this;
    const server = backend.at(index)!;
    const { tickets } = backend.runtime;
    const before = tickets.order(this.#ticket);
    tickets.release(this.#ticket);
    this.#left(before);
    this.#choose(server);
    this.server = server;
    if (backend.config.abortonclose && this.owner.clientGone()) this.owner.onClientGone(true);
    else this.#begin(server);
  }

  #choose(server: Server): void {
    if (this.servedBy !== null && this.servedBy !== server) this.redispatched = true;
    this.servedBy = server;
  }

  #begin(server: Server): void {
    this.server = server;
    server.total.increase();
    const { own } = server.counts;
    const now = server.slots.value;
    if (now > own[at.sessionsMax]!) own[at.sessionsMax] = now;
    if (!this.direct) {
      own[at.balanced]!++;
      this.backend.counts.own[at.balanced]!++;
    }
    this.assignedAt = this.backend.runtime.clock.now();
    this.owner.onAssigned(server);
  }

  /** Releases its slot, if it has one. */
  releaseServer(): void {
    const { server } = this;
    this.server = null;
    if (server !== null) this.backend.release(server);
  }

  /** Leaves its server, which failed, for another one. */
  changeServer(): void {
    this.#avoid = this.server;
    this.direct = false;
    this.backend.counts.own[at.redispatches]!++;
    if (this.server !== null) this.server.counts.own[at.redispatches]!++;
    this.releaseServer();
  }
}
