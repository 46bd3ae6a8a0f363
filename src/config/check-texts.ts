/**
 * Formats and expressions of checks, compiled (manual: "tcp-check send-lf", "http-check expect"). There
 * is no client in a check: what can be asked is the server, what it has sent, and variables.
 */
import { ExpressionMistake } from "../expr/arguments.ts";
import { castTo } from "../expr/cast.ts";
import type { Context } from "../expr/context.ts";
import { compileExpression } from "../expr/expression.ts";
import {
  NEEDS_BACKEND,
  NEEDS_OUTPUT,
  NEEDS_RESPONSE,
  NEEDS_RESPONSE_BODY,
  NEEDS_SERVER,
} from "../expr/needs.ts";
import { PatternStore } from "../expr/patterns/store.ts";
import type { References } from "../expr/references.ts";
import { Sample, SINT, STR } from "../expr/sample.ts";
import { parseVariableName } from "../expr/variables.ts";
import { type CheckExpressions, type CheckScope, encode } from "../health/expressions.ts";
import { noScripts } from "../rules/action.ts";
import type { VariableRule } from "../health/rules.ts";
import { parseFormat, type Part } from "../log/format/parse.ts";
import type { Configuration } from "./model.ts";

/** What there is in a check. */
const available = NEEDS_BACKEND | NEEDS_SERVER | NEEDS_OUTPUT | NEEDS_RESPONSE |
  NEEDS_RESPONSE_BODY;

const sample = new Sample();
const nothing = new Uint8Array(0);

/**
 * What compiles the texts of checks. @param contextOf what an expression is worked out in
 * @throws {ExpressionMistake} from its functions: a text is wrong
 */
export function checkExpressions(
  references: References,
  contextOf: (scope: CheckScope) => Context,
): CheckExpressions {
  const compile = (text: string) => compileExpression(text, available, references);

  /** Works an expression out. @returns whether it has a value, which `sample` is then */
  function evaluate({ evaluate }: ReturnType<typeof compile>, scope: CheckScope): boolean {
    sample.begin();
    return evaluate(contextOf(scope), sample);
  }

  function piece(part: Part): (scope: CheckScope) => Uint8Array {
    if (part.kind === "text") return constant(encode(part.text));
    if (part.kind === "space") return constant(encode(" "));
    if (part.kind === "variable") {
      // Of what the log knows there is the process alone.
      const known: Readonly<Record<string, string>> = {
        H: references.hostname,
        pid: String(references.pid),
      };
      return constant(encode(known[part.variable.name] ?? ""));
    }
    const expression = compile(part.expression);
    return (scope) =>
      evaluate(expression, scope) && castTo(sample, STR) ? sample.copyBytes() : nothing;
  }

  function format(text: string): (scope: CheckScope) => Uint8Array {
    if (!text.includes("%")) return constant(encode(text));
    // Spaces stay as they are: the parser takes several for one.
    const parsed = parseFormat(text.replaceAll(" ", space));
    if ("fault" in parsed) {
      const { message, column, hint } = parsed.fault;
      throw new ExpressionMistake(message, column - 1, hint ?? undefined);
    }
    const pieces = parsed.parts.map((part) =>
      piece(part.kind === "text" ? { ...part, text: part.text.replaceAll(space, " ") } : part)
    );
    return (scope) => {
      const parts = pieces.map((one) => one(scope));
      const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
      let at = 0;
      for (const part of parts) {
        whole.set(part, at);
        at += part.length;
      }
      return whole;
    };
  }

  return {
    format,
    integer(text) {
      const [, digits] = /^int\((-?\d+)\)$/.exec(text) ?? [];
      if (digits !== undefined) return () => Number(digits);
      const expression = compile(text);
      return (scope) => evaluate(expression, scope) && castTo(sample, SINT) ? sample.int : null;
    },
    variable: (rule) => compileVariable(rule, compile, format, contextOf),
  };
}

/** Stands for a space while a format is read. */
const space = "\u{f8ff}";

function constant(bytes: Uint8Array): () => Uint8Array {
  return () => bytes;
}

/** Compiles "set-var", "set-var-fmt" and "unset-var". */
function compileVariable(
  { rule, name, value }: VariableRule,
  compile: (text: string) => ReturnType<typeof compileExpression>,
  format: (text: string) => (scope: CheckScope) => Uint8Array,
  contextOf: (scope: CheckScope) => Context,
): (scope: CheckScope) => void {
  const [own = "", ...conditions] = name.split(",");
  const variable = parseVariableName(own);
  if (variable === null) throw new ExpressionMistake(`'${own}' is not a variable`, 0);
  const { scope: where, slot } = variable;
  const variablesOf = (scope: CheckScope) => contextOf(scope).variables(where);
  if (rule === "unset-var") return (scope) => variablesOf(scope).unset(slot);
  const wanted = conditions.map((condition) => {
    const test = tests[condition];
    if (test !== undefined) return test;
    throw new ExpressionMistake(`'${condition}' is no condition of '${rule}'`, 0);
  });
  if (rule === "set-var-fmt") {
    const text = format(value ?? "");
    return (scope) => {
      const bytes = text(scope);
      sample.setString(bytes);
      const variables = variablesOf(scope);
      if (wanted.every((test) => test(variables.has(slot), bytes.length === 0))) {
        variables.set(slot, sample);
      }
    };
  }
  const expression = compile(value ?? "");
  return (scope) => {
    sample.begin();
    if (!expression.evaluate(contextOf(scope), sample)) return;
    const variables = variablesOf(scope);
    const empty = sample.type >= STR && sample.length === 0;
    if (wanted.every((test) => test(variables.has(slot), empty))) variables.set(slot, sample);
  };
}

/** Conditions of setting a variable (manual: "set-var"): on whether it exists, and on the value. */
const tests: Readonly<Record<string, (exists: boolean, empty: boolean) => boolean>> = {
  ifexists: (exists) => exists,
  ifnotexists: (exists) => !exists,
  ifempty: (_, empty) => empty,
  ifnotempty: (_, empty) => !empty,
};

/** What checks refer to beside their server: the configuration's names. */
export function checkReferences(
  { global, proxies }: Configuration,
  proxy: string,
  { hostname, pid }: { readonly hostname: string; readonly pid: number },
): References {
  return {
    proxy,
    userlist: () => null,
    hasProxy: (name) => proxies.some((each) => each.name === name),
    hasCache: () => false,
    hasResolvers: () => false,
    hasServer: (backend, server) =>
      proxies.some((each) =>
        each.name === backend && each.servers.some(({ name }) => name === server)
      ),
    table: () => null,
    scripts: noScripts,
    patterns: new PatternStore(() => ""),
    env: () => undefined,
    warn() {},
    threads: global.nbthread ?? 1,
    pid,
    hostname,
    node: global.node ?? hostname,
  };
}
