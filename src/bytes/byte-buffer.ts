import { copy } from "./bytes.ts";

/** Bytes that are collected, in a buffer that grows as needed and is used again. */
export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;

  /** @param size what the buffer holds to begin with, in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  clear(): void {
    this.length = 0;
  }

  /** Adds bytes[from, to) at the end. */
  append(bytes: Uint8Array, from: number, to: number): void {
    if (this.length + to - from > this.bytes.length) this.#grow(to - from);
    this.length = copy(this.bytes, this.length, bytes, from, to);
  }

  /** Makes room for so many bytes more behind what there is. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  /** Puts `text` in the place of `length` bytes at `at`. */
  replace(at: number, length: number, text: Uint8Array): void {
    const by = text.length - length;
    if (this.length + by > this.bytes.length) this.#grow(by);
    this.bytes.copyWithin(at + text.length, at + length, this.length);
    this.bytes.set(text, at);
    this.length += by;
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + by));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
