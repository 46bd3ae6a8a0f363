/** Conditions of `.if` and of the `-cc` flag (manual, chapter 2.4). */
import { didYouMean } from "../../text/nearest.ts";

/** A condition's value, or why it has none. `column` counts from 1, in the condition's text. */
export type Evaluation =
  | { readonly value: boolean }
  | { readonly message: string; readonly column: number; readonly hint?: string };

/** An environment: the variables that are set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The version of HAProxy whose language this is, for version_atleast() and version_before(). */
export const languageVersion = "2.6.0";
/** Of HAProxy's build options, those that this program is built with, for feature(). */
export const features: readonly string[] = ["EPOLL", "GETADDRINFO", "LINUX_SPLICE", "THREAD"];

const predicates: Readonly<
  Record<string, { arity: number; holds: (env: Environment, a: string, b: string) => boolean }>
> = {
  defined: { arity: 1, holds: (env, name) => env[name] !== undefined },
  feature: { arity: 1, holds: (_, name) => features.includes(name) },
  streq: { arity: 2, holds: (_, a, b) => a === b },
  strneq: { arity: 2, holds: (_, a, b) => a !== b },
  version_atleast: { arity: 1, holds: (_, version) => compareWithOurs(version) >= 0 },
  version_before: { arity: 1, holds: (_, version) => compareWithOurs(version) < 0 },
};

/** Parentheses inside each other, at most; as in HAProxy (MAX_CFG_RECURSION). */
const deepest = 1024;

/** Thrown inside this file only. */
class Unparsable extends Error {
  constructor(readonly at: number, message: string, readonly hint?: string) {
    super(message);
  }
}

/**
 * Evaluates a condition. The empty one is false.
 *
 * @param text the condition, its quotes and variables already resolved
 */
export function evaluateCondition(text: string, env: Environment): Evaluation {
  if (text.trim() === "") return { value: false };
  try {
    const [value, end] = disjunction(text, skip(text, 0), env, 0);
    if (end < text.length) {
      throw new Unparsable(end, `unexpected '${text.slice(end)}' after the condition`);
    }
    return { value };
  } catch (error) {
    if (!(error instanceof Unparsable)) throw error;
    const evaluation = { message: error.message, column: error.at + 1 };
    return error.hint === undefined ? evaluation : { ...evaluation, hint: error.hint };
  }
}

/** Each parser below returns its value and where the next one starts. */
type Parsed = [value: boolean, end: number];

function disjunction(text: string, start: number, env: Environment, depth: number): Parsed {
  let [value, at] = conjunction(text, start, env, depth);
  while (text.startsWith("||", at)) {
    const [right, end] = conjunction(text, skip(text, at + 2), env, depth);
    [value, at] = [value || right, end];
  }
  return [value, at];
}

function conjunction(text: string, start: number, env: Environment, depth: number): Parsed {
  let [value, at] = term(text, start, env, depth);
  while (text.startsWith("&&", at)) {
    const [right, end] = term(text, skip(text, at + 2), env, depth);
    [value, at] = [value && right, end];
  }
  return [value, at];
}

function term(text: string, start: number, env: Environment, depth: number): Parsed {
  let at = start;
  let negated = false;
  while (text[at] === "!") {
    negated = !negated;
    at = skip(text, at + 1);
  }
  const [value, end] = atom(text, at, env, depth);
  return [value !== negated, end];
}

function atom(text: string, at: number, env: Environment, depth: number): Parsed {
  if (text[at] === "(") {
    if (depth === deepest) {
      throw new Unparsable(at, `more than ${deepest} parentheses inside each other`);
    }
    const [value, end] = disjunction(text, skip(text, at + 1), env, depth + 1);
    if (text[end] !== ")") throw new Unparsable(at, "this parenthesis is not closed");
    return [value, skip(text, end + 1)];
  }
  const integer = match(/-?\d+/y, text, at);
  if (integer !== undefined) return [Number(integer) !== 0, skip(text, at + integer.length)];

  const name = match(/\w+/y, text, at) ?? "";
  const predicate = Object.hasOwn(predicates, name) ? predicates[name] : undefined;
  if (predicate === undefined) {
    const names = Object.keys(predicates);
    const hint = didYouMean(name, names) ?? `one of: ${names.join(", ")}, an integer, (...), !`;
    const rest = text.slice(at);
    const found = rest.trim() === ""
      ? "the condition ends too early"
      : `unknown condition '${rest}'`;
    throw new Unparsable(at, found, hint);
  }
  const open = at + name.length;
  if (text[open] !== "(") throw new Unparsable(open, `'${name}' expects '(' and its arguments`);
  const { values, end } = argumentsOf(text, open + 1);
  if (values.length !== predicate.arity) {
    const wanted = predicate.arity === 1 ? "one argument" : "two arguments";
    throw new Unparsable(open, `'${name}' expects ${wanted}, got ${values.length}`);
  }
  const [a = "", b = ""] = values;
  if (name.startsWith("version_") && !versionPattern.test(a)) {
    throw new Unparsable(open + 1, `'${a}' is not a version`, "as in 2.4 or 2.4-dev19");
  }
  return [predicate.holds(env, a, b), skip(text, end)];
}

/** Arguments up to the closing parenthesis; blanks count, quotes and backslashes protect. */
function argumentsOf(text: string, start: number): { values: string[]; end: number } {
  const values = [""];
  let quote = "";
  for (let at = start; at < text.length; at++) {
    let char = text.charAt(at);
    if (char === quote) {
      quote = "";
      continue;
    } else if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      continue;
    } else if (char === "\\" && quote !== "'" && at + 1 < text.length) {
      char = text.charAt(++at);
    } else if (quote === "" && char === ")") {
      return { values, end: at + 1 };
    } else if (quote === "" && char === ",") {
      values.push("");
      continue;
    }
    values[values.length - 1] += char;
  }
  throw new Unparsable(start - 1, "this parenthesis is not closed");
}

/** What a sticky pattern finds at that place. */
function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

function skip(text: string, at: number): number {
  let next = at;
  while (text[next] === " " || text[next] === "\t") next++;
  return next;
}

const versionPattern = /^(\d+)(?:\.(\d+))?(?:-dev(\d+)|\.(\d+))?$/;

/** Below 0 if our version is before the given one, above 0 if after. A -dev version comes before the version. */
function compareWithOurs(version: string): number {
  const [ours, theirs] = [numbersOf(languageVersion), numbersOf(version)];
  return ours.map((number, i) => number - (theirs[i] ?? 0)).find((less) => less !== 0) ?? 0;
}

function numbersOf(version: string): number[] {
  const [, major = 0, minor = 0, dev, patch = 0] = versionPattern.exec(version) ?? [];
  return [Number(major), Number(minor), dev === undefined ? 1 : 0, Number(dev ?? 0), Number(patch)];
}
