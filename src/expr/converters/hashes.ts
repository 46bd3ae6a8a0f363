/** Converters that hash (manual, chapter 7.3.1). */
import { createHash, createHmac, getHashes } from "node:crypto";
import { avalanche, type HashFunction, hashFunctions } from "../../bytes/hash-functions.ts";
import { type Arguments, may, need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { BIN, Sample, SINT } from "../sample.ts";
import { didYouMean } from "../../text/nearest.ts";
import { decodeBase64 } from "./base64.ts";
import { bytesOperand } from "./operands.ts";
import { xxh32, xxh64 } from "./xxh.ts";
import { xxh3 } from "./xxh3.ts";

const chapter = "7.3.1";

/** A hash of 32 bits, spread over all of them if its argument is 1. */
function spread(name: string, doc: string, hash: HashFunction): Converter {
  return {
    name,
    args: [may("avalanche", "integer")],
    from: BIN,
    to: SINT,
    doc,
    chapter,
    create(args) {
      const full = args.integer(0) !== 0;
      return (sample) => {
        const value = hash(sample.bytes, sample.from, sample.to);
        return sample.setInt(full ? avalanche(value) : value);
      };
    },
  };
}

/** A hash of 64 bits, which is an integer with a sign. */
function wide(
  name: string,
  doc: string,
  hash: (bytes: Uint8Array, from: number, to: number, seed: bigint) => bigint,
): Converter {
  return {
    name,
    args: [may("seed", "integer")],
    from: BIN,
    to: SINT,
    doc,
    chapter,
    create(args) {
      const seed = BigInt.asUintN(64, BigInt(args.integer(0)));
      return (sample) =>
        sample.setBigInt(BigInt.asIntN(64, hash(sample.bytes, sample.from, sample.to, seed)));
    },
  };
}

/** A message digest by one of OpenSSL's functions. */
function digest(
  name: string,
  doc: string,
  args: Converter["args"] & object,
  algorithm: (args: Arguments) => string,
): Converter {
  return {
    name,
    args,
    from: BIN,
    to: BIN,
    doc,
    chapter,
    create(given) {
      const chosen = algorithm(given);
      return (sample) => {
        const input = sample.bytes.subarray(sample.from, sample.to);
        const bytes = createHash(chosen).update(input).digest();
        return sample.setBytes(BIN, bytes, 0, bytes.length);
      };
    },
  };
}

/** The name of a message digest. @throws {ExpressionMistake} */
function algorithmOf(args: Arguments): string {
  const text = args.text(0);
  const known = getHashes();
  const found = known.find((name) => name.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return found;
  throw args.mistake(0, `algorithm '${text}' unknown`, didYouMean(text, known));
}

const castagnoli = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value >>> 1 ^ (value & 1 ? 0x82f63b78 : 0);
  return value >>> 0;
});

/** RFC 4960, appendix B. */
const crc32c: HashFunction = (bytes, from, to) => {
  let hash = ~0;
  for (let i = from; i < to; i++) hash = hash >>> 8 ^ castagnoli[(hash ^ bytes[i]!) & 255]!;
  return ~hash >>> 0;
};

/** {@linkcode Converter}s of this family. */
export const hashConverters: readonly Converter[] = [
  spread("sdbm", "The SDBM hash, 32 bits.", hashFunctions.sdbm),
  spread("djb2", "The DJB2 hash, 32 bits.", hashFunctions.djb2),
  spread("wt6", "The WT6 hash, 32 bits.", hashFunctions.wt6),
  spread("crc32", "The CRC32 of Ethernet, gzip and PNG.", hashFunctions.crc32),
  spread("crc32c", "The CRC32C (Castagnoli).", crc32c),
  wide(
    "xxh32",
    "The XXH32 hash.",
    (bytes, from, to, seed) => BigInt(xxh32(bytes, from, to, Number(BigInt.asIntN(32, seed)))),
  ),
  wide("xxh64", "The XXH64 hash, an integer with a sign.", xxh64),
  wide("xxh3", "The XXH3 hash of 64 bits, an integer with a sign.", xxh3),
  digest("sha1", "The SHA-1 digest, binary.", [], () => "sha1"),
  digest("sha2", "The SHA-2 digest of so many bits, binary.", [may("bits", "integer")], (args) => {
    const bits = args.integer(0, 256);
    if ([224, 256, 384, 512].includes(bits)) return `sha${bits}`;
    throw args.mistake(0, `unsupported number of bits: '${bits}'`, "224, 256, 384 or 512");
  }),
  digest("digest", "A digest by its name, binary.", [need("algorithm")], algorithmOf),
  {
    name: "hmac",
    args: [need("algorithm"), need("key")],
    from: BIN,
    to: BIN,
    doc: "The message authentication code, with a key in base64 or of a variable; binary.",
    chapter,
    create(args) {
      const algorithm = algorithmOf(args);
      const key = bytesOperand(args, 1, decodeBase64);
      const secret = new Sample();
      return (sample, context) => {
        if (!key(context, secret)) return false;
        const bytes = createHmac(algorithm, secret.bytes.subarray(secret.from, secret.to))
          .update(sample.bytes.subarray(sample.from, sample.to)).digest();
        return sample.setBytes(BIN, bytes, 0, bytes.length);
      };
    },
  },
];
