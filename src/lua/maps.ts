/** The class Map: lookups in files of patterns and values (`Map.new`). */
import { castTo } from "../expr/cast.ts";
import { methods } from "../expr/patterns/methods.ts";
import { type MatchMethod, PatternMistake } from "../expr/patterns/pattern.ts";
import type { PatternStore } from "../expr/patterns/store.ts";
import { Sample } from "../expr/sample.ts";
import {
  type LuaCall,
  LuaClass,
  luaFunction,
  type LuaInput,
  LuaMistake,
  LuaObject,
} from "./values.ts";

/** The ways to match, as fields of `Map`: `Map._str` and so on. */
const ways: readonly MatchMethod[] = [
  "int",
  "ip",
  "str",
  "beg",
  "sub",
  "dir",
  "dom",
  "end",
  "reg",
];

interface MapTarget {
  find(call: LuaCall): Uint8Array | null;
}

const sample = new Sample();

const mapClass = new LuaClass("Map", {
  lookup: (map: MapTarget, call: LuaCall) => map.find(call),
  slookup: (map: MapTarget, call: LuaCall) => map.find(call) ?? "",
});

/** The table `Map`. @param mayOpen whether scripts are being loaded: later no map is opened */
export function mapTable(patterns: PatternStore, mayOpen: () => boolean): LuaInput {
  const open = (path: string, way: MatchMethod): MapTarget => {
    try {
      const reference = patterns.file(path, true, `lua map '${path}'`);
      reference.requireValues("str");
      const index = reference.index(way, false);
      const { takes } = methods.get(way)!;
      return {
        find(call) {
          sample.begin();
          sample.setString(call.bytes(0));
          if (!castTo(sample, takes)) return null;
          return reference.entry(index.find(sample))?.bytes ?? null;
        },
      };
    } catch (error) {
      if (!(error instanceof PatternMistake)) throw error;
      throw new LuaMistake(error.message);
    }
  };
  return {
    ...Object.fromEntries(ways.map((way) => [`_${way}`, way])),
    new: luaFunction("Map.new", (call) => {
      if (!mayOpen()) throw new LuaMistake("maps are opened while scripts are loaded");
      const given = call.has(1) ? call.text(1).replace(/^_/, "") : "str";
      const way = ways.find((each) => each === given);
      if (way === undefined) throw new LuaMistake(`'${given}' is not a way to match`);
      return new LuaObject(mapClass, open(call.text(0), way));
    }),
  };
}
