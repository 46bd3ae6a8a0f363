/**
 * The CSV of `show stat`, row by row, as bytes: with thousands of servers it is megabytes, a hundred
 * cells a line. Numbers are written as digits, without a string in between.
 */
import {
  type Cell,
  type Column,
  columns,
  moduleColumns,
  type Moment,
  type Scope,
} from "./columns.ts";
import type { StatRow } from "./rows.ts";

/** The first line. */
export const csvHeader = `# ${columns.map(({ field }) => field).join()},-,${
  moduleColumns.map(({ field }) => field).join()
},\n`;

type Reader = (object: unknown, moment: Moment) => Cell;

/** What reads the cells of a line, in the order of the header; null: there is nothing. */
function readersOf(scope: Scope): readonly (Reader | null)[] {
  const read = (column: Column) => (column[scope] ?? null) as Reader | null;
  return [...columns.map(read), () => "-", ...moduleColumns.map(read)];
}
const readers: Readonly<Record<Scope, readonly (Reader | null)[]>> = {
  frontend: readersOf("frontend"),
  backend: readersOf("backend"),
  server: readersOf("server"),
};

const [COMMA, LF, ZERO, MINUS] = [44, 10, 48, 45];
/** Numbers up to that have so few digits that they are written one by one. */
const mostDigits = 2 ** 31;

/** Writes lines. */
export class CsvWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  /** What has been written since the last call: a copy. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** Writes the line of a row. */
  row({ scope, object }: StatRow, moment: Moment): void {
    const all = readers[scope];
    for (let i = 0; i < all.length; i++) {
      // No number, and no comma, is longer.
      if (this.#bytes.length - this.#length < 32) this.#grow(32);
      const read = all[i]!;
      if (read !== null) {
        const value = read(object, moment);
        if (typeof value === "number") {
          if (value === 0) this.#bytes[this.#length++] = ZERO;
          else if (value < Infinity) this.#number(value);
        } else if (value !== null) this.#text(value);
      }
      this.#bytes[this.#length++] = COMMA;
    }
    this.#bytes[this.#length++] = LF;
  }

  #number(value: number): void {
    const size = Math.abs(value);
    if (size >= mostDigits || size !== (size | 0)) return this.#text(String(value));
    const bytes = this.#bytes;
    if (value < 0) bytes[this.#length++] = MINUS;
    let digits = 1;
    for (let rest = size; rest >= 10; rest = (rest / 10) | 0) digits++;
    let at = this.#length += digits;
    for (let rest = size; digits > 0; digits--) {
      const tenth = (rest / 10) | 0;
      bytes[--at] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
  }

  #text(value: string): void {
    const { length } = value;
    // A comma follows.
    if (this.#bytes.length - this.#length < length + 32) this.#grow(length + 32);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 126 || code < 32 || code === COMMA || code === 34) return this.#other(value);
      bytes[at++] = code;
    }
    this.#length = at;
  }

  /** A value that has a comma, a quote or a line's end is quoted (RFC 4180). */
  #other(value: string): void {
    const quoted = /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
    const encoded = new TextEncoder().encode(quoted);
    if (this.#bytes.length - this.#length < encoded.length + 32) this.#grow(encoded.length + 32);
    this.#bytes.set(encoded, this.#length);
    this.#length += encoded.length;
  }

  #grow(room: number): void {
    const bytes = new Uint8Array(2 * this.#bytes.length + room);
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
  }
}
