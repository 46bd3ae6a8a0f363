import type { Socket, SpliceEvents } from "../../net/socket.ts";

/** Makes bytes outlive the call in which they were given: a socket, or {@linkcode copiedBuffer}. */
export type BufferOwner = Pick<Socket, "retain">;

/** Retains by copying, for bytes of a buffer that is used again. */
export const copiedBuffer: BufferOwner = { retain: (bytes, from, to) => bytes.slice(from, to) };

/** `first`, then bytes[from, to). */
export function join(first: Uint8Array, bytes: Uint8Array, from: number, to: number): Uint8Array {
  const joined = new Uint8Array(first.length + to - from);
  joined.set(first);
  joined.set(bytes.subarray(from, to), first.length);
  return joined;
}

/** bytes[from, to) beyond the call; `owner` null: they stay as they are. */
export function retain(
  bytes: Uint8Array,
  from: number,
  to: number,
  owner: BufferOwner | null,
): Uint8Array {
  return owner === null ? bytes.subarray(from, to) : owner.retain(bytes, from, to);
}

/** What was retained before, if anything was, and bytes[from, to) after it. */
export function retainAfter(
  kept: Uint8Array | null,
  bytes: Uint8Array,
  from: number,
  to: number,
  owner: BufferOwner | null,
): Uint8Array {
  return kept === null ? retain(bytes, from, to, owner) : join(kept, bytes, from, to);
}

/** What is notified of bytes that pass without being seen. */
export interface SpliceOwner {
  /** So many bytes of `source` were taken, or there is no room for them just now. */
  onSpliced(source: Socket, count: number): void;
}

/**
 * What a socket has been given and has not taken yet. While anything waits here the source must be
 * paused, so that no more than one piece ever does.
 */
export class SendBuffer implements SpliceEvents {
  #rest: Uint8Array | null = null;
  /** The buffer of the rest, where that may grow; null: the bytes are another owner's. */
  #room: Uint8Array | null = null;
  /** Bytes wait that pass without being seen. */
  #waits = false;
  #spliceOwner: SpliceOwner | null = null;

  /** What is pushed next is the last, and the socket is closed in the same call. */
  ends = false;

  /** @param socket where the bytes go */
  constructor(readonly socket: Socket) {}

  /** Nothing waits. */
  get empty(): boolean {
    return this.#rest === null && !this.#waits;
  }

  /**
   * Lets the next `count` bytes of `source` pass without being seen, if that can be; nothing else
   * may be pushed until they have.
   */
  splice(source: Socket, count: number, owner: SpliceOwner): void {
    if (!this.empty || source.splice === undefined) return;
    if (source.splice(this.socket, count, this)) this.#spliceOwner = owner;
  }
  spliced(source: Socket, count: number, waits: boolean): void {
    this.#waits = waits;
    this.#spliceOwner!.onSpliced(source, count);
  }

  /**
   * Sends bytes[from, to), after what waits.
   * @param owner retains bytes beyond the call, as the socket does whose `data` they are; null if
   * they stay as they are until they are sent
   * @returns whether all of it was taken; if not, pause the source until the buffer is empty
   */
  push(bytes: Uint8Array, from: number, to: number, owner: BufferOwner | null): boolean {
    if (this.#rest !== null) {
      this.#append(this.#rest, bytes, from, to);
      return false;
    }
    const taken = this.ends && this.socket.writeLast !== undefined
      ? this.socket.writeLast(bytes, from, to)
      : this.socket.write(bytes, from, to);
    // A broken socket reports `closed`; what is pushed until then is lost with it.
    if (taken === to - from || taken < 0) return true;
    this.#rest = retain(bytes, from + taken, to, owner);
    return false;
  }

  /**
   * Sends all of `head`'s first `length` bytes, which are copied if they must wait, and then
   * bytes[from, to), in one go. @returns as {@linkcode push}
   */
  pushBoth(
    head: Uint8Array,
    length: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    owner: BufferOwner | null,
  ): boolean {
    if (this.#rest !== null) {
      this.push(head, 0, length, null);
      return this.push(bytes, from, to, null);
    }
    const taken = this.socket.writev(head, 0, length, bytes, from, to);
    if (taken === length + to - from || taken < 0) return true;
    this.#rest = taken < length
      ? join(head.subarray(taken, length), bytes, from, to)
      : retain(bytes, from + taken - length, to, owner);
    return false;
  }

  /** Adds to what waits. The room doubles: one read may bring thousands of interim responses. */
  #append(rest: Uint8Array, bytes: Uint8Array, from: number, to: number): void {
    const length = rest.length + to - from;
    let room = this.#room;
    let start = rest.byteOffset;
    if (room === null || start + length > room.length) {
      room = this.#room = new Uint8Array(2 * length);
      room.set(rest);
      start = 0;
    }
    room.set(bytes.subarray(from, to), start + rest.length);
    this.#rest = room.subarray(start, start + length);
  }

  /** The source of a splice is gone, and with it what it held: nothing of that waits any more. */
  sourceGone(): void {
    this.#waits = false;
  }

  /** Drops what waits, the socket being closed. */
  drop(): void {
    this.#rest = this.#room = null;
  }

  /** Sends what waits, the socket being ready. @returns whether the buffer is empty now */
  flush(): boolean {
    const rest = this.#rest;
    if (rest === null) return !this.#waits;
    const taken = this.socket.write(rest, 0, rest.length);
    if (taken === rest.length || taken < 0) this.drop();
    else if (taken > 0) this.#rest = rest.subarray(taken);
    return this.#rest === null;
  }
}
