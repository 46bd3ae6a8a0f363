/** Converters that take a part out of a string (manual, chapter 7.3.1: field, word, param, language). */
import {
  bytesOf,
  characterClass,
  COLON,
  COMMA,
  EQUALS,
  isExactly,
  SEMICOLON,
} from "../../bytes/bytes.ts";
import { may, need } from "../arguments.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { type Sample, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

const chapter = "7.3.1";

/** Where pieces of a string are. */
interface Piece {
  from: number;
  to: number;
}

/**
 * The `index`th piece and those behind it, `count` in all (0: all), counted from the end if it is less
 * than 0: then the pieces before it.
 * @param words whether several delimiters are as one, and none at the end that it is counted from
 * @returns false: there are not so many
 */
function takePieces(
  { bytes, from, to }: Sample,
  index: number,
  delimiters: Uint8Array,
  count: number,
  words: boolean,
  found: Piece,
): boolean {
  const forward = index > 0;
  const wanted = Math.abs(index);
  const byteAt = (i: number) => bytes[forward ? from + i : to - 1 - i]!;
  const length = to - from;
  let number = 0;
  let start = -1;
  let end = -1;
  for (let i = 0; i <= length; i++) {
    while (words && i < length && delimiters[byteAt(i)] === 1) i++;
    if (words && i === length) break;
    const begins = i;
    while (i < length && delimiters[byteAt(i)] === 0) i++;
    number++;
    if (number === wanted) start = begins;
    if (number >= wanted) end = i;
    if (count > 0 && number === wanted + count - 1) break;
  }
  if (start < 0) return false;
  // All of the rest: with the delimiters behind it.
  if (words && count === 0) end = length;
  found.from = forward ? from + start : to - end;
  found.to = forward ? from + end : to - start;
  return true;
}

function pieces(name: string, doc: string, words: boolean): Converter {
  return {
    name,
    args: [need("index", "integer"), need("delimiters"), may("count", "integer")],
    from: STR,
    to: STR,
    doc,
    chapter,
    create(args) {
      const index = args.integer(0);
      if (index === 0) throw args.mistake(0, "index must not be zero");
      const delimiters = characterClass(args.text(1));
      const count = args.integer(2, 1);
      const found: Piece = { from: 0, to: 0 };
      return (sample) => {
        if (!takePieces(sample, index, delimiters, count, words, found)) {
          return sample.setBytes(STR, sample.bytes, sample.to, sample.to);
        }
        return sample.setBytes(STR, sample.bytes, found.from, found.to);
      };
    },
  };
}

const isBlank = (c: number | undefined) => c === 32 || c === 9;

/** "0.8" at bytes[from, to), in thousandths; what is no weight is 0. */
function weightOf(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  let unit = 1000;
  for (let i = from; i < to; i++) {
    const c = bytes[i]!;
    if (c === 46) continue;
    if (c < 48 || c > 57) {
      if (unit === 1000 && isBlank(c)) continue;
      break;
    }
    value += (c - 48) * unit;
    unit = Math.floor(unit / 10);
  }
  return Math.min(value, 1000);
}

/** Calls with each language of "accept-language" (RFC 9110, section 12.5.4), its weight in thousandths. */
function eachLanguage(
  { bytes, from, to }: Sample,
  call: (from: number, to: number, weight: number) => void,
): void {
  for (let at = from; at < to;) {
    let end = bytes.indexOf(COMMA, at);
    if (end < 0 || end > to) end = to;
    let start = at;
    at = end + 1;
    while (start < end && isBlank(bytes[start])) start++;
    let stop = start;
    while (stop < end && bytes[stop] !== SEMICOLON && !isBlank(bytes[stop])) stop++;
    let q = stop;
    while (q < end && bytes[q] !== EQUALS) q++;
    call(start, stop, q < end ? weightOf(bytes, q + 1, end) : 1000);
  }
}

function language(wanted: readonly Uint8Array[], unset: Uint8Array | null): ConvertValue {
  return (sample) => {
    const { bytes } = sample;
    let best: Uint8Array | null = null;
    let most = 0;
    eachLanguage(sample, (from, to, weight) => {
      if (weight <= most) return;
      // With its variant, or without: "de" of "de-AT".
      let base = from;
      while (base < to && bytes[base] !== 45) base++;
      const found = wanted.find((each) =>
        isExactly(bytes, from, to, each) || isExactly(bytes, from, base, each)
      );
      if (found === undefined) return;
      best = found;
      most = weight;
    });
    const chosen = best ?? unset;
    return chosen !== null && sample.setString(chosen);
  };
}

/** Where the colon of the port is in a Host field's value; -1: it has none. */
function portColon({ bytes, from, to }: Sample): number {
  for (let at = to - 1; at >= from; at--) {
    if (bytes[at] === 93) return -1;
    if (bytes[at] === COLON) return at;
  }
  return -1;
}

/** {@linkcode Converter}s of this family. */
export const wordConverters: readonly Converter[] = [
  pieces("field", "The field of this number, between delimiters, and so many behind it.", false),
  pieces("word", "The word of this number, several delimiters being one.", true),
  {
    name: "param",
    args: [need("name"), may("delim")],
    from: STR,
    to: STR,
    doc: "The value of a parameter, as in a query.",
    chapter,
    create(args) {
      const name = bytesOf(args.text(0));
      const delimiter = (args.text(1) || "&").charCodeAt(0);
      return (sample) => {
        const { bytes, to } = sample;
        for (let at = sample.from; at <= to;) {
          let end = at;
          while (end < to && bytes[end] !== delimiter) end++;
          const behind = at + name.length;
          const isIt = behind <= end && isExactly(bytes, at, behind, name) &&
            (behind === end || bytes[behind] === EQUALS);
          if (isIt) return sample.setBytes(STR, bytes, Math.min(behind + 1, end), end);
          at = end + 1;
        }
        return false;
      };
    },
  },
  {
    name: "language",
    args: [need("value"), may("default")],
    from: STR,
    to: STR,
    doc: "That of these languages (de;en) which a client likes best.",
    chapter,
    create(args) {
      const wanted = args.text(0).split(";").map(bytesOf);
      return language(wanted, args.has(1) ? bytesOf(args.text(1)) : null);
    },
  },
  {
    name: "host_only",
    from: STR,
    to: STR,
    doc: "The host of a Host field, without its port and in lower case.",
    chapter,
    create: () => (sample) => {
      const { bytes, from } = sample;
      const colon = portColon(sample);
      const to = colon < 0 ? sample.to : colon;
      const target = takeScratch();
      if (to - from > target.length) return false;
      for (let i = from; i < to; i++) {
        const c = bytes[i]!;
        target[i - from] = c >= 65 && c <= 90 ? c + 32 : c;
      }
      return sample.setBytes(STR, target, 0, to - from);
    },
  },
  {
    name: "port_only",
    from: STR,
    to: SINT,
    doc: "The port of a Host field; 0: it has none.",
    chapter,
    create: () => (sample) => {
      const { bytes, to } = sample;
      let port = 0;
      const colon = portColon(sample);
      // As HAProxy, which takes every byte for a digit.
      for (let i = colon + 1; colon >= 0 && i < to; i++) {
        port = Math.imul(port, 10) + bytes[i]! - 48 >>> 0;
      }
      return sample.setInt(port);
    },
  },
];
