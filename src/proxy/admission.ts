import { noEvents, type Socket, type SocketEvents } from "../net/socket.ts";
import type { Frontend } from "./frontend.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Keeps to `maxconn`, the process's and each frontend's: at the limit the listeners stop accepting,
 * and clients wait in the kernel's queue. The few that were accepted in the same turn wait here.
 */
export class Admission {
  readonly #held = new Map<Frontend, Socket[]>();
  readonly #paused = new Set<Frontend>();
  /** Hears of the connections that wait to be let in: one that breaks need not be. */
  readonly #waiting: SocketEvents = { ...noEvents, closed: (socket) => this.#forget(socket) };

  /** @param maxconn connections of the process at most */
  constructor(
    readonly runtime: Runtime,
    readonly frontends: readonly Frontend[],
    readonly maxconn: number,
    readonly open: (socket: Socket, frontend: Frontend) => SocketEvents,
  ) {}

  /** A listener of `frontend` has accepted `socket`. */
  accept(socket: Socket, frontend: Frontend): SocketEvents {
    if (this.#isFull(frontend)) {
      socket.pause();
      const held = this.#held.get(frontend) ?? [];
      held.push(socket);
      this.#held.set(frontend, held);
      this.#pauseFull();
      return this.#waiting;
    }
    const events = this.#admit(socket, frontend);
    if (this.#isFull(frontend)) this.#pauseFull();
    return events;
  }

  /** A connection of `frontend` is gone. */
  left(frontend: Frontend): void {
    frontend.connections--;
    this.runtime.connections--;
    if (this.#paused.size === 0 && this.#held.size === 0) return;
    for (const [waits, sockets] of this.#held) {
      while (sockets.length > 0 && !this.#isFull(waits)) {
        const socket = sockets.shift()!;
        // First, for the session may want it paused again.
        socket.resume();
        socket.events = this.#admit(socket, waits);
      }
      if (sockets.length === 0) this.#held.delete(waits);
    }
    for (const paused of this.#paused) {
      if (this.#isFull(paused)) continue;
      this.#paused.delete(paused);
      for (const listener of paused.listeners) listener.resume();
    }
  }

  /** Lets go of who waits. */
  close(): void {
    for (const sockets of this.#held.values()) for (const socket of sockets) socket.close();
    this.#held.clear();
    this.#paused.clear();
  }

  #forget(socket: Socket): void {
    for (const [frontend, sockets] of this.#held) {
      const at = sockets.indexOf(socket);
      if (at < 0) continue;
      sockets.splice(at, 1);
      if (sockets.length === 0) this.#held.delete(frontend);
    }
  }

  #admit(socket: Socket, frontend: Frontend): SocketEvents {
    frontend.connections++;
    this.runtime.connections++;
    this.runtime.activity++;
    return this.open(socket, frontend);
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
