/**
 * The data in a content of the chunked coding (RFC 9112, chapter 7), and the coding around data. What
 * is read has been scanned before (chunked.ts): it is sound, and has neither extensions nor lone LFs.
 */
import type { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf, CR, LF } from "../../bytes/bytes.ts";

const SIZE = 0;
const SIZE_LF = 1;
const DATA = 2;
const DATA_END = 3;
const TRAILERS = 4;

/** Finds the data of a chunked content, whose bytes come piece by piece. */
export class ChunkData {
  #state = SIZE;
  #left = 0;
  #lineEnds = 0;
  /** The data found last: bytes[from, to) of what was read. */
  from = 0;
  to = 0;

  begin(): void {
    this.#state = SIZE;
    this.#left = this.#lineEnds = 0;
  }

  /** Behind the last chunk: what comes is the trailer section, to its end. */
  get inTrailers(): boolean {
    return this.#state === TRAILERS;
  }

  /**
   * Reads on through bytes[at, to).
   * @returns where to read on: in front of it is data, [from, to) of this; -1: there is no more in
   * these bytes. Once {@linkcode inTrailers}, `from` is where the trailer section goes on
   */
  next(bytes: Uint8Array, at: number, to: number): number {
    while (at < to) {
      if (this.#state === DATA) {
        const end = Math.min(to, at + this.#left);
        this.from = at;
        this.to = end;
        this.#left -= end - at;
        if (this.#left === 0) {
          this.#state = DATA_END;
          this.#lineEnds = 2;
        }
        return end;
      }
      if (this.#state === TRAILERS) {
        this.from = at;
        return -1;
      }
      const c = bytes[at++]!;
      if (this.#state === DATA_END) {
        if (--this.#lineEnds === 0) this.#state = SIZE;
      } else if (this.#state === SIZE_LF) {
        this.#state = this.#left > 0 ? DATA : TRAILERS;
      } else if (c === CR) {
        this.#state = SIZE_LF;
      } else {
        this.#left = this.#left * 16 + (c <= 57 ? c - 48 : (c | 32) - 87);
      }
    }
    this.from = at;
    return -1;
  }
}

/** Digits of a chunk's size, with zeros in front: room for it is kept before it is known. */
const digits = 6;
const sizeLine = digits + 2;

/** Begins a chunk at the end of `target`. @returns where it begins, for {@linkcode endChunk} */
export function beginChunk(target: ByteBuffer): number {
  const start = target.length;
  target.append(room, 0, sizeLine);
  return start;
}

/** Ends the chunk that began at `start`; one without data is taken out again, for it would be the last. */
export function endChunk(target: ByteBuffer, start: number): void {
  let size = target.length - start - sizeLine;
  if (size === 0) {
    target.length = start;
    return;
  }
  for (let i = start + digits - 1; i >= start; i--) {
    const digit = size & 15;
    target.bytes[i] = digit < 10 ? 48 + digit : 87 + digit;
    size >>>= 4;
  }
  target.append(lineEnd, 0, 2);
}

/** Appends data whose size is known as a chunk; without data nothing, for it would be the last. */
export function appendChunk(target: ByteBuffer, bytes: Uint8Array, from: number, to: number): void {
  if (from === to) return;
  const size = bytesOf((to - from).toString(16));
  target.append(size, 0, size.length);
  target.append(lineEnd, 0, 2);
  target.append(bytes, from, to);
  target.append(lineEnd, 0, 2);
}

/** Ends the content, if no trailer section follows. */
export function endChunks(target: ByteBuffer): void {
  target.append(lastChunk, 0, lastChunk.length);
}

/** Begins the trailer section. */
export function beginTrailers(target: ByteBuffer): void {
  target.append(lastChunk, 0, 3);
}

const room = Uint8Array.of(48, 48, 48, 48, 48, 48, CR, LF);
const lineEnd = Uint8Array.of(CR, LF);
/** "0", and two empty lines: that of the size, and the end of the trailer section. */
export const lastChunk = Uint8Array.of(48, CR, LF, CR, LF);
