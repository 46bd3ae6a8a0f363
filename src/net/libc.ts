/**
 * Sockets made with libc, for Bun's event loop to adopt (bun.ts). That gives what Bun.listen and Bun.connect lack: connects that can be cancelled and tell their true
 * error, source addresses without an early port, any backlog, inherited listeners.
 *
 * Rules learnt of bun:ffi: pass the typed array itself (a cached pointer keeps nothing alive), read
 * errno right after the call, and never leave an argument out (it becomes 0, and close(0) is real).
 */
import { dlopen, FFIType, read } from "bun:ffi";
import { parseIp } from "./ip.ts";
import { type Endpoint, showEndpoint, SocketError, type SocketErrorCode } from "./socket.ts";

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IP = 0;
const IPPROTO_TCP = 6;
const IPPROTO_IPV6 = 41;
const TCP_INFO = 11;
const IP_BIND_ADDRESS_NO_PORT = 24;
const IPV6_V6ONLY = 26;
const F_DUPFD_CLOEXEC = 1030;
const EINPROGRESS = 115;
const EBADF = 9;
const EAGAIN = 11;

/** TCP_INFO states that a peer's FIN leads to: CLOSE, CLOSE_WAIT, LAST_ACK, CLOSING. */
const peerClosedStates = new Set([7, 8, 9, 11]);

const { i32, u32, ptr } = FFIType;
const symbols = {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, ptr, u32], returns: i32 },
  listen: { args: [i32, i32], returns: i32 },
  connect: { args: [i32, ptr, u32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, ptr, u32], returns: i32 },
  getsockopt: { args: [i32, i32, i32, ptr, ptr], returns: i32 },
  getsockname: { args: [i32, ptr, ptr], returns: i32 },
  fcntl: { args: [i32, i32, i32], returns: i32 },
  send: { args: [i32, ptr, FFIType.u32, i32], returns: i32 },
  recv: { args: [i32, ptr, FFIType.u32, i32], returns: i32 },
  close: { args: [i32], returns: i32 },
  __errno_location: { args: [], returns: ptr },
} as const;

/** glibc's name, then musl's. */
const names = ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`];

function open() {
  for (const name of names) {
    try {
      return dlopen(name, symbols).symbols;
    } catch {
      // the next name
    }
  }
  throw new Error(`no C library found (tried ${names.join(", ")}): sluice on Bun needs Linux`);
}

const C = open();

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

function lastErrno(): number {
  const location = C.__errno_location();
  return location === null ? 0 : read.i32(location, 0);
}

function failed(what: string): SocketError {
  const number = lastErrno();
  const code = errnoName(number);
  return new SocketError(code, `${what}: ${code}${code === "EIO" ? ` (errno ${number})` : ""}`);
}

const one = new Int32Array([1]);
const zero = new Int32Array([0]);
// A buffer of its own each: ptr() of small arrays that share one moves (see runtime facts of FFI).
const address = new Uint8Array(new ArrayBuffer(128));
const length = new Uint32Array(new ArrayBuffer(4));
const info = new Uint8Array(new ArrayBuffer(256));

/**
 * Writes `at` as a sockaddr into {@linkcode address}.
 * @returns its length in bytes; EINVAL if it is no address
 */
function sockaddr(at: Exclude<Endpoint, { kind: "fd" }>): number | SocketError {
  if (at.kind !== "ip") {
    const text = at.kind === "unix" ? at.path : "\0" + at.name;
    const path = new TextEncoder().encode(text);
    if (path.length > 107) return new SocketError("EINVAL", `${showEndpoint(at)}: too long`);
    address.fill(0);
    address[0] = AF_UNIX;
    address.set(path, 2);
    return 2 + path.length + (at.kind === "unix" ? 1 : 0);
  }
  const bytes = ipBytes(at.host);
  if (bytes === null) return new SocketError("EINVAL", `${at.host}: not an IP address`);
  const four = bytes.length === 4;
  address.fill(0, 0, 28);
  address[0] = four ? AF_INET : AF_INET6;
  address[2] = at.port >> 8;
  address[3] = at.port & 255;
  address.set(bytes, four ? 4 : 8);
  return four ? 16 : 28;
}

/** Parsed addresses: those of servers and sources come again with every connection. */
const parsed = new Map<string, Uint8Array>();
const mostParsed = 1024;

function ipBytes(host: string): Uint8Array | null {
  const known = parsed.get(host);
  if (known !== undefined) return known;
  const bytes = parseIp(host);
  if (bytes === null) return null;
  if (parsed.size >= mostParsed) parsed.clear();
  parsed.set(host, bytes);
  return bytes;
}

function family(at: Exclude<Endpoint, { kind: "fd" }>): number {
  return at.kind !== "ip" ? AF_UNIX : at.host.includes(":") ? AF_INET6 : AF_INET;
}

/**
 * Makes a listening socket.
 * @returns its descriptor
 * @throws {SocketError}
 */
export function listenOn(
  at: Exclude<Endpoint, { kind: "fd" }>,
  backlog: number,
  ipv6Only: boolean,
): number {
  const fd = C.socket(family(at), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) throw failed("socket");
  try {
    if (at.kind === "ip") {
      C.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4);
      if (at.host.includes(":")) {
        C.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? one : zero, 4);
      }
    }
    const size = sockaddr(at);
    if (typeof size !== "number") throw size;
    if (C.bind(fd, address, size) < 0) throw failed(`cannot bind ${showEndpoint(at)}`);
    if (C.listen(fd, backlog) < 0) throw failed(`cannot listen on ${showEndpoint(at)}`);
    return fd;
  } catch (error) {
    C.close(fd);
    throw error;
  }
}

/** Gives a listening socket another length of its accept queue. */
export function listenAgain(fd: number, backlog: number): void {
  C.listen(fd, backlog);
}

/** The port that a socket is bound to; 0 if it has none. */
export function boundPort(fd: number): number {
  length[0] = 128;
  if (C.getsockname(fd, address, length) < 0) return 0;
  const family = address[0]! | address[1]! << 8;
  return family === AF_INET || family === AF_INET6 ? address[2]! << 8 | address[3]! : 0;
}

/**
 * Starts to connect.
 * @returns the descriptor, connecting or connected; an errno of an immediate failure as SocketError
 */
export function connectTo(
  to: Exclude<Endpoint, { kind: "fd" }>,
  source: { host: string; port: number } | undefined,
): number | SocketError {
  const fd = C.socket(family(to), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  const error = bindAndConnect(fd, to, source);
  if (error === null) return fd;
  C.close(fd);
  return error;
}

/** The part of {@linkcode connectTo} that may fail. @returns null if it has not */
function bindAndConnect(
  fd: number,
  to: Exclude<Endpoint, { kind: "fd" }>,
  source: { host: string; port: number } | undefined,
): SocketError | null {
  if (source !== undefined) {
    // The kernel then chooses the port at connect(), per destination: 28,000 for each server.
    if (source.port === 0) C.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, one, 4);
    C.setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, one, 4);
    const size = sockaddr({ kind: "ip", host: source.host, port: source.port });
    if (typeof size !== "number") return size;
    if (C.bind(fd, address, size) < 0) return failed(`cannot bind source ${source.host}`);
  }
  const size = sockaddr(to);
  if (typeof size !== "number") return size;
  if (C.connect(fd, address, size) >= 0) return null;
  const number = lastErrno();
  if (number === EINPROGRESS) return null;
  // EAGAIN: the accept queue of a unix listener is full, which is a refusal for a stream socket.
  const code = number === EAGAIN ? "ECONNREFUSED" : errnoName(number);
  return new SocketError(code, `cannot connect to ${showEndpoint(to)}`);
}

/** A second descriptor of the same socket, close-on-exec. */
export function duplicate(fd: number): number {
  const copy = C.fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy >= 0) return copy;
  if (lastErrno() === EBADF) throw new SocketError("EINVAL", `fd@${fd}: no such descriptor`);
  throw failed(`fd@${fd}`);
}

/** Closes a descriptor that no event loop has adopted. */
export function closeDescriptor(fd: number): void {
  C.close(fd);
}

/** Whether a TCP peer has sent FIN or RST, also if what it sent before has not been read. */
export function peerHasClosed(fd: number): boolean {
  length[0] = 256;
  return C.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) === 0 &&
    peerClosedStates.has(info[0]!);
}

const MSG_DONTWAIT = 0x40;
const received = new Uint8Array(16384);

/** What has come on a socket, 16 KiB at most; null if nothing has, or the stream has ended. */
export function receive(fd: number): Uint8Array | null {
  const length = C.recv(fd, received, received.length, MSG_DONTWAIT);
  return length > 0 ? received.slice(0, length) : null;
}

const MSG_NOSIGNAL = 0x4000;

/**
 * Sends what the kernel takes at once; 0 if it takes nothing, say because the socket connects.
 * @returns as SocketError why the connect failed: the kernel tells it once
 */
export function sendEarly(
  fd: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number | SocketError {
  const piece = from === 0 ? bytes : bytes.subarray(from);
  const taken = C.send(fd, piece, to - from, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken >= 0) return taken;
  const number = lastErrno();
  return number === EAGAIN ? 0 : new SocketError(errnoName(number), "connect failed");
}
