/** epoll(7) and eventfd(2), for an event loop of our own. */
import { C, failed } from "./libc.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "./constants.ts";

// epoll_ctl(2)
export const EPOLLIN = 1;
export const EPOLLPRI = 2;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EPOLLRDHUP = 0x2000;
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLET = 1 << 31;

const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;

/** The longest wait, in ms, some 24 days. */
const longest = 0x7fffffff;
/** The most events of one wait. */
const maxEvents = 256;

/** A struct epoll_event in words of 32 bits: only on x86-64 there is no gap after the first. */
const stride = process.arch === "x64" ? 3 : 4;
const fdAt = stride - 2;
const tagAt = stride - 1;

/** What to watch, as epoll_ctl() reads it. */
const wanted = new Uint32Array(new ArrayBuffer(16));

/** Descriptors that are watched together. */
export class EpollSet {
  #fd: number;
  /** A struct epoll_event each: what came, then 64 bits of ours, a descriptor and its tag. */
  readonly #events = new Uint32Array(new ArrayBuffer(maxEvents * stride * 4));

  /** @throws {SocketError} EMFILE */
  constructor() {
    this.#fd = C.epoll_create1(SOCK_CLOEXEC);
    if (this.#fd < 0) throw failed("epoll_create1");
  }

  /** Its descriptor, for {@linkcode unwatch}. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Watches a descriptor for `mask`.
   * @param tag up to 31 bits, reported with each event: which owner of that descriptor is meant
   * @returns whether the kernel has room for it
   */
  add(fd: number, mask: number, tag: number): boolean {
    return this.#control(EPOLL_CTL_ADD, fd, mask, tag);
  }

  /** Watches a descriptor for something else. */
  modify(fd: number, mask: number, tag: number): boolean {
    return this.#control(EPOLL_CTL_MOD, fd, mask, tag);
  }

  /** Watches it no more. One that is closed, and has no duplicate, leaves by itself. */
  remove(fd: number): void {
    this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  #control(what: number, fd: number, mask: number, tag: number): boolean {
    wanted[0] = mask;
    wanted[fdAt] = fd;
    wanted[tagAt] = tag;
    return C.epoll_ctl(this.#fd, what, fd, wanted) === 0;
  }

  /**
   * Waits up to `ms` for events, Infinity for as long as it takes; a signal ends it too.
   * @returns how many came; the methods below read them
   */
  wait(ms: number): number {
    return Math.max(0, C.epoll_wait(this.#fd, this.#events, maxEvents, Math.min(ms, longest)));
  }
  /** What came: of event number `index`, the EPOLL* that apply. */
  mask(index: number): number {
    return this.#events[index * stride]!;
  }
  descriptor(index: number): number {
    return this.#events[index * stride + fdAt]!;
  }
  tag(index: number): number {
    return this.#events[index * stride + tagAt]!;
  }

  /** Closes the set, and none of its descriptors. */
  close(): void {
    if (this.#fd >= 0) C.close(this.#fd);
    this.#fd = -1;
  }
}

/** Takes a descriptor out of another thread's set, by the descriptor of that. */
export function unwatch(set: number, fd: number): void {
  wanted.fill(0);
  C.epoll_ctl(set, EPOLL_CTL_DEL, fd, wanted);
}

/**
 * A descriptor that {@linkcode wake} makes readable.
 * @throws {SocketError} EMFILE
 */
export function createEvent(): number {
  const fd = C.eventfd(0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) throw failed("eventfd");
  return fd;
}

const one = new Uint8Array(new ArrayBuffer(8));
one[0] = 1;

/**
 * Ends the wait of the loop whose `wakeFd` this is, or its next one. Any thread may call it, for as
 * long as the loop is not closed: the number may be another descriptor's then.
 */
export function wake(fd: number): void {
  C.write(fd, one, 8);
}
