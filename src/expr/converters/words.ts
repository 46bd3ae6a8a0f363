/** Converters of parts of strings (manual, chapter 7.3.1): words, fields, replacements. */
import { bytesOf, characterClass } from "../../bytes/bytes.ts";
import { type ArgumentForm, type Arguments, may, need } from "../arguments.ts";
import { castTo, sampleText, setText } from "../cast.ts";
import type { Converter, ConvertValue } from "../converter.ts";
import { PatternMistake } from "../patterns/pattern.ts";
import { compileRegex } from "../patterns/regex/regex.ts";
import { BIN, BOOL, Sample, type SampleType, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

const chapter = "7.3.1";

function of(
  name: string,
  types: readonly [from: SampleType, to: SampleType],
  doc: string,
  args: readonly ArgumentForm[],
  create: (args: Arguments) => ConvertValue,
): Converter {
  return { name, args, from: types[0], to: types[1], doc, chapter, create };
}

/**
 * The part of a string with the number (from 1, negative: from the end), and as many behind it.
 * @param words several delimiters in a row are one
 */
function part(args: Arguments, words: boolean): ConvertValue {
  const index = args.integer(0);
  const delimiters = characterClass(args.text(1));
  const count = args.has(2) ? args.integer(2) : 1;
  const starts: number[] = [];
  const ends: number[] = [];
  return (sample) => {
    const { bytes, from, to } = sample;
    starts.length = ends.length = 0;
    let start = from;
    for (let i = from; i <= to; i++) {
      if (i < to && delimiters[bytes[i]!] === 0) continue;
      if (!words || i > start) {
        starts.push(start);
        ends.push(i);
      }
      start = i + 1;
    }
    const all = starts.length;
    if (index === 0 && !words) return true;
    let first = index > 0 ? index - 1 : all + index;
    let last = count === 0
      ? (index > 0 ? all - 1 : 0)
      : index > 0
      ? first + count - 1
      : first - count + 1;
    if (first < 0 || first >= all) {
      return sample.setBytes(STR, bytes, to, to);
    }
    last = Math.max(0, Math.min(all - 1, last));
    if (last < first) [first, last] = [last, first];
    return sample.setBytes(STR, bytes, starts[first]!, ends[last]!);
  };
}

/** Replaces what a regular expression matches. */
function regsub(args: Arguments): ConvertValue {
  const flags = args.text(2);
  if (!/^[gi]*$/.test(flags)) throw args.mistake(2, `'${flags}' are no flags`, "g, i");
  const replacement = bytesOf(args.text(1));
  const all = flags.includes("g");
  try {
    const regex = compileRegex(args.text(0), flags.includes("i"));
    return (sample) => {
      const target = takeScratch();
      const { bytes, to } = sample;
      let length = 0;
      const put = (from: Uint8Array, start: number, end: number) => {
        if (length + end - start > target.length) return false;
        for (let i = start; i < end; i++) target[length++] = from[i]!;
        return true;
      };
      let at = sample.from;
      for (let begins = true; at <= to; begins = false) {
        const groups = regex.exec(bytes, at, to, begins);
        if (groups === null) break;
        const [start, end] = [groups[0]!, groups[1]!];
        if (!put(bytes, at, start)) return false;
        for (let i = 0; i < replacement.length; i++) {
          const c = replacement[i]!;
          if (c !== 92) {
            if (!put(replacement, i, i + 1)) return false;
            continue;
          }
          const next = replacement[++i] ?? 92;
          if (next >= 48 && next <= 57) {
            const from = groups[2 * (next - 48)] ?? -1;
            if (from >= 0 && !put(bytes, from, groups[2 * (next - 48) + 1]!)) return false;
          } else if (!put(replacement, i, i + 1)) return false;
        }
        at = end;
        if (!all) break;
        if (start === end) {
          if (at < to && !put(bytes, at, at + 1)) return false;
          at++;
        }
      }
      if (at < to && !put(bytes, at, to)) return false;
      return sample.setBytes(STR, target, 0, length);
    };
  } catch (error) {
    if (!(error instanceof PatternMistake)) throw error;
    throw args.mistake(0, error.message, error.hint);
  }
}

/** Takes characters away from the beginning, or the end. */
function trim(args: Arguments, left: boolean): ConvertValue {
  const characters = characterClass(args.text(0));
  return (sample) => {
    let { from, to } = sample;
    const { bytes } = sample;
    if (left) { while (from < to && characters[bytes[from]!] === 1) from++; }
    else while (to > from && characters[bytes[to - 1]!] === 1) to--;
    return sample.setBytes(STR, bytes, from, to);
  };
}

/** The value of a variable, as bytes of a string. */
class SampleHolder {
  readonly sample = new Sample();
  text(): Uint8Array {
    return castTo(this.sample, STR) ? this.sample.copyBytes() : nothing;
  }
}
const nothing = new Uint8Array(0);

/** A part of the bytes: from an offset, so many. */
function slice(args: Arguments): ConvertValue {
  const offset = args.integer(0);
  const length = args.has(1) ? args.integer(1) : -1;
  return (sample) => {
    if (offset > sample.length) return sample.setBytes(BIN, sample.bytes, sample.to, sample.to);
    const from = sample.from + offset;
    const to = length < 0 ? sample.to : Math.min(sample.to, from + length);
    return sample.setBytes(sample.type === STR ? STR : BIN, sample.bytes, from, to);
  };
}

/** {@linkcode Converter}s of this family. */
export const wordConverters: readonly Converter[] = [
  of("field", [STR, STR], "The field of this number, between delimiters.", [
    need("index", "integer"),
    need("delimiters"),
    may("count", "integer"),
  ], (args) => part(args, false)),
  of("word", [STR, STR], "The word of this number, several delimiters being one.", [
    need("index", "integer"),
    need("delimiters"),
    may("count", "integer"),
  ], (args) => part(args, true)),
  of("regsub", [STR, STR], "Replaces what a regular expression matches.", [
    need("regex"),
    need("replacement"),
    may("flags"),
  ], regsub),
  of("bytes", [BIN, BIN], "Bytes from an offset on, so many of them.", [
    need("offset", "integer"),
    may("length", "integer"),
  ], slice),
  of(
    "length",
    [STR, SINT],
    "The length, bytes.",
    [],
    () => (sample) => sample.setInt(sample.length),
  ),
  of("ltrim", [STR, STR], "The string without these characters at its beginning.", [
    need("characters"),
  ], (args) => trim(args, true)),
  of("rtrim", [STR, STR], "The string without these characters at its end.", [
    need("characters"),
  ], (args) => trim(args, false)),
  of("concat", [STR, STR], "The string, a text, the value of a variable, a text.", [
    may("start"),
    may("variable"),
    may("end"),
  ], (args) => {
    const [before, behind] = [bytesOf(args.text(0)), bytesOf(args.text(2))];
    const variable = args.has(1) ? args.variable(1) : null;
    const value = new SampleHolder();
    return (sample, context) => {
      const target = takeScratch();
      let length = 0;
      const put = (bytes: Uint8Array, from: number, to: number) => {
        for (let i = from; i < to && length < target.length; i++) target[length++] = bytes[i]!;
      };
      put(sample.bytes, sample.from, sample.to);
      put(before, 0, before.length);
      if (variable !== null && context.variables(variable.scope).get(variable.slot, value.sample)) {
        const text = value.text();
        put(text, 0, text.length);
      }
      put(behind, 0, behind.length);
      return sample.setBytes(STR, target, 0, length);
    };
  }),
  of("strcmp", [STR, SINT], "Compares with a variable: below 0, 0, above 0.", [
    need("variable", "variable"),
  ], (args) => {
    const { scope, slot } = args.variable(0);
    const value = new SampleHolder();
    return (sample, context) => {
      if (!context.variables(scope).get(slot, value.sample)) return false;
      const other = value.text();
      const { bytes, from, length } = sample;
      for (let i = 0; i < Math.min(length, other.length); i++) {
        const difference = bytes[from + i]! - other[i]!;
        if (difference !== 0) return sample.setInt(difference);
      }
      return sample.setInt(length - other.length);
    };
  }),
  of("iif", [BOOL, STR], "One string where it is true, else the other.", [
    need("true"),
    need("false"),
  ], (args) => {
    const [yes, no] = [bytesOf(args.text(0)), bytesOf(args.text(1))];
    return (sample) => sample.setString(sample.int !== 0 ? yes : no);
  }),
  of("host_only", [STR, STR], "The host of a Host field, without its port.", [], () => (sample) => {
    const text = sampleText(sample);
    const colon = text.startsWith("[") ? text.indexOf("]") + 1 : text.lastIndexOf(":");
    const end = colon > 0 && colon < text.length && text[colon] === ":" ? colon : text.length;
    return sample.setBytes(STR, sample.bytes, sample.from, sample.from + end);
  }),
  of("port_only", [STR, SINT], "The port of a Host field; 0: it has none.", [], () => (sample) => {
    const match = /:(\d+)$/.exec(sampleText(sample));
    return sample.setInt(match === null ? 0 : Number(match[1]));
  }),
  of("param", [STR, STR], "The value of a parameter, as in a query.", [
    need("name"),
    may("delimiter"),
  ], (args) => {
    const name = args.text(0);
    const delimiter = args.text(1, "&") || "&";
    return (sample) => {
      for (const pair of sampleText(sample).split(delimiter)) {
        const equals = pair.indexOf("=");
        if ((equals < 0 ? pair : pair.slice(0, equals)) !== name) continue;
        return setText(sample, equals < 0 ? "" : pair.slice(equals + 1));
      }
      return false;
    };
  }),
  of("json", [STR, STR], "The string as it stands in JSON, without the quotes.", [
    may("coding"),
  ], () => (sample) =>
    setText(
      sample,
      sampleText(sample).replace(/[^ !#-.0-[\]-~]/g, (c) =>
        jsonEscapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    )),
];

const jsonEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};
