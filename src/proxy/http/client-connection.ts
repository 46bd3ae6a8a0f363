import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, LF } from "../../bytes/bytes.ts";
import {
  type Content,
  createContent,
  NONE,
  passContent,
  releaseContent,
  requestFraming,
  scanContent,
  startContent,
  TUNNEL,
  unseenContent,
} from "../../http/h1/content.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import { parseRequest } from "../../http/h1/parse.ts";
import { preface } from "../../http/h2/protocol.ts";
import { createHead, INCOMPLETE } from "../../http/head.ts";
import type { Addresses } from "../../net/proxy-protocol/header.ts";
import type { Counters } from "../../stick-table/counters.ts";
import type { Socket, SocketEvents } from "../../net/socket.ts";
import { Timer } from "../../time/wheel.ts";
import type { Frontend } from "../frontend.ts";
import { type KillCause, remaining, type Session } from "../session-list.ts";
import { logRefused } from "../session-log.ts";
import { LateReset, Linger } from "../stream/linger.ts";
import {
  type BufferOwner,
  copiedBuffer,
  join,
  retain,
  retainAfter,
  SendBuffer,
  type SpliceOwner,
} from "../stream/send-buffer.ts";
import type { SessionState } from "../rules/session.ts";
import type { PrivateConnections } from "../stream/pool.ts";
import type { ServerConnection } from "../stream/server-connection.ts";
import { AcceptedClient } from "./accepted-client.ts";
import type { AddressField } from "./request.ts";
import type { HttpClient } from "./client.ts";
import { HttpTransaction } from "./transaction.ts";

/** Ended transactions that a thread keeps: some MiB, whatever the peak was. */
const maxFreeTransactions = 1024;

/** Content up to this size is copied behind its head, to go out in one write. */
const smallContent = 4096;

/** Requests are parsed one at a time, within a call: one index serves all. */
const head = createHead();

/** Heads are written one at a time, and sent before the next: one buffer serves all. */
const scratch = new ByteBuffer(32768);

/**
 * A client's HTTP/1 connection: one request after the other, each of which becomes a transaction.
 * While it is idle it holds nothing but itself. It is also the time-out of its client's side.
 */
export class HttpClientConnection extends Timer implements SocketEvents, HttpClient, Session {
  place = -1;
  serial = 0;
  readonly out: SendBuffer;
  readonly accepted: AcceptedClient;
  readonly httpMajor = 1;
  readonly glitches = 0;
  /** The request in progress. */
  #transaction: HttpTransaction | null = null;
  /** Its content; null: no request of this connection ever had any. */
  #content: Content | null = null;
  /** Bytes that came and are not part of the request in progress. */
  #carry: Uint8Array | null = null;
  /** When the first byte of the head that is being read came, on the clock's scale; -1: none has. */
  #headSince = -1;
  requests = 0;
  sent = 0;
  /** Requests are being worked off in a loop: one that ends at once need not start another. */
  #busy = false;
  #paused = false;
  /** The client has half-closed. */
  #hasEnded = false;
  /** The last response has been sent; what still comes is discarded, for so long; null: not yet. */
  #closing: Linger | LateReset | null = null;
  /** The socket is closed. */
  #gone = false;
  #lastLook = false;

  /** Transactions of this thread that ended, for the next requests: in the long run none is made. */
  readonly #free: HttpTransaction[];
  readonly #onHttp2: OnHttp2 | null;

  /**
   * @param addresses the client's: of the socket, or of a PROXY header that came over it
   * @param state what rules have kept for it so far; null: nothing
   * @param onHttp2 takes over where the client begins with the preface of HTTP/2; null: nothing does
   */
  constructor(
    readonly socket: Socket,
    readonly frontend: Frontend,
    readonly addresses: Addresses,
    free: HttpTransaction[],
    state: SessionState | null = null,
    onHttp2: OnHttp2 | null = null,
  ) {
    super();
    this.accepted = new AcceptedClient(frontend, addresses, state);
    this.#free = free;
    this.#onHttp2 = onHttp2;
    this.out = new SendBuffer(socket);
    // Requests behind one that waits must be kept: no more than a few.
    socket.expectMuch?.(false);
    const { runtime } = frontend;
    runtime.wheel.set(this, frontend.idleTimeout(frontend.timeouts.httpRequest));
  }

  get acceptedAt(): number {
    return this.accepted.acceptedAt;
  }
  get remotePort(): number {
    return this.accepted.remotePort;
  }
  get state(): SessionState {
    return this.accepted.state;
  }
  get tracked(): Counters | null {
    return this.accepted.tracked;
  }
  get clientAddress(): string {
    return this.accepted.clientAddress;
  }
  get privates(): PrivateConnections | null {
    return this.accepted.privates;
  }
  addressLine(field: AddressField | null, own: boolean): Uint8Array | null {
    return this.accepted.addressLine(field, own);
  }
  keepPrivate(connection: ServerConnection): void {
    this.accepted.keepPrivate(connection);
  }

  // ---- from the socket ----

  opened(): void {}

  data(_socket: Socket, bytes: Uint8Array): void {
    const transaction = this.#transaction;
    if (transaction === null) {
      if (this.#closing === null) this.#work(bytes);
      else if (this.#closing instanceof Linger) {
        this.setTimeout(this.#closing.next(this.frontend.runtime.clock.now()));
      }
      return;
    }
    const content = this.#content;
    if (content === null || content.done) {
      this.#stash(bytes, 0, bytes.length, this.socket);
      return;
    }
    const end = scanContent(content, bytes, 0, bytes.length);
    if (end < 0) return transaction.onRequestInvalid(content.error);
    const { out, outFrom, outTo, done } = content;
    if (end < bytes.length) this.#stash(bytes, end, bytes.length, this.socket);
    if (done) releaseContent(content);
    transaction.onRequestContent(out, outFrom, outTo, out === bytes ? this.socket : null, done);
  }

  drain(): void {
    // It also comes unasked, say with the client's FIN: nothing has moved then.
    if (this.out.empty || !this.out.flush()) return;
    if (this.#transaction !== null) this.#transaction.onClientDrained();
    else if (this.#closing instanceof Linger) this.#hangUp(this.#closing);
  }

  ended(): void {
    this.#hasEnded = true;
    if (this.#transaction !== null) this.#transaction.onClientEnded();
    else if (this.#closing !== null) {
      if (this.out.empty && this.#closing instanceof Linger) this.#leave();
    } else if (this.#carry === null && this.requests > 0) this.#leave();
    else this.#refuse(400, "CR");
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    try {
      if (this.#transaction !== null) this.#transaction.onClientClosed();
      else if ((this.#carry !== null || this.requests === 0) && this.#closing === null) {
        this.#logRefused(400, "CR");
      }
    } finally {
      this.#releaseAll();
    }
  }

  override abandon(): void {
    if (this.#gone) return;
    this.socket.reset();
    this.closed();
  }

  facts(): ReturnType<Session["facts"]> {
    const { frontend } = this;
    const { clock } = frontend.runtime;
    const transaction = this.#transaction;
    return {
      protocol: this.accepted.protocol,
      source: this.accepted.source,
      frontend: frontend.config.name,
      backend: transaction?.reached?.config.name ?? null,
      server: transaction?.servedBy?.name ?? null,
      age: transaction === null ? 0 : Math.max(0, transaction.totalTime),
      requests: this.requests,
      received: transaction?.received ?? 0,
      sent: this.sent,
      expires: remaining(Math.min(this.deadline, transaction?.deadline ?? Infinity), clock.now()),
      queued: transaction?.assignment.queued ?? false,
    };
  }

  kill(server: object | null, cause: KillCause): void {
    if (server !== null && this.#transaction?.assignment.server !== server) return;
    if (cause !== "K" && this.#transaction !== null) return this.#transaction.loseServer(cause);
    this.#transaction?.record.end(`${cause}D`);
    this.abandon();
  }

  // ---- to the client ----

  endsNext(): void {
    this.out.ends = true;
  }

  get empty(): boolean {
    return this.out.empty;
  }

  sendInterim(journal: HeadJournal, owner: BufferOwner | null): boolean {
    const { source, first, end } = journal;
    if (!journal.edited) return this.sendContent(source, first, end, owner);
    return this.sendHead(journal, source, end, end, owner);
  }

  sendHead(
    journal: HeadJournal,
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
  ): boolean {
    if (!journal.edited && bytes === journal.source && from === journal.end) {
      return this.sendContent(bytes, journal.first, to, owner);
    }
    scratch.clear();
    journal.write(scratch);
    if (to - from <= smallContent) {
      scratch.append(bytes, from, to);
      return this.sendContent(scratch.bytes, 0, scratch.length, copiedBuffer);
    }
    this.sent += scratch.length + to - from;
    return this.out.pushBoth(scratch.bytes, scratch.length, bytes, from, to, owner);
  }

  sendContent(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean {
    this.sent += to - from;
    return this.out.push(bytes, from, to, owner);
  }

  spliceFrom(source: Socket, count: number, owner: SpliceOwner): void {
    this.out.splice(source, count, owner);
  }
  sourceGone(): void {
    this.out.sourceGone();
  }
  sentUnseen(count: number): void {
    this.sent += count;
  }
  unseen(seen: number): number {
    return this.#content === null ? 0 : unseenContent(this.#content, seen);
  }
  passed(count: number): boolean {
    const content = this.#content!;
    passContent(content, count);
    return content.done;
  }

  openTunnel(): void {
    const content = this.#content ??= createContent();
    this.socket.expectMuch?.(true);
    startContent(content, TUNNEL, 0, head, nothing);
    const ahead = this.#carry;
    this.#carry = null;
    this.resume();
    const transaction = this.#transaction!;
    if (ahead !== null) transaction.onRequestContent(ahead, 0, ahead.length, null, false);
    // The event came once: a half-close behind the request has ended this side of the tunnel.
    if (this.#hasEnded) transaction.onClientEnded();
  }

  shutdown(): void {
    if (this.out.empty) this.socket.shutdown();
  }
  peerGone(): boolean {
    return this.socket.peerGone();
  }
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
  setTimeout(ms: number | null): void {
    this.frontend.runtime.wheel.set(this, ms);
  }

  end(keep: boolean, sending: boolean): void {
    this.#releaseTransaction();
    if (this.#gone) return;
    if (!keep || this.#hasEnded && this.#carry === null) {
      this.#close(sending || this.#carry !== null);
      return;
    }
    this.setTimeout(this.frontend.idleTimeout(this.frontend.timeouts.httpKeepAlive));
    if (this.#carry === null) this.resume();
    else if (!this.#busy) this.#work(null);
  }

  abort(ambiguous: boolean): void {
    this.#releaseTransaction();
    if (this.#gone) return;
    if (!ambiguous) return this.#close(true);
    if (!this.out.empty) return this.#reset();
    this.privates?.close();
    this.#carry = null;
    this.pause();
    this.#closing = new LateReset(this.socket, this.frontend.timeouts.client);
    this.#resetLate(this.#closing);
  }

  /** Resets the connection when all has arrived. */
  #resetLate(late: LateReset): void {
    const wait = late.next(this.frontend.runtime.clock.now());
    if (wait > 0) this.setTimeout(wait);
    else this.#reset();
  }

  #reset(): void {
    this.socket.reset();
    this.#leave();
  }

  #releaseTransaction(): void {
    if (this.#content !== null) {
      releaseContent(this.#content);
      this.socket.expectMuch?.(false);
    }
    if (this.#free.length < maxFreeTransactions) this.#free.push(this.#transaction!);
    this.#transaction = null;
  }

  // ---- between two requests ----

  /** Keeps bytes[from, to) of a `data` call for after the request in progress. */
  #stash(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): void {
    this.#carry = retainAfter(this.#carry, bytes, from, to, owner);
    // To learn of the client's leaving it must be read on, as far as there is room.
    const { route, runtime } = this.frontend;
    if (!route.backend.config.abortonclose || this.#carry.length >= runtime.headLimit) this.pause();
  }

  /** The time-out of the client's side has run out. */
  override fire(): void {
    if (this.#transaction !== null) this.#transaction.onClientTimeout();
    else if (this.#closing instanceof LateReset) this.#resetLate(this.#closing);
    else if (this.#idles && this.frontend.stopping) this.#leaveIdle();
    else if (this.#closing !== null || (this.requests > 0 && this.#headSince < 0)) this.#leave();
    else if (this.nothingCame && this.frontend.config.httpIgnoreProbes) this.#leave();
    else this.#refuse(408, "cR");
  }

  /** Between two requests, or before the first. */
  get #idles(): boolean {
    return this.#transaction === null && this.#headSince < 0 && this.#closing === null;
  }

  /** The proxy stops: a request that has begun is served, but none is waited for long. */
  softStop(): void {
    if (!this.#idles) return;
    const left = Math.max(0, this.deadline - this.frontend.runtime.clock.now());
    this.setTimeout(this.frontend.idleTimeout(left));
  }

  /**
   * The proxy stops, and no request has come. One may have come in this very moment: a turn of the
   * event loop shows that.
   */
  #leaveIdle(): void {
    if (!this.#lastLook) {
      this.#lastLook = true;
      this.setTimeout(1);
      return;
    }
    if (this.requests === 0) this.#logRefused(-1, "KR");
    this.#leave();
  }

  /** Answers a request that could not be read, and closes. */
  #refuse(status: number, termination: string): void {
    this.#carry = null;
    this.sent = 0;
    const transaction = this.#transaction = this.#takeTransaction();
    transaction.beginUnread(this, status, termination, this.#unreadFor());
  }

  /** The same, for it is invalid. */
  #refuseInvalid(status: number, reason: string, bytes: Uint8Array): void {
    this.frontend.runtime.refusals.request(this, reason, bytes);
    this.#refuse(status, "PR");
  }

  #takeTransaction(): HttpTransaction {
    return this.#free.pop() ?? new HttpTransaction(this.frontend.runtime.headLimit);
  }

  #logRefused(status: number, termination: string): void {
    if (!this.frontend.logs) return;
    logRefused(this, status, termination, this.#unreadFor());
  }

  /** How long a request has been waited for that never became whole, ms. */
  #unreadFor(): number {
    const { clock } = this.frontend.runtime;
    return this.requests === 0 ? clock.wall() - this.acceptedAt : clock.now() - this.#headSince;
  }
  /** Nothing of a request has come. */
  get nothingCame(): boolean {
    return this.#headSince < 0;
  }

  /** Parses and starts requests, from `bytes` or from what was stashed, until one is in progress. */
  #work(bytes: Uint8Array | null): void {
    const { headLimit } = this.frontend.runtime;
    this.#busy = true;
    let from = 0;
    let owner: Socket | null = this.socket;
    while (this.#transaction === null && this.#closing === null && !this.#gone) {
      if (bytes === null) {
        bytes = this.#carry;
        from = 0;
        owner = null;
        if (bytes === null) break;
        this.#carry = null;
      } else if (this.#carry !== null) {
        // Without a line's end nothing new is known: a head in single bytes is read line by line.
        const more = bytes.includes(LF);
        bytes = join(this.#carry, bytes, from, bytes.length);
        from = 0;
        owner = null;
        this.#carry = more || bytes.length > headLimit ? null : bytes;
        if (this.#carry !== null) break;
      }
      if (!this.#readHead(bytes, from, owner)) break;
      bytes = null;
    }
    this.#busy = false;
    if (this.#transaction === null && this.#closing === null && !this.#gone) {
      if (this.#hasEnded) this.#endedInHead();
      else this.resume();
    }
  }

  /** The client half-closed, and what it sent before is no whole request. */
  #endedInHead(): void {
    if (this.#carry === null) this.#close(false);
    else this.#refuse(400, "CR");
  }

  /** Reads a head from `bytes`. @returns whether it was complete and its transaction has begun */
  #readHead(bytes: Uint8Array, from: number, owner: Socket | null): boolean {
    const { runtime, timeouts } = this.frontend;
    const to = bytes.length;
    if (from === to) return false;
    const end = parseRequest(head, bytes, from, to);
    if (end > 0 && end - from <= runtime.headLimit) {
      this.#begin(bytes, end, owner, this.#headSince);
      return true;
    }
    if (end <= 0 && this.#onHttp2 !== null && this.requests === 0) {
      const known = beginsHttp2(bytes, from, to);
      if (known === preface.length) {
        this.#gone = true;
        runtime.wheel.remove(this);
        this.#onHttp2(this, bytes.subarray(from));
        return false;
      }
      if (known > shortestPreface) {
        this.#carry = retain(bytes, from, to, owner);
        return false;
      }
    }
    if (this.#headSince < 0) {
      this.#headSince = runtime.clock.now();
      if (this.requests > 0) this.setTimeout(timeouts.httpRequest);
    }
    if (end === INCOMPLETE && to - from <= runtime.headLimit) {
      this.#carry = retain(bytes, from, to, owner);
      return false;
    }
    if (end === INCOMPLETE || end > 0) {
      const room = Math.min(to, from + runtime.headLimit);
      const line = inRequestLine(bytes, from, room);
      const reason = line ? "the request line is too long" : "the head is too large";
      this.#refuseInvalid(line ? 414 : 431, reason, bytes.subarray(from));
    } else {
      this.#refuseInvalid(400, head.error, bytes.subarray(from));
    }
    return false;
  }

  /** A request has come whose head, parsed, ends before bytes[end]. */
  #begin(bytes: Uint8Array, end: number, owner: Socket | null, since: number): void {
    this.requests++;
    this.sent = 0;
    this.#headSince = -1;
    this.frontend.runtime.wheel.clear(this);
    const transaction = this.#transaction = this.#takeTransaction();
    const framing = requestFraming(head);
    if (framing === NONE) {
      if (this.#content !== null) this.#content.done = true;
      if (end < bytes.length) this.#stash(bytes, end, bytes.length, owner);
      transaction.begin(this, head, bytes, end, bytes, end, end, true, null, since);
      return;
    }
    const content = this.#content ??= createContent();
    this.socket.expectMuch?.(true);
    startContent(content, framing, head.contentLength, head, bytes);
    const contentEnd = scanContent(content, bytes, end, bytes.length);
    if (contentEnd < 0) {
      const { error } = content;
      transaction.begin(this, head, bytes, end, bytes, end, end, false, error, since);
      return;
    }
    if (contentEnd < bytes.length) this.#stash(bytes, contentEnd, bytes.length, owner);
    const { out, outFrom, outTo, done } = content;
    if (done) releaseContent(content);
    transaction.begin(this, head, bytes, end, out, outFrom, outTo, done, null, since);
  }

  // ---- how it ends ----

  /**
   * Ends the connection after what has been sent.
   * @param sending the client may still be sending: closing with bytes unread makes the kernel send
   * a reset, which can overtake the response
   */
  #close(sending: boolean): void {
    if (this.#closing !== null || this.#gone) return;
    this.#carry = null;
    this.privates?.close();
    this.#closing = new Linger(this.frontend.runtime.clock.now(), sending);
    if (this.out.empty) this.#hangUp(this.#closing);
    else this.setTimeout(this.frontend.timeouts.client);
  }

  /** Closes, the send buffer being empty. */
  #hangUp(linger: Linger): void {
    // What is written last waits for the FIN, and a close with bytes unread would drop it.
    const ends = this.out.ends && this.socket.writeLast !== undefined;
    // Asked before: the client's own FIN may answer ours at once, and is nothing to wait for.
    const more = linger.sending || ends && !this.socket.isQuiet();
    if (linger.sending || ends) this.socket.shutdown();
    if (!more || this.#hasEnded) {
      this.#leave();
      return;
    }
    this.resume();
    this.setTimeout(linger.next(this.frontend.runtime.clock.now()));
  }

  /** Closes the socket, if the client has not, and releases all. */
  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.socket.close();
    this.#releaseAll();
  }

  /** Releases what refers to it, the socket being closed. */
  #releaseAll(): void {
    // A free transaction, or a timer of one, may refer to this connection for long.
    this.out.drop();
    this.#carry = null;
    this.frontend.runtime.wheel.remove(this);
    this.accepted.end();
    this.frontend.sessionEnded(this);
  }
}

const nothing = new Uint8Array(0);

/** Takes over a connection, from its first bytes on. */
export type OnHttp2 = (connection: HttpClientConnection, bytes: Uint8Array) => void;

/** So much of the preface no request of HTTP/1 begins with. */
const shortestPreface = bytesOf("PRI * HTTP/").length;

/** How much of the preface of HTTP/2 bytes[from, to) begin with; 0: with something else. */
function beginsHttp2(bytes: Uint8Array, from: number, to: number): number {
  const length = Math.min(to - from, preface.length);
  for (let i = 0; i < length; i++) if (bytes[from + i] !== preface[i]) return 0;
  return length;
}

/** Whether bytes[from, to) is no more than the beginning of a request line. */
function inRequestLine(bytes: Uint8Array, from: number, to: number): boolean {
  return !bytes.subarray(from, to).includes(LF);
}
