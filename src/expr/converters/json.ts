/** "json": a string as it stands in a JSON text (manual, chapter 7.3.1). */
import { bytesOf, copy } from "../../bytes/bytes.ts";
import { may } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

const codings = ["ascii", "utf8", "utf8s", "utf8p", "utf8ps"] as const;

/** What a byte is written as, where it is not itself. */
const escapes: readonly (Uint8Array | null)[] = Array.from({ length: 128 }, (_, c) => {
  const short = { 8: "b", 9: "t", 10: "n", 12: "f", 13: "r", 34: '"', 47: "/", 92: "\\" }[c];
  if (short !== undefined) return bytesOf(`\\${short}`);
  return c < 32 || c === 127 ? bytesOf(`\\u00${c.toString(16).padStart(2, "0")}`) : null;
});

/** How many bytes a sequence of UTF-8 has that begins with this one (RFC 3629); 0: none does. */
const sequenceLength = (first: number) =>
  first < 0x80 ? 1 : first < 0xc0 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf8 ? 4 : 0;

/** The least value that takes so many bytes. */
const least = [0, 0, 0x80, 0x800, 0x10000];

/** Reads characters of UTF-8 one by one. */
class Characters {
  /** The character; -1: what is there is wrong. */
  value = 0;
  /** It is right but for more bytes than it needs. */
  overlong = false;

  /** Reads the one at `at`. @returns where the next one begins */
  read(bytes: Uint8Array, at: number, to: number): number {
    const first = bytes[at]!;
    const length = sequenceLength(first);
    this.value = -1;
    this.overlong = false;
    if (length === 0) return at + 1;
    let value = length === 1 ? first : first & (0x7f >> length);
    for (let i = 1; i < length; i++) {
      if (at + i >= to || (bytes[at + i]! & 0xc0) !== 0x80) return at + i;
      value = value << 6 | bytes[at + i]! & 0x3f;
    }
    const surrogate = value >= 0xd800 && value <= 0xdfff || value === 0xfffe || value === 0xffff;
    if (!surrogate && value <= 0xffff) this.value = value;
    this.overlong = value < least[length]!;
    return at + length;
  }
}

/** {@linkcode Converter}s of this family. */
export const jsonConverters: readonly Converter[] = [{
  name: "json",
  args: [may("input-code")],
  from: STR,
  to: STR,
  doc: "The string as it stands in JSON, without the quotes.",
  chapter: "7.3.1",
  create(args) {
    const coding = args.choice(0, codings, "ascii");
    const [permissive, silent] = [coding.includes("p"), coding.slice(4).includes("s")];
    const characters = new Characters();
    return (sample) => {
      const { bytes, to } = sample;
      const target = takeScratch();
      let length = 0;
      for (let at = sample.from; at < to;) {
        let value = bytes[at]!;
        if (coding === "ascii") at++;
        else {
          at = characters.read(bytes, at, to);
          value = characters.value;
          if (value < 0 || characters.overlong && !permissive) {
            if (silent) continue;
            return false;
          }
        }
        if (length + 6 > target.length) return false;
        const escaped = value < 128 ? escapes[value]! : bytesOf(`\\u${hexOf(value)}`);
        if (escaped === null) target[length++] = value;
        else length = copy(target, length, escaped, 0, escaped.length);
      }
      return sample.setBytes(STR, target, 0, length);
    };
  },
}];

const hexOf = (value: number) => value.toString(16).padStart(4, "0");
