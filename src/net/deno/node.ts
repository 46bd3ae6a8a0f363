/**
 * Sockets of node:net, for what Deno's own cannot do: connecting from a source address, and
 * listening on an inherited descriptor. They cost half as much again as Deno's own.
 */
import net from "node:net";
import { Descriptor, nextDescriptor } from "./descriptor.ts";
import { socketErrorOf } from "../errors.ts";
import { reportFault } from "../faults.ts";
import { closeDescriptor } from "../linux/libc.ts";
import { descriptorListener } from "../linux/listener.ts";
import { type ListenerVerbs, listenerWith } from "../listening.ts";
import {
  type Endpoint,
  type Listener,
  type ListenOptions,
  noEvents,
  type Socket,
  SocketError,
  type SocketEvents,
  writeBoth,
} from "../socket.ts";

/** Bytes that may wait in node:net's queue, which knows no bound itself. */
const queueLimit = 65_536;

class NodeSocket implements Socket {
  /** The owner has closed it, or it broke: silence from here on. */
  #done = false;
  #connected: boolean;
  #paused = false;
  #drainIsDue = false;
  #error: SocketError | undefined;
  #finReceived = false;
  #endedTold = false;
  #descriptor: Descriptor | undefined;
  /** Bytes that the owner has seen. */
  #shown = 0;

  /** @param near where its descriptor is */
  constructor(
    readonly native: net.Socket,
    public events: SocketEvents,
    connected: boolean,
    readonly near: number,
  ) {
    this.#connected = connected;
    native.on("connect", () => {
      if (this.#done) return;
      this.#connected = true;
      this.#notify(() => this.events.opened(this));
      this.#drained();
    });
    native.on("data", (bytes: Uint8Array) => {
      this.#shown += bytes.length;
      // Of a Buffer slice() is no copy.
      const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      if (!this.#done) this.#notify(() => this.events.data(this, plain));
    });
    native.on("drain", () => this.#drained());
    native.on("end", () => {
      this.#finReceived = true;
      this.#ended();
    });
    native.on("error", (error) => this.#error = this.#reason(error));
    native.on("close", () => {
      // Also comes by itself, when both directions have ended.
      if (this.#done || (this.#finReceived && this.#error === undefined)) return;
      this.#done = true;
      this.#tellClosed(this.#error ?? new SocketError("ECONNRESET"));
    });
  }

  #notify(what: () => void): void {
    try {
      what();
    } catch (error) {
      reportFault(error);
      if (this.#done) return;
      this.reset();
      this.#tellClosed(new SocketError("EIO", "its owner has failed"));
    }
  }
  #tellClosed(error: SocketError): void {
    try {
      this.events.closed(this, error);
    } catch (fault) {
      reportFault(fault);
    }
  }

  #reason(error: Error): SocketError {
    const reason = socketErrorOf(error);
    if (this.#connected || reason.code !== "EINVAL") return reason;
    // Deno's node:net has no name for EADDRNOTAVAIL, which bind() and connect() give for a source
    // address that the machine has not, and for a source port in use.
    return new SocketError("EADDRNOTAVAIL", reason.message);
  }

  /** node:net reports the end also while paused. */
  #ended(): void {
    if (this.#done || this.#paused || !this.#finReceived || this.#endedTold) return;
    this.#endedTold = true;
    this.#notify(() => this.events.ended(this));
  }

  get remoteAddress(): string {
    return this.native.remoteAddress ?? "";
  }
  get remotePort(): number {
    return this.native.remotePort ?? 0;
  }
  get localAddress(): string {
    return this.native.localAddress ?? "";
  }
  get localPort(): number {
    return this.native.localPort ?? 0;
  }

  #drained(): void {
    if (this.#done || !this.#drainIsDue) return;
    this.#drainIsDue = false;
    this.#notify(() => this.events.drain(this));
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#done || this.#error !== undefined || this.native.writableEnded) return -1;
    const room = this.#connected ? queueLimit - this.native.writableLength : 0;
    const taken = Math.max(0, Math.min(to - from, room));
    if (taken < to - from) this.#drainIsDue = true;
    if (taken > 0) this.native.write(bytes.slice(from, from + taken));
    return taken;
  }
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    return writeBoth(this, first, firstFrom, firstTo, second, secondFrom, secondTo);
  }
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }
  pause(): void {
    this.#paused = true;
    this.native.pause();
  }
  resume(): void {
    this.#paused = false;
    this.native.resume();
    if (this.#finReceived) queueMicrotask(() => this.#ended());
  }
  shutdown(): void {
    if (!this.#done) this.native.end();
  }
  close(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#connected) this.native.destroySoon();
    else this.native.destroy();
  }
  reset(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#connected) this.native.resetAndDestroy();
    else this.native.destroy();
  }
  isQuiet(): boolean {
    if (!this.#connected || this.#done || this.peerGone()) return false;
    const { localAddress, localPort, remoteAddress, remotePort } = this;
    const addresses = { localAddress, localPort, remoteAddress, remotePort };
    this.#descriptor ??= new Descriptor(this.near, addresses);
    return this.#descriptor.hasReceived(this.#shown);
  }
  peerGone(): boolean {
    return this.#finReceived || this.#error !== undefined;
  }
}

/** {@linkcode Network.connect} from a source address. */
export function connectFrom(
  to: Endpoint & { readonly kind: "ip" },
  source: { readonly host: string; readonly port: number },
  events: SocketEvents,
): Socket {
  const near = nextDescriptor();
  const native = net.connect({
    host: to.host,
    port: to.port,
    localAddress: source.host,
    ...(source.port === 0 ? {} : { localPort: source.port }),
    allowHalfOpen: true,
    noDelay: true,
    autoSelectFamily: false,
  });
  return new NodeSocket(native, events, false, near);
}

/**
 * {@linkcode Network.listen} on an inherited descriptor. It stays open: a duplicate of it listens,
 * and is closed to stop accepting, while clients wait in the queue which both share.
 */
export function listenOnInherited(
  at: Endpoint & { readonly kind: "fd" },
  options: ListenOptions,
  duplicate: (fd: number) => number,
  accept: (socket: Socket) => SocketEvents,
): Listener {
  let server: net.Server | undefined;
  const verbs: ListenerVerbs = {
    begin: () => server = serverOn(duplicate(at.fd), accept),
    end() {
      server?.close();
      server = undefined;
    },
    // The port is not ours to release: the socket belongs to the process that passed it on.
    release() {},
    reclaim() {},
    close() {},
  };
  return listenerWith(at, verbs, options.paused);
}

/** Accepts from a listening socket; the descriptor is the server's to close. */
function serverOn(fd: number, accept: (socket: Socket) => SocketEvents): net.Server {
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (native) => {
    const socket = new NodeSocket(native, noEvents, true, nextDescriptor());
    try {
      socket.events = accept(socket);
    } catch (error) {
      socket.reset();
      reportFault(error);
    }
  });
  server.listen({ fd });
  return server;
}

/**
 * {@linkcode Network.listen} where other listeners of this process have the port or the path, which
 * takes sockets made with libc. What waits in the queue as it closes gets a reset.
 */
export function listenShared(
  at: Endpoint,
  options: ListenOptions,
  duplicate: (fd: number) => number,
  accept: (socket: Socket) => SocketEvents,
): Listener {
  let server: net.Server | null = null;
  return descriptorListener(at, options, {
    begin: (fd) => server = serverOn(duplicate(fd), accept),
    end: () => server?.close(),
    serve: closeDescriptor,
  });
}
