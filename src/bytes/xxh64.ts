/** XXH64, the hash of 64 bits of the xxHash family (Yann Collet, xxHash fast digest algorithm, 1.0). */

const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const cut = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint) => cut(value << by | value >> 64n - by);
const round = (sum: bigint, lane: bigint) => cut(rotate(cut(sum + lane * P2), 31n) * P1);
const merge = (hash: bigint, sum: bigint) => cut((hash ^ round(0n, sum)) * P1 + P4);

/** The hash, unsigned. For keys of the configuration: it is not fast. */
export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { length } = bytes;
  let at = 0;
  let hash = cut(seed + P5);
  if (length >= 32) {
    const sums = [seed + P1 + P2, seed + P2, seed, seed - P1].map(cut);
    for (; at + 32 <= length; at += 32) {
      for (let i = 0; i < 4; i++) sums[i] = round(sums[i]!, view.getBigUint64(at + 8 * i, true));
    }
    const turns = [1n, 7n, 12n, 18n];
    hash = cut(sums.reduce((all, sum, i) => all + rotate(sum, turns[i]!), 0n));
    hash = sums.reduce(merge, hash);
  }
  hash = cut(hash + BigInt(length));
  for (; at + 8 <= length; at += 8) {
    hash = cut(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  }
  if (at + 4 <= length) {
    hash = cut(rotate(hash ^ cut(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < length; at++) hash = cut(rotate(hash ^ cut(BigInt(bytes[at]!) * P5), 11n) * P1);
  hash = cut((hash ^ hash >> 33n) * P2);
  hash = cut((hash ^ hash >> 29n) * P3);
  return hash ^ hash >> 32n;
}
