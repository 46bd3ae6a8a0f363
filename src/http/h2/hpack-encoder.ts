/**
 * Writes blocks of fields for HPACK (RFC 7541, chapter 6), as HAProxy does: names from the static table,
 * values as they are. No dynamic table: what it would save on the wire costs more to look up, and
 * nothing that a response reveals can be guessed by its length.
 */
import { copy } from "../../bytes/bytes.ts";
import { STATUS, tokenOf } from "./static-table.ts";

/** A name up to this length has its letters made small in one place. */
const longestName = 4096;

const lower = new Uint8Array(256).map((_, i) => i >= 65 && i <= 90 ? i + 32 : i);

/** Status codes with an entry of their own in the static table, from that of 200 on. */
const statuses = [200, 204, 206, 304, 400, 404, 500];

/** A block that is being written. */
export class HpackEncoder {
  bytes = new Uint8Array(4096);
  length = 0;
  readonly #name = new Uint8Array(longestName);

  clear(): void {
    this.length = 0;
  }

  #makeRoom(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + count));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  /** The peer's dynamic table is emptied, and stays so: it has changed its size (section 4.2). */
  emptyTable(): void {
    this.#makeRoom(1);
    this.bytes[this.length++] = 0x20;
  }

  /** Field `index` of the static table, whole. */
  indexed(index: number): void {
    this.#makeRoom(1);
    this.bytes[this.length++] = 0x80 | index;
  }

  /** The field `:status`. */
  status(status: number): void {
    const known = statuses.indexOf(status);
    if (known >= 0) return this.indexed(STATUS + known);
    this.#makeRoom(5);
    const { bytes } = this;
    bytes[this.length++] = STATUS;
    bytes[this.length++] = 3;
    bytes[this.length++] = 48 + Math.floor(status / 100);
    bytes[this.length++] = 48 + Math.floor(status / 10) % 10;
    bytes[this.length++] = 48 + status % 10;
  }

  /** A field whose name is that of entry `token` of the static table; its value bytes[from, to). */
  named(token: number, bytes: Uint8Array, from: number, to: number): void {
    this.#makeRoom(to - from + 12);
    this.#integer(token, 4, 0);
    this.#string(bytes, from, to);
  }

  /**
   * A field: its name is bytes[nameFrom, nameTo), in letters of any size, its value
   * bytes[from, to).
   * @returns false: the name is too long
   */
  field(bytes: Uint8Array, nameFrom: number, nameTo: number, from: number, to: number): boolean {
    const length = nameTo - nameFrom;
    if (length > longestName) return false;
    const name = this.#name;
    for (let i = 0; i < length; i++) name[i] = lower[bytes[nameFrom + i]!]!;
    const token = tokenOf(name, 0, length);
    if (token > 0) {
      this.named(token, bytes, from, to);
    } else {
      this.#makeRoom(length + to - from + 12);
      this.bytes[this.length++] = 0;
      this.#string(name, 0, length);
      this.#string(bytes, from, to);
    }
    return true;
  }

  #integer(value: number, bits: number, first: number): void {
    const { bytes } = this;
    const mask = (1 << bits) - 1;
    if (value < mask) {
      bytes[this.length++] = first | value;
      return;
    }
    bytes[this.length++] = first | mask;
    let rest = value - mask;
    for (; rest >= 0x80; rest >>>= 7) bytes[this.length++] = rest & 0x7f | 0x80;
    bytes[this.length++] = rest;
  }

  #string(bytes: Uint8Array, from: number, to: number): void {
    this.#integer(to - from, 7, 0);
    this.length = copy(this.bytes, this.length, bytes, from, to);
  }
}
