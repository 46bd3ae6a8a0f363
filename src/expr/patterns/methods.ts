/** The table of the ways to compare a sample with patterns (manual, chapter 7.1: "-m"). */
import { ADDR, ANY, BIN, type Sample, SINT, STR } from "../sample.ts";
import { Binaries } from "./binaries.ts";
import { Expressions } from "./expressions.ts";
import { Networks } from "./networks.ts";
import { Numbers } from "./numbers.ts";
import type { MatchMethod, Method, PatternIndex } from "./pattern.ts";
import { ExactStrings, Prefixes, Substrings, Suffixes, Words } from "./strings.ts";

/** The index of a method without patterns: what it is given it does not look at, as HAProxy. */
const without = (matches: (sample: Sample) => boolean) => (): PatternIndex => ({
  add: () => {},
  remove: () => {},
  find: (sample) => matches(sample) ? 0 : -1,
});

const all: readonly Method[] = [
  {
    name: "found",
    takes: ANY,
    bare: true,
    doc: "There is a value, whatever it is.",
    create: without(() => true),
  },
  {
    name: "bool",
    takes: SINT,
    bare: true,
    doc: "The value is true, or an integer other than 0.",
    create: without(({ int }) => int !== 0),
  },
  {
    name: "int",
    takes: SINT,
    doc: "The integer is one of these, or in a range.",
    create: () => new Numbers(({ wide, int }) => wide ?? int),
  },
  {
    name: "ip",
    takes: ADDR,
    doc: "The address is one of these, or in a network.",
    create: () => new Networks(),
  },
  {
    name: "bin",
    takes: BIN,
    doc: "The bytes are these, given as hexadecimal digits.",
    create: () => new Binaries(),
  },
  {
    name: "len",
    takes: STR,
    doc: "The string's length is one of these integers, or in a range.",
    create: () => new Numbers(({ from, to }) => to - from),
  },
  {
    name: "str",
    takes: STR,
    doc: "The string is one of these.",
    create: (ignoreCase) => new ExactStrings(ignoreCase),
  },
  {
    name: "beg",
    takes: STR,
    doc: "The string begins with one of these.",
    create: (ignoreCase) => new Prefixes(ignoreCase),
  },
  {
    name: "sub",
    takes: STR,
    doc: "The string contains one of these.",
    create: (ignoreCase) => new Substrings(ignoreCase),
  },
  {
    name: "dir",
    takes: STR,
    doc: "The string contains one of these between slashes.",
    create: (ignoreCase) => new Words(ignoreCase, "/?"),
  },
  {
    name: "dom",
    takes: STR,
    doc: "The string contains one of these between dots, slashes or colons.",
    create: (ignoreCase) => new Words(ignoreCase, "/?.:"),
  },
  {
    name: "end",
    takes: STR,
    doc: "The string ends with one of these.",
    create: (ignoreCase) => new Suffixes(ignoreCase),
  },
  {
    name: "reg",
    takes: STR,
    doc: "A regular expression matches the string.",
    create: (ignoreCase) => new Expressions(ignoreCase),
  },
];

/** All ways to compare, by name. */
export const methods: ReadonlyMap<MatchMethod, Method> = new Map(
  all.map((method) => [method.name, method]),
);
