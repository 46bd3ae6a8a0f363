/** Connected sockets on an event loop of our own (Linux, Bun), watched for edges. */
import { beginning, inbox } from "./inbox.ts";
import { type Pipes, type SpliceSource, type SpliceTarget, SpliceTransfer } from "./splice.ts";
import {
  C,
  getOption,
  lastErrno,
  sendBoth,
  sendBytes,
  sendLast,
  socketError,
} from "../linux/libc.ts";
import { hasNothing, peerHasClosed, peerOf, tcpInfo, underWay } from "../linux/connect.ts";
import {
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  type EpollSet,
} from "../linux/epoll.ts";
import { addressOf } from "../linux/listen.ts";
import {
  EAGAIN,
  ECONNRESET,
  EPIPE,
  SHUT_WR,
  SO_ERROR,
  SO_LINGER,
  SOL_SOCKET,
} from "../linux/constants.ts";
import { type Destination, originalDestination } from "../linux/original-destination.ts";
import { endedAtDescriptors, receiveBytes } from "../linux/receive.ts";
import { type PackedHost, packHost, portIn, showHost } from "../linux/sockaddr.ts";
import {
  littleRead,
  type Socket,
  type SocketError,
  type SocketEvents,
  type SpliceEvents,
} from "../socket.ts";

/** What an event loop does for its sockets. */
export interface SocketHost {
  readonly set: EpollSet;
  /** For {@linkcode EpollSocket.splice}; null: it is switched off. */
  readonly pipes: Pipes | null;
  /** It knows by its last wait what has come, and that is not long ago. */
  readonly knows: boolean;
  /** Calls {@linkcode EpollSocket.readPending} at the end of this turn, or in the next. */
  readLater(socket: EpollSocket): void;
  /** Closes its descriptor; no more events follow. */
  closeSocket(socket: EpollSocket): void;
  /** Resets its connection, and has the descriptor for another one; no more events follow. */
  reuseSocket(socket: EpollSocket): void;
  /**
   * What an owner has thrown; its socket, if it has one, is reset, and the owner notified.
   * @throws {unknown} the same, where there is no handler
   */
  fault(socket: EpollSocket | null, error: unknown): void;
}

// The state of a socket: bits, so that an idle connection is one small object.
/** Established. */
export const OPEN = 1;
/** The owner has closed it, or knows that it broke: no event follows. */
export const DONE = 2;
const PAUSED = 4;
/** There may be something to read: no read has shown yet that there is not. */
export const READABLE = 8;
/** The peer's FIN has come, or a reset: reading will come to an end. */
const HUNG_UP = 16;
/** It broke; unless paused, what came before is passed on first. */
export const BROKEN = 32;
/** Our FIN is sent, or will be once the connection is made. */
const FIN_SENT = 64;
/** The peer's FIN has been reported to the owner. */
const ENDED = 128;
/** A write was not taken, or not all of it: `drain` follows. */
const FULL = 256;
/** In the set; for writing too. */
export const WATCHED = 512;
export const WATCHED_FULL = 1024;
/** Waits for {@linkcode EpollSocket.readPending}. */
const READ_PENDING = 2048;

/** It was made here, not accepted. */
export const OUTGOING = 4096;

/** A read ends before a byte of urgent data, and after it there may be more (tcp(7)). */
const URGENT = 8192;

/** A unix socket: descriptors may come along, and a read ends there. */
export const UNIX = 16384;

/** Little is expected: see {@linkcode Socket.expectMuch}. */
const LITTLE = 32768;

/** Its descriptor may be used for another connection. */
export const REUSABLE = 131072;

/** The last wait has reported events of it that are not dispatched yet. */
const REPORTED = 65536;

const always = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

/** SO_LINGER's struct linger: on, for 0 seconds, which makes a close a reset (socket(7)). */
const atOnce = new Int32Array(new ArrayBuffer(8));
atOnce[0] = 1;

/** Reads of one socket in a row; then it is the others' turn. */
const mostReads = 4;

/** A class, because thousands of them share their methods on the hot path. */
export class EpollSocket implements SpliceSource, SpliceTarget {
  /** The bits above. */
  state: number;
  /** Distinguishes this owner of `fd` from those before it. */
  tag = 0;
  /** The wait after which it was made; the events of that are not its own. */
  born = -1;
  /** What passes on what comes here, and what passes on to here. */
  spliceFrom: SpliceTransfer | null = null;
  spliceTo: SpliceTransfer | null = null;
  /** The peer of one that was accepted: the kernel forgets it when the connection is reset. */
  #peer: PackedHost = null;
  #peerPort = 0;
  /** The same as text, once somebody has asked. */
  #peerShown: string | null = null;
  /** Why it broke, if a call has found out: the kernel reports it once. */
  #errno = 0;

  /** @param fd a socket that never blocks; -1: there is none, and {@linkcode refuse} follows */
  constructor(
    readonly host: SocketHost,
    readonly fd: number,
    public events: SocketEvents,
    state: number,
  ) {
    this.state = state;
  }

  /** It was connected to an IPv6 address. */
  six = false;
  /** Whether it was made here, not accepted. */
  get isOutgoing(): boolean {
    return this.#has(OUTGOING);
  }

  /** @param address the peer's, as the kernel writes it */
  knowPeer(address: Uint8Array): void {
    this.#peer = packHost(address);
    if (this.#peer !== null) this.#peerPort = portIn(address);
    else this.state |= UNIX;
  }
  get remoteAddress(): string {
    if (this.#peer !== null) return this.#peerShown ??= showHost(this.#peer);
    const at = this.#has(DONE) ? null : peerOf(this.fd);
    return at?.kind === "ip" ? at.host : "";
  }
  get remotePort(): number {
    if (this.#peer !== null) return this.#peerPort;
    const at = this.#has(DONE) ? null : peerOf(this.fd);
    return at?.kind === "ip" ? at.port : 0;
  }
  get localAddress(): string {
    const at = this.#has(DONE) ? null : addressOf(this.fd);
    return at?.kind === "ip" ? at.host : "";
  }
  get localPort(): number {
    const at = this.#has(DONE) ? null : addressOf(this.fd);
    return at?.kind === "ip" ? at.port : 0;
  }

  originalDestination(): Destination | null {
    return this.#has(DONE) ? null : originalDestination(this.fd, this.localAddress.includes(":"));
  }

  /** Whether one of these bits is set. */
  #has(bits: number): boolean {
    return (this.state & bits) !== 0;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#has(DONE | BROKEN | FIN_SENT)) return -1;
    return this.#taken(sendBytes(this.fd, bytes, from, to), to - from);
  }
  writeLast(bytes: Uint8Array, from: number, to: number): number {
    if (this.#has(DONE | BROKEN | FIN_SENT)) return -1;
    return this.#taken(sendLast(this.fd, bytes, from, to), to - from);
  }
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    if (firstFrom === firstTo) return this.write(second, secondFrom, secondTo);
    if (secondFrom === secondTo) return this.write(first, firstFrom, firstTo);
    if (this.#has(DONE | BROKEN | FIN_SENT)) return -1;
    const taken = sendBoth(this.fd, first, firstFrom, firstTo, second, secondFrom, secondTo);
    return this.#taken(taken, firstTo - firstFrom + secondTo - secondFrom);
  }
  /** What write() answers, from what the kernel took. */
  #taken(taken: number, asked: number): number {
    if (taken < 0) {
      const errno = lastErrno();
      if (errno !== EAGAIN) return this.fail(errno);
      taken = 0;
    }
    // Over loopback a connection often stands before connect() returns.
    if (taken > 0) this.state |= OPEN;
    if (taken < asked) this.awaitRoom();
    return taken;
  }
  /** Watches for when the socket takes bytes again. */
  awaitRoom(): void {
    this.state |= FULL;
    // A socket that is not in the set yet is added for writing too.
    if ((this.state & (WATCHED | WATCHED_FULL)) !== WATCHED) return;
    this.state |= WATCHED_FULL;
    this.host.set.modify(this.fd, always | EPOLLOUT, this.tag);
  }
  /** A call has shown that it is broken; `closed` follows. @returns what write() then returns */
  fail(errno: number): -1 {
    this.#errno = errno;
    this.state |= BROKEN | READABLE;
    this.readLater();
    return -1;
  }
  /** A write waits for {@linkcode awaitRoom}. */
  get isFull(): boolean {
    return this.#has(FULL);
  }

  splice(to: Socket, count: number, events: SpliceEvents): boolean {
    const { pipes } = this.host;
    if (pipes === null || !(to instanceof EpollSocket) || to.host !== this.host) return false;
    const here = (this.state & (OPEN | DONE | BROKEN | ENDED)) === OPEN && this.spliceFrom === null;
    const there = (to.state & (OPEN | DONE | BROKEN | FIN_SENT)) === OPEN && to.spliceTo === null;
    if (!here || !there || !(count > 0)) return false;
    new SpliceTransfer(this, to, count, events, pipes);
    this.readMore();
    return true;
  }

  isQuiet(): boolean {
    const { state } = this;
    if ((state & (OPEN | DONE | HUNG_UP | BROKEN | ENDED | REPORTED)) !== OPEN) return false;
    if (this.spliceFrom !== null) return false;
    // A wait that reported nothing has asked the kernel already. Of a client it is asked when that
    // would be closed, where a moment more makes a difference.
    const known = WATCHED | OUTGOING;
    const told = (state & (known | READABLE | UNIX)) === known && this.host.knows;
    return told || hasNothing(this.fd);
  }

  /** The next read, of any socket, goes to the same place. */
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }
  expectMuch(much: boolean): void {
    if (much) this.state &= ~LITTLE;
    else this.state |= LITTLE;
  }
  pause(): void {
    this.state |= PAUSED;
  }
  resume(): void {
    if (!this.#has(PAUSED)) return;
    this.state &= ~PAUSED;
    this.readMore();
  }
  shutdown(): void {
    if (this.#has(DONE | FIN_SENT)) return;
    this.state |= FIN_SENT;
    // One that connects would be disconnected.
    if (this.#has(OPEN)) C.shutdown(this.fd, SHUT_WR);
  }
  close(): void {
    if (!this.#has(DONE)) this.#leave();
  }
  reset(): void {
    if (this.#has(DONE)) return;
    // In the set it stays: one that is not there yet is closed.
    const reusable = OPEN | WATCHED | REUSABLE;
    if ((this.state & (reusable | BROKEN)) === reusable) return this.#leave(true);
    if (this.fd >= 0) C.setsockopt(this.fd, SOL_SOCKET, SO_LINGER, atOnce, 8);
    this.#leave();
  }
  /** Resets it, and notifies the owner. */
  abort(error: SocketError): void {
    if (this.#has(DONE)) return;
    this.reset();
    this.events.closed(this, error);
  }
  tcpInfo(): DataView | null {
    return this.#has(DONE | BROKEN) ? null : tcpInfo(this.fd);
  }
  underWay(): number {
    return this.#has(DONE | BROKEN) ? 0 : underWay(this.fd);
  }
  peerGone(): boolean {
    return this.#has(DONE | HUNG_UP | BROKEN) || peerHasClosed(this.fd);
  }

  /** Adds it to the set, which then reports what has come by now. */
  watch(): void {
    if (this.#has(DONE) || this.fd < 0) return;
    // One that connects is connected when it has room.
    const full = this.#has(FULL) || !this.#has(OPEN);
    if (this.#has(WATCHED)) {
      // Its descriptor was there before.
      if (full) this.awaitRoom();
      return;
    }
    if (this.host.set.add(this.fd, full ? always | EPOLLOUT : always, this.tag)) {
      this.state |= full ? WATCHED | WATCHED_FULL : WATCHED;
    } else {
      this.fail(lastErrno());
    }
  }

  /** Reads what has come, the owner having set its events by now. */
  begin(): void {
    try {
      this.read();
    } catch (error) {
      this.host.fault(this, error);
    }
  }
  /** Events have come, and are dispatched later. */
  report(): void {
    this.state |= REPORTED;
  }
  /** An event has come. */
  onEvents(mask: number): void {
    this.state &= ~REPORTED;
    try {
      this.#take(mask);
    } catch (error) {
      this.host.fault(this, error);
    }
  }
  #take(mask: number): void {
    if (!this.#has(OPEN)) {
      if ((mask & EPOLLERR) !== 0 || this.#has(BROKEN)) return this.#break();
      // The peer may have left already: on a unix socket both ends are hung up then.
      if ((mask & EPOLLOUT) === 0) return;
      this.state = (this.state | OPEN) & ~FULL;
      if (this.#has(FIN_SENT)) C.shutdown(this.fd, SHUT_WR);
      this.events.opened(this);
    } else if ((mask & (EPOLLOUT | EPOLLERR)) === EPOLLOUT && this.#has(FULL)) {
      this.state &= ~FULL;
      if (this.spliceTo !== null) this.spliceTo.pump();
      else this.events.drain(this);
    }
    if ((mask & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) === 0) return;
    this.state |= READABLE;
    if ((mask & EPOLLPRI) !== 0) this.state |= URGENT;
    if ((mask & (EPOLLRDHUP | EPOLLHUP)) !== 0) this.state |= HUNG_UP;
    if ((mask & EPOLLERR) !== 0) this.state |= BROKEN;
    this.read();
  }

  /** Has {@linkcode readPending} called. */
  readLater(): void {
    if (this.#has(DONE | READ_PENDING)) return;
    this.state |= READ_PENDING;
    this.host.readLater(this);
  }
  /** Its owner, or that of the socket that it passes bytes to, has thrown. */
  fault(error: unknown): void {
    this.host.fault(this, error);
  }
  /** Does what a call has left to be done: no event comes inside a call. */
  readPending(): void {
    this.state &= ~READ_PENDING;
    this.begin();
  }

  /** Whether there may be something to read, and the owner wants it. */
  get isRead(): boolean {
    return (this.state & (READABLE | DONE | PAUSED | ENDED)) === READABLE;
  }
  /** Reads again, soon, if {@linkcode isRead}. */
  readMore(): void {
    if (this.isRead) this.readLater();
  }
  /** A read had room for more, or found nothing: there is no more, and an edge reports the next. */
  hasNoMore(): void {
    // But for the end, and what is behind urgent data.
    if (!this.#has(HUNG_UP | BROKEN | URGENT)) this.state &= ~READABLE;
  }
  /** Reads what there is, and passes it on, unless paused. */
  read(): void {
    for (let reads = 0; (this.state & (DONE | READABLE)) === READABLE; reads++) {
      if (this.#has(PAUSED | ENDED) || !this.#has(OPEN)) {
        if (this.#has(BROKEN)) this.#break();
        return;
      }
      if (this.spliceFrom !== null) return this.#pass(this.spliceFrom);
      if (reads === mostReads) return this.readLater();
      const length = this.receive(this.#has(LITTLE) ? littleRead : inbox.length);
      if (length <= 0) return this.#end(length);
      this.events.data(this, beginning(length));
    }
  }
  /** Reads up to `most` bytes into the inbox. @returns how many; 0: the end; -1: see lastErrno() */
  receive(most: number): number {
    if (this.#has(UNIX)) {
      const length = receiveBytes(this.fd, inbox, most);
      if (length > 0 && length < most && !endedAtDescriptors()) this.hasNoMore();
      return length;
    }
    const length = C.recv(this.fd, inbox, most, 0);
    if (length > 0 && length < most) this.hasNoMore();
    return length;
  }
  #pass(incoming: SpliceTransfer): void {
    incoming.pump();
    // While the target is full, a reset is reported as while paused.
    if (this.#has(BROKEN) && this.spliceFrom?.waits === true) this.#break();
  }
  /** Nothing is left to be read: for now (-1, EAGAIN), for good (0), or because it broke. */
  #end(length: number): void {
    this.state &= ~(READABLE | URGENT);
    if (length < 0) {
      const errno = lastErrno();
      if (errno !== EAGAIN) this.#errno = errno;
      else if (!this.#has(BROKEN)) return;
      return this.#break();
    }
    if (this.#has(BROKEN)) {
      // A reset that a call has reported already looks like a FIN here; EPIPE came after one.
      if (this.#reason() !== EPIPE) return this.#break();
    }
    this.state |= ENDED;
    this.events.ended(this);
    if ((this.state & (DONE | BROKEN)) === BROKEN) this.#break();
  }

  #reason(): number {
    return this.#errno ||= getOption(this.fd, SOL_SOCKET, SO_ERROR) || ECONNRESET;
  }
  #break(): void {
    this.refuse(socketError(this.#reason()));
  }
  /** Notifies the owner that it is closed. */
  refuse(error: SocketError): void {
    if (this.#has(DONE)) return;
    this.#leave();
    this.events.closed(this, error);
  }
  #leave(reuse = false): void {
    this.state |= DONE;
    this.spliceFrom?.stop();
    this.spliceTo?.stop();
    if (reuse) this.host.reuseSocket(this);
    else this.host.closeSocket(this);
  }
}
