/** Converters that encrypt and decrypt by AES (manual, chapter 7.3.1: "aes_gcm_enc" and its kin). */
import { Buffer } from "node:buffer";
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import { bytesOf } from "../../bytes/bytes.ts";
import { type Arguments, may, need } from "../arguments.ts";
import type { Context } from "../context.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { BIN, Sample } from "../sample.ts";
import { decodeBase64 } from "./base64.ts";
import { bytesOperand, type Operand } from "./operands.ts";

/** Bytes of an operand; null: it has no value. */
type Secret = (context: Context) => Uint8Array | null;

/** An argument in base64, or a variable that has it. @throws {ExpressionMistake} */
function secret(args: Arguments, i: number): Secret {
  const operand: Operand = bytesOperand(args, i, decodeBase64);
  const sample = new Sample();
  return (context) =>
    operand(context, sample) ? sample.bytes.subarray(sample.from, sample.to) : null;
}
const none: Secret = () => new Uint8Array(0);

type Bits = 128 | 192 | 256;
const gcm = (bits: Bits): CipherGCMTypes => `aes-${bits}-gcm`;

function bitsOf(args: Arguments): Bits {
  const bits = args.integer(0);
  if (bits === 128 || bits === 192 || bits === 256) return bits;
  throw args.mistake(0, `key size must be 128, 192 or 256 (bits), not '${args.text(0)}'`);
}

/** What makes the result; @throws {Error} if a key, a nonce or a tag is not what it must be. */
type Work = (input: Uint8Array, nonce: Uint8Array, key: Uint8Array, context: Context) => Uint8Array;

function convert(args: Arguments, work: Work): ConvertValue {
  const [nonce, key] = [secret(args, 1), secret(args, 2)];
  return (sample, context) => {
    const [iv, value] = [nonce(context), key(context)];
    if (iv === null || value === null) return false;
    try {
      const input = sample.bytes.subarray(sample.from, sample.to);
      const bytes = work(input, iv, value, context);
      return sample.setBytes(BIN, bytes, 0, bytes.length);
    } catch {
      return false;
    }
  };
}

function aes(
  name: string,
  doc: string,
  args: Converter["args"] & object,
  work: (args: Arguments, bits: Bits) => Work,
): Converter {
  return {
    name,
    args: [need("bits", "integer"), need("nonce"), need("key"), ...args],
    from: BIN,
    to: BIN,
    doc,
    chapter: "7.3.1",
    create(given) {
      const bits = bitsOf(given);
      return convert(given, work(given, bits));
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const cipherConverters: readonly Converter[] = [
  aes(
    "aes_gcm_dec",
    "Decrypts by AES-GCM, with a tag that must be right.",
    [need("aead_tag"), may("aad")],
    (args, bits) => {
      const [tag, aad] = [secret(args, 3), args.has(4) ? secret(args, 4) : none];
      return (input, nonce, key, context) => {
        const decipher = createDecipheriv(gcm(bits), key, nonce, { authTagLength: 16 });
        decipher.setAuthTag(tag(context)!);
        decipher.setAAD(aad(context)!);
        return Buffer.concat([decipher.update(input), decipher.final()]);
      };
    },
  ),
  aes(
    "aes_gcm_enc",
    "Encrypts by AES-GCM; the tag goes into a variable, in base64.",
    [need("aead_tag", "variable"), may("aad")],
    (args, bits) => {
      const { scope, slot } = args.variable(3);
      const aad = args.has(4) ? secret(args, 4) : none;
      const tag = new Sample();
      return (input, nonce, key, context) => {
        const cipher = createCipheriv(gcm(bits), key, nonce);
        cipher.setAAD(aad(context)!);
        const bytes = Buffer.concat([cipher.update(input), cipher.final()]);
        tag.setString(bytesOf(cipher.getAuthTag().toString("base64")));
        context.variables(scope).set(slot, tag);
        return bytes;
      };
    },
  ),
  // CBC authenticates nothing: there is no place for "aad" in it.
  aes("aes_cbc_dec", "Decrypts by AES-CBC.", [may("aad")], (_args, bits) => (input, nonce, key) => {
    const decipher = createDecipheriv(`aes-${bits}-cbc`, key, nonce);
    return Buffer.concat([decipher.update(input), decipher.final()]);
  }),
  aes("aes_cbc_enc", "Encrypts by AES-CBC.", [may("aad")], (_args, bits) => (input, nonce, key) => {
    const cipher = createCipheriv(`aes-${bits}-cbc`, key, nonce);
    return Buffer.concat([cipher.update(input), cipher.final()]);
  }),
];
