/** Descriptors of connections that are over, to connect again (Linux). */
import type { EpollSocket } from "./socket.ts";
import { WATCHED, WATCHED_FULL } from "./socket.ts";
import { closeDescriptor } from "../linux/libc.ts";
import { disconnect } from "../linux/connect.ts";

/** So many are kept, and no longer than this when they are not needed, ms. */
const most = 128;
const keepTime = 1000;

/** A descriptor that is connected to nothing, in the epoll set, with a tag for the events there. */
export interface Spare {
  readonly fd: number;
  readonly tag: number;
  /** The bits of its state that say how it is watched. */
  readonly watched: number;
}

/**
 * connect() to AF_UNSPEC resets a connection as a close with SO_LINGER 0 does, and leaves the
 * descriptor with its options and its place in the epoll set: the next connection is one connect(),
 * where a new descriptor takes socket(), two setsockopt(), epoll_ctl() and close() besides.
 */
export class Spares {
  readonly #four: Spare[] = [];
  readonly #six: Spare[] = [];
  /** Their fewest since the last look: so many were not needed. */
  #unneeded = 0;
  #watching = false;

  /** @param schedule arms a timer, as a clock's */
  constructor(readonly schedule: (delay: number, callback: () => void) => void) {}

  get #size(): number {
    return this.#four.length + this.#six.length;
  }

  /** Resets the connection of a socket that is over, and keeps its descriptor, or closes it. */
  put({ fd, tag, state, six }: EpollSocket): void {
    if (!disconnect(fd) || this.#size >= most) return closeDescriptor(fd);
    const spare = { fd, tag, watched: state & (WATCHED | WATCHED_FULL) };
    (six ? this.#six : this.#four).push(spare);
    if (!this.#watching) this.#watch();
  }

  /** One to connect by IPv4, or by IPv6; null: there is none. */
  take(six: boolean): Spare | null {
    if (this.#size === 0) return null;
    const spare = (six ? this.#six : this.#four).pop() ?? null;
    if (this.#size < this.#unneeded) this.#unneeded = this.#size;
    return spare;
  }

  #watch(): void {
    this.#watching = true;
    this.#unneeded = this.#size;
    this.schedule(keepTime, () => {
      this.#watching = false;
      for (; this.#unneeded > 0; this.#unneeded--) {
        const spare = this.#four.shift() ?? this.#six.shift();
        if (spare !== undefined) closeDescriptor(spare.fd);
      }
      if (this.#size > 0) this.#watch();
    });
  }

  /** Closes all. */
  close(): void {
    for (const { fd } of [...this.#four.splice(0), ...this.#six.splice(0)]) closeDescriptor(fd);
  }
}
