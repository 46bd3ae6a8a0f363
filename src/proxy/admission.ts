import { noEvents, type Socket, type SocketEvents } from "../net/socket.ts";
import type { Frontend } from "./frontend.ts";
import type { Runtime } from "./runtime.ts";

/** What is made of a connection that is let in. */
export type Open = (socket: Socket, frontend: Frontend) => SocketEvents;

/** A connection that waits to be let in. */
interface Held {
  readonly socket: Socket;
  readonly open: Open;
}

/**
 * Keeps to `maxconn`, the process's and each frontend's: at the limit the listeners stop accepting,
 * and clients wait in the kernel's queue. The few that were accepted in the same turn wait here.
 */
export class Admission {
  readonly #held = new Map<Frontend, Held[]>();
  readonly #paused = new Set<Frontend>();
  /** Hears of the connections that wait to be let in: one that breaks need not be. */
  readonly #waiting: SocketEvents = { ...noEvents, closed: (socket) => this.#forget(socket) };

  /** @param maxconn connections of the process at most */
  constructor(
    readonly runtime: Runtime,
    readonly frontends: readonly Frontend[],
    readonly maxconn: number,
  ) {}

  /** A listener of `frontend` has accepted `socket`. */
  accept(socket: Socket, frontend: Frontend, open: Open): SocketEvents {
    if (this.#isFull(frontend)) {
      socket.pause();
      const held = this.#held.get(frontend) ?? [];
      held.push({ socket, open });
      this.#held.set(frontend, held);
      this.#pauseFull();
      return this.#waiting;
    }
    const events = this.#admit(socket, frontend, open);
    if (this.#isFull(frontend)) this.#pauseFull();
    return events;
  }

  /** A connection of `frontend` is gone. */
  left(frontend: Frontend): void {
    frontend.connections--;
    this.runtime.connections--;
    if (this.#paused.size === 0 && this.#held.size === 0) return;
    for (const [waits, held] of this.#held) {
      while (held.length > 0 && !this.#isFull(waits)) {
        const { socket, open } = held.shift()!;
        // First, for the session may want it paused again.
        socket.resume();
        socket.events = this.#admit(socket, waits, open);
      }
      if (held.length === 0) this.#held.delete(waits);
    }
    for (const paused of this.#paused) {
      if (this.#isFull(paused)) continue;
      this.#paused.delete(paused);
      for (const listener of paused.listeners) listener.resume();
    }
  }

  /** Somebody waits to be let in. */
  get waiting(): boolean {
    return this.#held.size > 0;
  }

  /** Lets go of who waits. */
  close(): void {
    for (const held of this.#held.values()) for (const { socket } of held) socket.close();
    this.#held.clear();
    this.#paused.clear();
  }

  #forget(socket: Socket): void {
    for (const [frontend, held] of this.#held) {
      const at = held.findIndex((each) => each.socket === socket);
      if (at < 0) continue;
      held.splice(at, 1);
      if (held.length === 0) this.#held.delete(frontend);
    }
  }

  #admit(socket: Socket, frontend: Frontend, open: Open): SocketEvents {
    frontend.connections++;
    frontend.total++;
    this.runtime.connections++;
    this.runtime.activity++;
    return open(socket, frontend);
  }

  #isFull(frontend: Frontend): boolean {
    return this.runtime.connections >= this.maxconn || frontend.connections >= frontend.limit;
  }

  #pauseFull(): void {
    for (const frontend of this.frontends) {
      if (!this.#isFull(frontend) || this.#paused.has(frontend)) continue;
      this.#paused.add(frontend);
      for (const listener of frontend.listeners) listener.pause();
    }
  }
}
