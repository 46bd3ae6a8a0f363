/** Converters that look up in maps (manual, chapter 7.3.1: "map"). */
import { bytesOf } from "../../bytes/bytes.ts";
import { may, need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { methods } from "../patterns/methods.ts";
import { type MatchMethod, PatternMistake } from "../patterns/pattern.ts";
import type { ValueKind } from "../patterns/reference.ts";
import { IPV4, IPV6, type SampleType, SINT, STR } from "../sample.ts";
import { parseIp } from "../../net/ip/address.ts";

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

/** {@linkcode Converter}s of this family: "map", "map_beg", "map_beg_int" and so on. */
export const mapConverters: readonly Converter[] = [
  map("map", "str", "str"),
  ...ways.flatMap((method) => [
    map(`map_${method}`, method, "str"),
    ...(["str", "int", "ip"] as const).map((output) =>
      map(`map_${method}_${output}`, method, output)
    ),
  ]),
].filter(({ name }, i, all) => all.findIndex((each) => each.name === name) === i);
