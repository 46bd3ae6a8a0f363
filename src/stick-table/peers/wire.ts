/** Numbers and messages of the peers protocol (HAProxy's peers.txt, version 2.1). */

/** The classes of messages. */
export const CONTROL = 0;
export const ERROR = 1;
export const UPDATES = 10;

// Of the class of control.
export const RESYNC_REQUEST = 0;
export const RESYNC_FINISHED = 1;
export const RESYNC_PARTIAL = 2;
export const RESYNC_CONFIRM = 3;
export const HEARTBEAT = 4;

// Of the class of errors.
export const PROTOCOL_ERROR = 0;
export const SIZE_ERROR = 1;

// Of the class of updates.
export const UPDATE = 0x80;
/** Its number follows that of the one before. */
export const NEXT_UPDATE = 0x81;
export const DEFINITION = 0x82;
export const SWITCH = 0x83;
export const ACKNOWLEDGEMENT = 0x84;
/** As {@linkcode UPDATE} and {@linkcode NEXT_UPDATE}, with the time that the entry has left. */
export const TIMED_UPDATE = 0x85;
export const NEXT_TIMED_UPDATE = 0x86;

/** The types of keys on the wire. */
export const keyTypeNumbers = { integer: 2, ip: 4, ipv6: 5, string: 6, binary: 7 } as const;

/** Writes a message into bytes that grow. */
export class Writer {
  bytes: Uint8Array = new Uint8Array(512);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  #room(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(2 * (this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.#room(1);
    this.bytes[this.length++] = value;
  }

  /** A number of 32 bits, the highest byte first. */
  word(value: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.byte((value >>> shift) & 255);
  }

  /** An encoded integer, up to 2^53. */
  integer(value: number): void {
    if (value < 0xf0) return this.byte(value);
    this.byte((value | 0xf0) & 255);
    let rest = Math.floor((value - 0xf0) / 16);
    while (rest >= 0x80) {
      this.byte((rest % 128) | 0x80);
      rest = Math.floor((rest - 0x80) / 128);
    }
    this.byte(rest);
  }

  raw(bytes: Uint8Array, from = 0, to = bytes.length): void {
    this.#room(to - from);
    for (let i = from; i < to; i++) this.bytes[this.length++] = bytes[i]!;
  }

  /** The length of a text, and its bytes. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    this.integer(bytes.length);
    this.raw(bytes);
  }

  /** What was written. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.length);
    this.clear();
    return taken;
  }
}
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads what a message holds. Reading beyond its end makes it {@linkcode Reader.broken}. */
export class Reader {
  broken = false;

  constructor(readonly bytes: Uint8Array, public at: number, readonly end: number) {}

  get left(): number {
    return this.end - this.at;
  }

  byte(): number {
    if (this.at >= this.end) {
      this.broken = true;
      return 0;
    }
    return this.bytes[this.at++]!;
  }

  word(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) value = (value << 8) | this.byte();
    return value >>> 0;
  }

  integer(): number {
    let value = this.byte();
    if (value < 0xf0) return value;
    let factor = 16;
    for (;;) {
      const next = this.byte();
      value += next * factor;
      if (next < 0x80) return value;
      factor *= 128;
      // No number is longer; this is no encoding of one.
      if (factor > 2 ** 70) this.broken = true;
      if (this.broken) return 0;
    }
  }

  /** So many bytes. */
  raw(length: number): Uint8Array {
    if (length > this.left) {
      this.broken = true;
      return this.bytes.subarray(this.end);
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  /** A text, behind its length. */
  text(): string {
    return decoder.decode(this.raw(this.integer()));
  }
}

/** A message as it came. */
export interface Message {
  readonly kind: number;
  readonly type: number;
  /** What it holds, of those that hold anything. */
  readonly content: Reader;
}

/** Longest message that is accepted, bytes: what fits a buffer of HAProxy. */
export const longestMessage = 2 ** 16;

/**
 * The message that begins at `at`. @returns it, and where it ends; null: more must come; "error": it
 * is none, or too long
 */
export function readMessage(
  bytes: Uint8Array,
  at: number,
  end: number,
): { readonly message: Message; readonly end: number } | null | "error" {
  if (end - at < 2) return null;
  const kind = bytes[at]!;
  const type = bytes[at + 1]!;
  if (type < 0x80) {
    const content = new Reader(bytes, at + 2, at + 2);
    return { message: { kind, type, content }, end: at + 2 };
  }
  const head = new Reader(bytes, at + 2, end);
  const length = head.integer();
  if (head.broken) return end - at > 12 ? "error" : null;
  if (length > longestMessage) return "error";
  if (head.left < length) return null;
  const content = new Reader(bytes, head.at, head.at + length);
  return { message: { kind, type, content }, end: head.at + length };
}
