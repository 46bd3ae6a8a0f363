/** Reads blocks of fields that HPACK has compressed (RFC 7541, chapter 6): bytes to bytes. */
import { copy } from "../../bytes/bytes.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { decodeHuffman, longestDecoded } from "./huffman.ts";
import { staticTable, type TableField, tokenOf } from "./static-table.ts";
import { usualTableSize } from "./protocol.ts";

/** Takes the fields of a block. */
export interface FieldSink {
  /**
   * The next field: its name is bytes[from, nameEnd), its value bytes[nameEnd, end), valid during
   * the call.
   * @param token the first entry of the static table that has this name; 0: none has
   */
  field(token: number, bytes: Uint8Array, from: number, nameEnd: number, end: number): void;
}

/** Takes fields that nobody wants: they must be read, for the table. */
export const noFields: FieldSink = { field() {} };

/** Where strings are put together. Blocks are read one at a time. */
let scratch = new Uint8Array(32_768);

function makeRoom(length: number): void {
  if (length <= scratch.length) return;
  const larger = new Uint8Array(2 * length);
  larger.set(scratch);
  scratch = larger;
}

/** No field has a string that is longer: whoever sends one has no use for an answer. */
const longestString = 1 << 20;

/** Reads the blocks of one connection, in their order. */
export class HpackDecoder {
  readonly table: DynamicTable;
  /** Where reading goes on. */
  #at = 0;

  /** @param tableSize as announced by SETTINGS_HEADER_TABLE_SIZE, in bytes */
  constructor(tableSize: number = usualTableSize) {
    this.table = new DynamicTable(tableSize);
    // The peer goes by the usual size until it has seen ours.
    this.table.setLimit(Math.min(tableSize, usualTableSize));
  }

  /**
   * Reads the block bytes[from, to).
   * @returns false: it is broken, and with it all that follows on the connection
   */
  decode(bytes: Uint8Array, from: number, to: number, sink: FieldSink): boolean {
    this.#at = from;
    let first = true;
    while (this.#at < to) {
      const byte = bytes[this.#at]!;
      if ((byte & 0x80) !== 0) {
        const field = this.#find(this.#integer(bytes, to, 7));
        if (field === null) return false;
        sink.field(field.token, field.bytes, 0, field.nameLength, field.bytes.length);
      } else if ((byte & 0xe0) === 0x20) {
        // Section 4.2: only before the fields.
        const size = this.#integer(bytes, to, 5);
        if (!first || size < 0 || size > this.table.most) return false;
        this.table.setLimit(size);
        continue;
      } else if (!this.#literal(bytes, to, (byte & 0x40) !== 0, sink)) {
        return false;
      }
      first = false;
    }
    return true;
  }

  #literal(bytes: Uint8Array, to: number, isKept: boolean, sink: FieldSink): boolean {
    const index = this.#integer(bytes, to, isKept ? 6 : 4);
    let token: number;
    let nameEnd: number;
    if (index > 0) {
      const field = this.#find(index);
      if (field === null) return false;
      token = field.token;
      nameEnd = field.nameLength;
      makeRoom(nameEnd);
      copy(scratch, 0, field.bytes, 0, nameEnd);
    } else {
      if (index < 0) return false;
      nameEnd = this.#string(bytes, to, 0);
      if (nameEnd < 0) return false;
      token = tokenOf(scratch, 0, nameEnd);
    }
    const end = this.#string(bytes, to, nameEnd);
    if (end < 0) return false;
    if (!isKept) {
      sink.field(token, scratch, 0, nameEnd, end);
    } else {
      const kept = scratch.slice(0, end);
      this.table.add({ bytes: kept, nameLength: nameEnd, token });
      sink.field(token, kept, 0, nameEnd, end);
    }
    return true;
  }

  #find(index: number): TableField | null {
    if (index <= 0) return null;
    return index <= staticTable.length
      ? staticTable[index - 1]!
      : this.table.at(index - 1 - staticTable.length);
  }

  /** An integer (section 5.1) whose first byte has a prefix of so many bits; -1: it is broken. */
  #integer(bytes: Uint8Array, to: number, bits: number): number {
    const mask = (1 << bits) - 1;
    let value = bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      if (this.#at >= to) return -1;
      const byte = bytes[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }

  /** A string (section 5.2), to `scratch` from `start` on. @returns where it ends; -1: it is broken */
  #string(bytes: Uint8Array, to: number, start: number): number {
    if (this.#at >= to) return -1;
    const isCoded = (bytes[this.#at]! & 0x80) !== 0;
    const length = this.#integer(bytes, to, 7);
    const from = this.#at;
    if (length < 0 || length > longestString || from + length > to) return -1;
    this.#at = from + length;
    if (isCoded) {
      makeRoom(start + longestDecoded(length));
      return decodeHuffman(bytes, from, from + length, scratch, start);
    }
    makeRoom(start + length);
    return copy(scratch, start, bytes, from, from + length);
  }
}
