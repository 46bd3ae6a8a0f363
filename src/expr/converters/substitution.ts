/** "regsub": replaces what a regular expression matches (manual, chapter 7.3.1). */
import { BACKSLASH, copy } from "../../bytes/bytes.ts";
import { type Arguments, may, need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { PatternMistake } from "../patterns/pattern.ts";
import { compileRegex, type Regex } from "../patterns/regex/regex.ts";
import type { References } from "../references.ts";
import { STR } from "../sample.ts";
import { takeScratch } from "../scratch.ts";

/** Parts of a replacement: a byte, or the number of a group less 10. */
export type Replacement = readonly number[];

/**
 * Reads a replacement: `\0` to `\9` are groups, `\xHH` is a byte, a backslash keeps what follows it.
 * @returns null: it ends within an escape
 */
export function parseReplacement(text: string): Replacement | null {
  const parts: number[] = [];
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) !== BACKSLASH) {
      parts.push(text.charCodeAt(i) & 255);
      continue;
    }
    const next = text[++i];
    if (next === undefined) return null;
    if (next >= "0" && next <= "9") parts.push(Number(next) - 10);
    else if (next === "x") {
      const hex = text.slice(i + 1, i + 3);
      if (!/^[0-9a-fA-F]{2}$/.test(hex)) return null;
      parts.push(parseInt(hex, 16));
      i += 2;
    } else parts.push(next.charCodeAt(0) & 255);
  }
  return parts;
}

/**
 * Writes a replacement to `target` at `at`, as far as there is room.
 * @param groups of {@linkcode Regex.exec} on `bytes`
 * @returns where it ends
 */
export function writeReplacement(
  target: Uint8Array,
  at: number,
  parts: Replacement,
  bytes: Uint8Array,
  groups: Int32Array,
): number {
  let end = at;
  for (const part of parts) {
    if (part >= 0) {
      if (end < target.length) target[end++] = part;
      continue;
    }
    const group = 2 * (part + 10);
    const from = groups[group] ?? -1;
    if (from < 0) continue;
    end = copy(target, end, bytes, from, Math.min(groups[group + 1]!, from + target.length - end));
  }
  return end;
}

/** A regular expression that is an argument. @throws {ExpressionMistake} */
function regexOf(args: Arguments, i: number, ignoreCase: boolean, { warn }: References): Regex {
  try {
    const regex = compileRegex(args.text(i), ignoreCase);
    if (regex.warning !== null) warn(regex.warning);
    return regex;
  } catch (error) {
    if (!(error instanceof PatternMistake)) throw error;
    throw args.mistake(i, error.message, error.hint);
  }
}

/** {@linkcode Converter}s of this family. */
export const substitutionConverters: readonly Converter[] = [{
  name: "regsub",
  args: [need("regex"), need("subst"), may("flags")],
  from: STR,
  to: STR,
  doc: "Replaces what a regular expression matches: once, or with 'g' each time.",
  chapter: "7.3.1",
  create(args, references) {
    const flags = args.text(2);
    const wrong = /[^gi]/.exec(flags);
    if (wrong !== null) throw args.mistake(2, `unknown regex flag '${wrong[0]}'`, "'g' and 'i'");
    const regex = regexOf(args, 0, flags.includes("i"), references);
    const parts = parseReplacement(args.text(1));
    if (parts === null) throw args.mistake(1, `'${args.text(1)}' ends within an escape`);
    const all = flags.includes("g");
    return (sample) => {
      const { bytes, to } = sample;
      const target = takeScratch();
      let start = sample.from;
      let at = 0;
      const take = (end: number) => {
        at = copy(target, at, bytes, start, Math.min(end, start + target.length - at));
        start = end;
      };
      for (let begins = true;; begins = false) {
        const groups = regex.exec(bytes, start, to, begins);
        if (groups === null) break;
        const [from, end] = [groups[0]!, groups[1]!];
        const atEnd = start >= to;
        take(from);
        at = writeReplacement(target, at, parts, bytes, groups);
        start = end;
        if (!all || atEnd) break;
        // What matches nothing is in front of a byte, which is left as it is.
        if (from === end && start < to) take(start + 1);
      }
      take(to);
      return sample.setBytes(STR, target, 0, at);
    };
  },
}];
