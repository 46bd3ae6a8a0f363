/** Variables of the process that have a value from the start (manual, chapter 3.1, "set-var"). */
import * as v from "valibot";
import { define, type Form } from "./keyword.ts";
import { readWords } from "./rules.ts";

const chapter = "3.1";

/** A variable, and the words after it: an expression or a format string, maybe a condition. */
export const InitialVariable = v.strictObject({
  name: v.string(),
  format: v.boolean(),
  words: v.array(v.string()),
});
/** {@linkcode InitialVariable} */
export type InitialVariable = v.InferOutput<typeof InitialVariable>;

function form(name: string, format: boolean, usage: string, example: string) {
  return {
    name,
    usage: `${usage} [if|unless <condition>]`,
    example,
    doc: `Gives a variable of the process a value: ${format ? "a format" : "an expression"}.`,
    read(args, before, mark) {
      const variable: InitialVariable = { name: args.word("a name").text, format, words: [] };
      args.mark(variable);
      args.mark(variable, "name");
      if (!/^proc\.[A-Za-z0-9_.]+$/.test(variable.name)) {
        const hint = "the scope of the process and a name: proc.x";
        throw args.mistake(`'${variable.name}' is not a variable of the process`, hint);
      }
      if (args.peek() === undefined) args.word(format ? "a format" : "an expression");
      readWords(args, variable, variable.words);
      mark();
      return [...before, variable];
    },
  } satisfies Form<InitialVariable[]>;
}

/** The setting. */
export const initialVariables = {
  initialVariables: define({
    doc: "Variables of the process that have a value from the start, in this order.",
    chapter,
    schema: v.optional(v.array(InitialVariable), []),
    forms: [
      form("set-var", false, "<name> <expression>", "proc.site str(www)"),
      form("set-var-fmt", true, "<name> <format>", "proc.site www-%pid"),
    ],
    print: (variables: readonly InitialVariable[]) =>
      variables.map(({ name, format, words }) => [
        format ? "set-var-fmt" : "set-var",
        name,
        ...words,
      ]),
  }),
};
