/**
 * Regular expressions (manual, chapter 7.1.4) over bytes, in PCRE2's language.
 *
 * A client cannot stall a thread with the text that is matched:
 *
 * - Whether an expression matches says an automaton (automaton.ts): one look into a table a byte. It
 *   takes no longer for `(a+)+$` than for `a`.
 * - Where its groups are is tried the way PCRE does (backtrack.ts), for a bounded number of steps. If
 *   that is not enough all ways are followed at once (threads.ts), which takes time in proportion to the
 *   length of the input times that of the expression.
 * - Look-around, back references, atomic groups and possessive repetition are beyond automata. They are
 *   tried, and when the steps are used up the input counts as one that does not match. So does HAProxy,
 *   where PCRE reaches its own limit. `warning` says that this can happen.
 */
import { PatternMistake } from "../pattern.ts";
import { Automaton } from "./automaton.ts";
import { Backtracking } from "./backtrack.ts";
import { parseRegex } from "./parse.ts";
import { assemble } from "./program.ts";
import { isAnchored, isRegular, lengthOf, type Node, RegexMistake, some } from "./syntax.ts";
import { Threads } from "./threads.ts";

/** Steps that are tried before another way is taken: a fraction of a millisecond. */
const shortBudget = 10_000;
/** Steps after which an expression that only can be tried gives up: some milliseconds. */
const longBudget = 100_000;

/** A regular expression, compiled. See the head of this file. */
export interface Regex {
  /** As it stands in the configuration. */
  readonly text: string;
  /** How many groups it captures, and their names. */
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
  /** It can give up on long input: words for people; null: it never does. */
  readonly warning: string | null;
  /**
   * Whether it matches somewhere in bytes[from, to).
   * @param begins false: `from` is not the start of a line, so that "^" is not there (REG_NOTBOL)
   */
  test(bytes: Uint8Array, from: number, to: number, begins?: boolean): boolean;
  /**
   * Where it matches: from and to of the whole, and then of each group, -1 for those that have no part
   * in it; null: it does not. The array is used again by the next call.
   */
  exec(bytes: Uint8Array, from: number, to: number, begins?: boolean): Int32Array | null;
}

/** @throws {PatternMistake} it is wrong, or uses what only PCRE has */
export function compileRegex(text: string, ignoreCase: boolean): Regex {
  try {
    return make(text, ignoreCase);
  } catch (error) {
    if (!(error instanceof RegexMistake)) throw error;
    const message = `regex '${text}' is invalid (error=${error.message}, erroffset=${error.at})`;
    throw new PatternMistake(message);
  }
}

function make(text: string, ignoreCase: boolean): Regex {
  const parsed = parseRegex(text, ignoreCase);
  const { node, groups, names } = parsed;
  const backtracking = new Backtracking(parsed);
  const program = isRegular(node) ? assemble(node, groups) : null;
  if (program === null) {
    const exec: Regex["exec"] = (bytes, from, to, begins = true) =>
      backtracking.exec(bytes, from, to, begins, longBudget) ?? null;
    const test: Regex["test"] = (bytes, from, to, begins) => exec(bytes, from, to, begins) !== null;
    const warning = isAmbiguous(node)
      ? `regex '${text}' gives up on inputs that take more than ${longBudget} steps, and does not match them`
      : null;
    return { text, groups, names, warning, test, exec };
  }
  const automaton = new Automaton(program, isAnchored(node));
  let threads: Threads | null = null;
  return {
    text,
    groups,
    names,
    warning: null,
    test: (bytes, from, to, begins) => automaton.test(bytes, from, to, begins),
    exec: (bytes, from, to, begins = true) => {
      const found = backtracking.exec(bytes, from, to, begins, shortBudget);
      if (found !== undefined) return found;
      if (!automaton.test(bytes, from, to, begins)) return null;
      threads ??= new Threads(program);
      return threads.exec(bytes, from, to, begins);
    },
  };
}

/** Whether a part can repeat without limit what itself does, or what has several ways to match. */
function isAmbiguous(node: Node): boolean {
  return some(
    node,
    (part) =>
      part.kind === "repeat" && part.max > 16 && part.body.kind !== "set" &&
      some(part.body, (inner) =>
        inner.kind === "choice" || inner.kind === "repeat" && lengthOf(inner)[1] > 16),
  );
}
