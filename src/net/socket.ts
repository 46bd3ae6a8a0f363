/**
 * The seam to the network: all that the proxy knows of sockets. Adapters (a folder each: epoll,
 * bun, deno, streams; and the simulation's memory network) implement it; one suite of tests holds
 * them to the same behaviour.
 *
 * It is callback-shaped and small on purpose: nothing on the hot path allocates a promise or a
 * closure, and an event loop of our own can take an adapter's place.
 */

import type { SocketOptions } from "./socket-options.ts";

import type { TlsFacts } from "./tls/facts.ts";

/** Where to listen or to connect. `host` is always a literal IPv4 or IPv6 address. */
export type Endpoint =
  | { readonly kind: "ip"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "abstract"; readonly name: string }
  | { readonly kind: "fd"; readonly fd: number };

/** An endpoint as messages show it, in HAProxy's spelling. */
export function showEndpoint(at: Endpoint): string {
  switch (at.kind) {
    case "ip":
      return at.host.includes(":") ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
    case "unix":
      return at.path;
    case "abstract":
      return `abns@${at.name}`;
    case "fd":
      return `fd@${at.fd}`;
  }
}

/** Why a connection could not be made or broke; the names of errno(3). */
export type SocketErrorCode =
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "ETIMEDOUT"
  | "EHOSTUNREACH"
  | "ENETUNREACH"
  | "EADDRINUSE"
  | "EADDRNOTAVAIL"
  | "EACCES"
  | "EMFILE"
  | "ENOENT"
  | "EPIPE"
  | "EINVAL"
  | "EIO";

/** An error of the network, with its errno name. */
export class SocketError extends Error {
  override readonly name = "SocketError";
  /**
   * @param code the errno name
   * @param message what was tried, for a person to read
   */
  constructor(readonly code: SocketErrorCode, message: string = code) {
    super(message);
  }
}

/**
 * What a socket calls back. All calls come from the event loop, never from inside a call
 * that the owner makes on the same socket, so that an owner's state is consistent when they arrive.
 */
export interface SocketEvents {
  /**
   * The connection asked for by {@linkcode Network.connect} is established; not called where a
   * write has shown that already.
   */
  opened(socket: Socket): void;
  /**
   * Bytes arrived. They are valid only during the call: {@linkcode Socket.retain} makes them last.
   * Never called while paused.
   */
  data(socket: Socket, bytes: Uint8Array): void;
  /** The socket takes bytes again. May come unasked: treat it as a hint. */
  drain(socket: Socket): void;
  /** The peer has sent its last byte (FIN); writing goes on. At most once, after all data. */
  ended(socket: Socket): void;
  /**
   * The connection is gone through the peer or the network: refused, reset, timed out. At most
   * once, also while paused; nothing follows it. Never the consequence of the owner's own close() or
   * reset(), after which no event comes at all.
   */
  closed(socket: Socket, error: SocketError): void;
}

/** Does nothing: for a socket whose owner has not set its events yet. */
export const noEvents: SocketEvents = {
  opened() {},
  data() {},
  drain() {},
  ended() {},
  closed() {},
};

/**
 * What a {@linkcode Socket.splice} calls back; as with a socket's events, from the event loop only.
 */
export interface SpliceEvents {
  /**
   * @param socket the source
   * @param count so many bytes more were handed to the kernel for the target
   * @param waits whether bytes wait for the target, which is full; `count` may be 0 then
   */
  spliced(socket: Socket, count: number, waits: boolean): void;
}

/**
 * A stream socket. Closing it is the owner's duty, also after `ended`; after `closed` it is done.
 */
export interface Socket {
  /** The callbacks of its owner; may be exchanged at any time. */
  events: SocketEvents;
  /** The peer's address without port; "" for unix sockets. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** What is known of its TLS; null or left out: it has none. */
  readonly tls?: TlsFacts | null;
  /** This side's address; "" for unix sockets. */
  readonly localAddress: string;
  readonly localPort: number;
  /**
   * Where the client connected to before the kernel redirected it here; null: it was not. An adapter
   * that cannot ask has no such method.
   */
  originalDestination?(): { readonly host: string; readonly port: number } | null;
  /**
   * Hands bytes[from, to) to the kernel.
   * @returns how many bytes were taken. Fewer than asked: the socket is full, `drain` follows, and
   * the caller keeps the rest. -1: the connection is broken; `closed` has come or will. Before
   * `opened` nothing is taken, or the connection stands already (as over loopback it often does
   * when connect() returns), and `opened` does not come.
   */
  write(bytes: Uint8Array, from: number, to: number): number;
  /**
   * As {@linkcode write} of first[firstFrom, firstTo) and then of second[secondFrom, secondTo), in
   * one system call where the adapter can.
   * @returns how many bytes of both together were taken
   */
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number;
  /**
   * From now on what arrives here goes on to `to` without being shown: `count` bytes of it
   * (Infinity: all until the end). `data` takes up again after them; `events` reports how many. The
   * owner of `to` has nothing pending for it, and writes nothing to it until all is passed.
   *
   * Reading stops while `to` is full, which `events` reports, not `drain` of `to`. pause() stops
   * reading as ever. `ended` comes when `to` has taken all that came before; `closed` may lose what
   * `to` has not taken. It is over, with the loss of that, when either socket is closed or breaks.
   *
   * @returns false: not here, not now, or not between these two; nothing has changed then
   */
  splice?(to: Socket, count: number, events: SpliceEvents): boolean;
  /**
   * Whether the connection is established, and nothing has come that the owner has not been shown:
   * no byte, no FIN, no error. It is false from `ended` on, and while a {@linkcode splice} reads
   * here. Asked of the kernel, also while paused: for an idle connection that will be used again, as
   * what has come before the request is no response to it (RFC 9112 section 9.2). What the event
   * loop has been told of a connection made here by its last wait, within a millisecond, need not be
   * asked again. An adapter
   * that cannot ask knows what came before this turn of its event loop, and says false while paused.
   */
  isQuiet(): boolean;
  /**
   * bytes[from, to) of a `data` call, valid for as long as they are referenced; a copy if need be.
   */
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array;
  /**
   * Whether much data is expected: if not, no more than {@linkcode littleRead} bytes are read at
   * once, so that what must be retained of them is small. Until this is called, much is.
   */
  expectMuch?(much: boolean): void;
  /**
   * As {@linkcode write}, and {@linkcode shutdown} follows in the same call of the owner's: the bytes
   * may wait for that, to go out with the FIN.
   */
  writeLast?(bytes: Uint8Array, from: number, to: number): number;
  /** Stops `data` and `ended`; the kernel's buffers then slow the sender down. */
  pause(): void;
  resume(): void;
  /** Half-close: the peer sees the end of the stream after what was written; reading goes on. */
  shutdown(): void;
  /** Closes both directions; what the kernel took is still delivered. Idempotent. */
  close(): void;
  /**
   * Closes at once with a reset, which leaves no TIME_WAIT behind. What the peer has not
   * acknowledged is dropped: so it is for a connection that broke, or over which nothing is under
   * way, as a server has answered all of it. Does nothing after close().
   */
  reset(): void;
  /**
   * How much of what was written the peer's kernel has not acknowledged, asked of the kernel; 0: none,
   * and a {@linkcode reset} loses nothing. Else the number tells no more than whether it gets on. An
   * adapter that cannot ask has no such method.
   */
  underWay?(): number;
  /** What the kernel knows of a TCP connection (tcp(7), struct tcp_info); null: it cannot be asked. */
  tcpInfo?(): DataView | null;
  /**
   * Whether the peer has closed or reset the connection, asked of the kernel: also seen while
   * paused, where no event shows it. An adapter that cannot ask returns false.
   */
  peerGone(): boolean;
}

/** See {@linkcode Socket.expectMuch}. */
export const littleRead = 16_384;

/** {@linkcode Socket.writev} by two writes, for an adapter that has no better way. */
export function writeBoth(
  socket: Pick<Socket, "write">,
  first: Uint8Array,
  firstFrom: number,
  firstTo: number,
  second: Uint8Array,
  secondFrom: number,
  secondTo: number,
): number {
  const taken = firstTo > firstFrom ? socket.write(first, firstFrom, firstTo) : 0;
  if (taken < firstTo - firstFrom || secondTo === secondFrom) return taken;
  const more = socket.write(second, secondFrom, secondTo);
  return more < 0 ? more : taken + more;
}

/** Options of {@linkcode Network.connect}. */
export interface ConnectOptions {
  /** The local address to connect from; port 0 lets the kernel choose. */
  readonly source?: {
    readonly host: string;
    readonly port: number;
    /** In its place an address that the machine may not have, as far as the kernel allows it. */
    readonly foreign?: { readonly host: string; readonly port: number };
  };
  /** Set as far as the adapter can. */
  readonly socket?: SocketOptions;
  /**
   * This side speaks first, and at once: the last acknowledgment of the handshake may go with what it
   * says.
   */
  readonly speaksFirst?: boolean;
  /** The network namespace to connect from (ip-netns(8)); else the process's. */
  readonly namespace?: string;
}

/** The accept queue that a kernel's listener has by default; net.core.somaxconn caps it. */
export const defaultBacklog = 4096;

/** The owner of a unix socket's path, and its mode. */
export interface FileOwner {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** Options of {@linkcode Network.listen}. */
export interface ListenOptions {
  /** Length of the accept queue; {@linkcode defaultBacklog} where it is not said. */
  readonly backlog?: number;
  /** On the IPv6 any-address: refuse IPv4 clients (IPV6_V6ONLY). */
  readonly ipv6Only?: boolean;
  /** Listens also on an address that the machine does not have (IP_TRANSPARENT, IP_FREEBIND). */
  readonly transparent?: boolean;
  /**
   * Listens beside sockets of this user on the same port, where these allow it (SO_REUSEPORT): as
   * that of the process before, which has the port on another address.
   */
  readonly beside?: boolean;
  /**
   * May listen where other listeners of this process do: on their port at another address, of which
   * the more specific one gets its own clients; or at their address, and each gets some.
   */
  readonly shared?: boolean;
  /**
   * A socket that listens at this address already, taken over from another process: used in place
   * of a new one, with all the connections that wait in its queue. The listener owns it.
   */
  readonly adopt?: number;
  /** Set as far as the adapter can; accepted sockets have them, too. */
  readonly socket?: SocketOptions;
  /** The network namespace to listen in (ip-netns(8)); else the process's. */
  readonly namespace?: string;
  /** Whose a unix socket's path is, and who may connect; else as the system has it. */
  readonly file?: FileOwner;
  /** Begins paused: nothing is accepted before {@linkcode Listener.resume}. */
  readonly paused?: boolean;
}

/** A listening socket. */
export interface Listener {
  /** Where it listens; the port is the real one where 0 was asked for. */
  readonly endpoint: Endpoint;
  /** Stops accepting. New connections wait in the accept queue; none is refused. */
  pause(): void;
  resume(): void;
  /**
   * Gives up the port, so that another process may listen there, and new connections are refused.
   * Those that wait in the queue are accepted first. The address stays bound where the system can
   * do that: then {@linkcode reclaim} needs no privilege. Nothing happens if it was released.
   */
  release(): void;
  /**
   * Listens again after {@linkcode release}.
   * @throws {SocketError} EADDRINUSE: another process listens there by now
   */
  reclaim(): void;
  /**
   * Ignores new SYNs from now on (the client sends them again a second later), while connections
   * that are being made are still accepted: {@linkcode close} would reset them.
   * @returns whether that is so, and close() is worth waiting for. Not so where the system cannot,
   * or another process has taken the socket over and will accept them.
   */
  drain(): boolean;
  /**
   * Stops listening; accepted connections live on. Those that wait in the queue are accepted first,
   * unless another process has taken the socket over: then they wait for that. Idempotent.
   */
  close(): void;
}

/**
 * What an adapter cannot do, so that the configuration check can refuse a keyword with the reason.
 */
export interface Capabilities {
  /** `source`: binds the local address of a connection. */
  readonly sourceAddress: boolean;
  /** `unix@` addresses. */
  readonly unix: boolean;
  /** `abns@` addresses. */
  readonly abstract: boolean;
  /** `fd@` addresses: inherited listening sockets. */
  readonly inherited: boolean;
  /** `v6only`: a listener on the IPv6 any-address that takes no IPv4 clients. */
  readonly ipv6Only: boolean;
  /** `transparent`: a listener on an address that the machine does not have. */
  readonly transparent: boolean;
  /** Options of sockets, namespaces, owners of unix sockets: {@linkcode SocketOptions}. */
  readonly socketOptions: boolean;
}

/** A socket for datagrams (UDP) to one address, and from it. */
export interface DatagramSocket {
  /**
   * Sends a datagram, which may get lost.
   * @returns false: it cannot be sent, now
   */
  send(bytes: Uint8Array): boolean;
  /** Idempotent; nothing is received after it. */
  close(): void;
}

/** A runtime's way to the network. */
export interface Network {
  /** For the start-up log and `-vv`. */
  readonly name: string;
  readonly can: Capabilities;
  /**
   * Starts to connect and returns at once; `opened` or `closed` follows from the event loop.
   * There is no time-out here: the caller has the clock, and gives up with close().
   */
  connect(to: Endpoint, options: ConnectOptions, events: SocketEvents): Socket;
  /**
   * Listens. `accept` is called for each new connection and returns its owner's callbacks.
   * @throws {SocketError} EADDRINUSE, EACCES, EADDRNOTAVAIL, ...
   */
  listen(at: Endpoint, options: ListenOptions, accept: (socket: Socket) => SocketEvents): Listener;
  /**
   * Calls back once the events that have come together have been handled, so that what they made
   * there is to write goes out in one. An adapter that handles them one by one has no such method: a
   * microtask does.
   */
  defer?(callback: () => void): void;
  /**
   * Opens a socket for datagrams. An adapter that has none has no such method.
   * @param receive called from the event loop with each datagram that comes from there, to be kept if
   * need be
   */
  openDatagrams?(
    to: Extract<Endpoint, { kind: "ip" }>,
    receive: (bytes: Uint8Array) => void,
  ): DatagramSocket;
}
