/**
 * Linux's C library, for the sockets of our own event loop (net/epoll) and those that Bun's adopts
 * (net/bun): options, addresses, sending. connect.ts, listen.ts and takeover.ts make them. That
 * gives what Bun's own lack: connects that can be cancelled and report their true error, source
 * addresses without an early port, any backlog, inherited listeners, and listeners that pass from
 * process to process. A length is believed by the calls: {@linkcode checkRange} comes first.
 */
import { C, libc } from "./calls.ts";
import {
  EBADF,
  F_DUPFD_CLOEXEC,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
} from "./constants.ts";
import { describeErrno, errnoName, socketCode } from "./errno.ts";
import { addressSize } from "./sockaddr.ts";
import { SocketError } from "../socket.ts";

export { C } from "./calls.ts";

/** To be read right after the call that failed. */
export function lastErrno(): number {
  return libc().errno();
}

/** An error of the network, by its errno. */
export function socketError(errno: number, what?: string): SocketError {
  const code = socketCode(errno);
  const reason = code === "EIO" ? `${errnoName(errno)} (${describeErrno(errno)})` : code;
  return new SocketError(code, what === undefined ? reason : `${what}: ${reason}`);
}

/** The error of the call that has just failed. */
export function failed(what: string): SocketError {
  return socketError(lastErrno(), what);
}

// A buffer of its own each: ptr() of small arrays that share one moves.
/** Where an address is read or written. */
export const address = new Uint8Array(new ArrayBuffer(addressSize));
/** Its length, or that of an option. */
export const length = new Uint32Array(new ArrayBuffer(4));
/** The value of an option. */
export const option = new Int32Array(new ArrayBuffer(4));

/** Sets a socket option that is a number. @returns whether the kernel takes it */
export function setOption(fd: number, level: number, name: number, value: number): boolean {
  option[0] = value;
  return C.setsockopt(fd, level, name, option, 4) === 0;
}

/** A socket option that is a number; 0 if the socket has none. */
export function getOption(fd: number, level: number, name: number): number {
  option[0] = 0;
  length[0] = 4;
  return C.getsockopt(fd, level, name, option, length) === 0 ? option[0]! : 0;
}

/**
 * For calls that read or write memory where a pointer says.
 * @throws {RangeError} if [from, to) is not within `bytes`: the process's other memory is no content
 */
function checkRange(bytes: Uint8Array, from: number, to: number): void {
  // In this form it is false for NaN.
  if (from >= 0 && from <= to && to <= bytes.length) return;
  throw new RangeError(`[${from}, ${to}) is not within ${bytes.length} bytes`);
}

/**
 * Sends bytes[from, to), without waiting.
 * @returns how many the kernel takes; -1: none, see {@linkcode lastErrno}
 */
export function sendBytes(fd: number, bytes: Uint8Array, from: number, to: number): number {
  checkRange(bytes, from, to);
  if (from === to) return 0;
  // The caller has the array, and nothing moves it before the call.
  return C.send(fd, libc().part(bytes, from), to - from, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/** As {@linkcode sendBytes}: they may wait for a FIN, which follows. */
export function sendLast(fd: number, bytes: Uint8Array, from: number, to: number): number {
  checkRange(bytes, from, to);
  if (from === to) return 0;
  const flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;
  return C.send(fd, libc().part(bytes, from), to - from, flags);
}

/** Two struct iovec, of a pointer and a length each; low half, high half. */
const vectors = new Uint32Array(new ArrayBuffer(32));

function setVector(at: number, bytes: Uint8Array, from: number, to: number): void {
  checkRange(bytes, from, to);
  const pointer = libc().addressOf(bytes) + from;
  vectors[at] = pointer;
  vectors[at + 1] = pointer / 2 ** 32;
  vectors[at + 2] = to - from;
}

/**
 * As {@linkcode sendBytes}, of two ranges, neither of them empty; on a descriptor that never
 * blocks.
 */
export function sendBoth(
  fd: number,
  first: Uint8Array,
  firstFrom: number,
  firstTo: number,
  second: Uint8Array,
  secondFrom: number,
  secondTo: number,
): number {
  setVector(0, first, firstFrom, firstTo);
  setVector(4, second, secondFrom, secondTo);
  return C.writev(fd, vectors, 2);
}

/** A second descriptor of the same socket, close-on-exec. */
export function duplicate(fd: number): number {
  const copy = C.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0) return copy;
  if (lastErrno() === EBADF) throw new SocketError("EINVAL", `fd@${fd}: no such descriptor`);
  throw failed(`fd@${fd}`);
}

/** A descriptor becomes one of another file; what it was before is closed. */
export function replace(fd: number, by: number): void {
  C.dup3(by, fd, SOCK_CLOEXEC);
}

/** Closes a descriptor that Bun's event loop has not adopted; none for -1, or what is no number. */
export function closeDescriptor(fd: number): void {
  if (fd >= 0) C.close(fd);
}
