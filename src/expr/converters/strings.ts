/** Converters of strings (manual, chapter 7.3.1). */
import type { Converter } from "../converter.ts";
import { STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

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

/** {@linkcode Converter}s of this family. */
export const stringConverters: readonly Converter[] = [
  shiftCase("lower", "The string in lower case.", 65, 32),
  shiftCase("upper", "The string in upper case.", 97, -32),
];
