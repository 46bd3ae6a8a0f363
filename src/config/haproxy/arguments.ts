/** The words of a statement, taken one by one, with errors that say what was expected. */
import type { Place, Report } from "../diagnostic.ts";
import { didYouMean } from "../../text/nearest.ts";
import type { Places } from "../places.ts";
import { longestTime, parseTime } from "../../text/time.ts";
import { expandWord, type Variables, type Word } from "./words.ts";

/** An error in a statement. Thrown by readers, caught where reading can go on. */
export class Mistake extends Error {
  /** @param hint what was expected, or meant */
  constructor(readonly place: Place, message: string, readonly hint?: string) {
    super(message);
  }
}

/** A statement's words, and where what is found goes. */
export interface Arguments {
  readonly report: Report;
  readonly places: Places;
  readonly budget: Budget;
  /** The statement as its usage has it, for hints. */
  usage: string;
  /** The next word, taken; undefined at the end. */
  next(): Word | undefined;
  /** The next word, left where it is. */
  peek(): Word | undefined;
  /** All words that still follow, left where they are. */
  rest(): readonly Word[];
  /** The next word, taken; `expected` says what it is, as in "a file name". */
  word(expected: string): Word;
  /** The text of the next word, taken, with the variables in it put in, as addresses have it. */
  address(expected: string): string;
  /** The place of a word of the line. */
  placeOf(word: Word): Place;
  /** The text of the word last taken. */
  last(): string;
  /** The place of the word last taken. */
  here(): Place;
  /** Notes that `key` of the object comes from the word last taken. */
  mark(of: object, key?: string): void;
  /** To be thrown: what is wrong with the word last taken. */
  mistake(message: string, hint?: string): Mistake;
  /** Nothing may follow. */
  end(): void;
}

/** What a configuration may grow to by few lines: of each kind, how much is left. */
export interface Budget {
  /** Listening sockets, of ranges of ports: more than a process can have descriptors. */
  listeners: number;
  /** Characters of variables that were put in. */
  expanded: number;
  /** Copies of what a 'defaults' section lists. */
  copies: number;
}

/** The budget of a configuration of which nothing has been read. */
export function wholeBudget(): Budget {
  return { listeners: 2 ** 18, expanded: 2 ** 25, copies: 2 ** 20 };
}

/** What the lines of all files share. */
export interface Reading {
  readonly budget: Budget;
  readonly report: Report;
  readonly places: Places;
  readonly variables: Variables;
}

/** Reads `words` of a line from the word number `from`; the word before is the keyword. */
export function createArguments(
  at: { readonly file: string; readonly line: number },
  words: readonly Word[],
  from: number,
  { report, places, variables, budget }: Reading,
): Arguments {
  let index = from;
  const placeOf = (word: Word): Place => ({
    file: at.file,
    line: at.line,
    column: word.column,
    length: word.length,
  });
  const last = () => words[Math.max(0, index - 1)] ?? { text: "", column: 1, length: 1 };
  const args: Arguments = {
    report,
    places,
    budget,
    usage: "",
    next: () => words[index] === undefined ? undefined : words[index++],
    peek: () => words[index],
    rest: () => words.slice(index),
    word(expected) {
      const word = args.next();
      if (word !== undefined && word.text !== "") return word;
      const before = last();
      const place = word !== undefined
        ? placeOf(word)
        : { file: at.file, line: at.line, column: before.column + before.length, length: 1 };
      const after = words[index - (word === undefined ? 1 : 2)]?.text ?? "";
      throw new Mistake(place, `'${after}' expects ${expected}`, `usage: ${args.usage}`);
    },
    address(expected) {
      const word = args.word(expected);
      if (word.dollars === undefined) return word.text;
      const place = placeOf(word);
      const found = expandWord(word, variables, (name) => {
        report.warning(place, `the variable '${name}' is not set`, "it stands for nothing here");
      });
      if ("message" in found) throw new Mistake(place, found.message, found.hint);
      return found.text;
    },
    placeOf,
    last: () => last().text,
    here: () => placeOf(last()),
    mark(of, key) {
      places.mark(of, key, placeOf(last()));
    },
    mistake: (message, hint) => new Mistake(placeOf(last()), message, hint),
    end() {
      const extra = args.next();
      if (extra === undefined) return;
      throw args.mistake(`unexpected word '${extra.text}'`, `usage: ${args.usage}`);
    },
  };
  return args;
}

/** Runs `read`; a mistake in it is reported. False if there was one. */
export function attempt(report: Report, read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    report.error(error.place, error.message, error.hint);
    return false;
  }
}

/** Reads an integer from `min` to `max`. */
export function integer(args: Arguments, min: number, max = Number.MAX_SAFE_INTEGER): number {
  const { text } = args.word("an integer");
  const value = /^[+-]?\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value === 0 ? 0 : value;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  throw args.mistake(`'${text}' is not an integer ${range}`, `usage: ${args.usage}`);
}

/** Reads a time; returns milliseconds. `unit` is that of a number without one. */
export function time(args: Arguments, unit: "ms" | "s" = "ms"): number {
  const { text } = args.word("a time");
  const value = parseTime(text, unit);
  if (value === null) {
    const bare = unit === "ms" ? "milliseconds" : "seconds";
    const hint = `a whole number and a unit: us, ms, s, m, h or d; without a unit, ${bare}`;
    throw args.mistake(`'${text}' is not a time`, hint);
  }
  if (value > longestTime) {
    throw args.mistake(`'${text}' is too long a time`, `at most ${longestTime} ms (24.8 days)`);
  }
  return value;
}

/** Reads one of the words of `choices`; `unsupported` are those that only HAProxy knows. */
export function choice<T extends string>(
  args: Arguments,
  what: string,
  choices: readonly T[],
  unsupported: readonly string[] = [],
): T {
  const { text } = args.word(what);
  const found = choices.find((each) => each === text);
  if (found !== undefined) return found;
  if (unsupported.includes(text)) {
    throw args.mistake(`sluice does not support '${text}' here`, `it has: ${choices.join(", ")}`);
  }
  const meant = didYouMean(text, choices);
  throw args.mistake(`'${text}' is not ${what}`, meant ?? `one of: ${choices.join(", ")}`);
}
