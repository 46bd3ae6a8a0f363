/** Converters that look up in maps (manual, chapter 7.3.1: "map"). */
import { bytesOf } from "../../bytes/bytes.ts";
import { may, need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { methods } from "../patterns/methods.ts";
import { type MatchMethod, PatternMistake } from "../patterns/pattern.ts";
import type { ValueKind } from "../patterns/reference.ts";
import { IPV4, IPV6, type SampleType, SINT, STR } from "../sample.ts";
import { parseIp } from "../../net/ip/address.ts";
import { compileRegex, type Regex } from "../patterns/regex/regex.ts";
import { takeScratch } from "../scratch.ts";
import { parseReplacement, writeReplacement } from "./substitution.ts";

const outputs: Readonly<Record<ValueKind, SampleType>> = { str: STR, int: SINT, ip: IPV4 };
const ways: readonly MatchMethod[] = [
  "str",
  "beg",
  "end",
  "sub",
  "dir",
  "dom",
  "reg",
  "int",
  "ip",
  "len",
  "bin",
];

function map(name: string, method: MatchMethod, output: ValueKind): Converter {
  return {
    name,
    args: [need("map", "file"), may("default")],
    from: methods.get(method)!.takes,
    to: outputs[output] === IPV4 ? 0 : outputs[output],
    doc: `The value of the map's entry that matches by '${method}', as ${output}.`,
    chapter: "7.3.1",
    create(args, references) {
      const unset = args.has(1) ? args.text(1) : null;
      const unsetBytes = unset === null ? null : bytesOf(unset);
      const unsetIp = unset === null || output !== "ip" ? null : parseIp(unset);
      if (unset !== null && output === "int" && !/^[+-]?\d{1,16}$/.test(unset)) {
        throw args.mistake(1, `'${unset}' is not an integer`);
      }
      if (unset !== null && output === "ip" && unsetIp === null) {
        throw args.mistake(1, `'${unset}' is not an IP address`);
      }
      try {
        const reference = references.patterns.file(args.text(0), true, `map '${name}'`);
        reference.requireValues(output);
        const index = reference.index(method, false);
        return (sample) => {
          const entry = reference.entry(index.find(sample));
          if (entry === undefined && unset === null) return false;
          if (output === "int") {
            return entry === undefined
              ? sample.setInt(Number(unset))
              : sample.setBigInt(entry.integer);
          }
          if (output === "ip") {
            const address = entry?.address ?? unsetIp!;
            const type = address.length === 4 ? IPV4 : IPV6;
            return sample.setBytes(type, address, 0, address.length);
          }
          return sample.setString(entry?.bytes ?? unsetBytes!);
        };
      } catch (error) {
        if (!(error instanceof PatternMistake)) throw error;
        throw args.mistake(0, error.message, error.hint);
      }
    },
  };
}

/** The key of the entry that matches, as it stands in the map: "map_str_key". */
function mapKey(method: MatchMethod): Converter {
  return {
    name: `map_${method}_key`,
    args: [need("map", "file")],
    from: methods.get(method)!.takes,
    to: STR,
    doc: `The key of the map's entry that matches by '${method}'.`,
    chapter: "7.3.1",
    create(args, references) {
      try {
        const reference = references.patterns.file(args.text(0), true, `map 'map_${method}_key'`);
        const index = reference.index(method, false);
        return (sample) => {
          const entry = reference.entry(index.find(sample));
          return entry !== undefined && sample.setString(bytesOf(entry.key));
        };
      } catch (error) {
        if (!(error instanceof PatternMistake)) throw error;
        throw args.mistake(0, error.message, error.hint);
      }
    },
  };
}

/** The value of the entry whose expression matches, with what its groups have matched. */
const mapRegm: Converter = {
  name: "map_regm",
  args: [need("map", "file"), may("default")],
  from: STR,
  to: STR,
  doc: "The value of the map's entry that matches by 'reg', in which \\1 is its first group.",
  chapter: "7.3.1",
  create(args, references) {
    const unset = args.has(1) ? bytesOf(args.text(1)) : null;
    try {
      const reference = references.patterns.file(args.text(0), true, "map 'map_regm'");
      const index = reference.index("reg", false);
      // Of the entries that have matched: there are as many as the map has.
      const compiled = new Map<string, Regex>();
      return (sample) => {
        const entry = reference.entry(index.find(sample));
        if (entry === undefined) return unset !== null && sample.setString(unset);
        let regex = compiled.get(entry.key);
        if (regex === undefined) compiled.set(entry.key, regex = compileRegex(entry.key, false));
        const groups = regex.exec(sample.bytes, sample.from, sample.to);
        const parts = parseReplacement(entry.value ?? "");
        if (groups === null || parts === null) return false;
        const target = takeScratch();
        const length = writeReplacement(target, 0, parts, sample.bytes, groups);
        return sample.setBytes(STR, target, 0, length);
      };
    } catch (error) {
      if (!(error instanceof PatternMistake)) throw error;
      throw args.mistake(0, error.message, error.hint);
    }
  },
};

/** {@linkcode Converter}s of this family: "map", "map_beg", "map_beg_int" and so on. */
export const mapConverters: readonly Converter[] = [
  map("map", "str", "str"),
  mapRegm,
  ...ways.flatMap((method) => [
    map(`map_${method}`, method, "str"),
    ...(["str", "int", "ip"] as const).map((output) =>
      map(`map_${method}_${output}`, method, output)
    ),
    mapKey(method),
  ]),
].filter(({ name }, i, all) => all.findIndex((each) => each.name === name) === i);
