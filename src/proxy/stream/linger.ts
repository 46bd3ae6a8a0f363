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
