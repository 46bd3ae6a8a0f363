/** XXH32, the hash of 32 bits of the xxHash family (Yann Collet, xxHash fast digest algorithm, 1.0). */

const [P1, P2, P3, P4, P5] = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1];

const rotate = (value: number, by: number) => value << by | value >>> 32 - by;
const round = (sum: number, lane: number) =>
  Math.imul(rotate((sum + Math.imul(lane, P2)) | 0, 13), P1);

/** The hash, as an unsigned number. */
export function xxh32(bytes: Uint8Array, seed = 0): number {
  const lane = (at: number) =>
    bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
  const { length } = bytes;
  let at = 0;
  let hash = (seed + P5) | 0;
  if (length >= 16) {
    let a = (seed + P1 + P2) | 0;
    let b = (seed + P2) | 0;
    let c = seed | 0;
    let d = (seed - P1) | 0;
    for (; at + 16 <= length; at += 16) {
      a = round(a, lane(at));
      b = round(b, lane(at + 4));
      c = round(c, lane(at + 8));
      d = round(d, lane(at + 12));
    }
    hash = (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; at + 4 <= length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(lane(at), P3)) | 0, 17), P4);
  }
  for (; at < length; at++) {
    hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, P5)) | 0, 11), P1);
  }
  hash = Math.imul(hash ^ hash >>> 15, P2);
  hash = Math.imul(hash ^ hash >>> 13, P3);
  return (hash ^ hash >>> 16) >>> 0;
}
