/** Listening sockets that pass from process to process. */
import { C, getOption, setOption } from "./libc.ts";
import {
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEPORT,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";

const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const F_GETFL = 3;
const F_SETFL = 4;
const F_SETOWN = 8;
const F_GETOWN = 9;
const PR_SET_PTRACER = 0x59616d61;
const PR_SET_PTRACER_ANY = -1;
// The same on all architectures.
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/** Whether a descriptor is a stream socket that listens. */
export function listens(fd: number): boolean {
  return getOption(fd, SOL_SOCKET, SO_ACCEPTCONN) === 1 &&
    getOption(fd, SOL_SOCKET, SO_TYPE) === SOCK_STREAM;
}

/** Whether a listening socket takes no IPv4 clients, being of IPv6. */
export function takesIpv6Only(fd: number): boolean {
  return getOption(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 1;
}

/** A socket that another process made: accept() must not wait. */
export function neverBlock(fd: number): void {
  C.fcntl(fd, F_SETFL, C.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
}

/**
 * Marks a socket that was taken over from another process as this one's. Both have the same open
 * file description, and the signal owner in it, which means nothing for a listener, tells
 * {@linkcode isTakenOver} on the other side.
 */
export function markTaken(fd: number): void {
  C.fcntl(fd, F_SETOWN, process.pid);
}

/** The process that has called {@linkcode markTaken} last; 0 if it is gone, or none has. */
export function takerOf(fd: number): number {
  return Math.max(0, C.fcntl(fd, F_GETOWN, 0));
}

/**
 * Takes {@linkcode markTaken} back, if nobody has marked the socket since.
 * @param former what {@linkcode takerOf} was before: to others of its owners it stays taken over
 */
export function unmarkTaken(fd: number, former: number): void {
  if (takerOf(fd) === process.pid) C.fcntl(fd, F_SETOWN, former);
}

/** Whether another process, alive, has {@linkcode markTaken} the socket. */
export function isTakenOver(fd: number): boolean {
  const taker = takerOf(fd);
  return taker > 0 && taker !== process.pid;
}

/** Lets another socket of this user listen beside this one, or not. @returns whether it is so */
export function allowBeside(fd: number, allow: boolean): boolean {
  return setOption(fd, SOL_SOCKET, SO_REUSEPORT, allow ? 1 : 0);
}

/** A descriptor of a process (pidfd_open(2)); -1 if there is none. */
export function openProcess(pid: number): number {
  return C.syscall(SYS_pidfd_open, pid, 0, 0);
}

/** A duplicate, here, of a descriptor of another process (pidfd_getfd(2)); -1 if there is none. */
export function descriptorOf(processFd: number, fd: number): number {
  return C.syscall(SYS_pidfd_getfd, processFd, fd, 0);
}

/** Lets every process of this user take descriptors from here, where Yama would not (prctl(2)). */
export function allowTracing(): void {
  C.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}
