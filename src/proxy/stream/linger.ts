import type { Socket } from "../../net/socket.ts";

/** How long a connection stays after a peer's last byte, ms, and in all (as nginx). */
const silence = 5000;
const longest = 30_000;

/**
 * A lingering close (RFC 9112, section 9.6): a client that still sends when its response is out
 * must be read on, or the kernel answers its bytes with a reset, which can overtake the response.
 */
export class Linger {
  readonly #end: number;

  /**
   * @param now on the clock's scale; @param sending whether the peer may still be sending at all
   */
  constructor(now: number, readonly sending: boolean) {
    this.#end = now + longest;
  }

  /** The peer has sent something: how long to wait for more, ms. */
  next(now: number): number {
    return Math.max(0, Math.min(silence, this.#end - now));
  }
}

/** How often to look whether all has arrived, ms: seldomer each time. */
const firstLook = 5;
const lastLook = 200;

/**
 * A reset that loses nothing. It tells the peer that what it got is not whole, which an orderly end
 * would not; but what has not arrived by then is lost. So it waits until all has.
 */
export class LateReset {
  #left = -1;
  #since = 0;
  #pause = firstLook;

  /** @param timeout how long the peer may take no byte, ms; null: as long as a lingering close */
  constructor(readonly socket: Socket, readonly timeout: number | null) {}

  /** How long to wait before the next look, ms; 0: it is time, or the peer takes nothing more. */
  next(now: number): number {
    const left = this.socket.underWay?.() ?? 0;
    if (left === 0) return 0;
    if (left !== this.#left) {
      this.#left = left;
      this.#since = now;
    } else if (now - this.#since >= (this.timeout ?? longest)) {
      return 0;
    }
    this.#pause = Math.min(2 * this.#pause, lastLook);
    return this.#pause;
  }
}
