/** Base64 (RFC 4648): with padding, and the alphabet of URLs without it. */
const standard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const url = standard.replace("+/", "-_");

const valuesOf = (alphabet: string) => {
  const values = new Int8Array(256).fill(-1);
  for (let i = 0; i < 64; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
};
const standardValues = valuesOf(standard);
const urlValues = valuesOf(url);
const PAD = 61;

/**
 * Writes bytes[from, to) in base64 to `target`. @param forUrl the alphabet of URLs, without padding
 * @returns its length; -1: there is no room
 */
export function encodeBase64Into(
  target: Uint8Array,
  bytes: Uint8Array,
  from: number,
  to: number,
  forUrl: boolean,
): number {
  const alphabet = forUrl ? url : standard;
  let at = 0;
  for (let i = from; i < to; i += 3) {
    const left = to - i;
    const word = bytes[i]! << 16 | (left > 1 ? bytes[i + 1]! << 8 : 0) |
      (left > 2 ? bytes[i + 2]! : 0);
    const digits = left > 2 ? 4 : left + 1;
    if (at + 4 > target.length) return -1;
    for (let digit = 0; digit < 4; digit++) {
      if (digit < digits) target[at++] = alphabet.charCodeAt(word >> (18 - 6 * digit) & 63);
      else if (!forUrl) target[at++] = PAD;
    }
  }
  return at;
}

/**
 * Reads base64 of bytes[from, to) into `target`, which may be the same bytes at the same place.
 * @returns the length; -1: it is wrong
 */
export function decodeBase64Into(
  target: Uint8Array,
  bytes: Uint8Array,
  from: number,
  to: number,
  forUrl: boolean,
): number {
  const values = forUrl ? urlValues : standardValues;
  let end = to;
  if (!forUrl) {
    if ((to - from) % 4 !== 0) return -1;
    while (end > from && end > to - 2 && bytes[end - 1] === PAD) end--;
  } else while (end > from && end > to - 2 && bytes[end - 1] === PAD) end--;
  if ((end - from) % 4 === 1) return -1;
  let word = 0;
  let bits = 0;
  let at = 0;
  for (let i = from; i < end; i++) {
    const value = values[bytes[i]!]!;
    if (value < 0) return -1;
    word = word << 6 | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    if (at === target.length) return -1;
    target[at++] = word >> bits & 255;
  }
  return at;
}

/** The bytes that base64 with padding stands for; null: it is wrong. */
export function decodeBase64(bytes: Uint8Array): Uint8Array | null {
  return decoded(bytes, false);
}

/** The same, of the alphabet of URLs. */
export function decodeBase64Url(bytes: Uint8Array): Uint8Array | null {
  return decoded(bytes, true);
}

function decoded(bytes: Uint8Array, forUrl: boolean): Uint8Array | null {
  const target = new Uint8Array(bytes.length);
  const length = decodeBase64Into(target, bytes, 0, bytes.length, forUrl);
  return length < 0 ? null : target.subarray(0, length);
}
