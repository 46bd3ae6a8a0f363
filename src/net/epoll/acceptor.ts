/** Accepting from listening sockets on an event loop of our own (Linux, Bun). */
import { EpollSocket, OPEN, READABLE, type SocketHost } from "./socket.ts";
import {
  address,
  C,
  closeDescriptor,
  failed,
  lastErrno,
  length,
  setOption,
} from "../linux/libc.ts";
import { readPeer } from "../linux/connect.ts";
import { EPOLLEXCLUSIVE, EPOLLIN } from "../linux/epoll.ts";
import {
  EAGAIN,
  ECONNABORTED,
  EINTR,
  IPPROTO_TCP,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  TCP_NODELAY,
} from "../linux/constants.ts";
import { addressSize } from "../linux/sockaddr.ts";
import { noEvents, type Socket, type SocketEvents } from "../socket.ts";

/** How long to wait for a descriptor to become free, in ms. */
const acceptPause = 100;

/** What an event loop does for an acceptor. */
export interface AcceptorHost extends SocketHost {
  /** Connections accepted in a row; then it is the turn of those that stand. */
  readonly maxAccepts: number;
  /** Registers `owner` for events of `fd`. @returns the tag for them */
  enter(fd: number, owner: Acceptor | EpollSocket): number;
  leave(fd: number): void;
  /** Enters a socket, and puts it into the set before the next wait. */
  adopt(socket: EpollSocket): void;
  /** Arms a timer, as a clock's schedule(). */
  schedule(delay: number, callback: () => void): () => void;
}

/** Accepts from a listening socket, that others may accept from too. */
export class Acceptor {
  /** Distinguishes its events from those of earlier owners of the descriptor. */
  tag = 0;
  readonly isOutgoing: boolean = false;
  readonly born: number = -1;
  readonly #host: AcceptorHost;
  readonly #fd: number;
  readonly #accept: (socket: Socket) => SocketEvents;
  readonly #place: ((fd: number) => boolean) | undefined;
  #watched = false;
  #paused = false;
  /** Takes back the end of an {@linkcode acceptPause}; null: there is none. */
  #rest: (() => void) | null = null;

  constructor(
    host: AcceptorHost,
    fd: number,
    accept: (socket: Socket) => SocketEvents,
    place?: (fd: number) => boolean,
  ) {
    this.#host = host;
    this.#fd = fd;
    this.#accept = accept;
    this.#place = place;
    // Accepted sockets inherit it; that of a unix socket has no such option.
    setOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    this.#update();
  }

  pause(): void {
    this.#paused = true;
    this.#update();
  }
  resume(): void {
    this.#paused = false;
    this.#update();
  }
  /** Accepts no more; the listening socket stays as it is. */
  stop(): void {
    this.#rest?.();
    this.#rest = null;
    this.pause();
  }

  #update(): void {
    const watched = !this.#paused && this.#rest === null;
    if (watched === this.#watched) return;
    this.#watched = watched;
    if (watched) {
      this.tag = this.#host.enter(this.#fd, this);
      // Level-triggered: what is left in the queue is reported again, to one thread of several.
      if (this.#host.set.add(this.#fd, EPOLLIN | EPOLLEXCLUSIVE, this.tag)) return;
      throw failed(`cannot watch descriptor ${this.#fd}`);
    } else {
      this.#host.set.remove(this.#fd);
      this.#host.leave(this.#fd);
    }
  }

  report(): void {}
  /** An event has come. */
  onEvents(): void {
    for (let accepts = 0; accepts < this.#host.maxAccepts && this.#watched; accepts++) {
      length[0] = addressSize;
      const fd = C.accept4(this.#fd, address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        if (this.#isHere(fd)) serveAccepted(this.#host, fd, this.#accept)?.begin();
        continue;
      }
      const errno = lastErrno();
      if (errno === EAGAIN) return;
      // A client that has gone meanwhile fails only its own accept. EMFILE comes at once and again.
      if (errno !== ECONNABORTED && errno !== EINTR) return this.#pauseFor(acceptPause);
    }
  }

  /** Whether to serve it here; otherwise it is another thread's, or closed. */
  #isHere(fd: number): boolean {
    try {
      return this.#place?.(fd) !== false;
    } catch (error) {
      closeDescriptor(fd);
      this.#host.fault(null, error);
      return false;
    }
  }

  #pauseFor(delay: number): void {
    this.#rest = this.#host.schedule(delay, () => {
      this.#rest = null;
      this.#update();
    });
    this.#update();
  }
}

/** Gives a connection that was accepted elsewhere to its owner, unless it has broken meanwhile. */
export function serveFrom(
  host: AcceptorHost,
  fd: number,
  accept: (socket: Socket) => SocketEvents,
): void {
  // It could not be known whose request it was.
  if (!readPeer(fd)) return closeDescriptor(fd);
  // In the next turn, which does not wait: the owner may have put something off.
  serveAccepted(host, fd, accept)?.readLater();
}

/**
 * Gives a connection to its owner, the peer being in {@linkcode address}. It is still to be read.
 * @returns null: it is closed, or another thread's
 */
function serveAccepted(
  host: AcceptorHost,
  fd: number,
  accept: (socket: Socket) => SocketEvents,
): EpollSocket | null {
  const socket = new EpollSocket(host, fd, noEvents, OPEN | READABLE);
  socket.knowPeer(address);
  host.adopt(socket);
  try {
    socket.events = accept(socket);
    return socket;
  } catch (error) {
    socket.reset();
    host.fault(socket, error);
    return null;
  }
}
