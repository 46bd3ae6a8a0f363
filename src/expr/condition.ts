/** Conditions (manual, chapter 7.2): "if" or "unless", and ACLs by name or in braces. */
import { didYouMean } from "../text/nearest.ts";
import { type Acl, compileAcl } from "./acl.ts";
import { needsText } from "./needs.ts";
import { predefinedAcls } from "./predefined.ts";
import type { References } from "./references.ts";
import { NO, not, type Outcome, type Test, YES } from "./test.ts";
import { WordMistake, Words } from "./words.ts";

/** The ACLs of a proxy by name. Each name may have been declared several times: any of them will do. */
export type Acls = ReadonlyMap<string, readonly Acl[]>;

/** An "acl" line, as the model has it: its name and what follows it. */
export interface AclLine {
  readonly words: readonly string[];
}

/**
 * Compiles the "acl" lines of a proxy.
 * @param onMistake called with each that is wrong, and left out
 */
export function compileAcls(
  lines: readonly AclLine[],
  references: References,
  onMistake: (line: AclLine, mistake: WordMistake) => void,
): Acls {
  const acls = new Map<string, Acl[]>();
  for (const line of lines) {
    const words = new Words(line.words);
    let acl: Acl = broken;
    const name = words.next() ?? "";
    try {
      if (!/^[A-Za-z0-9_.:-]+$/.test(name)) {
        throw words.mistake(`'${name}' is not a name`, "letters, digits, '-', '_', '.', ':'");
      }
      // A name that could not be used: in conditions it separates.
      if (isOr(name)) throw words.mistake("an ACL cannot be called 'or'");
      acl = compileAcl(words, references);
    } catch (error) {
      if (!(error instanceof WordMistake)) throw error;
      onMistake(line, error);
    }
    const same = acls.get(name);
    if (same === undefined) acls.set(name, [acl]);
    else same.push(acl);
  }
  return acls;
}

/** Whether a word separates the terms of a condition; HAProxy takes "OR", too. */
const isOr = (word: string): boolean => word === "||" || /^or$/i.test(word);

/** Stands for an ACL that could not be compiled, so that its name is known. */
const broken: Acl = { test: () => NO, needs: 0, text: "" };

/** A condition, compiled. */
export interface Condition {
  readonly test: Test;
  /** Bits of needs.ts of all that it asks. */
  readonly needs: number;
}

/**
 * Compiles a condition, which ends the line: `words` stands at "if" or "unless".
 * @param available what there is where it is tested: see needs.ts
 * @throws {WordMistake}
 */
export function compileCondition(
  words: Words,
  acls: Acls,
  available: number,
  references: References,
): Condition {
  const unless = words.take("'if' or 'unless'") === "unless";
  const any: Test[] = [];
  let all: Test[] = [];
  let needs = 0;
  const endOfTerms = () => {
    if (all.length === 0) throw words.mistake("a condition is missing", "an ACL, or one in { }");
    any.push(conjunction(all));
    all = [];
  };
  while (!words.atEnd) {
    let word = words.next()!;
    if (isOr(word)) {
      endOfTerms();
      continue;
    }
    let negated = false;
    while (word.startsWith("!")) {
      negated = !negated;
      word = word === "!" ? words.take("an ACL") : word.slice(1);
    }
    const at = words.at - 1;
    const found = word === "{"
      ? [compileAcl(words, references, true)]
      : named(word, words, acls, references);
    for (const acl of found) {
      needs |= acl.needs;
      const missing = acl.needs & ~available;
      if (missing === 0 || acl.text === "") continue;
      references.warn(
        `'${acl.text}' needs ${
          needsText(missing)
        }, which is not there in this rule: it never matches`,
        undefined,
        at,
      );
    }
    const test = disjunction(
      found.map((acl) => (acl.needs & ~available) === 0 ? acl.test : broken.test),
    );
    all.push(negated ? (context) => not(test(context)) : test);
  }
  endOfTerms();
  const test = disjunction(any);
  return { test: unless ? (context) => not(test(context)) : test, needs };
}

function named(
  name: string,
  words: Words,
  acls: Acls,
  references: References,
): readonly Acl[] {
  const own = acls.get(name);
  if (own !== undefined) return own;
  const predefined = Object.hasOwn(predefinedAcls, name) ? predefinedAcls[name] : undefined;
  if (predefined !== undefined) return [compileAcl(new Words(predefined), references)];
  if (name === "}" || name === "{") throw words.mistake(`'${name}' is out of place`);
  const hint = didYouMean(name, [...acls.keys(), ...Object.keys(predefinedAcls)]) ??
    "an 'acl' line of this section declares one; or { } around what it tests";
  throw words.mistake(`there is no ACL '${name}'`, hint);
}

/** All of them, in order, as far as needed. */
function conjunction(tests: readonly Test[]): Test {
  const [first, second] = tests;
  if (tests.length === 1) return first!;
  if (tests.length === 2) {
    return (context) => {
      const outcome = first!(context);
      return outcome === NO ? NO : (outcome & second!(context)) as Outcome;
    };
  }
  return (context) => {
    let outcome: number = YES;
    for (let i = 0; i < tests.length && outcome !== NO; i++) outcome &= tests[i]!(context);
    return outcome as Outcome;
  };
}

/** Any of them, in order, as far as needed. */
function disjunction(tests: readonly Test[]): Test {
  const [first] = tests;
  if (tests.length === 1) return first!;
  return (context) => {
    let outcome: number = NO;
    for (let i = 0; i < tests.length && outcome !== YES; i++) outcome |= tests[i]!(context);
    return outcome as Outcome;
  };
}
