/** Connected sockets made with libc, and what Bun does not report of its own sockets. */
import {
  address,
  C,
  failed,
  lastErrno,
  length,
  sendBytes,
  setOption,
  socketError,
} from "./libc.ts";
import {
  EAGAIN,
  ECONNREFUSED,
  EINPROGRESS,
  IPPROTO_IP,
  IPPROTO_TCP,
  MSG_DONTWAIT,
  SO_REUSEADDR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import { POLLIN, POLLPRI, POLLRDHUP, polls } from "./poll.ts";
import { socketIn } from "./namespace.ts";
import { setOptions } from "./options.ts";
import { type Address, addressSize, decodeAddress, encodeAddress, familyOf } from "./sockaddr.ts";
import { type ConnectOptions, showEndpoint, SocketError } from "../socket.ts";

const IP_TRANSPARENT = 19;
const IP_BIND_ADDRESS_NO_PORT = 24;

/**
 * Starts to connect.
 * @returns the descriptor, connecting or connected; an errno of an immediate failure as SocketError
 */
export function connectTo(
  to: Address,
  source: ConnectOptions["source"],
  more: Pick<ConnectOptions, "socket" | "namespace"> = {},
): number | SocketError {
  const kind = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = more.namespace === undefined
    ? C.socket(familyOf(to), kind, 0)
    : socketIn(more.namespace, familyOf(to), kind);
  if (fd < 0) return failed("socket");
  const refused = more.socket === undefined ? null : setOptions(fd, more.socket);
  const error = refused === null
    ? bindAndConnect(fd, to, source)
    : new SocketError("EACCES", `cannot connect through ${refused}`);
  if (error === null) return fd;
  C.close(fd);
  return error;
}

/**
 * Resets a connection and leaves its descriptor, with its options, to connect again: connect() to
 * AF_UNSPEC. @returns whether it could
 */
export function disconnect(fd: number): boolean {
  address.fill(0, 0, 16);
  return C.connect(fd, address, 16) === 0;
}

/** Starts to connect a socket that {@linkcode disconnect} has left. @returns null if it does */
export function connectAgain(fd: number, to: Address): SocketError | null {
  return bindAndConnect(fd, to, undefined);
}

/** The last acknowledgment of the handshake waits for the first bytes sent (tcp(7)). */
export function acknowledgeLate(fd: number): void {
  setOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
}
const TCP_DEFER_ACCEPT = 9;

/** The part of {@linkcode connectTo} that may fail. @returns null if it has not */
function bindAndConnect(
  fd: number,
  to: Address,
  given: ConnectOptions["source"],
): SocketError | null {
  if (given !== undefined) {
    const { foreign } = given;
    // Without the privilege for it (CAP_NET_ADMIN), a connection from the machine's own address.
    const source = foreign !== undefined && setOption(fd, IPPROTO_IP, IP_TRANSPARENT, 1)
      ? foreign
      : given;
    // The kernel then chooses the port at connect(), per destination: 28,000 for each server.
    if (source.port === 0) setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    const size = encodeAddress({ kind: "ip", host: source.host, port: source.port }, address);
    if (typeof size !== "number") return size;
    if (C.bind(fd, address, size) < 0) return failed(`cannot bind source ${source.host}`);
  }
  const size = encodeAddress(to, address);
  if (typeof size !== "number") return size;
  if (C.connect(fd, address, size) >= 0) return null;
  const number = lastErrno();
  if (number === EINPROGRESS) return null;
  // EAGAIN: the accept queue of a unix listener is full, which is a refusal for a stream socket.
  return socketError(
    number === EAGAIN ? ECONNREFUSED : number,
    `cannot connect to ${showEndpoint(to)}`,
  );
}

/** Reads into {@linkcode address} what a socket is connected to. @returns whether it still is */
export function readPeer(fd: number): boolean {
  length[0] = addressSize;
  return C.getpeername(fd, address, length) === 0;
}

/** What a socket is connected to; null if to nothing, or nothing known. */
export function peerOf(fd: number): Address | null {
  return readPeer(fd) ? decodeAddress(address, length[0]!) : null;
}

/** Whether the peer has sent FIN or RST, also if what it sent before has not been read. */
export function peerHasClosed(fd: number): boolean {
  return polls(fd, POLLRDHUP, 0);
}
/** struct tcp_info (tcp(7)), in words: segments not acknowledged, and bytes not sent (Linux 4.6). */
const TCP_INFO = 11;
const info = new Int32Array(new ArrayBuffer(256));
const unacknowledgedAt = 6;
const notSentAt = 36;

/** How much of what was written to a TCP connection is under way; 0 also where nobody knows. */
export function underWay(fd: number): number {
  info[unacknowledgedAt] = info[notSentAt] = 0;
  length[0] = info.byteLength;
  if (C.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) < 0) return 0;
  return info[unacknowledgedAt]! + info[notSentAt]!;
}
/** struct tcp_info of a connection, until the next call; null: it is none of TCP. */
export function tcpInfo(fd: number): DataView | null {
  length[0] = info.byteLength;
  return C.getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, length) < 0 ? null : infoView;
}
const infoView = new DataView(info.buffer);

/** Whether a connected socket has no byte to be read, urgent ones included, no FIN and no error. */
export function hasNothing(fd: number): boolean {
  return !polls(fd, POLLIN | POLLPRI | POLLRDHUP, 0);
}

const received = new Uint8Array(16384);

/** What has come on a socket, 16 KiB at most; null if nothing has, or the stream has ended. */
export function receive(fd: number): Uint8Array | null {
  const count = C.recv(fd, received, received.length, MSG_DONTWAIT);
  return count > 0 ? received.slice(0, count) : null;
}

/**
 * Sends what the kernel takes at once; 0 if it takes nothing, say because the socket connects.
 * @returns as SocketError why the connect failed: the kernel reports it once
 */
export function sendEarly(
  fd: number,
  bytes: Uint8Array,
  from: number,
  to: number,
): number | SocketError {
  const taken = sendBytes(fd, bytes, from, to);
  if (taken >= 0) return taken;
  const number = lastErrno();
  return number === EAGAIN ? 0 : socketError(number, "connect failed");
}
