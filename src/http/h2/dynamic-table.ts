/** The dynamic table of HPACK (RFC 7541, section 2.3.2 and chapter 4), as a decoder keeps it. */
import type { TableField } from "./static-table.ts";

/** What an entry takes beside its bytes (section 4.1). */
const overhead = 32;

/** Fields that were sent before, the newest first. */
export class DynamicTable {
  /** A ring: the newest is behind {@linkcode DynamicTable.#next}. */
  readonly #fields: (TableField | null)[];
  readonly #mask: number;
  #next = 0;
  #count = 0;
  #size = 0;
  #limit: number;

  /** @param most the largest size that it may be given, in bytes */
  constructor(readonly most: number) {
    let room = 1;
    while (room * overhead < most) room *= 2;
    this.#fields = new Array<TableField | null>(room).fill(null);
    this.#mask = room - 1;
    this.#limit = most;
  }

  get count(): number {
    return this.#count;
  }
  get size(): number {
    return this.#size;
  }

  /** Field `i`, from 0, the newest; null: there are not so many. */
  at(i: number): TableField | null {
    return i < this.#count ? this.#fields[this.#next - 1 - i & this.#mask]! : null;
  }

  /** Adds a field; those that have no room beside it leave, and it does not stay if it is too large. */
  add(field: TableField): void {
    const size = field.bytes.length + overhead;
    if (size > this.#limit) return this.#evict(0);
    this.#evict(this.#limit - size);
    this.#fields[this.#next] = field;
    this.#next = this.#next + 1 & this.#mask;
    this.#count++;
    this.#size += size;
  }

  /** From now on it is no larger than this, which is no more than `most`. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#evict(limit);
  }

  #evict(room: number): void {
    while (this.#size > room) {
      const oldest = this.#next - this.#count & this.#mask;
      this.#size -= this.#fields[oldest]!.bytes.length + overhead;
      this.#fields[oldest] = null;
      this.#count--;
    }
  }
}
