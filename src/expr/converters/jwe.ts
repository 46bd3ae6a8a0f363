/** Converters that decrypt JSON Web Tokens (manual, chapter 7.3.1: "jwt_decrypt_secret"; RFC 7516, 7518). */
import { Buffer } from "node:buffer";
import {
  type CipherGCMTypes,
  constants,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
  timingSafeEqual,
} from "node:crypto";
import { type Arguments, need } from "../arguments.ts";
import { sampleText } from "../cast.ts";
import type { Context } from "../context.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { BIN, Sample } from "../sample.ts";
import { parseVariableName } from "../variables.ts";
import { bytesOperand } from "./operands.ts";

/** What the key of the content is encrypted with: bytes, or the private key of a pair. */
type Key = Uint8Array | KeyObject;

/** The header of a token, as far as it is of use. */
interface Header {
  readonly alg?: unknown;
  readonly enc?: unknown;
  readonly iv?: unknown;
  readonly tag?: unknown;
}

function openGcm(
  bits: number,
  key: Uint8Array,
  iv: Uint8Array,
  content: Uint8Array,
  tag: Uint8Array,
  aad: Uint8Array,
): Buffer {
  const name = `aes-${bits}-gcm` as CipherGCMTypes;
  const decipher = createDecipheriv(name, key, iv, { authTagLength: 16 });
  decipher.setAuthTag(tag);
  decipher.setAAD(aad);
  return Buffer.concat([decipher.update(content), decipher.final()]);
}

/** Takes a key out of its wrap (RFC 3394, section 2.2.2). @throws {Error} if it is another key's */
function unwrap(bits: number, key: Uint8Array, wrapped: Uint8Array): Buffer {
  const blocks = wrapped.length / 8 - 1;
  if (!Number.isInteger(blocks) || blocks < 2) throw new Error("not a wrapped key");
  const sum = Buffer.from(wrapped.subarray(0, 8));
  const parts = Buffer.from(wrapped.subarray(8));
  for (let round = 5; round >= 0; round--) {
    for (let i = blocks; i >= 1; i--) {
      const number = BigInt(blocks * round + i);
      const mixed = Buffer.alloc(8);
      mixed.writeBigUInt64BE(sum.readBigUInt64BE(0) ^ number);
      const decipher = createDecipheriv(`aes-${bits}-ecb`, key, null).setAutoPadding(false);
      const part = parts.subarray(8 * (i - 1), 8 * i);
      const block = Buffer.concat([
        decipher.update(Buffer.concat([mixed, part])),
        decipher.final(),
      ]);
      block.copy(sum, 0, 0, 8);
      block.copy(part, 0, 8, 16);
    }
  }
  if (!sum.equals(Buffer.alloc(8, 0xa6))) throw new Error("wrapped with another key");
  return parts;
}

const base64url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : "", "base64url");

/** How the key of the content is found. */
type FindKey = (key: Key, encrypted: Buffer, header: Header) => Uint8Array;

const bytesOf = (key: Key, bits: number): Uint8Array => {
  if (key instanceof Uint8Array && (bits === 0 || key.length * 8 === bits)) return key;
  throw new Error("not a key of this kind");
};
const wrapped = (bits: number): FindKey => (key, encrypted) =>
  unwrap(bits, bytesOf(key, bits), encrypted);
const gcmWrapped = (bits: number): FindKey => (key, encrypted, { iv, tag }) =>
  openGcm(bits, bytesOf(key, bits), base64url(iv), encrypted, base64url(tag), new Uint8Array(0));
const ofPair = (padding: number, oaepHash?: string): FindKey => (key, encrypted) => {
  if (key instanceof Uint8Array) throw new Error("not a private key");
  return privateDecrypt({ key, padding, ...oaepHash !== undefined && { oaepHash } }, encrypted);
};

const keyAlgorithms: Readonly<Record<string, FindKey>> = {
  dir(key, encrypted) {
    if (encrypted.length > 0) throw new Error("a key where there must be none");
    return bytesOf(key, 0);
  },
  A128KW: wrapped(128),
  A192KW: wrapped(192),
  A256KW: wrapped(256),
  A128GCMKW: gcmWrapped(128),
  A192GCMKW: gcmWrapped(192),
  A256GCMKW: gcmWrapped(256),
  RSA1_5: ofPair(constants.RSA_PKCS1_PADDING),
  "RSA-OAEP": ofPair(constants.RSA_PKCS1_OAEP_PADDING, "sha1"),
  "RSA-OAEP-256": ofPair(constants.RSA_PKCS1_OAEP_PADDING, "sha256"),
};

/** How the content is found. */
type Open = (
  key: Uint8Array,
  iv: Uint8Array,
  content: Uint8Array,
  tag: Uint8Array,
  aad: Uint8Array,
) => Buffer;

const gcm = (bits: number): Open => (key, iv, content, tag, aad) =>
  openGcm(bits, key, iv, content, tag, aad);

/** RFC 7518, section 5.2.2: half of the key is for the tag. */
const cbc = (bits: number, hash: string): Open => (key, iv, content, tag, aad) => {
  const half = bits / 8;
  if (key.length !== 2 * half) throw new Error("not a key of this kind");
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(aad.length * 8));
  const own = createHmac(hash, key.subarray(0, half))
    .update(aad).update(iv).update(content).update(length).digest().subarray(0, half);
  if (own.length !== tag.length || !timingSafeEqual(own, tag)) throw new Error("the tag is wrong");
  const decipher = createDecipheriv(`aes-${bits}-cbc`, key.subarray(half), iv);
  return Buffer.concat([decipher.update(content), decipher.final()]);
};

const contentAlgorithms: Readonly<Record<string, Open>> = {
  "A128CBC-HS256": cbc(128, "sha256"),
  "A192CBC-HS384": cbc(192, "sha384"),
  "A256CBC-HS512": cbc(256, "sha512"),
  A128GCM: gcm(128),
  A192GCM: gcm(192),
  A256GCM: gcm(256),
};

/** The content of a token; null: it cannot be decrypted, or is not what it says. */
function decrypt(token: string, key: Key): Buffer | null {
  const parts = token.split(".");
  if (parts.length !== 5) return null;
  const [head, encrypted, iv, content, tag] = parts.map(base64url) as [
    ...[Buffer, Buffer, Buffer, Buffer, Buffer],
  ];
  try {
    const header = JSON.parse(head.toString("utf8")) as Header;
    const find = keyAlgorithms[String(header.alg)];
    const open = contentAlgorithms[String(header.enc)];
    if (find === undefined || open === undefined) return null;
    const aad = Buffer.from(parts[0]!, "latin1");
    return open(find(key, encrypted, header), iv, content, tag, aad);
  } catch {
    return null;
  }
}

/** The key of an expression; null: a variable has none, or it is wrong. */
type KeyOf = (context: Context) => Key | null;

function converter(name: string, arg: string, doc: string, keyOf: Make): Converter {
  return {
    name,
    args: [need(arg)],
    from: BIN,
    to: BIN,
    doc,
    chapter: "7.3.1",
    create(args, { patterns }): ConvertValue {
      const key = keyOf(args, (path) => patterns.readFile(path));
      return (sample, context) => {
        const own = key(context);
        const content = own === null ? null : decrypt(sampleText(sample), own);
        return content !== null && sample.setBytes(BIN, content, 0, content.length);
      };
    },
  };
}
type Make = (args: Arguments, readFile: (path: string) => string) => KeyOf;

/** The key that a JSON Web Key is (RFC 7517). @throws {Error} */
function keyOfJwk(text: string): Key {
  const jwk = JSON.parse(text) as JsonWebKey;
  if (jwk.kty === "oct") return base64url(jwk.k);
  return createPrivateKey({ key: jwk, format: "jwk" });
}

/** {@linkcode Converter}s of this family. */
export const jweConverters: readonly Converter[] = [
  converter(
    "jwt_decrypt_secret",
    "secret",
    "The content of an encrypted JWT, by a secret in base64.",
    (args) => {
      // Either alphabet, with padding or without.
      const operand = bytesOperand(args, 0);
      const value = new Sample();
      return (context) => operand(context, value) ? Buffer.from(sampleText(value), "base64") : null;
    },
  ),
  converter(
    "jwt_decrypt_cert",
    "cert",
    "The content of an encrypted JWT, by the private key of a certificate.",
    (args, readFile) => {
      if (parseVariableName(args.text(0)) !== null) {
        throw args.mistake(0, "a certificate in a variable is not supported", "its path");
      }
      try {
        const key = createPrivateKey(readFile(args.text(0)));
        return () => key;
      } catch (error) {
        throw args.mistake(0, error instanceof Error ? error.message : String(error));
      }
    },
  ),
  converter(
    "jwt_decrypt_jwk",
    "jwk",
    "The content of an encrypted JWT, by a JSON Web Key.",
    (args) => {
      const operand = bytesOperand(args, 0);
      const value = new Sample();
      let text = "";
      let key: Key | null = null;
      const read: KeyOf = (context) => {
        if (!operand(context, value)) return null;
        const now = sampleText(value);
        if (now === text) return key;
        text = now;
        try {
          key = keyOfJwk(now);
        } catch {
          key = null;
        }
        return key;
      };
      return read;
    },
  ),
];
