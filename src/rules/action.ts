/** What an action is (manual, chapter 4.2, "http-request" and its kin): one entry of actions/all.ts. */
import type { Acls } from "../expr/condition.ts";
import type { Expression } from "../expr/expression.ts";
import type { Phase } from "../expr/needs.ts";
import type { References, Scripts } from "../expr/references.ts";
import type { Words } from "../expr/words.ts";
import type { Format } from "./format.ts";
import type { Ruleset } from "./rulesets.ts";
import type { RuleStream } from "./stream.ts";
import type { Verdict } from "./verdict.ts";

/** Does what a rule does, for one stream. */
export type Run = (stream: RuleStream) => Verdict;

/** An action that a script has registered: so many words follow its name. */
export interface ScriptAction {
  readonly count: number;
  create(args: readonly string[], kit: RuleKit): Run;
}

/** What scripts have registered, by its name in the configuration: "lua.<name>". */
export interface RuleScripts extends Scripts {
  action(name: string, ruleset: Ruleset): ScriptAction | null;
  /** What a service serves; null: there is none of the name. @param references of the rule */
  service(name: string, references: References): "http" | "tcp" | null;
}

/** There are no scripts. */
export const noScripts: RuleScripts = {
  fetch: () => null,
  converter: () => null,
  names: () => [],
  action: () => null,
  service: () => null,
};

/** What an action is compiled with. */
export interface RuleKit {
  readonly ruleset: Ruleset;
  readonly phase: Phase;
  /** What there is where the rule stands: bits of needs.ts. */
  readonly available: number;
  readonly references: References;
  readonly acls: Acls;
  /** Compiles an expression that is one word. @throws {WordMistake} */
  expression(words: Words, text: string): Expression;
  /** Compiles a format string that is one word. @throws {WordMistake} */
  format(words: Words, text: string): Format;
  /** A new slot for what is captured; the length of one that there is. */
  captureSlot(response: boolean, length: number): number;
  captureLength(response: boolean, slot: number): number;
  /** The response of an "http-errors" section or error file, where an action names one. */
  readonly errors: ErrorPages;
  readonly scripts: RuleScripts;
}

/** Error pages of the configuration, as HTTP/1 responses. */
export interface ErrorPages {
  /** Of a section "http-errors"; null: there is none for this status, or no such section. */
  readonly section: (name: string, status: number) => Uint8Array | null;
  /** A file with a whole response. @throws {Error} */
  readonly file: (path: string) => Uint8Array;
}

/** An action. */
export interface Action {
  /** As written, without what stands in parentheses: "set-var". */
  readonly name: string;
  /** It is written with parentheses: what they hold, for messages, as in "scope.name". */
  readonly argument?: string;
  readonly rulesets: readonly Ruleset[];
  /** What follows the name. */
  readonly usage: string;
  readonly doc: string;
  readonly chapter: string;
  /** No rule behind one without a condition is ever reached. */
  readonly final?: true;
  /**
   * Makes what it does, once for each rule. It takes its own words and leaves the condition.
   * @param argument what stands in the parentheses
   * @throws {WordMistake}
   */
  compile(words: Words, kit: RuleKit, argument: string): Run;
}
