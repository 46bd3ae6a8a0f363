/** Converters between binary values and their texts (manual, chapter 7.3.1). */
import { bytesOf, copy } from "../../bytes/bytes.ts";
import { may, need } from "../arguments.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { BIN, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";
import { decodeBase64Into, encodeBase64Into } from "./base64.ts";

const chapter = "7.3.1";

const encodeBase64 = (forUrl: boolean): ConvertValue => (sample) => {
  const target = takeScratch();
  const length = encodeBase64Into(target, sample.bytes, sample.from, sample.to, forUrl);
  return length >= 0 && sample.setBytes(STR, target, 0, length);
};

const decodeBase64 = (forUrl: boolean): ConvertValue => (sample) => {
  const target = takeScratch();
  const length = decodeBase64Into(target, sample.bytes, sample.from, sample.to, forUrl);
  return length >= 0 && sample.setBytes(BIN, target, 0, length);
};

const HEX = "0123456789ABCDEF";
const digitOf = (c: number) =>
  c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1;

/** Writes chunks of so many bytes as text, with a separator between them. */
function chunks(
  separator: Uint8Array,
  size: number,
  truncate: boolean,
  text: (bytes: Uint8Array, from: number, to: number) => string,
): ConvertValue {
  return (sample) => {
    const { bytes, from, to } = sample;
    const target = takeScratch();
    const end = truncate ? to - (to - from) % size : to;
    let at = 0;
    for (let i = from; i < end; i += size) {
      const word = text(bytes, i, Math.min(i + size, end));
      const between = i > from ? separator.length : 0;
      // What finds no room is left out, as in HAProxy.
      if (at + between + word.length > target.length) break;
      if (between > 0) at = copy(target, at, separator, 0, between);
      for (let c = 0; c < word.length; c++) target[at++] = word.charCodeAt(c);
    }
    return sample.setBytes(STR, target, 0, at);
  };
}

function hexOf(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = from; i < to; i++) text += HEX[bytes[i]! >> 4]! + HEX[bytes[i]! & 15]!;
  return text;
}

const decimalOf = (bigEndian: boolean) => (bytes: Uint8Array, from: number, to: number): string => {
  let value = 0n;
  for (let i = 0; i < to - from; i++) {
    value = value << 8n | BigInt(bytes[bigEndian ? from + i : to - 1 - i]!);
  }
  return String(value);
};

function decimal(name: string, order: string, bigEndian: boolean): Converter {
  return {
    name,
    args: [need("separator"), need("chunk_size", "integer"), may("truncate", "integer")],
    from: BIN,
    to: STR,
    doc: `The binary value as decimal numbers of so many bytes, ${order}.`,
    chapter,
    create(args) {
      const size = args.integer(1);
      if (size <= 0 || size > 8) {
        throw args.mistake(1, `chunk_size '${size}' is not in range (1-8)`);
      }
      const separator = bytesOf(args.text(0));
      return chunks(separator, size, args.integer(2) !== 0, decimalOf(bigEndian));
    },
  };
}

/** Bytes that "url_enc" leaves as they are: unreserved ones (RFC 3986, section 2.3). */
const unreserved = /[A-Za-z0-9._~-]/;
const isUnreserved = Uint8Array.from(
  { length: 256 },
  (_, c) => unreserved.test(String.fromCharCode(c)) ? 1 : 0,
);

/** {@linkcode Converter}s of this family. */
export const encodingConverters: readonly Converter[] = [
  {
    name: "base64",
    from: BIN,
    to: STR,
    doc: "The binary value in base64.",
    chapter,
    create: () => encodeBase64(false),
  },
  {
    name: "b64dec",
    from: STR,
    to: BIN,
    doc: "What the base64 string stands for, binary.",
    chapter,
    create: () => decodeBase64(false),
  },
  {
    name: "ub64enc",
    from: BIN,
    to: STR,
    doc: "The binary value in base64url.",
    chapter,
    create: () => encodeBase64(true),
  },
  {
    name: "ub64dec",
    from: STR,
    to: BIN,
    doc: "What the base64url string stands for, binary.",
    chapter,
    create: () => decodeBase64(true),
  },
  {
    name: "hex",
    from: BIN,
    to: STR,
    doc: "The binary value as hexadecimal digits.",
    chapter,
    create: () => chunks(bytesOf(""), 1, false, hexOf),
  },
  {
    name: "base2",
    from: BIN,
    to: STR,
    doc: "The binary value as binary digits, eight a byte.",
    chapter,
    create: () =>
      chunks(bytesOf(""), 1, false, (bytes, at) => bytes[at]!.toString(2).padStart(8, "0")),
  },
  {
    name: "hex2i",
    from: STR,
    to: SINT,
    doc: "The integer of hexadecimal digits.",
    chapter,
    create: () => (sample) => {
      let value = 0n;
      for (let i = sample.from; i < sample.to; i++) {
        const digit = digitOf(sample.bytes[i]!);
        if (digit < 0) return false;
        value = value << 4n | BigInt(digit);
      }
      return sample.setBigInt(BigInt.asIntN(64, value));
    },
  },
  {
    name: "be2hex",
    args: [may("separator"), may("chunk_size", "integer"), may("truncate", "integer")],
    from: BIN,
    to: STR,
    doc: "The binary value as hexadecimal digits, in chunks of so many bytes.",
    chapter,
    create(args) {
      const separator = args.text(0);
      const size = args.integer(1);
      if (args.has(1) && size < 0) throw args.mistake(1, `chunk_size '${size}' is negative`);
      if (separator !== "" && size === 0) {
        throw args.mistake(0, "a separator needs a chunk_size", "be2hex(:,2)");
      }
      return chunks(bytesOf(separator), size || 1, args.integer(2) !== 0, hexOf);
    },
  },
  decimal("be2dec", "their highest byte first", true),
  decimal("le2dec", "their lowest byte first", false),
  {
    name: "htonl",
    from: SINT,
    to: BIN,
    doc: "The lowest 32 bits of the integer, the highest byte first.",
    chapter,
    create: () => (sample) => {
      const value = Number(BigInt.asUintN(32, sample.exact));
      const target = takeScratch();
      for (let i = 0; i < 4; i++) target[i] = value >>> (24 - 8 * i);
      return sample.setBytes(BIN, target, 0, 4);
    },
  },
  {
    name: "url_enc",
    args: [may("enc_type")],
    from: STR,
    to: STR,
    doc: "The string with all but unreserved characters as %XX.",
    chapter,
    create(args) {
      args.choice(0, ["query"], "query");
      return (sample) => {
        const { bytes, from, to } = sample;
        const target = takeScratch();
        let at = 0;
        for (let i = from; i < to; i++) {
          const c = bytes[i]!;
          if (at + 3 > target.length) return false;
          if (isUnreserved[c] === 1) target[at++] = c;
          else {
            target[at++] = 37;
            target[at++] = HEX.charCodeAt(c >> 4);
            target[at++] = HEX.charCodeAt(c & 15);
          }
        }
        return sample.setBytes(STR, target, 0, at);
      };
    },
  },
  {
    name: "url_dec",
    args: [may("in_form", "integer")],
    from: STR,
    to: STR,
    doc: "The string with %XX decoded, and + in a query or form.",
    chapter,
    create(args) {
      const form = args.integer(0) !== 0;
      return (sample) => {
        const { bytes, from, to } = sample;
        const target = takeScratch();
        if (to - from > target.length) return false;
        let inForm = form;
        let at = 0;
        for (let i = from; i < to; i++) {
          let c = bytes[i]!;
          if (c === 63) inForm = true;
          else if (c === 43 && inForm) c = 32;
          else if (c === 37) {
            const high = i + 2 < to ? digitOf(bytes[i + 1]!) : -1;
            const low = i + 2 < to ? digitOf(bytes[i + 2]!) : -1;
            if (high < 0 || low < 0) return false;
            c = high << 4 | low;
            i += 2;
          }
          target[at++] = c;
        }
        return sample.setBytes(STR, target, 0, at);
      };
    },
  },
];
