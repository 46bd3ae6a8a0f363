/** Listening sockets made with libc: how they begin and end. */
import { libc } from "./calls.ts";
import { address, C, failed, lastErrno, length, setOption } from "./libc.ts";
import {
  ECONNABORTED,
  EINTR,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SHUT_RD,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import { socketIn } from "./namespace.ts";
import { setOptions } from "./options.ts";
import { type Address, addressSize, decodeAddress, encodeAddress, familyOf } from "./sockaddr.ts";
import type { SocketOptions } from "../socket-options.ts";
import { type FileOwner, showEndpoint, SocketError } from "../socket.ts";

const IP_FREEBIND = 15;
const IP_TRANSPARENT = 19;

/** How to listen. */
export interface Listening {
  readonly backlog: number;
  readonly ipv6Only: boolean;
  readonly transparent: boolean;
  readonly beside: boolean;
  readonly socket?: SocketOptions;
  readonly namespace?: string;
  readonly file?: FileOwner;
}

/**
 * Makes a listening socket.
 * @returns its descriptor
 * @throws {SocketError}
 */
export function listenOn(at: Address, how: Listening): number {
  const { backlog, ipv6Only, transparent, beside } = how;
  const kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = how.namespace === undefined
    ? C.socket(familyOf(at), kind, 0)
    : socketIn(how.namespace, familyOf(at), kind);
  if (fd < 0) {
    throw failed(how.namespace === undefined ? "socket" : `namespace ${how.namespace}`);
  }
  try {
    if (at.kind === "ip") {
      setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      if (at.host.includes(":")) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6Only ? 1 : 0);
      if (beside) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
      if (transparent) makeForeign(fd, at);
    }
    if (how.socket !== undefined) apply(fd, at, how.socket);
    bind(fd, at);
    if (at.kind === "unix" && how.file !== undefined) setOwner(at.path, how.file);
    if (C.listen(fd, backlog) < 0) throw failed(`cannot listen on ${showEndpoint(at)}`);
    // From now on no other process.
    if (beside) setOption(fd, SOL_SOCKET, SO_REUSEPORT, 0);
    return fd;
  } catch (error) {
    C.close(fd);
    throw error;
  }
}

/** Sets the options of a listening socket. @throws {SocketError} for want of its interface */
export function apply(fd: number, at: Address, options: SocketOptions): void {
  const refused = setOptions(fd, options);
  if (refused === null) return;
  throw new SocketError("EACCES", `cannot listen on ${showEndpoint(at)} at ${refused}`);
}

/** Sets whose a path is, and its mode. @throws {SocketError} */
function setOwner(path: string, { mode, uid, gid }: FileOwner): void {
  const name = new TextEncoder().encode(`${path}\0`);
  const unchanged = 0xffffffff;
  const owned = uid === undefined && gid === undefined ||
    C.chown(name, uid ?? unchanged, gid ?? unchanged) === 0;
  if (owned && (mode === undefined || C.chmod(name, mode) === 0)) return;
  throw failed(`cannot set owner or mode of ${path}`);
}

/** Lets a socket be bound to an address that the machine does not have (ip(7)). */
function makeForeign(fd: number, at: Address): void {
  // The first needs CAP_NET_ADMIN, the second no privilege. Both act on IPv6 sockets too.
  if (setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1)) return;
  if (setOption(fd, IPPROTO_IP, IP_FREEBIND, 1)) return;
  throw failed(`cannot make ${showEndpoint(at)} transparent`);
}

function bind(fd: number, at: Address): void {
  const size = encodeAddress(at, address);
  if (typeof size !== "number") throw size;
  if (C.bind(fd, address, size) < 0) throw failed(`cannot bind ${showEndpoint(at)}`);
}

/** Gives a listening socket another length of its accept queue. */
export function listenAgain(fd: number, backlog: number): void {
  C.listen(fd, backlog);
}

/**
 * Accepts all that waits in the queue.
 * @returns the descriptors
 */
export function acceptAll(fd: number): number[] {
  const accepted: number[] = [];
  for (;;) {
    const next = C.accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (next >= 0) accepted.push(next);
    else if (![EINTR, ECONNABORTED].includes(lastErrno())) return accepted;
  }
}

/**
 * A TCP socket listens no more, for all processes that share it, and stays bound: as another
 * listens there, so may this again with {@linkcode relisten}. What is in its queue is reset.
 */
export function unlisten(fd: number): void {
  C.shutdown(fd, SHUT_RD);
}

/**
 * Listens again on a socket after {@linkcode unlisten}.
 * @throws {SocketError} EADDRINUSE
 */
export function relisten(fd: number, at: Address, backlog: number): void {
  try {
    // A port that the kernel chose was given back with the shutdown; another is bound as ever.
    bind(fd, at);
  } catch (error) {
    if (!(error instanceof SocketError && error.code === "EINVAL")) throw error;
  }
  if (C.listen(fd, backlog) < 0) throw failed(`cannot listen on ${showEndpoint(at)}`);
}

const SO_ATTACH_FILTER = 26;
const SO_DETACH_FILTER = 27;

/**
 * A filter over TCP headers (bpf(2), classic; code, two jumps and an operand each): drops what has
 * SYN without ACK, which asks for a new connection, and passes the rest.
 */
const passEstablishing = new Uint16Array(new ArrayBuffer(1024));
passEstablishing.set([
  ...[0x30, 0, 13, 0], // the flags
  ...[0x54, 0, 0x12, 0], // of them SYN and ACK
  ...[0x15, 0x0100, 0x02, 0], // SYN alone: the next line, else the one after it
  ...[0x06, 0, 0, 0], // drop
  ...[0x06, 0, 0xffff, 0xffff], // pass
]);
/** A struct sock_fprog: how many lines, and where they are. */
const program = new BigUint64Array(new ArrayBuffer(1024));

/**
 * A listening TCP socket ignores new SYNs, for all processes that share it, until
 * {@linkcode answer}; handshakes under way go on. @returns whether it is so
 */
export function ignoreNew(fd: number): boolean {
  program.set([5n, BigInt(libc().addressOf(passEstablishing))]);
  return C.setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, 16) === 0;
}

/** Undoes {@linkcode ignoreNew}, whether or not it was called. */
export function answer(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/** What a socket is bound to; null if to nothing, or nothing known. */
export function addressOf(fd: number): Address | null {
  length[0] = addressSize;
  if (C.getsockname(fd, address, length) < 0) return null;
  return decodeAddress(address, length[0]!);
}
