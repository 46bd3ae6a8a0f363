/** What a table of keywords is made of; near misses and usage texts come from the table. */
import type { Side } from "../fields.ts";
import type { Proxy } from "../model.ts";
import { didYouMean, nearest } from "../nearest.ts";
import { type Arguments, attempt, integer } from "./arguments.ts";
import type { Section } from "./section.ts";

/** A keyword and what it does to a T. */
export interface Keyword<T> {
  /** As written: "balance", or of two words: "option httplog". */
  readonly name: string;
  /** What follows it; "" if nothing. */
  readonly usage: string;
  /** Reads what follows it into the target. May throw a {@linkcode Mistake}. */
  readonly read: (target: T, args: Arguments) => void;
  /** What "no" before it does, where that is allowed. */
  readonly undo?: (target: T, args: Arguments) => void;
}

/** A keyword of the sections `defaults`, `listen`, `frontend` and `backend`. */
export interface ProxyKeyword extends Keyword<Section> {
  /** The half of a proxy that it is for. In a section of the other half it is ignored. */
  readonly side: Side;
  /** Whether a `defaults` section may have it. */
  readonly defaults: boolean;
  /** In a section of the other half: an error, not only ignored. */
  readonly strict?: boolean;
}

/** A keyword that reads one value into one property. */
export function setting<T extends object, K extends keyof T & string>(
  name: string,
  usage: string,
  key: K,
  read: (args: Arguments) => T[K],
): Keyword<T> {
  return {
    name,
    usage,
    read(target, args) {
      target[key] = read(args);
      args.mark(target, key);
    },
  };
}

/** A keyword that reads an integer into one property; with `zero`, 0 means null, not set. */
export function count<T extends object, K extends keyof T & string>(
  name: string,
  usage: string,
  key: number extends T[K] ? K : never,
  options: { min?: number; max?: number; zeroIsUnset?: boolean } = {},
): Keyword<T> {
  return setting(name, usage, key, (args) => {
    const value = integer(args, options.min ?? 0, options.max);
    return (options.zeroIsUnset === true && value === 0 ? null : value) as T[K];
  });
}

/** A keyword without arguments that turns a property on, and with "no" off. */
export function flag<T extends object, K extends keyof T & string>(
  name: string,
  key: boolean extends T[K] ? K : never,
  reversible = false,
): Keyword<T> {
  const set = (value: boolean) => (target: T, args: Arguments) => {
    target[key] = value as T[typeof key];
    args.mark(target, key);
  };
  const keyword = { name, usage: "", read: set(true) };
  return reversible ? { ...keyword, undo: set(false) } : keyword;
}

/** A keyword of proxies, made of one that acts on the proxy's model. */
export function ofProxy(
  side: Side,
  keyword: Keyword<Proxy>,
  defaults = true,
): ProxyKeyword {
  const { name, usage, read, undo } = keyword;
  const made: ProxyKeyword = {
    name,
    usage,
    side,
    defaults,
    read: (section, args) => read(section.proxy, args),
  };
  return undo === undefined
    ? made
    : { ...made, undo: (section, args) => undo(section.proxy, args) };
}

/** Keywords by name, and the names that HAProxy has besides. */
export interface KeywordTable<K extends Keyword<never>> {
  readonly keywords: ReadonlyMap<string, K>;
  /** Real keywords of HAProxy that are not supported here. */
  readonly foreign: ReadonlySet<string>;
}

/** Makes a table; `foreign` are the names that only HAProxy knows. */
export function table<K extends Keyword<never>>(
  keywords: readonly K[],
  foreign: readonly string[] = [],
): KeywordTable<K> {
  return {
    keywords: new Map(keywords.map((keyword) => [keyword.name, keyword])),
    foreign: new Set(foreign),
  };
}

/** The names in a text, with `prefix` before each. */
export function names(text: string, prefix = ""): string[] {
  return text.trim().split(/\s+/).map((name) => prefix + name);
}

/** `name` and what follows it. */
function usageOf(keyword: Keyword<never>): string {
  return `${keyword.name} ${keyword.usage}`.trimEnd();
}

/**
 * Takes the keyword that comes next, of one word or two.
 *
 * @param where for messages: "in a 'listen' section"
 * @param otherwise a hint for a word that is not even a near miss
 * @throws {Mistake} if it is unknown: with the near miss, or saying that HAProxy alone knows it
 */
export function takeKeyword<K extends Keyword<never>>(
  table: KeywordTable<K>,
  args: Arguments,
  where: string,
  otherwise?: (word: string) => string | undefined,
): K {
  const all = [...table.keywords.keys()];
  let name = args.word("a keyword").text;
  let candidates = all.map((each) => each.replace(/ .*/, ""));
  const seconds = all.filter((each) => each.startsWith(`${name} `));
  if (!table.keywords.has(name) && seconds.length > 0) {
    candidates = seconds.map((each) => each.slice(name.length + 1));
    args.usage = `${name} ${candidates.join("|")}`;
    name += ` ${args.word("what to set").text}`;
  }
  const keyword = table.keywords.get(name);
  if (keyword !== undefined) {
    args.usage = usageOf(keyword);
    return keyword;
  }
  if (table.foreign.has(name)) {
    const whole = wholeNames(all, name);
    const hint = "HAProxy has it; remove it to go on" +
      (whole === undefined ? "" : `, or write ${whole} if that was meant`);
    throw args.mistake(`sluice does not support '${name}'`, hint);
  }
  const word = name.replace(/^.* /, "");
  const whole = wholeNames(all, name);
  const hint = whole === undefined
    ? didYouMean(word, candidates) ?? otherwise?.(word)
    : `did you mean ${whole}?`;
  throw args.mistake(`unknown keyword '${name}' ${where}`, hint);
}

/** The keywords of two words, as "option httplog", whose second word is `word`; undefined if none. */
function wholeNames(all: readonly string[], word: string): string | undefined {
  const whole = all.filter((each) => each.endsWith(` ${word}`));
  return whole.length === 0 ? undefined : whole.map((each) => `'${each}'`).join(" or ");
}

/**
 * Reads parameters up to the end of the line, in any order. After a mistake in one it goes on with
 * the next word that is one, or is HAProxy's alone, or was probably meant to be one.
 */
export function readParameters<T>(
  table: KeywordTable<Keyword<T>>,
  target: T,
  args: Arguments,
  where: string,
): void {
  const usage = args.usage;
  const { keywords, foreign } = table;
  const isParameter = (word: string) =>
    keywords.has(word) || foreign.has(word) || nearest(word, keywords.keys()) !== undefined;
  while (args.peek() !== undefined) {
    const read = attempt(args.report, () => {
      takeKeyword(table, args, where).read(target, args);
    });
    while (!read && !isParameter(args.peek()?.text ?? "") && args.next() !== undefined);
    args.usage = usage;
  }
}
