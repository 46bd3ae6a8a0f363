/**
 * A socket over a connection that is read and written with promises: Deno's, or a pair of Web
 * Streams. Its owner gets events and writes without waiting; the promises are awaited here.
 *
 * An idle connection costs a read buffer of 4 KiB, which becomes one of 64 KiB while the peer sends
 * faster than that; and a buffer for writing, of the same sizes, while the connection takes bytes.
 */
import { type Socket, SocketError, type SocketEvents, writeBoth } from "../socket.ts";
import { socketErrorOf } from "../errors.ts";
import { reportFault } from "../faults.ts";

/** What is asked of a connection; `Deno.Conn` has it. */
export interface PromiseConnection {
  /** Reads into `into`. @returns how many bytes, at least 1; null at the end of the stream */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`, which stay as they are until then. @returns how many, at least 1 */
  write(bytes: Uint8Array): Promise<number>;
  /** Half-closes. */
  closeWrite(): Promise<void>;
  /** Closes both directions; what is being read or written is rejected. */
  close(): void;
  /** Has the peer see an error, where that can be done; close() follows. */
  reset?(error: SocketError): void;
  /**
   * Whether nothing has come but the `shown` bytes that the owner has seen, and no end, as far as
   * the kernel knows. Without it, what a read has brought is all that is known.
   */
  isQuiet?(shown: number): boolean;
}

/** The two ends of a connection, as {@linkcode Socket} has them. */
export interface ConnectionAddresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

const smallBuffer = 4_096;
const largeBuffer = 65_536;
/** How long bytes that close() left behind may wait for a peer that does not read them, in ms. */
const linger = 30_000;

/** Free buffers, 4 MiB of each size at most. */
const small: Uint8Array[] = [];
const large: Uint8Array[] = [];
const keptBytes = 4 << 20;

function borrow(size: number): Uint8Array {
  return size === smallBuffer
    ? small.pop() ?? new Uint8Array(smallBuffer)
    : large.pop() ?? new Uint8Array(largeBuffer);
}

function giveBack(buffer: Uint8Array): void {
  const shelf = buffer.length === smallBuffer ? small : large;
  if (shelf.length * buffer.length < keptBytes) shelf.push(buffer);
}

/** A class, because thousands of them share their methods on the hot path. */
export class PromiseSocket implements Socket {
  events: SocketEvents;
  remoteAddress = "";
  remotePort = 0;
  localAddress = "";
  localPort = 0;
  #connection: PromiseConnection | undefined;
  #cancel: (() => void) | undefined;
  /** The owner has closed it, or it broke: silence from here on. */
  #done = false;
  #paused = false;
  #reading = false;
  #input: Uint8Array | undefined;
  /** Bytes in `#input` that are not delivered: they came after pause(). */
  #held = 0;
  /** Bytes that the owner has seen. */
  #shown = 0;
  #finReceived = false;
  /** output[start, end) waits to be taken by the connection. */
  #output: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #flushing = false;
  #drainIsDue = false;
  #finWanted = false;
  /** Writing has failed, while what the peer sent before is still being read. */
  #error: SocketError | undefined;
  #lingering: ReturnType<typeof setTimeout> | undefined;

  /** @param cancel ends the attempt to connect that {@linkcode open} or {@linkcode fail} follows */
  constructor(events: SocketEvents, cancel?: () => void) {
    this.events = events;
    this.#cancel = cancel;
  }

  /** Takes an established connection. `announce` notifies the owner, before any event. */
  open(
    connection: PromiseConnection,
    addresses: ConnectionAddresses,
    announce: (socket: PromiseSocket) => void,
  ): void {
    if (this.#done) return connection.close();
    Object.assign(this, addresses);
    this.#connection = connection;
    this.#cancel = undefined;
    if (this.#finWanted) this.#closeWrite();
    try {
      announce(this);
    } catch (error) {
      this.#fault(error);
    }
    if (this.#done) return;
    if (!this.#reading) void this.#read();
    if (this.#drainIsDue && !this.#flushing) void this.#flush();
  }

  /** The attempt to connect has failed, or the connection broke. */
  fail(error: SocketError): void {
    if (this.#done) return;
    this.#done = true;
    this.#connection?.reset?.(error);
    this.#closeConnection();
    try {
      this.events.closed(this, error);
    } catch (fault) {
      reportFault(fault);
    }
  }

  /**
   * Its owner has thrown this: it is reset, and the owner notified. @throws {unknown} see faults.ts
   */
  #fault(error: unknown): void {
    reportFault(error);
    this.fail(new SocketError("EIO", "its owner has failed"));
  }

  async #read(): Promise<void> {
    this.#reading = true;
    // So that nothing is delivered inside resume().
    await null;
    while (!this.#done && !this.#paused) {
      if (this.#held > 0) {
        this.#deliver();
      } else if (this.#finReceived) {
        if (this.#error !== undefined) this.fail(this.#error);
        else this.#tellEnded();
        // Still "reading": a connection that has ended does not start to read again.
        return this.#releaseInput();
      } else {
        await this.#receive();
      }
    }
    this.#reading = false;
    if (this.#done) this.#releaseInput();
    else if (this.#error !== undefined) this.fail(this.#error);
  }

  #tellEnded(): void {
    try {
      this.events.ended(this);
    } catch (error) {
      this.#fault(error);
    }
  }

  #releaseInput(): void {
    if (this.#input !== undefined) giveBack(this.#input);
    this.#input = undefined;
  }

  async #receive(): Promise<void> {
    this.#input ??= borrow(smallBuffer);
    try {
      const count = await this.#connection!.read(this.#input);
      if (count === null) this.#finReceived = true;
      else this.#held = count;
    } catch (error) {
      this.fail(socketErrorOf(error));
    }
  }

  #deliver(): void {
    const input = this.#input as Uint8Array;
    const count = this.#held;
    this.#held = 0;
    this.#shown += count;
    try {
      this.events.data(this, input.subarray(0, count));
    } catch (error) {
      this.#fault(error);
    }
    const size = count < smallBuffer ? smallBuffer : largeBuffer;
    if (size === input.length) return;
    giveBack(input);
    this.#input = borrow(size);
  }

  write(bytes: Uint8Array, from: number, to: number): number {
    if (this.#done || this.#finWanted || this.#error !== undefined) return -1;
    const asked = to - from;
    if (this.#connection === undefined) {
      this.#drainIsDue = true;
      return 0;
    }
    const output = this.#outputFor(asked);
    const taken = Math.min(asked, output.length - this.#end);
    const whole = taken === bytes.length;
    output.set(whole ? bytes : bytes.subarray(from, from + taken), this.#end);
    this.#end += taken;
    if (taken < asked) this.#drainIsDue = true;
    if (!this.#flushing) void this.#flush();
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

  /** The buffer for writing, with room for `asked` more bytes if it can have it. */
  #outputFor(asked: number): Uint8Array {
    const old = this.#output;
    if (old === undefined) {
      this.#output = borrow(asked <= smallBuffer ? smallBuffer : largeBuffer);
    } else if (old.length === smallBuffer && this.#end + asked > smallBuffer) {
      // Not given back: the connection may be at it.
      this.#output = borrow(largeBuffer);
      this.#output.set(old.subarray(this.#start, this.#end));
      this.#end -= this.#start;
      this.#start = 0;
    }
    return this.#output as Uint8Array;
  }

  /** Writes what waits, then does what was to follow it. */
  async #flush(): Promise<void> {
    const connection = this.#connection as PromiseConnection;
    this.#flushing = true;
    let failure: unknown;
    try {
      while (this.#start < this.#end) {
        const rest = this.#output!.subarray(this.#start, this.#end);
        this.#start += await connection.write(rest);
      }
    } catch (error) {
      failure = error;
    }
    this.#flushing = false;
    this.#start = this.#end = 0;
    if (this.#output !== undefined) giveBack(this.#output);
    this.#output = undefined;
    if (this.#done) {
      this.#closeConnection();
    } else if (failure !== undefined) {
      this.#error = socketErrorOf(failure);
      // A read that is under way still brings what the peer sent before it went.
      if (!this.#reading || this.#paused || this.#finReceived) this.fail(this.#error);
    } else if (this.#finWanted) {
      this.#closeWrite();
    } else if (this.#drainIsDue) {
      this.#drainIsDue = false;
      try {
        this.events.drain(this);
      } catch (error) {
        this.#fault(error);
      }
    }
  }

  /** The buffer is used again for the next read. */
  retain(bytes: Uint8Array, from: number, to: number): Uint8Array {
    return bytes.slice(from, to);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (!this.#done && !this.#reading && this.#connection !== undefined) void this.#read();
  }

  shutdown(): void {
    if (this.#done || this.#finWanted) return;
    this.#finWanted = true;
    if (this.#connection !== undefined && !this.#flushing) this.#closeWrite();
  }

  #closeWrite(): void {
    // A connection that is broken already says so to the next read.
    this.#connection?.closeWrite().catch(() => {});
  }

  close(): void {
    if (this.#done) return;
    this.#done = true;
    if (this.#connection === undefined) this.#cancel?.();
    else if (!this.#flushing) this.#closeConnection();
    else this.#lingering = setTimeout(() => this.#closeConnection(), linger);
  }

  reset(): void {
    if (this.#done) return;
    this.#done = true;
    this.#cancel?.();
    this.#connection?.reset?.(new SocketError("ECONNRESET"));
    this.#closeConnection();
  }

  #closeConnection(): void {
    clearTimeout(this.#lingering);
    this.#connection?.close();
    this.#connection = undefined;
  }

  isQuiet(): boolean {
    const connection = this.#connection;
    if (connection === undefined || this.#done || this.peerGone()) return false;
    if (connection.isQuiet !== undefined) return connection.isQuiet(this.#shown);
    return !this.#paused && this.#held === 0;
  }
  peerGone(): boolean {
    return this.#finReceived || this.#error !== undefined;
  }
}
