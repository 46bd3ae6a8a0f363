/**
 * HalfSipHash-1-3 (Aumasson and Bernstein), of 32 bits: a keyed hash, so that nobody who chooses
 * keys can have them all in one bucket.
 */

/** A hash of the first `length` bytes of `words`, which are padded with zeros. */
export function halfSipHash(
  words: Int32Array,
  length: number,
  key0: number,
  key1: number,
): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = 0x6c796765 ^ key0;
  let v3 = 0x74656462 ^ key1;
  const whole = length >> 2;
  for (let i = 0; i <= whole; i++) {
    // The last word has what bytes are left, and the length.
    const word = i < whole ? words[i]! : (length << 24) | ((length & 3) === 0 ? 0 : words[i]!);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v1) | 0;
    v0 = (v0 + v3) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (let i = 0; i < 3; i++) {
    v0 = (v0 + v1) | 0;
    v2 = (v2 + v3) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v1) | 0;
    v0 = (v0 + v3) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}
