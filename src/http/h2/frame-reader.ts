/** Takes apart what comes on a connection into frames (RFC 9113, chapter 4). */
import { DATA, FRAME_SIZE_ERROR, frameHead, PADDED, preface, PROTOCOL_ERROR } from "./protocol.ts";

/** What takes the frames. */
export interface FrameHandler {
  /** The connection is over: what still comes is not read. */
  readonly failed: boolean;
  /** A frame, whole, of any type but DATA: its payload is bytes[from, to). */
  onFrame(
    type: number,
    flags: number,
    stream: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): void;
  /**
   * A DATA frame begins.
   * @param length what counts for flow control: padding included
   * @param content of it is content
   */
  onDataFrame(flags: number, stream: number, length: number, content: number): void;
  /** A piece of its content, which may come in several, or is empty. @param last nothing follows */
  onDataPiece(bytes: Uint8Array, from: number, to: number, last: boolean): void;
  /** The connection is broken. */
  fail(code: number, reason: string): void;
}

/**
 * Reads frames. DATA passes as it comes; of other frames what there is is kept until they are whole:
 * they are no longer than announced by SETTINGS_MAX_FRAME_SIZE.
 */
export class FrameReader {
  /** The beginning of a frame, or of the preface. */
  #carry: Uint8Array | null = null;
  /** Left of a DATA frame: content, and the padding behind it. */
  #content = 0;
  #padding = 0;
  #inContent = false;
  #awaitsPreface: boolean;

  /**
   * @param longest a frame's payload may be, in bytes
   * @param awaitsPreface the peer is a client, which begins with the preface
   */
  constructor(readonly handler: FrameHandler, readonly longest: number, awaitsPreface: boolean) {
    this.#awaitsPreface = awaitsPreface;
  }

  /** Nothing of a frame has come that is not whole. */
  get between(): boolean {
    return this.#carry === null && !this.#inContent && this.#padding === 0;
  }

  /** Reads on. */
  read(bytes: Uint8Array): void {
    const carry = this.#carry;
    if (carry !== null) {
      const joined = new Uint8Array(carry.length + bytes.length);
      joined.set(carry);
      joined.set(bytes, carry.length);
      bytes = joined;
      this.#carry = null;
    }
    const { handler } = this;
    const to = bytes.length;
    let at = 0;
    if (this.#awaitsPreface) {
      at = this.#readPreface(bytes, to);
      if (at === 0) return;
    }
    while (at < to && !handler.failed) {
      const next = this.#inContent || this.#padding > 0
        ? this.#readContent(bytes, at, to)
        : this.#readFrame(bytes, at, to);
      if (next === at) break;
      at = next;
    }
    if (at < to && !handler.failed) this.#carry = bytes.slice(at, to);
  }

  /** @returns where it ends; 0: it is not there, or not yet */
  #readPreface(bytes: Uint8Array, to: number): number {
    const length = Math.min(to, preface.length);
    for (let i = 0; i < length; i++) {
      if (bytes[i] === preface[i]) continue;
      this.handler.fail(PROTOCOL_ERROR, "no preface");
      return 0;
    }
    if (length < preface.length) {
      this.#carry = bytes.slice(0, to);
      return 0;
    }
    this.#awaitsPreface = false;
    return length;
  }

  #readContent(bytes: Uint8Array, at: number, to: number): number {
    if (this.#inContent) {
      const end = Math.min(to, at + this.#content);
      this.#content -= end - at;
      const last = this.#content === 0;
      this.#inContent = !last;
      this.handler.onDataPiece(bytes, at, end, last);
      return end;
    }
    const skipped = Math.min(to - at, this.#padding);
    this.#padding -= skipped;
    return at + skipped;
  }

  /** Reads a frame's head, and what follows it unless it is content. @returns where; `at`: too little */
  #readFrame(bytes: Uint8Array, at: number, to: number): number {
    if (to - at < frameHead) return at;
    const length = bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
    const { handler } = this;
    if (length > this.longest) {
      handler.fail(FRAME_SIZE_ERROR, "a frame that is too long");
      return at;
    }
    const type = bytes[at + 3]!;
    const flags = bytes[at + 4]!;
    const stream =
      (bytes[at + 5]! << 24 | bytes[at + 6]! << 16 | bytes[at + 7]! << 8 | bytes[at + 8]!) &
      0x7fff_ffff;
    const from = at + frameHead;
    if (type !== DATA) {
      if (to - from < length) return at;
      handler.onFrame(type, flags, stream, bytes, from, from + length);
      return from + length;
    }
    let start = from;
    let padding = 0;
    if ((flags & PADDED) !== 0) {
      if (length === 0) {
        handler.fail(FRAME_SIZE_ERROR, "DATA without the length of its padding");
        return at;
      }
      if (from === to) return at;
      padding = bytes[start++]!;
      if (padding >= length) {
        handler.fail(PROTOCOL_ERROR, "DATA with more padding than there is room");
        return at;
      }
    }
    const content = length - padding - (start - from);
    handler.onDataFrame(flags, stream, length, content);
    if (handler.failed) return at;
    this.#content = content;
    this.#padding = padding;
    this.#inContent = content > 0;
    if (content === 0) handler.onDataPiece(bytes, start, start, true);
    return start;
  }
}
