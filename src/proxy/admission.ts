import { at } from "../stats/counters.ts";
import { noEvents, type Socket, type SocketEvents } from "../net/socket.ts";
import { RateLimit } from "../shared/rate-limit.ts";
import { ROOM } from "./workers.ts";
import type { Frontend } from "./frontend.ts";
import type { Runtime } from "./runtime.ts";

/** What becomes of a connection that is admitted. */
export type OnAdmitted = (socket: Socket, frontend: Frontend) => SocketEvents;

/** A connection that waits to be admitted. */
interface Held {
  readonly socket: Socket;
  readonly open: OnAdmitted;
}

/**
 * Enforces `maxconn`, the process's and each frontend's: at the limit the listeners stop accepting,
 * and clients wait in the kernel's queue. The few connections that were accepted all the same wait
 * here: those of the same turn, and one of each thread that did not know of the limit yet.
 */
export class Admission {
  readonly #held = new Map<Frontend, Held[]>();
  readonly #paused = new Set<Frontend>();
  /**
   * Threads that wait for room: how many; then for each 1 if it does, 2 if it has been notified of
   * some.
   */
  readonly #waiters: Int32Array;
  readonly #self: number;
  readonly #rate: RateLimit;
  /** Takes back the next look at rates; null: none is due. */
  #nextLook: (() => void) | null = null;
  /** Events of the connections that wait to be admitted: one that breaks is not. */
  readonly #waiting: SocketEvents = {
    ...noEvents,
    closed: (socket) => this.#removeWaiting(socket),
  };

  constructor(readonly runtime: Runtime, readonly frontends: readonly Frontend[]) {
    const { memory } = runtime;
    this.#waiters = memory.ints(1 + memory.threads);
    this.#self = 1 + memory.self;
    // Each connection becomes a session.
    const { rateLimits } = runtime;
    const most = () => Math.min(rateLimits[0]! || Infinity, rateLimits[1]! || Infinity);
    this.#rate = new RateLimit(memory, most);
  }

  /** A listener of `frontend` has accepted `socket`. */
  accept(socket: Socket, frontend: Frontend, open: OnAdmitted): SocketEvents {
    if (!this.#reserve(frontend)) {
      socket.pause();
      const held = this.#held.get(frontend) ?? [];
      held.push({ socket, open });
      this.#held.set(frontend, held);
      this.runtime.held.increase();
      socket.events = this.#waiting;
      this.#pauseFull();
      // The connection may have been admitted by that already.
      return socket.events;
    }
    const events = this.#admit(socket, frontend, open);
    if (this.#isFull(frontend)) this.#pauseFull();
    return events;
  }

  /** A connection of `frontend` is gone. */
  release(frontend: Frontend): void {
    frontend.connections.decrease();
    this.runtime.connections.decrease();
    if (Atomics.load(this.#waiters, 0) > 0) this.#notifyWaiters();
  }

  /** Admits waiting connections, and resumes listeners, as far as there is room. */
  admitWaiting(): void {
    Atomics.compareExchange(this.#waiters, this.#self, 2, 1);
    for (const [frontend, held] of this.#held) {
      while (held.length > 0 && this.#reserve(frontend)) {
        const { socket, open } = held.shift()!;
        this.runtime.held.decrease();
        // Before the session begins, which may pause it again.
        socket.resume();
        socket.events = this.#admit(socket, frontend, open);
      }
      if (held.length === 0) this.#held.delete(frontend);
    }
    for (const paused of this.#paused) {
      // No other connection is admitted before those that wait here.
      if (this.#isFull(paused) || this.#held.has(paused)) continue;
      this.#paused.delete(paused);
      for (const listener of paused.listeners) listener.resume();
    }
    if (this.#held.size === 0 && this.#paused.size === 0) this.#wait(false);
  }

  /** Closes the connections that wait. */
  close(): void {
    this.#nextLook?.();
    this.#nextLook = null;
    for (const held of this.#held.values()) {
      for (const { socket } of held) {
        socket.close();
        this.runtime.held.decrease();
      }
    }
    this.#held.clear();
    this.#paused.clear();
    this.#wait(false);
  }

  /** A thread has ended: it waits no more. */
  releaseThread(thread: number): void {
    if (Atomics.exchange(this.#waiters, 1 + thread, 0) > 0) Atomics.sub(this.#waiters, 0, 1);
    this.#notifyWaiters();
  }

  /** This thread waits for room, or no more. */
  #wait(waits: boolean): void {
    const now = waits ? 1 : 0;
    const before = Math.min(1, Atomics.exchange(this.#waiters, this.#self, now));
    if (before !== now) Atomics.add(this.#waiters, 0, now - before);
  }

  #notifyWaiters(): void {
    this.#notifyOthers();
    if (Atomics.load(this.#waiters, this.#self) > 0) this.admitWaiting();
  }

  /** Posts to each thread once, until it has looked. */
  #notifyOthers(): void {
    const { workers, memory } = this.runtime;
    for (let thread = 0; thread < memory.threads; thread++) {
      if (thread === memory.self) continue;
      if (Atomics.compareExchange(this.#waiters, 1 + thread, 1, 2) === 1) {
        workers.post(thread, ROOM);
      }
    }
  }

  #removeWaiting(socket: Socket): void {
    for (const [frontend, held] of this.#held) {
      const at = held.findIndex((each) => each.socket === socket);
      if (at < 0) continue;
      held.splice(at, 1);
      this.runtime.held.decrease();
      if (held.length === 0) this.#held.delete(frontend);
    }
  }

  /** Reserves a place of the process and of the frontend. @returns false: one of them has none */
  #reserve(frontend: Frontend): boolean {
    const { connections, maxconn } = this.runtime;
    if (this.#isTooFast(frontend)) return false;
    if (frontend.connections.value >= frontend.limit) return false;
    if (!connections.increaseBelow(maxconn)) return false;
    if (frontend.connections.increaseBelow(frontend.limit)) return true;
    connections.decrease();
    // Another frontend's client may have found no place just then.
    this.#notifyOthers();
    return false;
  }

  /** Admits a connection for which a place has been reserved. */
  #admit(socket: Socket, frontend: Frontend, open: OnAdmitted): SocketEvents {
    frontend.total.increase();
    if (this.#limitsRate(frontend)) {
      const wall = this.runtime.clock.wall();
      this.#rate.count(wall);
      frontend.rateLimit?.count(wall);
    }
    const { own } = frontend.counts;
    const now = frontend.connections.value;
    if (now > own[at.sessionsMax]!) own[at.sessionsMax] = now;
    this.runtime.activity.increase();
    try {
      return open(socket, frontend);
    } catch (error) {
      socket.reset();
      this.release(frontend);
      this.runtime.fault(error, null);
      return noEvents;
    }
  }

  /** Whether a rate is limited: the process's, or the frontend's. */
  #limitsRate({ rateLimit }: Pick<Frontend, "rateLimit">): boolean {
    const { rateLimits } = this.runtime;
    return rateLimit !== null || rateLimits[0] !== 0 || rateLimits[1] !== 0;
  }

  /** Whether as many have come within a second as may: then there is another look in time. */
  #isTooFast({ rateLimit }: Pick<Frontend, "rateLimit">): boolean {
    if (!this.#limitsRate({ rateLimit })) return false;
    const { clock } = this.runtime;
    const now = clock.wall();
    const reached = [this.#rate, rateLimit].filter((limit) => limit?.isReached(now) === true);
    if (reached.length === 0) return false;
    if (this.#nextLook === null) {
      const wait = Math.max(...reached.map((limit) => limit!.wait(now)));
      this.#nextLook = clock.schedule(wait, () => {
        this.#nextLook = null;
        this.admitWaiting();
      });
    }
    return true;
  }

  #isFull(frontend: Frontend): boolean {
    const { connections, maxconn } = this.runtime;
    return this.#isTooFast(frontend) || connections.value >= maxconn ||
      frontend.connections.value >= frontend.limit;
  }

  #pauseFull(): void {
    for (const frontend of this.frontends) {
      const full = this.#isFull(frontend) || this.#held.has(frontend);
      if (!full || this.#paused.has(frontend)) continue;
      this.#paused.add(frontend);
      for (const listener of frontend.listeners) listener.pause();
    }
    this.#wait(true);
    // A connection that ended before that was known has notified no thread.
    if (this.runtime.memory.threads > 1) this.admitWaiting();
  }
}
