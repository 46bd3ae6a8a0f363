/** Connected sockets on Bun's event loop (Linux): descriptors made by libc, adopted by Bun. */
import type { Socket as NativeSocket, SocketHandler } from "bun";
import { reportFault } from "../faults.ts";
import { sendBoth, socketError } from "../linux/libc.ts";
import {
  hasNothing,
  peerHasClosed,
  receive,
  sendEarly,
  tcpInfo,
  underWay,
} from "../linux/connect.ts";
import { type Destination, originalDestination } from "../linux/original-destination.ts";
import { ReceiveWindow } from "./window.ts";
import { noEvents, type Socket, SocketError, type SocketEvents, writeBoth } from "../socket.ts";

/** A class, because thousands of them share their methods on the hot path. */
export class BunSocket implements Socket {
  native: NativeSocket<BunSocket> | null = null;
  /** Established; a socket that connects learns it from its first drain. */
  open: boolean;
  /** The owner has closed it, or it broke: silence from here on. */
  done = false;
  paused = false;
  /** Why it broke, if the owner must still be notified. */
  untold: SocketError | null = null;
  /**
   * Our FIN has been sent, the peer's FIN was reported: Bun reports the second of the two as a
   * close.
   */
  finSent = false;
  /** Of one over which much comes. */
  window: ReceiveWindow | null = null;
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
  originalDestination(): Destination | null {
    return this.native === null
      ? null
      : originalDestination(descriptorOf(this.native), this.localAddress.includes(":"));
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
  writev(
    first: Uint8Array,
    firstFrom: number,
    firstTo: number,
    second: Uint8Array,
    secondFrom: number,
    secondTo: number,
  ): number {
    const [firstLength, secondLength] = [firstTo - firstFrom, secondTo - secondFrom];
    if (!this.open || this.done || this.finSent || firstLength === 0 || secondLength === 0) {
      return writeBoth(this, first, firstFrom, firstTo, second, secondFrom, secondTo);
    }
    // A second write costs as much as all that we do for a request.
    const fd = descriptorOf(this.native);
    const sent = sendBoth(fd, first, firstFrom, firstTo, second, secondFrom, secondTo);
    if (sent === firstLength + secondLength) return sent;
    // Bun must find out what has happened, and watch for it.
    const taken = Math.max(0, sent);
    const [from, rest] = [firstFrom + taken, secondFrom + Math.max(0, taken - firstLength)];
    const more = writeBoth(this, first, Math.min(from, firstTo), firstTo, second, rest, secondTo);
    return more < 0 ? more : taken + more;
  }
  /** The connect has failed, and only the failed write has seen why. */
  #refused(error: SocketError): number {
    const { events } = this;
    this.reset();
    this.events = events;
    this.untold = error;
    queueMicrotask(() => {
      const { untold } = this;
      this.untold = null;
      if (untold !== null) this.#tellClosed(untold);
    });
    return -1;
  }
  /** Bun hands out a fresh buffer each time: it is retained itself where most of it must be. */
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    // It may be a Buffer, of which slice() is no copy.
    if (2 * (to - from) < bytes.byteLength) return new Uint8Array(bytes.subarray(from, to));
    kept = true;
    return bytes.subarray(from, to);
  }
  pause(): void {
    this.paused = true;
    if (this.done) return;
    this.native?.pause();
    this.window?.stopped(descriptorOf(this.native));
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
    this.#end();
    this.events = noEvents;
    // A connect in progress has nothing to deliver; end() would wait for it.
    if (this.open) this.native?.end();
    else this.native?.terminate();
  }
  reset(): void {
    this.untold = null;
    if (this.done) return;
    this.#end();
    this.events = noEvents;
    this.native?.terminate();
  }
  /** No event follows from here on. */
  #end(): void {
    this.done = true;
    this.window?.ended();
  }
  isQuiet(): boolean {
    if (this.done || !this.open || this.endedTold) return false;
    return hasNothing(descriptorOf(this.native));
  }
  tcpInfo(): DataView | null {
    const fd = this.done ? -1 : descriptorOf(this.native);
    return fd >= 0 ? tcpInfo(fd) : null;
  }
  underWay(): number {
    const fd = this.done ? -1 : descriptorOf(this.native);
    return fd >= 0 ? underWay(fd) : 0;
  }
  peerGone(): boolean {
    if (this.done) return true;
    const fd = descriptorOf(this.native);
    return fd >= 0 && peerHasClosed(fd);
  }
  ended(): void {
    if (this.done || this.endedTold) return;
    this.endedTold = true;
    try {
      this.events.ended(this);
    } catch (error) {
      this.fault(error);
    }
  }
  broken(error: SocketError): void {
    if (this.done) return;
    this.#end();
    this.#tellClosed(error);
  }
  #tellClosed(error: SocketError): void {
    const { events } = this;
    this.events = noEvents;
    try {
      events.closed(this, error);
    } catch (fault) {
      reportFault(fault);
    }
  }
  /**
   * Its owner has thrown this: it is reset, and the owner notified. @throws {unknown} see faults.ts
   */
  fault(error: unknown): void {
    reportFault(error);
    if (this.done) return;
    const { events } = this;
    this.reset();
    this.events = events;
    this.#tellClosed(new SocketError("EIO", "its owner has failed"));
  }
  /** Gives it to its first owner. */
  introduce(accept: (socket: Socket) => SocketEvents): void {
    try {
      this.events = accept(this);
    } catch (error) {
      this.reset();
      reportFault(error);
    }
  }
  /** Shows bytes to the owner. */
  show(bytes: Uint8Array): void {
    try {
      this.events.data(this, bytes);
    } catch (error) {
      this.fault(error);
    }
  }
  /** It takes bytes: again, or for the first time. */
  drained(): void {
    if (this.done) return;
    try {
      if (this.open) return this.events.drain(this);
      this.open = true;
      this.events.opened(this);
    } catch (error) {
      this.fault(error);
    }
  }
}

/**
 * Reads from this size on are released at once, where they were not retained, instead of left to the
 * garbage collector: the next read then finds memory that is in the cache. Large content costs a
 * fifth less CPU.
 */
const largeRead = 16384;
/** Something of the present `data` call was kept. */
let kept = false;

/** The error of a `close` or `connectError` callback. */
function reasonOf(socket: BunSocket, error: unknown): SocketError {
  const errno = (error as { errno?: number } | undefined)?.errno;
  if (typeof errno === "number") return socketError(Math.abs(errno));
  return new SocketError(socket.open ? "ECONNRESET" : "ECONNREFUSED");
}

/** What Bun calls. */
export const handler: SocketHandler<BunSocket> = {
  // Not a Buffer, whose slice() is no copy.
  binaryType: "uint8array",
  open(native) {
    native.data.native = native;
  },
  data(native, bytes) {
    const socket = native.data;
    // Bun passes on what is left before it reports a reset, also while paused.
    if (socket.done || socket.paused) return;
    kept = false;
    const size = bytes.byteLength;
    if (size < largeRead) return socket.show(bytes);
    (socket.window ??= new ReceiveWindow()).came(descriptorOf(native), size);
    socket.show(bytes);
    if (kept) socket.window.kept(size);
    else (bytes.buffer as ArrayBuffer).transfer(0);
  },
  drain(native) {
    native.data.drained();
  },
  end(native) {
    native.data.ended();
  },
  close(native, error) {
    const socket = native.data;
    if (socket.done) return;
    if (socket.finSent && error === undefined) socket.ended();
    else socket.broken(reasonOf(socket, error));
  },
  connectError(native, error) {
    if (!native.data.done) native.data.broken(reasonOf(native.data, error));
  },
};

function descriptorOf(native: unknown): number {
  return (native as { fd: number }).fd;
}

/** What Bun gives a connection that its listener accepts, in place of a {@linkcode BunSocket}. */
export interface AcceptHandlers {
  accept(socket: Socket): SocketEvents;
}

/** {@linkcode handler} for accepted connections: `open` puts a socket in the place of `data`. */
export const acceptHandler: SocketHandler<BunSocket | AcceptHandlers> = {
  ...(handler as SocketHandler<BunSocket | AcceptHandlers>),
  open(native) {
    const { accept } = native.data as AcceptHandlers;
    const socket = new BunSocket(noEvents, true);
    socket.native = native as NativeSocket<BunSocket>;
    native.data = socket;
    socket.introduce(accept);
    // What came with the connection is read at once: that saves a turn of the event loop.
    if (socket.done || socket.paused) return;
    const bytes = receive(descriptorOf(native));
    if (bytes !== null) socket.show(bytes);
  },
};

/** What bun-types does not know yet: adopting descriptors. */
interface Adopting {
  connect(options: typeof adoption): Promise<unknown>;
}

const ignore = (): void => {};
/** Bun reads its options at once: one object serves all. */
const adoption = {
  fd: -1,
  allowHalfOpen: true,
  data: null as unknown as BunSocket,
  socket: handler,
};

/** Bun's event loop adopts a socket that connects or is connected, for `socket`. */
export function adoptSocket(fd: number, socket: BunSocket): void {
  adoption.fd = fd;
  adoption.data = socket;
  // The promise says nothing that the callbacks do not.
  (Bun as unknown as Adopting).connect(adoption).catch(ignore);
}
