import { Timer } from "../time/wheel.ts";
import type { Backend, Client } from "./backend.ts";
import type { Queue, Queued } from "./queue.ts";
import type { Server } from "./server.ts";
import { type AssignFailure, ENDED, QUEUED, UNASSIGNED } from "./stream-state.ts";

/**
 * A stream's way to one of a server's slots: which server it is to be, and the queues before it.
 * How it connects from there, and what it does where that fails, is in stream.ts.
 */
export abstract class StreamAssignment extends Timer implements Queued<StreamAssignment>, Client {
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

  // the queue's links, and the order of arrival
  queue: Queue<StreamAssignment> | null = null;
  queueNext: StreamAssignment | null = null;
  queuePrevious: StreamAssignment | null = null;
  /** Its number among all who ever waited in the backend: who came first is served first. */
  queueOrder = 0;
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

  /** Comes to `backend`, where it holds nothing yet. */
  protected enter(backend: Backend): void {
    this.backend = backend;
    this.state = UNASSIGNED;
    this.srvQueue = this.backendQueue = 0;
    this.redispatched = this.direct = false;
    this.server = this.servedBy = this.#avoid = null;
    this.assignedAt = -1;
    this.queuedAt = backend.runtime.clock.now();
    backend.connections++;
    backend.total++;
    backend.runtime.activity++;
  }

  /** Takes a slot of the server `wanted`, else of one that the backend chooses; or waits for it. */
  protected assign(wanted: Server | null): void {
    const { backend } = this;
    const server = wanted ?? backend.choose(this, this.#avoid);
    if (server !== null && !server.full) {
      this.#take(server);
    } else if (server !== null) {
      this.#choose(server);
      if (!server.queueFull) {
        this.#wait(server.queue);
      } else if (this.direct && backend.config.redispatch) {
        this.direct = false;
        this.assign(null);
      } else {
        this.fail("queue full");
      }
    } else {
      // It has left the server that it was to have, though there is no other yet.
      this.redispatched ||= this.servedBy !== null;
      this.servedBy = null;
      if (backend.active.length > 0) this.#wait(backend.queue);
      else this.fail("no server");
    }
  }

  /** The server went down while this stream waited for it: chooses again. */
  reassign(): void {
    this.leaveQueue();
    this.assignedAt = -1;
    this.direct = false;
    this.assign(null);
  }

  #wait(queue: Queue<StreamAssignment>): void {
    const { runtime, config } = this.backend;
    this.state = QUEUED;
    this.queueOrder = this.backend.queued++;
    this.#servedBefore = queue.served;
    queue.push(this);
    runtime.wheel.set(this, config.timeout.queue ?? config.timeout.connect);
  }

  /** Leaves the queue that it waits in, if any; for the log it notes its place, and how long. */
  protected leaveQueue(): void {
    const { queue, backend } = this;
    if (queue === null) return;
    const place = queue.served - this.#servedBefore + 1;
    if (queue === backend.queue) this.backendQueue += place;
    else this.srvQueue += place;
    queue.remove(this);
    this.assignedAt = backend.runtime.clock.now();
  }

  /** Its turn has come: takes the slot of `server`, or leaves it, its client having gone. */
  serve(server: Server): void {
    const { queue, backend } = this;
    if (backend.config.abortonclose && this.clientGone) {
      this.abort();
      return;
    }
    this.leaveQueue();
    queue!.served++;
    this.#take(server);
  }

  #choose(server: Server): void {
    if (this.servedBy !== null && this.servedBy !== server) this.redispatched = true;
    this.servedBy = server;
  }

  /** Takes a slot of `server`, which is free for this stream. */
  #take(server: Server): void {
    this.#choose(server);
    this.server = server;
    this.assignedAt = this.backend.runtime.clock.now();
    this.backend.take(server);
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
