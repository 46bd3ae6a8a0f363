import { Timer } from "../time/wheel.ts";
import type { Backend, Client } from "./backend.ts";
import type { Queue } from "./queue.ts";
import type { Server } from "./server.ts";
import { type AssignFailure, ENDED, QUEUED, UNASSIGNED } from "./stream-state.ts";

/**
 * A stream's way to one of a server's slots: which server it is to be, and the queues before it.
 * How it connects from there, and what it does where that fails, is in stream.ts.
 */
export abstract class StreamAssignment extends Timer implements Client {
  state = ENDED;
  backend!: Backend;
  /** The server whose slot the stream holds. */
  server: Server | null = null;
  /** For the log: the server that it was assigned to last, or waited for. */
  servedBy: Server | null = null;
  /** The server is the one that the client's cookie named. */
  direct = false;
  /** For the log: the server was changed. */
  redispatched = false;
  /** The server to pass over at the next choice, after it failed. */
  #avoid: Server | null = null;

  /** The queue that it waits in, and its ticket there, 0: none. */
  #queue: Queue<StreamAssignment> | null = null;
  #ticket = 0;
  #servedBefore = 0;
  /** For the log: its place in the server's queue and in the backend's, from 1; 0: not queued. */
  srvQueue = 0;
  backendQueue = 0;

  /** For the log, on the clock's scale; -1: not reached. */
  queuedAt = -1;
  assignedAt = -1;

  abstract get clientAddress(): string;
  abstract get clientPort(): number;
  /** The client has closed its side, at the least: asked of the kernel. */
  protected abstract get clientGone(): boolean;
  /** Ends unserved, the client having gone. */
  protected abstract abort(): void;
  /** Connects to the server whose slot it has taken. */
  protected abstract connect(server: Server): void;
  /** There will be no server. */
  protected abstract fail(failure: AssignFailure): void;

  /** Comes to `backend`, where it holds nothing yet. @returns how many streams that has now */
  protected enter(backend: Backend): number {
    this.backend = backend;
    this.state = UNASSIGNED;
    this.srvQueue = this.backendQueue = 0;
    this.redispatched = this.direct = false;
    this.server = this.servedBy = this.#avoid = null;
    this.assignedAt = -1;
    this.queuedAt = backend.runtime.clock.now();
    backend.total.increase();
    backend.runtime.activity.increase();
    return backend.connections.increase();
  }

  /** Takes a slot of the server `wanted`, else of one that the backend chooses; or waits for it. */
  protected assign(wanted: Server | null): void {
    const { backend } = this;
    const key = wanted === null ? backend.keyOf(this) : 0;
    backend.lock.take();
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
    else if (queue !== null) this.#join(queue);
    backend.lock.giveBack();

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
      this.state = QUEUED;
      runtime.wheel.set(this, config.timeout.queue ?? config.timeout.connect);
    } else if (server !== null && this.direct && backend.config.redispatch) {
      this.direct = false;
      this.assign(null);
    } else {
      this.fail(server === null ? "no server" : "queue full");
    }
  }

  /** The server went down while this stream waited for it: chooses again. */
  reassign(): void {
    // Perhaps a slot has been taken for it in the meantime.
    if (this.#isGranted) return;
    this.leaveQueue();
    this.assignedAt = -1;
    this.direct = false;
    this.assign(null);
  }

  /** Joins a queue, with the backend's lock. */
  #join(queue: Queue<StreamAssignment>): void {
    const { tickets } = this.backend.runtime;
    this.#queue = queue;
    this.#servedBefore = queue.served;
    this.#ticket = tickets.take(this);
    queue.push(this.#ticket, this.backend.nextOrder());
  }

  /** A slot has been taken for it, and it is about to hear of that. */
  get #isGranted(): boolean {
    return this.#ticket !== 0 && this.backend.runtime.tickets.granted(this.#ticket);
  }

  /** The time to wait is over. @returns false: a slot has been taken for it all the same */
  protected giveUpWaiting(): boolean {
    if (this.#isGranted) return false;
    this.leaveQueue();
    return true;
  }

  /** Leaves the queue that it waits in, if any; for the log it notes its place, and how long. */
  protected leaveQueue(): void {
    const ticket = this.#ticket;
    if (ticket === 0) return;
    const { backend } = this;
    const { tickets } = backend.runtime;
    const queue = this.#queue!;
    backend.lock.take();
    const granted = tickets.granted(ticket);
    const before = granted ? tickets.order(ticket) : queue.served;
    if (!granted) queue.remove(ticket);
    backend.lock.giveBack();
    // What was taken for it is given back when it arrives.
    if (granted) tickets.leave(ticket);
    else tickets.give(ticket);
    this.#left(before);
  }

  /** It waits no more. @param before how many its queue had served by then */
  #left(before: number): void {
    const { backend } = this;
    // Both count on from the greatest of 32 bits to the least.
    const place = ((before - this.#servedBefore) | 0) + 1;
    if (this.#queue === backend.queue) this.backendQueue += place;
    else this.srvQueue += place;
    this.#queue = null;
    this.#ticket = 0;
    this.assignedAt = backend.runtime.clock.now();
  }

  /** Its turn has come, and a slot of `server` is its own: or its client has gone. */
  serve(server: Server): void {
    const { backend } = this;
    const { tickets } = backend.runtime;
    const before = tickets.order(this.#ticket);
    tickets.give(this.#ticket);
    this.#left(before);
    this.#choose(server);
    this.server = server;
    if (backend.config.abortonclose && this.clientGone) this.abort();
    else this.#begin(server);
  }

  #choose(server: Server): void {
    if (this.servedBy !== null && this.servedBy !== server) this.redispatched = true;
    this.servedBy = server;
  }

  /** It has a slot of `server`. */
  #begin(server: Server): void {
    this.server = server;
    server.total.increase();
    this.assignedAt = this.backend.runtime.clock.now();
    this.connect(server);
  }

  /** Gives its slot back, if it has one. */
  protected leaveServer(): void {
    const { server } = this;
    this.server = null;
    if (server !== null) this.backend.release(server);
  }

  /** Leaves its server, which failed, for another one. */
  protected changeServer(): void {
    this.#avoid = this.server;
    this.direct = false;
    this.leaveServer();
  }
}
