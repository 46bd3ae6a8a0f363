/** Lists of rules: how they are compiled, and evaluated. */
import { didYouMean } from "../text/nearest.ts";
import { ExpressionMistake } from "../expr/arguments.ts";
import { type Acls, compileCondition } from "../expr/condition.ts";
import { compileExpression } from "../expr/expression.ts";
import { type Phase, phases } from "../expr/needs.ts";
import type { References } from "../expr/references.ts";
import { MAYBE, type Test, YES } from "../expr/test.ts";
import { Words } from "../expr/words.ts";
import type { Action, ErrorPages, RuleKit, RuleScripts, Run } from "./action.ts";
import type { Ruleset } from "./rulesets.ts";
import { actions } from "./actions/all.ts";
import type { CaptureSlots } from "./captures.ts";
import { compileFormat } from "./format.ts";
import type { RuleStream } from "./stream.ts";
import { CONTINUE, type Verdict, WAIT } from "./verdict.ts";

/** A rule of the model: its words, from the action to the end of the condition. */
export interface RuleLine {
  readonly words: readonly string[];
}

/** A rule, compiled. */
export interface Rule {
  /** null: it always applies. */
  readonly test: Test | null;
  readonly run: Run;
  readonly line: RuleLine;
}

/** What the rules of a proxy are compiled with. */
export interface RulesEnvironment {
  readonly references: References;
  readonly acls: Acls;
  readonly errors: ErrorPages;
  readonly scripts: RuleScripts;
  readonly captures: CaptureSlots;
}

const byName: ReadonlyMap<Ruleset, ReadonlyMap<string, Action>> = (() => {
  const tables = new Map<Ruleset, Map<string, Action>>();
  for (const action of actions) {
    for (const ruleset of action.rulesets) {
      const table = tables.get(ruleset) ?? new Map<string, Action>();
      tables.set(ruleset, table.set(action.name, action));
    }
  }
  return tables;
})();

/** The actions of a list, by name. */
export function actionsOf(ruleset: Ruleset): ReadonlyMap<string, Action> {
  return byName.get(ruleset) ?? new Map();
}

/** What an action is compiled with, in a phase. */
export function createKit(
  ruleset: Ruleset,
  phase: Phase,
  environment: RulesEnvironment,
): RuleKit {
  const { acls, errors, scripts, captures } = environment;
  const available = phases[phase];
  const references: References = {
    ...environment.references,
    acl: (name) => acls.get(name)?.map(({ test }) => test) ?? null,
  };
  return {
    ruleset,
    phase,
    available,
    references,
    acls,
    errors,
    scripts,
    expression(words, text) {
      try {
        return compileExpression(text, available, references);
      } catch (error) {
        if (!(error instanceof ExpressionMistake)) throw error;
        throw words.mistake(error.message, error.hint);
      }
    },
    captureSlot: (response, length) => captures.add(response ? "response" : "request", length),
    captureLength: (response, slot) =>
      (response ? captures.response : captures.request)[slot] ?? Infinity,
    format: (words, text) => compileFormat(text, available, references, words.at - 1),
  };
}

/** Compiles a rule. @throws {WordMistake} */
export function compileRule(line: RuleLine, kit: RuleKit): Rule {
  const words = new Words(line.words);
  const { action, argument } = takeAction(words, kit);
  const run = action.compile(words, kit, argument);
  const test = compileRest(words, kit, `${kit.ruleset} ${action.name} ${action.usage}`);
  return { test, run, line };
}

/** The condition that ends a line; null: there is none. @throws {WordMistake} */
export function compileRest(
  words: Words,
  { acls, available, references }: Pick<RuleKit, "acls" | "available" | "references">,
  usage: string,
): Test | null {
  const next = words.peek();
  if (next !== undefined && next !== "if" && next !== "unless") {
    words.next();
    throw words.mistake(
      `unexpected word '${next}'`,
      `usage: ${usage.trimEnd()} [if|unless <condition>]`,
    );
  }
  return next === undefined ? null : compileCondition(words, acls, available, references).test;
}

function takeAction(
  words: Words,
  { ruleset, scripts }: RuleKit,
): { action: Action; argument: string } {
  const word = words.take("an action");
  const open = word.indexOf("(");
  const name = open < 0 ? word : word.slice(0, open);
  const table = actionsOf(ruleset);
  const action = table.get(name) ?? scriptAction(name, ruleset, scripts);
  if (action === null) {
    const hint = /^\d/.test(name) && ruleset === "http-request"
      ? "did you mean 'timeout http-request'?"
      : didYouMean(name, [...table.keys(), ...scripts.names("actions")]) ??
        `actions: ${[...table.keys()].join(", ")}`;
    throw words.mistake(`'${ruleset}' has no action '${name}'`, hint);
  }
  if (open >= 0 && !word.endsWith(")")) throw words.mistake("the parenthesis is not closed");
  if (action.argument !== undefined && open < 0) {
    throw words.mistake(
      `'${name}' expects (${action.argument})`,
      `usage: ${name}(${action.argument}) ${action.usage}`,
    );
  }
  if (action.argument === undefined && open >= 0) {
    throw words.mistake(`'${name}' takes nothing in parentheses`);
  }
  return { action, argument: open < 0 ? "" : word.slice(open + 1, -1) };
}

/** An action that a script has registered. */
function scriptAction(name: string, ruleset: Ruleset, scripts: RuleScripts): Action | null {
  const found = scripts.action(name, ruleset);
  if (found === null) return null;
  return {
    name,
    rulesets: [ruleset],
    usage: "<argument>... ".repeat(found.count > 0 ? 1 : 0),
    doc: "Of a script.",
    chapter: "3.1",
    compile: (words, kit) =>
      found.create(Array.from({ length: found.count }, () => words.take("an argument")), kit),
  };
}

/**
 * Evaluates rules in order, from the one number `from` on.
 * @param at where to note the number of the rule at which evaluation ended
 */
export function evaluateRules(
  rules: readonly Rule[],
  stream: RuleStream,
  from: number,
  at: { rule: number },
): Verdict {
  for (let i = from; i < rules.length; i++) {
    const { test, run } = rules[i]!;
    if (test !== null) {
      const outcome = test(stream);
      if (outcome === MAYBE && !stream.final) {
        at.rule = i;
        return WAIT;
      }
      if (outcome !== YES) continue;
    }
    const verdict = run(stream);
    if (verdict === CONTINUE) continue;
    at.rule = i;
    return verdict;
  }
  return CONTINUE;
}
