/** The xxHash family (xxhash.com, its specification), of whole inputs. Sums wrap at 32 or 64 bits. */

const P32_1 = 0x9e3779b1;
const P32_2 = 0x85ebca77;
const P32_3 = 0xc2b2ae3d;
const P32_4 = 0x27d4eb2f;
const P32_5 = 0x165667b1;

const rotate32 = (value: number, by: number) => value << by | value >>> (32 - by);
const word32 = (bytes: Uint8Array, at: number) =>
  bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;

/** XXH32 of bytes[from, to). @param seed 32 bits @returns 32 bits, unsigned */
export function xxh32(bytes: Uint8Array, from: number, to: number, seed: number): number {
  const round = (sum: number, word: number) =>
    Math.imul(rotate32((sum + Math.imul(word, P32_2)) | 0, 13), P32_1);
  let at = from;
  let hash: number;
  if (to - from >= 16) {
    let a = (seed + P32_1 + P32_2) | 0;
    let b = (seed + P32_2) | 0;
    let c = seed | 0;
    let d = (seed - P32_1) | 0;
    for (; at + 16 <= to; at += 16) {
      a = round(a, word32(bytes, at));
      b = round(b, word32(bytes, at + 4));
      c = round(c, word32(bytes, at + 8));
      d = round(d, word32(bytes, at + 12));
    }
    hash = (rotate32(a, 1) + rotate32(b, 7) + rotate32(c, 12) + rotate32(d, 18)) | 0;
  } else hash = (seed + P32_5) | 0;
  hash = (hash + (to - from)) | 0;
  for (; at + 4 <= to; at += 4) {
    hash = Math.imul(rotate32((hash + Math.imul(word32(bytes, at), P32_3)) | 0, 17), P32_4);
  }
  for (; at < to; at++) {
    hash = Math.imul(rotate32((hash + Math.imul(bytes[at]!, P32_5)) | 0, 11), P32_1);
  }
  hash = Math.imul(hash ^ hash >>> 15, P32_2);
  hash = Math.imul(hash ^ hash >>> 13, P32_3);
  return (hash ^ hash >>> 16) >>> 0;
}

const P64_1 = 0x9e3779b185ebca87n;
const P64_2 = 0xc2b2ae3d27d4eb4fn;
const P64_3 = 0x165667b19e3779f9n;
const P64_4 = 0x85ebca77c2b2ae63n;
const P64_5 = 0x27d4eb2f165667c5n;

const cut = (value: bigint) => BigInt.asUintN(64, value);
const rotate64 = (value: bigint, by: bigint) => cut(value << by) | value >> (64n - by);
const low32 = (bytes: Uint8Array, at: number) => BigInt(word32(bytes, at) >>> 0);
const word64 = (bytes: Uint8Array, at: number) => low32(bytes, at + 4) << 32n | low32(bytes, at);

function avalanche64(value: bigint): bigint {
  let hash = cut((value ^ value >> 33n) * P64_2);
  hash = cut((hash ^ hash >> 29n) * P64_3);
  return hash ^ hash >> 32n;
}

/** XXH64 of bytes[from, to). @param seed 64 bits @returns 64 bits, unsigned */
export function xxh64(bytes: Uint8Array, from: number, to: number, seed: bigint): bigint {
  const round = (sum: bigint, word: bigint) => cut(rotate64(cut(sum + word * P64_2), 31n) * P64_1);
  let at = from;
  let hash: bigint;
  if (to - from >= 32) {
    const sums = [seed + P64_1 + P64_2, seed + P64_2, seed, seed - P64_1].map(cut);
    for (; at + 32 <= to; at += 32) {
      for (let i = 0; i < 4; i++) sums[i] = round(sums[i]!, word64(bytes, at + 8 * i));
    }
    const turns = [1n, 7n, 12n, 18n];
    hash = cut(sums.reduce((total, sum, i) => total + rotate64(sum, turns[i]!), 0n));
    for (const sum of sums) hash = cut((hash ^ round(0n, sum)) * P64_1 + P64_4);
  } else hash = cut(seed + P64_5);
  hash = cut(hash + BigInt(to - from));
  for (; at + 8 <= to; at += 8) {
    hash = cut(rotate64(hash ^ round(0n, word64(bytes, at)), 27n) * P64_1 + P64_4);
  }
  if (at + 4 <= to) {
    hash = cut(rotate64(hash ^ cut(low32(bytes, at) * P64_1), 23n) * P64_2 + P64_3);
    at += 4;
  }
  for (; at < to; at++) hash = cut(rotate64(hash ^ cut(BigInt(bytes[at]!) * P64_5), 11n) * P64_1);
  return avalanche64(hash);
}
