/** Samples as Lua has them, and fetches and converters as methods of it (classes Fetches, Converters). */
import { Arguments, ExpressionMistake } from "../expr/arguments.ts";
import { castFrom, castTo } from "../expr/cast.ts";
import type { Context } from "../expr/context.ts";
import type { Converter, ConvertValue } from "../expr/converter.ts";
import {
  type Call,
  compileCalls,
  converterByName,
  type Expression,
  fetchByName,
} from "../expr/expression.ts";
import type { Fetch } from "../expr/fetch.ts";
import type { References } from "../expr/references.ts";
import { BOOL, Sample, SINT, STR } from "../expr/sample.ts";
import { parseVariableName } from "../expr/variables.ts";
import { LUA_TBOOLEAN, LUA_TNUMBER } from "./fengari.ts";
import {
  type LuaCall,
  LuaClass,
  type LuaInput,
  type LuaMethod,
  LuaMistake,
  LuaObject,
  type LuaOutput,
  read,
} from "./values.ts";

/** What fetches are worked out in. */
export interface SampleSource {
  readonly context: Context;
  readonly references: References;
  /** What there is: bits of needs.ts. */
  readonly available: number;
}

/** A sample's value for Lua. As HAProxy before 3.1, a boolean is 0 or 1. */
export function fromSample(sample: Sample): LuaInput {
  if (sample.type === BOOL || sample.type === SINT) return Number(sample.wide ?? sample.int);
  return castTo(sample, STR) ? sample.copyBytes() : null;
}

/** Makes a sample of what Lua has returned. @returns false: it is no value */
export function toSample(value: LuaOutput, sample: Sample): boolean {
  if (value === null || value instanceof Map) return false;
  if (typeof value === "boolean") return sample.setBool(value);
  if (typeof value === "number") return sample.setInt(Math.trunc(value));
  return sample.setString(value);
}

const sample = new Sample();

/** What scripts have called is kept, compiled, by name and arguments: these may be anything. */
const mostKept = 512;

class Compiled<T> {
  readonly #kept = new WeakMap<References, Map<string, T>>();

  /** @throws {LuaMistake} */
  get(
    name: string,
    args: readonly string[],
    references: References,
    compile: (call: Call, text: string) => T,
  ): T {
    let known = this.#kept.get(references);
    if (known === undefined) this.#kept.set(references, known = new Map());
    const text = JSON.stringify([name, ...args]);
    const found = known.get(text);
    if (found !== undefined) return found;
    try {
      const made = compile({ name, at: 0, args: args.map((text) => ({ text, at: 0 })) }, text);
      if (known.size >= mostKept) known.clear();
      known.set(text, made);
      return made;
    } catch (error) {
      if (!(error instanceof ExpressionMistake)) throw error;
      throw new LuaMistake(error.message);
    }
  }
}
const expressions = new Compiled<Expression>();
const conversions = new Compiled<ConvertValue>();

/** A name as it is in Lua: what no name there may have becomes "_". */
const luaName = (name: string) => name.replace(/[^A-Za-z0-9]/g, "_");

function byLuaName<T>(table: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return new Map([...table].map(([name, entry]) => [luaName(name), entry]));
}
const fetchesByLuaName = byLuaName(fetchByName);
const convertersByLuaName = byLuaName(converterByName);

function fetchMethod(fetch: Fetch, asText: boolean): LuaMethod<SampleSource> {
  return ({ context, references, available }, call) => {
    const nothing = asText ? "" : null;
    const { evaluate } = expressions.get(
      fetch.name,
      call.texts(0),
      references,
      (first, text) => compileCalls(text, fetch, first, [], references),
    );
    if ((fetch.needs & ~available) !== 0) return nothing;
    sample.begin();
    if (!evaluate(context, sample)) return nothing;
    if (asText) return castTo(sample, STR) ? sample.copyBytes() : "";
    return fromSample(sample);
  };
}

function convertMethod(converter: Converter, asText: boolean): LuaMethod<SampleSource> {
  return ({ context, references }, call) => {
    const nothing = asText ? "" : null;
    sample.begin();
    if (!takeSample(call, 0)) return nothing;
    const cast = castFrom(sample.type, converter.from);
    if (cast === null || !cast(sample)) return nothing;
    const convert = conversions.get(
      converter.name,
      call.texts(1),
      references,
      ({ name, at, args }) =>
        converter.create(new Arguments(name, at, args, converter.args ?? []), references),
    );
    if (!convert(sample, context)) return nothing;
    if (asText) return castTo(sample, STR) ? sample.copyBytes() : "";
    return fromSample(sample);
  };
}

/** Takes an argument as a sample. */
function takeSample(call: LuaCall, i: number): boolean {
  switch (call.type(i)) {
    case LUA_TBOOLEAN:
      return sample.setBool(call.boolean(i));
    case LUA_TNUMBER:
      return toSample(read(call.L, call.at(i)), sample);
    default:
      return sample.setString(call.bytes(i));
  }
}

const fetchClass = (asText: boolean) =>
  new LuaClass("Fetches", {}, (name) => {
    const fetch = fetchesByLuaName.get(name);
    return fetch === undefined ? null : fetchMethod(fetch, asText) as LuaMethod<never>;
  });
const converterClass = (asText: boolean) =>
  new LuaClass("Converters", {}, (name) => {
    const converter = convertersByLuaName.get(name);
    return converter === undefined ? null : convertMethod(converter, asText) as LuaMethod<never>;
  });
const classes = {
  f: fetchClass(false),
  sf: fetchClass(true),
  c: converterClass(false),
  sc: converterClass(true),
};

/** The fields f, sf, c and sc of a transaction or an applet. */
export function sampleFields(source: SampleSource): { readonly [name: string]: LuaInput } {
  return Object.fromEntries(
    Object.entries(classes).map(([name, methods]) => [name, new LuaObject(methods, source)]),
  );
}

/** Methods for variables, of whatever has them. */
export const variableMethods: Readonly<Record<string, LuaMethod<SampleSource>>> = {
  get_var({ context }, call) {
    const { scope, slot } = variableOf(call);
    return context.variables(scope).get(slot, sample) ? fromSample(sample) : null;
  },
  set_var({ context }, call) {
    const { scope, slot } = variableOf(call);
    // HAProxy: a third argument true: only where the variable is there already.
    if (call.boolean(2) && !context.variables(scope).has(slot)) return false;
    if (!call.has(1)) {
      context.variables(scope).unset(slot);
      return true;
    }
    sample.begin();
    takeSample(call, 1);
    return context.variables(scope).set(slot, sample);
  },
  unset_var({ context }, call) {
    const { scope, slot } = variableOf(call);
    context.variables(scope).unset(slot);
    return true;
  },
};

function variableOf(call: LuaCall) {
  const name = parseVariableName(call.text(0));
  if (name === null) throw new LuaMistake(`'${call.text(0)}' is not the name of a variable`);
  return name;
}
