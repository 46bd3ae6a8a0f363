/** Tables of keywords; near misses and usage texts come from the table. */
import type { Foreign } from "../keywords/foreign.ts";
import type { Keyword } from "../keywords/keyword.ts";
import { didYouMean, nearest } from "../../text/nearest.ts";
import { type Arguments, attempt } from "./arguments.ts";

/** Keywords by name, and the names that HAProxy has besides. */
export interface KeywordTable<K extends Keyword<never>> {
  readonly keywords: ReadonlyMap<string, K>;
  /** Of keywords of two words, as "option httplog": the second ones by the first. */
  readonly seconds: ReadonlyMap<string, readonly string[]>;
  /** Real keywords of HAProxy that are not supported here. */
  readonly foreign: ReadonlySet<string>;
  /** Those of them that are options with a value. */
  readonly valued: ReadonlySet<string>;
}

/** Makes a table; `foreign` are the names that only HAProxy knows. */
export function table<K extends Keyword<never>>(
  keywords: readonly K[],
  foreign: readonly string[] | Foreign = [],
): KeywordTable<K> {
  const { alone, withValue } = "alone" in foreign ? foreign : { alone: foreign, withValue: [] };
  const seconds = new Map<string, string[]>();
  for (const { name } of keywords) {
    const [first = "", second] = name.split(" ");
    if (second !== undefined) seconds.set(first, [...(seconds.get(first) ?? []), second]);
  }
  return {
    keywords: new Map(keywords.map((keyword) => [keyword.name, keyword])),
    seconds,
    foreign: new Set([...alone, ...withValue]),
    valued: new Set(withValue),
  };
}

/** `name` and what follows it. */
export function usageOf(keyword: Keyword<never>): string {
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
  let name = args.word("a keyword").text;
  const isWhole = table.keywords.has(name);
  const further = table.seconds.get(name);
  const seconds = !isWhole || further?.includes(args.peek()?.text ?? "") ? further : undefined;
  if (seconds !== undefined) {
    args.usage = `${name} ${seconds.join("|")}`;
    name += ` ${args.word("what to set").text}`;
  }
  const keyword = table.keywords.get(name);
  if (keyword !== undefined) {
    args.usage = usageOf(keyword);
    return keyword;
  }
  const all = [...table.keywords.keys()];
  const candidates = seconds ?? all.map((each) => each.replace(/ .*/, ""));
  if (table.foreign.has(name)) {
    const whole = foreignNames(all, name, args.peek()?.text);
    const hint = "HAProxy has it, sluice not yet" +
      (whole === undefined ? "" : `; or write ${whole} if that was meant`);
    throw args.mistake(`sluice does not support '${name}'`, hint);
  }
  const word = name.replace(/^.* /, "");
  const whole = wholeNames(all, name);
  const hint = whole === undefined
    ? didYouMean(word, candidates) ?? otherwise?.(word)
    : `did you mean ${whole}?`;
  throw args.mistake(`unknown keyword '${name}' ${where}`, hint);
}

/** The same where `word` is a keyword of HAProxy's itself: only if what follows it fits. */
function foreignNames(
  all: readonly string[],
  word: string,
  following: string | undefined,
): string | undefined {
  const first = following === undefined ? "option" : /^\d/.test(following) ? "timeout" : undefined;
  return wholeNames(all.filter((each) => each === `${first} ${word}`), word);
}

/** The keywords of two words, as "option httplog", whose second word is `word`; undefined if none. */
function wholeNames(all: readonly string[], word: string): string | undefined {
  const whole = all.filter((each) => each.endsWith(` ${word}`));
  return whole.length === 0 ? undefined : whole.map((each) => `'${each}'`).join(" or ");
}

/**
 * Reads parameters up to the end of the line, in any order. After a mistake in one it goes on with
 * the next word that is one, or is HAProxy's alone, or was probably meant to be one.
 * @param most so many parameters
 */
export function readParameters<T>(
  table: KeywordTable<Keyword<T>>,
  target: T,
  args: Arguments,
  where: string,
  most = Infinity,
): void {
  const usage = args.usage;
  const { keywords, foreign } = table;
  const isParameter = (word: string) =>
    keywords.has(word) || foreign.has(word) || nearest(word, keywords.keys()) !== undefined;
  for (let i = 0; i < most && args.peek() !== undefined; i++) {
    const read = attempt(args.report, () => {
      takeKeyword(table, args, where).read(target, args);
    });
    if (!read && table.valued.has(args.last())) args.next();
    while (!read && !isParameter(args.peek()?.text ?? "") && args.next() !== undefined);
    args.usage = usage;
  }
}
