/**
 * Expressions (manual, chapter 7.1): a fetch, and converters behind it, as in "req.hdr(host),lower".
 */
import { didYouMean } from "../text/nearest.ts";
import {
  type ArgumentForm,
  Arguments,
  ExpressionMistake,
  may,
  type RawArgument,
  readArguments,
} from "./arguments.ts";
import { type Cast, castFrom, isNothing } from "./cast.ts";
import type { Context } from "./context.ts";
import type { Converter, ConvertValue } from "./converter.ts";
import { converters } from "./converters/all.ts";
import type { Fetch, FetchValue } from "./fetch.ts";
import { fetches } from "./fetches/all.ts";
import { NEEDS_NOTHING, needsText } from "./needs.ts";
import type { References } from "./references.ts";
import { ANY, type Sample, type SampleType, typeNames } from "./sample.ts";

/** An expression, compiled. */
export interface Expression {
  /** As it stands in the configuration. */
  readonly text: string;
  /** Of its values; ANY or ADDR where that depends. */
  readonly type: SampleType;
  /** What must be there: bits of needs.ts. */
  readonly needs: number;
  readonly fetch: Fetch;
  /**
   * Works it out: the first value, where `sample.begin()` was called before; else the next one.
   * @returns whether there is a value
   */
  readonly evaluate: (context: Context, sample: Sample) => boolean;
}

/** Entries by name and alias. */
function byName<T extends { readonly name: string; readonly aliases?: readonly string[] }>(
  entries: readonly T[],
): ReadonlyMap<string, T> {
  return new Map(
    entries.flatMap((entry) =>
      [entry.name, ...entry.aliases ?? []].map((name) => [name, entry] as const)
    ),
  );
}

/** All sample fetches, by name and alias. */
export const fetchByName: ReadonlyMap<string, Fetch> = byName(fetches);
/** All converters, by name. */
export const converterByName: ReadonlyMap<string, Converter> = byName(converters);

/** A name and its arguments, as they stand in an expression. */
export interface Call {
  readonly name: string;
  readonly at: number;
  readonly args: readonly RawArgument[];
}

/** Takes an expression apart. @throws {ExpressionMistake} */
export function parseCalls(text: string): Call[] {
  const calls: Call[] = [];
  let at = 0;
  for (;;) {
    const [name] = /^[A-Za-z0-9_.+-]*/.exec(text.slice(at))!;
    if (name === "") {
      const what = calls.length === 0 ? "the name of a sample fetch" : "a converter";
      throw new ExpressionMistake(`'${text.slice(at)}' is not ${what}`, at);
    }
    const start = at;
    at += name.length;
    let args: readonly RawArgument[] = [];
    if (text[at] === "(") {
      const read = readArguments(text, at + 1);
      if (read === null) throw new ExpressionMistake("the parenthesis is not closed", at);
      args = read.list;
      at = read.end;
    }
    calls.push({ name, at: start, args });
    if (at === text.length) return calls;
    if (text[at] !== ",") {
      throw new ExpressionMistake(`'${text.slice(at)}' cannot stand behind '${name}'`, at);
    }
    at++;
    // As HAProxy, which takes a comma at the end for nothing.
    if (at === text.length) return calls;
  }
}

/**
 * Compiles an expression.
 * @param available what there is where it stands: see needs.ts
 * @throws {ExpressionMistake}
 */
export function compileExpression(
  text: string,
  available: number,
  references: References,
): Expression {
  const [first, ...rest] = parseCalls(text);
  const fetch = fetchByName.get(first!.name) ?? scriptFetch(first!, references);
  if (fetch === null) {
    const names = [...fetchByName.keys(), ...references.scripts.names("fetches")];
    throw unknown("sample fetch", first!, names);
  }
  const missing = fetch.needs & ~available;
  if (missing !== 0) {
    const message = `'${fetch.name}' needs ${needsText(missing)}, which is not there in this rule`;
    throw new ExpressionMistake(message, first!.at);
  }
  return compileCalls(text, fetch, first!, rest, references);
}

/** {@linkcode compileExpression} of calls whose fetch is known. @throws {ExpressionMistake} */
export function compileCalls(
  text: string,
  fetch: Fetch,
  first: Call,
  rest: readonly Call[],
  references: References,
): Expression {
  const args = new Arguments(first.name, first.at, first.args, fetch.args ?? []);
  let evaluate: FetchValue = fetch.create(args, references);
  let { type } = fetch;
  for (const call of rest) {
    const converter = converterByName.get(call.name) ?? scriptConverter(call, references);
    if (converter === null) {
      const names = [...converterByName.keys(), ...references.scripts.names("converters")];
      throw unknown("converter", call, names);
    }
    const cast = castFrom(type, converter.from);
    if (cast === null) {
      const message = `'${call.name}' takes ${typeNames[converter.from]}, and gets ${
        typeNames[type]
      }`;
      throw new ExpressionMistake(message, call.at);
    }
    const given = new Arguments(call.name, call.at, call.args, converter.args ?? []);
    evaluate = chain(evaluate, cast, converter.create(given, references));
    if (converter.to !== ANY) type = converter.to;
    else if (converter.from !== ANY) type = ANY;
  }
  return { text, type, needs: fetch.needs, fetch, evaluate };
}

/** What scripts take: texts, as many as they like. */
const scriptArguments: readonly ArgumentForm[] = Array.from({ length: 12 }, () => may("argument"));
const ofScript = { args: scriptArguments, doc: "Of a script.", chapter: "3.1" };

/** A fetch that a script has registered. */
export function scriptFetch({ name }: Call, { scripts }: References): Fetch | null {
  const create = scripts.fetch(name);
  return create === null ? null : {
    name,
    ...ofScript,
    type: ANY,
    needs: NEEDS_NOTHING,
    create: ({ list }, references) => create(list.map(({ text }) => text), references),
  };
}

function scriptConverter({ name }: Call, { scripts }: References): Converter | null {
  const create = scripts.converter(name);
  return create === null ? null : {
    name,
    ...ofScript,
    from: ANY,
    to: ANY,
    create: ({ list }) => create(list.map(({ text }) => text)),
  };
}

function chain(before: FetchValue, cast: Cast, convert: ConvertValue): FetchValue {
  if (isNothing(cast)) {
    return (context, sample) => before(context, sample) && convert(sample, context);
  }
  return (context, sample) => before(context, sample) && cast(sample) && convert(sample, context);
}

function unknown(what: string, { name, at }: Call, names: Iterable<string>): ExpressionMistake {
  return new ExpressionMistake(`there is no ${what} '${name}'`, at, didYouMean(name, names));
}
