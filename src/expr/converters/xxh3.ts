/** XXH3 of 64 bits (xxhash.com, its specification), of whole inputs. */

const secret = Uint8Array.from(
  ("b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f" +
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c" +
    "3c2852bb91c300cb88d0658b532ea371644897a20df94e3819ef46a9deacd8a8" +
    "fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364ea" +
    "c5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e2b" +
    "16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e").match(/../g)!,
  (pair) => parseInt(pair, 16),
);

const P32_1 = 0x9e3779b1n;
const P32_2 = 0x85ebca77n;
const P32_3 = 0xc2b2ae3dn;
const P64_1 = 0x9e3779b185ebca87n;
const P64_2 = 0xc2b2ae3d27d4eb4fn;
const P64_3 = 0x165667b19e3779f9n;
const P64_4 = 0x85ebca77c2b2ae63n;
const P64_5 = 0x27d4eb2f165667c5n;
const MIX_1 = 0x165667919e3779f9n;
const MIX_2 = 0x9fb21c651e98df25n;
const LOW = 0xffffffffn;

const cut = (value: bigint) => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint) => cut(value << by) | value >> (64n - by);
const word32 = (bytes: Uint8Array, at: number) =>
  BigInt((bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24) >>> 0);
const word64 = (bytes: Uint8Array, at: number) => word32(bytes, at + 4) << 32n | word32(bytes, at);

/** Both halves of a product of 128 bits, together. */
function fold(a: bigint, b: bigint): bigint {
  const product = a * b;
  return cut(product) ^ product >> 64n;
}

function swap64(value: bigint): bigint {
  let swapped = 0n;
  for (let i = 0n; i < 64n; i += 8n) swapped = swapped << 8n | value >> i & 255n;
  return swapped;
}

function avalanche(value: bigint): bigint {
  const hash = cut((value ^ value >> 37n) * MIX_1);
  return hash ^ hash >> 32n;
}

/** That of XXH64, which short inputs end with. */
function avalanche64(value: bigint): bigint {
  let hash = cut((value ^ value >> 33n) * P64_2);
  hash = cut((hash ^ hash >> 29n) * P64_3);
  return hash ^ hash >> 32n;
}

/** Up to 16 bytes. */
function short(bytes: Uint8Array, from: number, length: number, seed: bigint): bigint {
  const key = (at: number) => word64(secret, at) ^ word64(secret, at + 8);
  if (length > 8) {
    const low = word64(bytes, from) ^ cut(key(24) + seed);
    const high = word64(bytes, from + length - 8) ^ cut(key(40) - seed);
    return avalanche(cut(BigInt(length) + swap64(low) + high + fold(low, high)));
  }
  if (length >= 4) {
    const turned = seed ^ (swap64(seed & LOW) >> 32n) << 32n;
    const word = word32(bytes, from + length - 4) + (word32(bytes, from) << 32n);
    let hash = word ^ cut(key(8) - turned);
    hash = cut((hash ^ rotate(hash, 49n) ^ rotate(hash, 24n)) * MIX_2);
    hash = cut((hash ^ cut((hash >> 35n) + BigInt(length))) * MIX_2);
    return hash ^ hash >> 28n;
  }
  if (length === 0) return avalanche64(seed ^ key(56));
  const first = bytes[from]!;
  const middle = bytes[from + (length >> 1)]!;
  const last = bytes[from + length - 1]!;
  const word = BigInt((first << 16 | middle << 24 | last | length << 8) >>> 0);
  return avalanche64(word ^ cut((word32(secret, 0) ^ word32(secret, 4)) + seed));
}

/** 17 to 240 bytes. */
function middle(bytes: Uint8Array, from: number, length: number, seed: bigint): bigint {
  const mix = (at: number, key: number) =>
    fold(
      word64(bytes, at) ^ cut(word64(secret, key) + seed),
      word64(bytes, at + 8) ^ cut(word64(secret, key + 8) - seed),
    );
  const end = from + length;
  let sum = BigInt(length) * P64_1;
  if (length <= 128) {
    for (let i = length - 1 >> 5; i >= 0; i--) {
      sum += mix(from + 16 * i, 32 * i) + mix(end - 16 * i - 16, 32 * i + 16);
    }
    return avalanche(cut(sum));
  }
  for (let i = 0; i < 8; i++) sum += mix(from + 16 * i, 16 * i);
  sum = avalanche(cut(sum));
  for (let i = 8; i < length >> 4; i++) sum += mix(from + 16 * i, 16 * (i - 8) + 3);
  return avalanche(cut(sum + mix(end - 16, 136 - 17)));
}

/** More than 240 bytes: eight sums. */
function long(bytes: Uint8Array, from: number, length: number, seed: bigint): bigint {
  const keys = secret.slice();
  const view = new DataView(keys.buffer);
  for (let at = 0; at < keys.length; at += 16) {
    view.setBigUint64(at, cut(word64(secret, at) + seed), true);
    view.setBigUint64(at + 8, cut(word64(secret, at + 8) - seed), true);
  }
  const sums = [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1];
  const accumulate = (at: number, key: number) => {
    for (let i = 0; i < 8; i++) {
      const word = word64(bytes, at + 8 * i);
      const keyed = word ^ word64(keys, key + 8 * i);
      sums[i ^ 1] = cut(sums[i ^ 1]! + word);
      sums[i] = cut(sums[i]! + (keyed & LOW) * (keyed >> 32n));
    }
  };
  const last = keys.length - 64;
  const stripes = length - 1 >> 6;
  for (let stripe = 0; stripe < stripes; stripe++) {
    accumulate(from + 64 * stripe, 8 * (stripe & 15));
    if ((stripe & 15) !== 15) continue;
    for (let i = 0; i < 8; i++) {
      const sum = sums[i]!;
      sums[i] = cut((sum ^ sum >> 47n ^ word64(keys, last + 8 * i)) * P32_1);
    }
  }
  accumulate(from + length - 64, last - 7);
  let hash = BigInt(length) * P64_1;
  for (let i = 0; i < 4; i++) {
    const at = 11 + 16 * i;
    hash += fold(sums[2 * i]! ^ word64(keys, at), sums[2 * i + 1]! ^ word64(keys, at + 8));
  }
  return avalanche(cut(hash));
}

/** XXH3 of bytes[from, to). @param seed 64 bits @returns 64 bits, unsigned */
export function xxh3(bytes: Uint8Array, from: number, to: number, seed: bigint): bigint {
  const length = to - from;
  if (length <= 16) return short(bytes, from, length, seed);
  return (length <= 240 ? middle : long)(bytes, from, length, seed);
}
