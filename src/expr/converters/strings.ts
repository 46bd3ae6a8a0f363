/** Converters of whole strings (manual, chapter 7.3.1): case, ends, joining and comparing. */
import { bytesOf, characterClass, copy, CR, DOT, LF } from "../../bytes/bytes.ts";
import { may, need } from "../arguments.ts";
import { castTo } from "../cast.ts";
import type { Converter } from "../converter.ts";
import { BIN, BOOL, Sample, SINT, STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";
import { integerOperand, variableOperand } from "./operands.ts";

const chapter = "7.3.1";

/** The letters from `first` on, 26 of them, are replaced by those that many further. */
function shiftCase(name: string, doc: string, first: number, by: number): Converter {
  return {
    name,
    from: STR,
    to: STR,
    doc,
    chapter,
    create: () => (sample) => {
      const { bytes, from, length } = sample;
      const target = takeScratch();
      if (length > target.length) return false;
      for (let i = 0; i < length; i++) {
        const c = bytes[from + i]!;
        target[i] = c >= first && c < first + 26 ? c + by : c;
      }
      return sample.setBytes(STR, target, 0, length);
    },
  };
}

/** Sets the sample to pieces that follow each other. @returns false: there is no room */
function join(sample: Sample, ...pieces: readonly Sample[]): boolean {
  const target = takeScratch();
  let at = 0;
  for (const { bytes, from, to } of pieces) {
    if (at + to - from > target.length) return false;
    at = copy(target, at, bytes, from, to);
  }
  return sample.setBytes(STR, target, 0, at);
}

function textSample(text: string): Sample {
  const sample = new Sample();
  sample.setString(bytesOf(text));
  return sample;
}
const nothing = textSample("");

/** Skips characters of a set at one end. */
function trim(name: string, doc: string, atStart: boolean): Converter {
  return {
    name,
    args: [need("chars")],
    from: STR,
    to: STR,
    doc,
    chapter,
    create(args) {
      const skipped = characterClass(args.text(0));
      return (sample) => {
        const { bytes } = sample;
        if (atStart) {
          while (sample.from < sample.to && skipped[bytes[sample.from]!] === 1) sample.from++;
        } else while (sample.from < sample.to && skipped[bytes[sample.to - 1]!] === 1) sample.to--;
        return true;
      };
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const stringConverters: readonly Converter[] = [
  shiftCase("lower", "The string in lower case.", 65, 32),
  shiftCase("upper", "The string in upper case.", 97, -32),
  trim("ltrim", "The string without these characters at its beginning.", true),
  trim("rtrim", "The string without these characters at its end.", false),
  {
    name: "length",
    from: STR,
    to: SINT,
    doc: "The length, bytes.",
    chapter,
    create: () => (sample) => sample.setInt(sample.length),
  },
  {
    name: "bytes",
    args: [need("offset"), may("length")],
    from: BIN,
    to: BIN,
    doc: "Bytes from an offset on, so many of them; either may be a variable.",
    chapter,
    create(args) {
      const offset = integerOperand(args, 0);
      const length = args.has(1) ? integerOperand(args, 1) : null;
      const value = new Sample();
      return (sample, context) => {
        if (!offset(context, value) || value.int < 0) return false;
        const from = Math.min(sample.from + value.int, sample.to);
        if (length !== null && (!length(context, value) || value.int < 0)) return false;
        const to = length === null ? sample.to : Math.min(from + value.int, sample.to);
        return sample.setBytes(BIN, sample.bytes, from, to);
      };
    },
  },
  {
    name: "concat",
    args: [may("start"), may("var"), may("end")],
    from: STR,
    to: STR,
    doc: "The string, a text, the value of a variable, a text.",
    chapter,
    create(args) {
      const [start, end] = [textSample(args.text(0)), textSample(args.text(2))];
      const variable = args.has(1) ? variableOperand(args, 1) : null;
      const value = new Sample();
      return (sample, context) => {
        const there = variable !== null && variable(context, value) && castTo(value, STR);
        return join(sample, sample, start, there ? value : nothing, end);
      };
    },
  },
  {
    name: "add_item",
    args: [need("delim"), may("var"), may("suff")],
    from: STR,
    to: STR,
    doc: "The string, and behind a delimiter a variable's value and a text, if there is either.",
    chapter,
    create(args) {
      if (!args.has(1) && !args.has(2)) {
        throw args.mistake(1, "one of the optional arguments has to be nonempty");
      }
      const [delimiter, suffix] = [textSample(args.text(0)), textSample(args.text(2))];
      const variable = args.has(1) ? variableOperand(args, 1) : null;
      const value = new Sample();
      return (sample, context) => {
        const there = variable !== null && variable(context, value) && castTo(value, STR);
        if (!there && suffix.length === 0) return true;
        const before = sample.length > 0 ? delimiter : nothing;
        return join(sample, sample, before, there ? value : nothing, suffix);
      };
    },
  },
  {
    name: "strcmp",
    args: [need("var", "variable")],
    from: STR,
    to: SINT,
    doc: "Compares with a variable: below 0, 0, above 0.",
    chapter,
    create(args) {
      const variable = variableOperand(args, 0);
      const value = new Sample();
      return (sample, context) => {
        if (!variable(context, value) || !castTo(value, STR)) return false;
        const common = Math.min(sample.length, value.length);
        for (let i = 0; i < common; i++) {
          const difference = sample.bytes[sample.from + i]! - value.bytes[value.from + i]!;
          if (difference !== 0) return sample.setInt(difference);
        }
        return sample.setInt(Math.sign(sample.length - value.length));
      };
    },
  },
  {
    name: "secure_memcmp",
    args: [need("var", "variable")],
    from: BIN,
    to: BOOL,
    doc: "Whether it equals a variable, in a time that does not tell where they differ.",
    chapter,
    create(args) {
      const variable = variableOperand(args, 0);
      const value = new Sample();
      return (sample, context) => {
        if (!variable(context, value) || !castTo(value, BIN)) return false;
        if (sample.length !== value.length) return sample.setBool(false);
        let difference = 0;
        for (let i = 0; i < sample.length; i++) {
          difference |= sample.bytes[sample.from + i]! ^ value.bytes[value.from + i]!;
        }
        return sample.setBool(difference === 0);
      };
    },
  },
  {
    name: "iif",
    args: [need("true"), need("false")],
    from: BOOL,
    to: STR,
    doc: "One string where it is true, else the other.",
    chapter,
    create(args) {
      const [yes, no] = [bytesOf(args.text(0)), bytesOf(args.text(1))];
      return (sample) => sample.setString(sample.int !== 0 ? yes : no);
    },
  },
  {
    name: "cut_crlf",
    from: STR,
    to: STR,
    doc: "The string up to the first CR or LF.",
    chapter,
    create: () => (sample) => {
      const { bytes } = sample;
      let at = sample.from;
      while (at < sample.to && bytes[at] !== CR && bytes[at] !== LF) at++;
      sample.to = at;
      return true;
    },
  },
  {
    name: "reverse",
    from: STR,
    to: STR,
    doc: "The string from its end to its beginning.",
    chapter,
    create: () => (sample) => {
      const { bytes, from, length } = sample;
      const target = takeScratch();
      if (length > target.length) return false;
      for (let i = 0; i < length; i++) target[i] = bytes[from + length - 1 - i]!;
      return sample.setBytes(STR, target, 0, length);
    },
  },
  {
    name: "reverse_dom",
    from: STR,
    to: STR,
    doc: "A domain name with its labels the other way round: org.example.www.",
    chapter,
    create: () => (sample) => {
      const { bytes, from } = sample;
      const target = takeScratch();
      if (sample.length > target.length) return false;
      let at = 0;
      let end = sample.to;
      for (let i = sample.to - 1; i >= from; i--) {
        if (bytes[i] !== DOT) continue;
        at = copy(target, at, bytes, i + 1, end);
        target[at++] = DOT;
        end = i;
      }
      return sample.setBytes(STR, target, 0, copy(target, at, bytes, from, end));
    },
  },
];
