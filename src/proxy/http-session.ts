import { LF } from "../http/bytes.ts";
import { createHead, INCOMPLETE } from "../http/head.ts";
import { parseRequest } from "../http/parse.ts";
import { errorReply } from "../http/reply.ts";
import type { Socket, SocketEvents } from "../net/socket.ts";
import { Timer } from "../time/wheel.ts";
import type { Frontend } from "./frontend.ts";
import { HttpStream } from "./http-stream.ts";
import { addressLine } from "./http-request.ts";
import { join, keep, keepAfter, type Keeper, Outlet } from "./outlet.ts";
import type { Listed } from "./session-list.ts";
import { logSession } from "./session-log.ts";

/** How long a closed connection may go on sending what nobody reads, ms. */
const lingerTime = 1000;

/** Ended streams that a frontend keeps: some MiB, whatever the peak was. */
const mostSpare = 1024;

/** Requests are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/**
 * A client's HTTP connection: one request after the other, each handed to a stream. While it is
 * idle it holds nothing but itself. It is also the time-out of its client's side.
 */
export class HttpSession extends Timer implements SocketEvents, Listed {
  place = -1;
  readonly out: Outlet;
  /** The request in progress. */
  stream: HttpStream | null = null;
  /** Bytes that came and are not part of a request in progress. */
  #carry: Uint8Array | null = null;
  /** When the first byte of the head that is being read came, on the clock's scale; -1: none has. */
  #headSince = -1;
  /** Requests so far. */
  requests = 0;
  /** For the log: when it was accepted, ms since 1970, and from which port. */
  readonly acceptedAt: number;
  readonly remotePort: number;
  #paused = false;
  /** The client has half-closed. */
  #ended = false;
  /** The last response has been sent; what still comes is discarded. */
  #closing = false;
  #linger = false;
  #closed = false;
  /** Requests are being worked off in a loop: a stream that ends at once need not start another. */
  #busy = false;

  constructor(readonly socket: Socket, readonly frontend: Frontend) {
    super();
    this.out = new Outlet(socket);
    const { wheel, clock } = frontend.runtime;
    this.acceptedAt = frontend.logs ? clock.wall() : 0;
    // Now, for when it is logged the client may be gone, and its address with it.
    this.remotePort = frontend.logs ? socket.remotePort : 0;
    this.#clientAddress = frontend.logs ? socket.remoteAddress : null;
    wheel.set(this, frontend.timeouts.httpRequest);
  }

  opened(): void {}

  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.stream !== null) this.stream.clientData(bytes);
    else if (!this.#closing) this.#work(bytes);
  }

  drain(): void {
    if (!this.out.flush()) return;
    if (this.stream !== null) this.stream.clientDrained();
    else if (this.#closing) this.#hangUp();
  }

  ended(): void {
    this.#ended = true;
    if (this.stream !== null) this.stream.clientEnded();
    else if (this.#closing && !this.out.empty) return;
    else if (this.#closing || (this.#carry === null && this.requests > 0)) this.#gone();
    else this.refuse(400, "CR");
  }

  closed(): void {
    this.#closed = true;
    if (this.stream !== null) this.stream.clientClosed();
    else if ((this.#carry !== null || this.requests === 0) && !this.#closing) {
      this.#logRefused(400, "CR");
    }
    this.#leave();
  }

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

  /** Keeps bytes[from, to) of a `data` call for after the request in progress. */
  stash(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): void {
    this.#carry = keepAfter(this.#carry, bytes, from, to, owner);
    this.pause();
  }

  /** Hands over what was stashed; null: nothing. */
  takeStash(): Uint8Array | null {
    const carry = this.#carry;
    this.#carry = null;
    return carry;
  }

  /** The client's address, read once. */
  get clientAddress(): string {
    return this.#clientAddress ??= this.socket.remoteAddress;
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
      this.#originalToLine = addressLine(originalTo, this.socket.localAddress);
    }
    return this.#originalToLine;
  }
  #originalToLine: Uint8Array | null | undefined;

  /**
   * The stream has ended, all of its response being sent.
   * @param keep whether the connection may carry another request
   * @param linger whether the client may still be sending this one
   */
  streamEnded(keep: boolean, linger: boolean): void {
    this.#letGo();
    if (this.#closed) return;
    if (!keep || this.#ended && this.#carry === null) {
      this.close(linger || this.#carry !== null);
      return;
    }
    this.frontend.runtime.wheel.set(this, this.frontend.timeouts.httpKeepAlive);
    if (this.#carry === null) this.resume();
    else if (!this.#busy) this.#work(null);
  }

  /** The stream has ended within its response: a reset says that what was sent is not complete. */
  streamBroken(): void {
    this.#letGo();
    this.socket.reset();
    this.#gone();
  }

  #letGo(): void {
    const { spareStreams } = this.frontend;
    if (spareStreams.length < mostSpare) spareStreams.push(this.stream!);
    this.stream = null;
  }

  /**
   * Ends the connection after what has been sent.
   * @param linger the client may still be sending: closing with bytes unread makes the kernel send
   * a reset, which can overtake the response
   */
  close(linger: boolean): void {
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#linger = linger;
    if (this.out.empty) this.#hangUp();
    else this.frontend.runtime.wheel.set(this, this.frontend.timeouts.client);
  }

  /** The time-out of the client's side has run out. */
  override fire(): void {
    if (this.stream !== null) this.stream.clientTimedOut();
    else if (this.#closing || (this.requests > 0 && this.#headSince < 0)) this.#gone();
    else this.refuse(408, "cR");
  }

  /** Answers a request that could not be read, and closes. */
  refuse(status: number, termination: string): void {
    const reply = errorReply(status, false, false);
    this.#logRefused(status, termination);
    this.out.push(reply, 0, reply.length, null);
    this.#carry = null;
    this.close(true);
  }

  #logRefused(status: number, termination: string): void {
    const { logs, config, runtime } = this.frontend;
    if (!logs || (config.dontlognull && this.#headSince < 0)) return;
    const { clock } = runtime;
    const since = this.requests === 0
      ? clock.wall() - this.acceptedAt
      : clock.now() - this.#headSince;
    logSession(this, null, status, `${termination}--`, since);
  }

  /** Parses and starts requests, from `bytes` or from what was stashed, until one is in progress. */
  #work(bytes: Uint8Array | null): void {
    const { headLimit } = this.frontend.runtime;
    this.#busy = true;
    let from = 0;
    let owner: Socket | null = this.socket;
    while (this.stream === null && !this.#closing && !this.#closed) {
      if (bytes === null) {
        bytes = this.#carry;
        from = 0;
        owner = null;
        if (bytes === null) break;
        this.#carry = null;
      } else if (this.#carry !== null) {
        // Without a line's end nothing new can be told: a head in single bytes is read line by line.
        const more = bytes.includes(LF);
        bytes = join(this.#carry, bytes, from, bytes.length);
        from = 0;
        owner = null;
        this.#carry = more || bytes.length > headLimit ? null : bytes;
        if (this.#carry !== null) break;
      }
      if (!this.#head(bytes, from, owner)) break;
      bytes = null;
    }
    this.#busy = false;
    if (this.stream === null && !this.#closing && !this.#closed) {
      if (this.#ended) this.#endedInHead();
      else this.resume();
    }
  }

  /** The client half-closed, and what it sent before is no whole request. */
  #endedInHead(): void {
    if (this.#carry === null) this.close(false);
    else this.refuse(400, "CR");
  }

  /** Reads a head from `bytes`. @returns whether it was complete and its stream has begun */
  #head(bytes: Uint8Array, from: number, owner: Socket | null): boolean {
    const { runtime, timeouts, logs } = this.frontend;
    const to = bytes.length;
    if (from === to) return false;
    const end = parseRequest(head, bytes, from, to);
    if (end > 0 && end - from <= runtime.headLimit) {
      this.requests++;
      runtime.wheel.clear(this);
      const stream = this.frontend.spareStreams.pop() ?? new HttpStream();
      this.stream = stream;
      const since = this.#headSince;
      this.#headSince = -1;
      stream.beginRequest(this, head, bytes, end, owner, logs ? since : -1);
      return true;
    }
    if (this.#headSince < 0) {
      this.#headSince = runtime.clock.now();
      if (this.requests > 0) runtime.wheel.set(this, timeouts.httpRequest);
    }
    if (end === INCOMPLETE && to - from <= runtime.headLimit) {
      this.#carry = keep(bytes, from, to, owner);
      return false;
    }
    if (end === INCOMPLETE || end > 0) {
      const room = Math.min(to, from + runtime.headLimit);
      this.refuse(inRequestLine(bytes, from, room) ? 414 : 431, "PR");
    } else this.refuse(400, "PR");
    return false;
  }

  /** Closes, the outlet being empty. */
  #hangUp(): void {
    if (!this.#linger || this.#ended) {
      this.#gone();
      return;
    }
    this.socket.shutdown();
    this.resume();
    this.frontend.runtime.wheel.set(this, lingerTime);
  }

  /** Closes the socket, if the client has not, and is counted out. */
  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.socket.close();
    this.#leave();
  }

  #leave(): void {
    this.frontend.runtime.wheel.remove(this);
    this.frontend.sessionEnded(this);
  }
}

/** Whether bytes[from, to) is no more than the beginning of a request line. */
function inRequestLine(bytes: Uint8Array, from: number, to: number): boolean {
  return !bytes.subarray(from, to).includes(LF);
}
