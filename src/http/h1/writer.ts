import { copy } from "../bytes.ts";
import { fieldEnd, fieldStart, type Head } from "../head.ts";

/**
 * Writes an edited copy of a head: what is not cut passes on byte for byte. Edits come in the
 * order of the head; the buffer grows as needed and is used again.
 */
export class HeadWriter {
  bytes: Uint8Array;
  /** Bytes written so far. */
  length = 0;
  #source: Uint8Array = noBytes;
  /** The next byte of the source that has not been copied or cut. */
  #next = 0;

  /** @param size what the buffer holds to begin with, in bytes */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** Starts a copy of source[from, ...), replacing what was written before. */
  begin(source: Uint8Array, from: number): void {
    this.#source = source;
    this.#next = from;
    this.length = 0;
  }

  /** Leaves out source[from, to). */
  cut(from: number, to: number): void {
    this.#copyUpTo(from);
    this.#next = to;
  }

  /** Leaves out field `i` of `head`, with its line end. */
  cutField(head: Head, i: number): void {
    this.cut(fieldStart(head, i), fieldEnd(head, i));
  }

  /** Puts `text` before source[at]. */
  insert(at: number, text: Uint8Array): void {
    this.#copyUpTo(at);
    this.append(text, 0, text.length);
  }

  /** Copies the source up to `end`, and lets go of it. */
  finish(end: number): void {
    this.#copyUpTo(end);
    this.#source = noBytes;
  }

  /** Adds bytes[from, to) at the end. */
  append(bytes: Uint8Array, from: number, to: number): void {
    if (this.length + to - from > this.bytes.length) this.#grow(to - from);
    this.length = copy(this.bytes, this.length, bytes, from, to);
  }

  #copyUpTo(end: number): void {
    this.append(this.#source, this.#next, end);
    this.#next = end;
  }

  #grow(by: number): void {
    const larger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + by));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

const noBytes = new Uint8Array(0);
