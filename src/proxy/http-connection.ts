import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Frontend } from "./frontend.ts";
import { addressLine } from "./http-request.ts";
import { Outlet } from "./outlet.ts";
import type { Listed } from "./session-list.ts";

/** How long a closed connection may go on sending what nobody reads, ms. */
const lingerTime = 1000;

/**
 * A client's HTTP connection apart from its requests: whose it is, how it is slowed down, and how
 * it ends. The requests are for http-session.ts, which extends this.
 */
export abstract class HttpConnection extends Timer implements Listed {
  place = -1;
  readonly out: Outlet;
  /** For the log: when it was accepted, ms since 1970, and from which port. */
  readonly acceptedAt: number;
  readonly remotePort: number;
  #paused = false;
  /** The client has half-closed. */
  protected hasEnded = false;
  /** The last response has been sent; what still comes is discarded. */
  protected closing = false;
  #linger = false;
  /** The socket is closed. */
  protected gone = false;

  /** @param addresses the client's: of the socket, or of a PROXY header that came over it */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
  ) {
    super();
    this.out = new Outlet(socket);
    const { logs, runtime } = frontend;
    this.acceptedAt = logs ? runtime.clock.wall() : 0;
    // Now, for when it is logged the client may be gone, and its address with it.
    this.remotePort = logs ? addresses.remotePort : 0;
    this.#clientAddress = logs ? addresses.remoteAddress : null;
  }

  abstract closed(): void;
  abstract softStop(): void;

  /** The client's address, read once. */
  get clientAddress(): string {
    return this.#clientAddress ??= this.addresses.remoteAddress;
  }
  #clientAddress: string | null;

  /** The line that `option forwardfor` adds to each of the connection's requests; null: none. */
  get forwardForLine(): Uint8Array | null {
    const { forwardFor } = this.frontend;
    if (forwardFor === null) return null;
    if (this.#forwardForLine === undefined) {
      this.#forwardForLine = addressLine(forwardFor, this.clientAddress);
    }
    return this.#forwardForLine;
  }
  /** undefined: not worked out yet. */
  #forwardForLine: Uint8Array | null | undefined;

  /** The same of `option originalto`. */
  get originalToLine(): Uint8Array | null {
    const { originalTo } = this.frontend;
    if (originalTo === null) return null;
    if (this.#originalToLine === undefined) {
      this.#originalToLine = addressLine(originalTo, this.addresses.localAddress);
    }
    return this.#originalToLine;
  }
  #originalToLine: Uint8Array | null | undefined;

  /** Stops reading from the client until {@linkcode resume}. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.socket.pause();
  }
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  /**
   * Ends the connection after what has been sent.
   * @param linger the client may still be sending: closing with bytes unread makes the kernel send
   * a reset, which can overtake the response
   */
  close(linger: boolean): void {
    if (this.closing || this.gone) return;
    this.closing = true;
    this.#linger = linger;
    if (this.out.empty) this.hangUp();
    else this.frontend.runtime.wheel.set(this, this.frontend.timeouts.client);
  }

  /** Closes, the outlet being empty. */
  protected hangUp(): void {
    if (!this.#linger || this.hasEnded) {
      this.leave();
      return;
    }
    this.socket.shutdown();
    this.resume();
    this.frontend.runtime.wheel.set(this, lingerTime);
  }

  /** Closes the socket, if the client has not, and is counted out. */
  protected leave(): void {
    if (this.gone) return;
    this.gone = true;
    this.socket.close();
    this.countOut();
  }

  /** Lets go of what knows it, the socket being closed. */
  protected countOut(): void {
    this.frontend.runtime.wheel.remove(this);
    this.frontend.sessionEnded(this);
  }
}
