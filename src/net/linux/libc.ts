/**
 * Linux's C library, for the sockets of our own event loop (net/epoll) and those that Bun's adopts
 * (net/bun). connect.ts, listen.ts and takeover.ts make them. That gives what Bun's
 * own lack: connects that can be cancelled and tell their true error, source addresses without an
 * early port, any backlog, inherited listeners, and listeners that pass from process to process.
 *
 * Rules learnt of bun:ffi: pass the typed array itself (a cached pointer keeps nothing alive, and
 * that of a small array moves), read errno right after the call, and never leave an argument out
 * (it becomes 0, and close(0) is real). A length is believed: {@linkcode checkRange} comes first.
 */
import { dlopen, FFIType, type Pointer, ptr as pointerTo, read } from "bun:ffi";
import {
  EBADF,
  F_DUPFD_CLOEXEC,
  libraryNames,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
} from "./constants.ts";
import { addressSize } from "./sockaddr.ts";
import { SocketError, type SocketErrorCode } from "../socket.ts";

const { i32, i64, u32, u64, ptr } = FFIType;
const symbols = {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, ptr, u32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  accept4: { args: [i32, ptr, ptr, i32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  shutdown: { args: [i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  getsockopt: { args: [i32, i32, i32, ptr, ptr], returns: i32 },
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  getpeername: { args: [i32, ptr, ptr], returns: i32 },
  // The last is a number, or where a struct is.
  fcntl: { args: [i32, i32, i64], returns: i32 },
  dup3: { args: [i32, i32, i32], returns: i32 },
  poll: { args: [ptr, u64, i32], returns: i32 },
  // Of lengths that fit in 31 bits, the low half of what these return is all of it.
  send: { args: [i32, ptr, u64, i32], returns: i32 },
  recv: { args: [i32, ptr, u64, i32], returns: i32 },
  write: { args: [i32, ptr, u64], returns: i32 },
  writev: { args: [i32, ptr, i32], returns: i32 },
  splice: { args: [i32, ptr, i32, ptr, u64, u32], returns: i32 },
  pipe2: { args: [ptr, i32], returns: i32 },
  epoll_create1: { args: [i32], returns: i32 },
  epoll_ctl: { args: [i32, i32, i32, ptr], returns: i32 },
  epoll_wait: { args: [i32, ptr, i32, i32], returns: i32 },
  eventfd: { args: [u32, i32], returns: i32 },
  close: { args: [i32], returns: i32 },
  prctl: { args: [i32, i64], returns: i32 },
  syscall: { args: [i32, i32, i32, i32], returns: i32 },
  __errno_location: { args: [], returns: ptr },
} as const;

function open() {
  for (const name of libraryNames) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // the next name
    }
  }
  throw new Error(
    `no C library found (tried ${libraryNames.join(", ")}): sluice on Bun needs Linux`,
  );
}

/** The calls; each returns -1 on failure, and {@linkcode lastErrno} then tells why. */
export const C = open();

const errnoNames = new Map<number, SocketErrorCode>([
  [2, "ENOENT"],
  [13, "EACCES"],
  [1, "EACCES"],
  [22, "EINVAL"],
  [23, "EMFILE"],
  [24, "EMFILE"],
  [32, "EPIPE"],
  [98, "EADDRINUSE"],
  [99, "EADDRNOTAVAIL"],
  [101, "ENETUNREACH"],
  [104, "ECONNRESET"],
  [110, "ETIMEDOUT"],
  [111, "ECONNREFUSED"],
  [113, "EHOSTUNREACH"],
]);

/** The errno name of a number, EIO for those the seam does not name. */
export function errnoName(number: number): SocketErrorCode {
  return errnoNames.get(number) ?? "EIO";
}

/** Each thread has its own, and a module of its own. */
const errnoLocation = C.__errno_location()!;

/** To be read right after the call that failed. */
export function lastErrno(): number {
  return read.i32(errnoLocation, 0);
}

/** The error of the call that has just failed. */
export function failed(what: string): SocketError {
  const number = lastErrno();
  const code = errnoName(number);
  return new SocketError(code, `${what}: ${code}${code === "EIO" ? ` (errno ${number})` : ""}`);
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
 * For calls that read or write memory as told.
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
  const start = from === 0 ? bytes : (pointerTo(bytes) + from) as Pointer;
  return C.send(fd, start, to - from, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/** Two struct iovec, of a pointer and a length each; low half, high half. */
const vectors = new Uint32Array(new ArrayBuffer(32));

function setVector(at: number, bytes: Uint8Array, from: number, to: number): void {
  checkRange(bytes, from, to);
  const pointer = pointerTo(bytes) + from;
  vectors[at] = pointer;
  vectors[at + 1] = pointer / 2 ** 32;
  vectors[at + 2] = to - from;
}

/** As {@linkcode sendBytes}, of two ranges, neither of them empty; on a descriptor that never blocks. */
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
