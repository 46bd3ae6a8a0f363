/**
 * The value of an expression while it is worked out (manual, chapter 7.1, "sample"): a register that
 * fetches fill in and converters change, so that nothing is made for a value.
 */

/** Types of samples (manual, chapter 7.1). */
export const ANY = 0;
export const BOOL = 1;
export const SINT = 2;
/** Of either family: what a fetch may return, or a converter may take. */
export const ADDR = 3;
export const IPV4 = 4;
export const IPV6 = 5;
export const STR = 6;
export const BIN = 7;
/** A method: one of METHOD_... of http/head.ts in `int`, and its name. */
export const METH = 8;

/** One of the types above. */
export type SampleType =
  | typeof ANY
  | typeof BOOL
  | typeof SINT
  | typeof ADDR
  | typeof IPV4
  | typeof IPV6
  | typeof STR
  | typeof BIN
  | typeof METH;

/** Names of the types, by number, as HAProxy's messages have them. */
export const typeNames = [
  "any",
  "boolean",
  "integer",
  "address",
  "ipv4",
  "ipv6",
  "string",
  "binary",
  "method",
] as const;

/** The bounds of an integer: 64 bits, signed. */
export const minInteger = -(2n ** 63n);
export const maxInteger = 2n ** 63n - 1n;

export const noBytes = new Uint8Array(0);

/**
 * A sample. Its bytes belong to somebody else (the message, a scratch buffer, the configuration), and
 * stay as they are until the next expression is worked out: {@linkcode Sample.copyBytes} makes them
 * last.
 */
export class Sample {
  type: SampleType = ANY;
  /** BOOL: 0 or 1; SINT, as near as a double comes; METH: one of METHOD_... */
  int = 0;
  /** SINT: the exact value, where `int` is not it (beyond 2^53); else null. */
  wide: bigint | null = null;
  /** STR, BIN, METH: bytes[from, to). IPV4, IPV6: 4 or 16 bytes of the address there. */
  bytes: Uint8Array = noBytes;
  from = 0;
  to = 0;
  /**
   * There may be more values of the same fetch, as of a field that stands several times: calling it
   * again, with `cursor` as it is, gives the next one. Whoever works out an expression sets both to
   * false and 0 before the first call.
   */
  more = false;
  cursor = 0;
  /** What is still to come of the input may change the value, or give one where there is none. */
  pending = false;

  /**
   * All values are wanted, one after the other, as by ACLs: else it is one, and of fields and cookies
   * that stand several times the last one, as in HAProxy.
   */
  iterate = false;

  /** Forgets the value before, and starts from the first one. @param iterate all are wanted */
  begin(iterate = false): void {
    this.more = this.pending = false;
    this.cursor = 0;
    this.iterate = iterate;
  }

  /** Makes it a boolean. @returns true, as fetches and converters do where there is a value */
  setBool(value: boolean): true {
    this.type = BOOL;
    this.int = value ? 1 : 0;
    this.wide = null;
    return true;
  }

  /** Makes it an integer within 2^53. @returns true */
  setInt(value: number): true {
    this.type = SINT;
    this.int = value;
    this.wide = null;
    return true;
  }

  /** Makes it an integer, which is cut to 64 bits signed at either end. @returns true */
  setBigInt(value: bigint): true {
    const cut = value < minInteger ? minInteger : value > maxInteger ? maxInteger : value;
    this.type = SINT;
    this.int = Number(cut);
    this.wide = Number.isSafeInteger(this.int) ? null : cut;
    return true;
  }

  /** The exact value of a BOOL or SINT. */
  get exact(): bigint {
    return this.wide ?? BigInt(this.int);
  }

  /** Makes it bytes[from, to) of a type that has bytes. @returns true */
  setBytes(type: SampleType, bytes: Uint8Array, from: number, to: number): true {
    this.type = type;
    this.bytes = bytes;
    this.from = from;
    this.to = to;
    return true;
  }

  /** Makes it the string of all of `bytes`. @returns true */
  setString(bytes: Uint8Array): true {
    return this.setBytes(STR, bytes, 0, bytes.length);
  }

  get length(): number {
    return this.to - this.from;
  }

  /** Its bytes, copied. */
  copyBytes(): Uint8Array {
    return this.bytes.slice(this.from, this.to);
  }

  /** Makes it the value of another one, whose bytes it shares. */
  assign(other: Sample): void {
    this.type = other.type;
    this.int = other.int;
    this.wide = other.wide;
    this.bytes = other.bytes;
    this.from = other.from;
    this.to = other.to;
  }
}
