import { LF } from "../http/bytes.ts";
import { createHead, INCOMPLETE } from "../http/head.ts";
import { parseRequest } from "../http/h1/parse.ts";
import { ownReply } from "../http/reply.ts";
import type { Addresses } from "../net/proxy-protocol/header.ts";
import type { Socket, SocketEvents } from "../net/socket.ts";
import type { Frontend } from "./frontend.ts";
import { HttpConnection } from "./http-connection.ts";
import { HttpStream } from "./http-stream.ts";
import { join, keep, keepAfter, type Keeper } from "./outlet.ts";
import { logSession } from "./session-log.ts";

/** Ended streams that a frontend keeps: some MiB, whatever the peak was. */
const mostSpare = 1024;

/** Requests are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/**
 * A client's HTTP connection: one request after the other, each handed to a stream. While it is
 * idle it holds nothing but itself. It is also the time-out of its client's side.
 */
export class HttpSession extends HttpConnection implements SocketEvents {
  /** The request in progress. */
  stream: HttpStream | null = null;
  /** Bytes that came and are not part of a request in progress. */
  #carry: Uint8Array | null = null;
  /** When the first byte of the head that is being read came, on the clock's scale; -1: none has. */
  #headSince = -1;
  /** Requests so far. */
  requests = 0;
  /** Requests are being worked off in a loop: a stream that ends at once need not start another. */
  #busy = false;

  constructor(socket: Socket, frontend: Frontend, addresses: Addresses) {
    super(socket, frontend, addresses);
    frontend.runtime.wheel.set(this, frontend.patience(frontend.timeouts.httpRequest));
  }

  opened(): void {}

  data(_socket: Socket, bytes: Uint8Array): void {
    if (this.stream !== null) this.stream.clientData(bytes);
    else if (!this.closing) this.#work(bytes);
  }

  drain(): void {
    // It also comes unasked, say with the client's FIN: nothing has moved then.
    if (this.out.empty || !this.out.flush()) return;
    if (this.stream !== null) this.stream.clientDrained();
    else if (this.closing) this.hangUp();
  }

  ended(): void {
    this.hasEnded = true;
    if (this.stream !== null) this.stream.clientEnded();
    else if (this.closing && !this.out.empty) return;
    else if (this.closing || (this.#carry === null && this.requests > 0)) this.leave();
    else this.refuse(400, "CR");
  }

  closed(): void {
    this.gone = true;
    if (this.stream !== null) this.stream.clientClosed();
    else if ((this.#carry !== null || this.requests === 0) && !this.closing) {
      this.#logRefused(400, "CR");
    }
    this.countOut();
  }

  /** Keeps bytes[from, to) of a `data` call for after the request in progress. */
  stash(bytes: Uint8Array, from: number, to: number, owner: Keeper | null): void {
    this.#carry = keepAfter(this.#carry, bytes, from, to, owner);
    // Who is to hear of a client's leaving must go on reading, as far as there is room.
    const { backend, runtime } = this.frontend;
    if (!backend.config.abortonclose || this.#carry.length >= runtime.headLimit) this.pause();
  }

  /** Hands over what was stashed; null: nothing. */
  takeStash(): Uint8Array | null {
    const carry = this.#carry;
    this.#carry = null;
    return carry;
  }

  /**
   * The stream has ended, all of its response being sent.
   * @param keep whether the connection may carry another request
   * @param linger whether the client may still be sending this one
   */
  streamEnded(keep: boolean, linger: boolean): void {
    this.#letGo();
    if (this.gone) return;
    if (!keep || this.hasEnded && this.#carry === null) {
      this.close(linger || this.#carry !== null);
      return;
    }
    const { frontend } = this;
    frontend.runtime.wheel.set(this, frontend.patience(frontend.timeouts.httpKeepAlive));
    if (this.#carry === null) this.resume();
    else if (!this.#busy) this.#work(null);
  }

  /** The stream has ended within its response: a reset says that what was sent is not complete. */
  streamBroken(): void {
    this.#letGo();
    this.socket.reset();
    this.leave();
  }

  #letGo(): void {
    const { spareStreams } = this.frontend;
    if (spareStreams.length < mostSpare) spareStreams.push(this.stream!);
    this.stream = null;
  }

  /** The time-out of the client's side has run out. */
  override fire(): void {
    if (this.stream !== null) this.stream.clientTimedOut();
    else if (this.#idles && this.frontend.stopping) this.#leaveIdle();
    else if (this.closing || (this.requests > 0 && this.#headSince < 0)) this.leave();
    else this.refuse(408, "cR");
  }

  /** Between two requests, or before the first. */
  get #idles(): boolean {
    return this.stream === null && this.#headSince < 0 && !this.closing;
  }

  /** The proxy stops: a request that has begun is served, but none is waited for long. */
  softStop(): void {
    if (!this.#idles) return;
    const { runtime } = this.frontend;
    const left = Math.max(0, this.deadline - runtime.clock.now());
    runtime.wheel.set(this, this.frontend.patience(left));
  }

  /**
   * The proxy stops, and no request has come. One may have come in this very moment: a turn of the
   * event loop tells.
   */
  #leaveIdle(): void {
    if (!this.#lastLook) {
      this.#lastLook = true;
      this.frontend.runtime.wheel.set(this, 1);
      return;
    }
    if (this.requests === 0) this.#logRefused(-1, "KR");
    this.leave();
  }
  #lastLook = false;

  /** Answers a request that could not be read, and closes. */
  refuse(status: number, termination: string): void {
    const reply = ownReply(status, "close", false);
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
    while (this.stream === null && !this.closing && !this.gone) {
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
    if (this.stream === null && !this.closing && !this.gone) {
      if (this.hasEnded) this.#endedInHead();
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
}

/** Whether bytes[from, to) is no more than the beginning of a request line. */
function inRequestLine(bytes: Uint8Array, from: number, to: number): boolean {
  return !bytes.subarray(from, to).includes(LF);
}
