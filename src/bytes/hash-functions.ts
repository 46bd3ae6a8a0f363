/**
 * The hash functions of "hash-type" (manual, chapter 4.2). Their values are HAProxy's, bit for bit, so
 * that a key leads to the same server here and there.
 */

/** Hashes bytes[from, to) to 32 bits, unsigned. */
export type HashFunction = (bytes: Uint8Array, from: number, to: number) => number;

const sdbm: HashFunction = (bytes, from, to) => {
  let hash = 0;
  for (let i = from; i < to; i++) hash = (bytes[i]! + Math.imul(hash, 65599)) | 0;
  return hash >>> 0;
};

const djb2: HashFunction = (bytes, from, to) => {
  let hash = 5381;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 33) + bytes[i]!) | 0;
  return hash >>> 0;
};

/** Rotates left. A shift by 32 is one by 0, in JavaScript as on the processors that count here. */
const rotate = (value: number, by: number): number => value << by | value >>> (32 - by);

/** Two words that turn each other by what they hold. */
const wt6: HashFunction = (bytes, from, to) => {
  let first = 0xa53c965a | 0;
  let second = 0x5ca6953a;
  let turn = 6;
  let counterTurn = 18;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    first = ~(first ^ byte);
    second = ~(second + byte);
    const turned = rotate(second, turn);
    second = rotate(first, counterTurn);
    first = turned;
    const mixed = (first >>> 16 ^ second) & 0xffff;
    turn = mixed & 31;
    counterTurn = mixed >>> 11;
  }
  return (first ^ second) >>> 0;
};

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value >>> 1 ^ (value & 1 ? 0xedb88320 : 0);
  return value >>> 0;
});

/** As Ethernet, gzip and PNG have it. */
const crc32: HashFunction = (bytes, from, to) => {
  let hash = ~0;
  for (let i = from; i < to; i++) hash = hash >>> 8 ^ crcTable[(hash ^ bytes[i]!) & 255]!;
  return ~hash >>> 0;
};

const PLUS = 43;
const MINUS = 45;

/** The key is a number in decimal, and its own hash: what follows the digits does not count. */
const none: HashFunction = (bytes, from, to) => {
  const negative = bytes[from] === MINUS;
  let hash = 0;
  for (let i = from + (negative || bytes[from] === PLUS ? 1 : 0); i < to; i++) {
    const digit = bytes[i]! - 48;
    if (digit < 0 || digit > 9) break;
    hash = (Math.imul(hash, 10) + digit) | 0;
  }
  return (negative ? -hash : hash) >>> 0;
};

/** The functions by name. */
export const hashFunctions = { sdbm, djb2, wt6, crc32, none };
/** The name of one. */
export type HashFunctionName = keyof typeof hashFunctions;
/** Their names. */
export const hashFunctionNames = Object.keys(hashFunctions) as HashFunctionName[];

/**
 * Spreads a hash's bits over all 32 (Bob Jenkins's integer hash, and then by a prime of about three
 * quarters of the range; manual: "hash-type", avalanche).
 */
export function avalanche(hash: number): number {
  let a = hash | 0;
  a = (a + 0x7ed55d16 + (a << 12)) | 0;
  a = a ^ 0xc761c23c ^ a >>> 19;
  a = (a + 0x165667b1 + (a << 5)) | 0;
  a = (a + 0xd3a2646c | 0) ^ a << 9;
  a = (a + 0xfd7046c5 + (a << 3)) | 0;
  a = a ^ 0xb55a4f09 ^ a >>> 16;
  return Math.imul(a, 3221225473) >>> 0;
}
