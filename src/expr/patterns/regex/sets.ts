/** Sets of bytes, as regular expressions name them (pcre2pattern(3), with the tables of locale "C"). */
import { characterClass } from "../../../bytes/bytes.ts";

/** 256 flags. */
export type ByteSet = Uint8Array;

const digits: [number, number] = [48, 57];
const uppers: [number, number] = [65, 90];
const lowers: [number, number] = [97, 122];

export const invert = (set: ByteSet): ByteSet => set.map((flag) => 1 - flag);

/** All but the newline: "." */
export const notNewline: ByteSet = invert(characterClass("\n"));
export const anyByte: ByteSet = new Uint8Array(256).fill(1);
export const wordSet: ByteSet = characterClass("_", digits, uppers, lowers);

const digitSet = characterClass("", digits);
const spaceSet = characterClass(" ", [9, 13]);
const horizontalSet = characterClass("\t \xa0");
const verticalSet = characterClass("\x85", [10, 13]);

/** What a backslash and a letter stand for, in and outside of brackets. */
export const escapeSets: ReadonlyMap<string, ByteSet> = new Map([
  ["d", digitSet],
  ["D", invert(digitSet)],
  ["w", wordSet],
  ["W", invert(wordSet)],
  ["s", spaceSet],
  ["S", invert(spaceSet)],
  ["h", horizontalSet],
  ["H", invert(horizontalSet)],
  ["v", verticalSet],
  ["V", invert(verticalSet)],
]);

/** The names in "[[:alpha:]]". */
export const posixSets: ReadonlyMap<string, ByteSet> = new Map([
  ["alnum", characterClass("", digits, uppers, lowers)],
  ["alpha", characterClass("", uppers, lowers)],
  ["ascii", characterClass("", [0, 127])],
  ["blank", characterClass("\t ")],
  ["cntrl", characterClass("\x7f", [0, 31])],
  ["digit", digitSet],
  ["graph", characterClass("", [33, 126])],
  ["lower", characterClass("", lowers)],
  ["print", characterClass("", [32, 126])],
  ["punct", characterClass("", [33, 47], [58, 64], [91, 96], [123, 126])],
  ["space", spaceSet],
  ["upper", characterClass("", uppers)],
  ["word", wordSet],
  ["xdigit", characterClass("", digits, [65, 70], [97, 102])],
]);

/** The set, and the other case of its ASCII letters. */
export function withCases(set: ByteSet): ByteSet {
  const both = set.slice();
  for (let upper = 65; upper <= 90; upper++) {
    if (set[upper] === 1 || set[upper + 32] === 1) both[upper] = both[upper + 32] = 1;
  }
  return both;
}

export function single(byte: number): ByteSet {
  const set = new Uint8Array(256);
  set[byte & 255] = 1;
  return set;
}

/** Adds all of `other` to `set`. */
export function addAll(set: ByteSet, other: ByteSet): void {
  for (let i = 0; i < 256; i++) if (other[i] === 1) set[i] = 1;
}
