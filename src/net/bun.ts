/** Sockets on Bun's event loop (Linux): descriptors made by libc, adopted by Bun. */
import { existsSync, rmSync, statSync, unlinkSync } from "node:fs";
import type { Socket as NativeSocket, SocketHandler, TCPSocketListener } from "bun";
import {
  boundPort,
  closeDescriptor,
  connectTo,
  duplicate,
  errnoName,
  listenAgain,
  listenOn,
  peerHasClosed,
  receive,
  sendEarly,
} from "./libc.ts";
import {
  type Endpoint,
  type Listener,
  type ListenOptions,
  type Network,
  noEvents,
  type Socket,
  SocketError,
  type SocketEvents,
} from "./socket.ts";

/** What bun-types does not know yet: adopting descriptors. */
interface Adopting {
  connect(options: {
    fd: number;
    allowHalfOpen: boolean;
    data: BunSocket;
    socket: SocketHandler<BunSocket>;
  }): Promise<unknown>;
  listen(options: {
    fd: number;
    allowHalfOpen: boolean;
    data: BunListener;
    socket: SocketHandler<BunSocket | BunListener>;
  }): TCPSocketListener<unknown>;
}
const adopt = Bun as unknown as Adopting;

/** Longest accept queue asked for; net.core.somaxconn caps it. */
const defaultBacklog = 4096;

/** A class, because thousands of them share their methods on the hot path. */
class BunSocket implements Socket {
  native: NativeSocket<BunSocket> | null = null;
  /** Established; a socket that connects learns it from its first drain. */
  open: boolean;
  /** The owner has closed it, or it broke: silence from here on. */
  done = false;
  paused = false;
  /** Why it broke, if the owner is still to hear of it. */
  untold: SocketError | null = null;
  /** Our FIN is sent, the peer's FIN was told: Bun tells the second of the two as a close. */
  finSent = false;
  endedTold = false;

  constructor(public events: SocketEvents, open: boolean) {
    this.open = open;
  }

  get remoteAddress(): string {
    return this.native?.remoteAddress ?? "";
  }
  get remotePort(): number {
    return this.native?.remotePort ?? 0;
  }
  get localAddress(): string {
    return this.native?.localAddress ?? "";
  }
  get localPort(): number {
    return this.native?.localPort ?? 0;
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.done || this.finSent) return -1;
    if (this.open) return this.native!.write(bytes, from, to - from);
    // Over loopback a connection often stands before connect() returns.
    const taken = this.native === null ? 0 : sendEarly(descriptorOf(this.native), bytes, from, to);
    if (typeof taken !== "number") return this.#refused(taken);
    if (taken > 0) this.open = true;
    return taken;
  }
  /** The connect has failed, and the failed write was told why: nobody else will be. */
  #refused(error: SocketError): number {
    this.reset();
    this.untold = error;
    queueMicrotask(() => {
      const { untold } = this;
      this.untold = null;
      if (untold !== null) this.events.closed(this, untold);
    });
    return -1;
  }
  /** Bun hands out a fresh buffer each time. */
  keep(bytes: Uint8Array, from: number, to: number): Uint8Array {
    kept = true;
    return bytes.subarray(from, to);
  }
  pause(): void {
    this.paused = true;
    if (!this.done) this.native?.pause();
  }
  resume(): void {
    this.paused = false;
    if (!this.done) this.native?.resume();
  }
  shutdown(): void {
    if (this.done || this.finSent) return;
    this.finSent = true;
    this.native?.shutdown();
  }
  close(): void {
    this.untold = null;
    if (this.done) return;
    this.done = true;
    // A connect in progress has nothing to deliver; end() would wait for it.
    if (this.open) this.native?.end();
    else this.native?.terminate();
  }
  reset(): void {
    this.untold = null;
    if (this.done) return;
    this.done = true;
    this.native?.terminate();
  }
  peerGone(): boolean {
    if (this.done) return true;
    const fd = (this.native as unknown as { fd: number }).fd;
    return fd >= 0 && peerHasClosed(fd);
  }
  ended(): void {
    if (this.done || this.endedTold) return;
    this.endedTold = true;
    this.events.ended(this);
  }
  broken(error: SocketError): void {
    if (this.done) return;
    this.done = true;
    this.events.closed(this, error);
  }
}

/**
 * Reads from this size on are given back at once, where nobody kept them, instead of left to the
 * garbage collector: the next read then finds memory that is in the cache. Large content costs a
 * fifth less CPU.
 */
const largeRead = 16384;
/** Something of the present `data` call was kept. */
let kept = false;

/** The error of a `close` or `connectError` callback. */
function socketError(socket: BunSocket, error: unknown): SocketError {
  const errno = (error as { errno?: number } | undefined)?.errno;
  if (typeof errno === "number") return new SocketError(errnoName(Math.abs(errno)));
  return new SocketError(socket.open ? "ECONNRESET" : "ECONNREFUSED");
}

const handler: SocketHandler<BunSocket> = {
  open(native) {
    native.data.native = native;
  },
  data(native, bytes) {
    const socket = native.data;
    if (socket.done) return;
    kept = false;
    socket.events.data(socket, bytes);
    if (!kept && bytes.byteLength >= largeRead) (bytes.buffer as ArrayBuffer).transfer(0);
  },
  drain(native) {
    const socket = native.data;
    if (socket.done) return;
    if (socket.open) socket.events.drain(socket);
    else {
      socket.open = true;
      socket.events.opened(socket);
    }
  },
  end(native) {
    native.data.ended();
  },
  close(native, error) {
    const socket = native.data;
    if (socket.done) return;
    if (socket.finSent && error === undefined) socket.ended();
    else socket.broken(socketError(socket, error));
  },
  connectError(native, error) {
    if (!native.data.done) native.data.broken(socketError(native.data, error));
  },
};

/** Bun gives an accepted socket the listener's `data`; its open() callback puts a socket there. */
const acceptHandler: SocketHandler<BunSocket | BunListener> = {
  ...(handler as SocketHandler<BunSocket | BunListener>),
  open(native) {
    const { accept } = native.data as BunListener;
    const socket = new BunSocket(noEvents, true);
    socket.native = native as NativeSocket<BunSocket>;
    native.data = socket;
    socket.events = accept(socket);
    // What came with the connection is read at once: that saves a turn of the event loop.
    if (socket.done || socket.paused) return;
    const bytes = receive(descriptorOf(native));
    if (bytes !== null) socket.events.data(socket, bytes);
  },
};

function descriptorOf(native: unknown): number {
  return (native as { fd: number }).fd;
}

interface BunListener {
  accept(socket: Socket): SocketEvents;
}

const ignore = (): void => {};
/** Bun reads its options at once: one object serves all. */
const connecting = {
  fd: -1,
  allowHalfOpen: true,
  data: null as unknown as BunSocket,
  socket: handler,
};

/** The network on Bun. */
export const bunNetwork: Network = {
  name: "bun",
  can: { sourceAddress: true, unix: true, abstract: true, inherited: true, ipv6Only: true },

  connect(to, options, events) {
    if (to.kind === "fd") throw new SocketError("EINVAL", "fd@ is for listening only");
    const socket = new BunSocket(events, false);
    const fd = connectTo(to, options.source);
    if (typeof fd !== "number") {
      setTimeout(() => socket.broken(fd), 0);
      return socket;
    }
    connecting.fd = fd;
    connecting.data = socket;
    // The promise tells nothing that the callbacks do not.
    adopt.connect(connecting).catch(ignore);
    return socket;
  },

  listen(at, options, accept): Listener {
    const fd = at.kind === "fd" ? duplicate(at.fd) : bindOrReplace(at, options);
    const serve = () => {
      const server = adopt.listen({
        fd: duplicate(fd),
        allowHalfOpen: true,
        data: { accept },
        socket: acceptHandler,
      });
      // Bun has listened again, with a queue of 511.
      if (at.kind !== "fd") listenAgain(fd, options.backlog ?? defaultBacklog);
      return server;
    };
    // Bun's listener owns a duplicate: stopping that closes only it, and clients wait in the queue.
    let server: TCPSocketListener<unknown> | null = serve();
    let closed = false;
    return {
      endpoint: at.kind === "ip" ? { ...at, port: boundPort(fd) } : at,
      pause() {
        server?.stop();
        server = null;
      },
      resume() {
        if (!closed) server ??= serve();
      },
      close() {
        if (closed) return;
        closed = true;
        server?.stop();
        server = null;
        closeDescriptor(fd);
        // Somebody may have removed it already.
        if (at.kind === "unix") rmSync(at.path, { force: true });
      },
    };
  },
};

/** Listens; a unix socket's path that a dead process left behind is taken over, as HAProxy does. */
function bindOrReplace(at: Exclude<Endpoint, { kind: "fd" }>, options: ListenOptions): number {
  const backlog = options.backlog ?? defaultBacklog;
  const ipv6Only = options.ipv6Only ?? false;
  try {
    return listenOn(at, backlog, ipv6Only);
  } catch (error) {
    const stale = at.kind === "unix" && error instanceof SocketError &&
      error.code === "EADDRINUSE" && existsSync(at.path) && statSync(at.path).isSocket() &&
      isDead(at);
    if (!stale) throw error;
    unlinkSync(at.path);
    return listenOn(at, backlog, ipv6Only);
  }
}

function isDead(at: { kind: "unix"; path: string }): boolean {
  const fd = connectTo(at, undefined);
  if (typeof fd === "number") {
    closeDescriptor(fd);
    return false;
  }
  return fd.code === "ECONNREFUSED";
}
