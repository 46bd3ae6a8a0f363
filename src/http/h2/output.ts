/** Frames on their way out, until the socket has taken them. */
import { copy } from "../../bytes/bytes.ts";
import { frameHead } from "./protocol.ts";

/** Buffers of this thread that are not in use: an idle connection has none. */
const free: Uint8Array[] = [];
const size = 66_560;

/** No content is added where so much waits: there is room for one more frame in a buffer then. */
export const enoughOutput = 49_152;
const mostFree = 64;

const none = new Uint8Array(0);

/** The frames of one connection that wait: bytes[from, to). */
export class FrameOutput {
  bytes: Uint8Array = none;
  from = 0;
  to = 0;
  /** How many bytes had gone when `bytes` began. */
  #gone = 0;

  get length(): number {
    return this.to - this.from;
  }

  /** How many bytes there ever were: a place in all that is sent. */
  get place(): number {
    return this.#gone + this.to;
  }

  /** Begins a frame. @returns where its payload begins in `bytes`, which the caller fills in */
  frame(length: number, type: number, flags: number, stream: number): number {
    const at = this.#room(frameHead + length);
    const { bytes } = this;
    bytes[at] = length >> 16;
    bytes[at + 1] = length >> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = stream >> 24;
    bytes[at + 6] = stream >> 16;
    bytes[at + 7] = stream >> 8;
    bytes[at + 8] = stream;
    this.to = at + frameHead + length;
    return at + frameHead;
  }

  /** A frame whose payload is source[from, to). */
  frameOf(
    source: Uint8Array,
    from: number,
    to: number,
    type: number,
    flags: number,
    stream: number,
  ): void {
    const at = this.frame(to - from, type, flags, stream);
    copy(this.bytes, at, source, from, to);
  }

  /** Sets flags of the frame that began at a {@linkcode place}. @returns false: it has gone */
  flag(place: number, flags: number): boolean {
    const at = place - this.#gone;
    if (at < this.from) return false;
    this.bytes[at + 4]! |= flags;
    return true;
  }

  setUint32(at: number, value: number): void {
    const { bytes } = this;
    bytes[at] = value >> 24;
    bytes[at + 1] = value >> 16;
    bytes[at + 2] = value >> 8;
    bytes[at + 3] = value;
  }

  /** So many bytes have gone. */
  taken(count: number): void {
    this.from += count;
    if (this.from < this.to) return;
    this.#gone += this.to;
    this.from = this.to = 0;
    if (this.bytes.length === size && free.length < mostFree) free.push(this.bytes);
    this.bytes = none;
  }

  /** Gives all of it up. */
  drop(): void {
    this.taken(this.length);
  }

  /** Makes room. @returns where it begins */
  #room(count: number): number {
    if (this.to + count <= this.bytes.length) return this.to;
    if (this.bytes === none && count <= size) {
      this.bytes = free.pop() ?? new Uint8Array(size);
      return 0;
    }
    const length = this.length;
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, length + count));
    larger.set(this.bytes.subarray(this.from, this.to));
    this.#gone += this.from;
    this.bytes = larger;
    this.from = 0;
    this.to = length;
    return length;
  }
}
