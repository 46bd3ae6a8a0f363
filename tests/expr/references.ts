/** What expressions refer to, in tests: nothing. */
import { noScripts } from "#src/rules/action.ts";
import type { Context } from "#src/expr/context.ts";
import { noProcess } from "#src/expr/context.ts";
import { castTo, sampleText } from "#src/expr/cast.ts";
import { compileExpression } from "#src/expr/expression.ts";
import { PatternStore } from "#src/expr/patterns/store.ts";
import type { References } from "#src/expr/references.ts";
import { Sample, STR } from "#src/expr/sample.ts";
import { type Scope, Variables } from "#src/expr/variables.ts";

/** @param more what there is nonetheless */
export function noReferences(more: Partial<References> = {}): References {
  const none = () => null;
  return {
    proxy: "p",
    userlist: none,
    hasProxy: () => false,
    hasServer: () => false,
    hasCache: () => false,
    hasResolvers: () => false,
    table: none,
    scripts: noScripts,
    patterns: new PatternStore(() => {
      throw new Error("there are no files");
    }),
    env: () => undefined,
    warn() {},
    threads: 1,
    pid: 1,
    hostname: "h",
    node: "h",
    ...more,
  };
}

/** Works expressions out one after the other: a string each; null: there is no value. */
export function evaluator(
  references: References = noReferences(),
  more: Partial<Context> = {},
): (text: string) => string | null {
  const variables = new Map<Scope, Variables>();
  const context = {
    process: noProcess,
    variables(scope: Scope) {
      let found = variables.get(scope);
      if (found === undefined) variables.set(scope, found = new Variables(scope));
      return found;
    },
    ...more,
  } as unknown as Context;
  return (text) => {
    const sample = new Sample();
    sample.begin();
    const { evaluate } = compileExpression(text, ~0, references);
    if (!evaluate(context, sample) || !castTo(sample, STR)) return null;
    return sampleText(sample);
  };
}
