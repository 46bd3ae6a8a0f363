/** Actions that keep values: variables, captures. */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { Sample, STR } from "../../expr/sample.ts";
import { parseVariableName, type VariableName } from "../../expr/variables.ts";
import { type Action } from "../action.ts";
import { type Ruleset, rulesets } from "../rulesets.ts";
import type { Words } from "../../expr/words.ts";
import { CONTINUE } from "../verdict.ts";

const chapter = "4.2";
const anywhere: readonly Ruleset[] = rulesets;
const sample = new Sample();
const text = new ByteBuffer(512);

function nameOf(argument: string, words: Words): VariableName {
  const name = parseVariableName(argument);
  if (name !== null) return name;
  const hint = "a scope and a name: proc.x, sess.x, txn.x, req.x, res.x";
  throw words.mistake(`'${argument}' is not the name of a variable`, hint);
}

/** The conditions of "set-var(name,cond)" (manual: "set-var"). */
const conditions = [
  "ifexists",
  "ifnotexists",
  "ifempty",
  "ifnotempty",
  "ifset",
  "ifnotset",
  "ifgt",
  "iflt",
];

/** {@linkcode Action}s of this family. */
export const variableActions: readonly Action[] = [
  {
    name: "set-var",
    argument: "name[,cond...]",
    rulesets: anywhere,
    usage: "<expression>",
    doc: "Gives a variable the value of an expression.",
    chapter,
    compile(words, kit, argument) {
      const [name = "", ...wanted] = argument.split(",").map((each) => each.trim());
      const variable = nameOf(name, words);
      const unknown = wanted.find((each) => !conditions.includes(each));
      if (unknown !== undefined) {
        throw words.mistake(`'${unknown}' is not a condition of 'set-var'`, conditions.join(", "));
      }
      const expression = kit.expression(words, words.take("an expression"));
      const { scope, slot } = variable;
      const before = new Sample();
      return (stream) => {
        const variables = stream.variables(scope);
        const exists = variables.has(slot);
        for (const condition of wanted) {
          if (condition === "ifexists" && !exists || condition === "ifnotexists" && exists) {
            return CONTINUE;
          }
        }
        sample.begin();
        if (!expression.evaluate(stream, sample)) return CONTINUE;
        const empty = sample.type >= STR && sample.length === 0;
        const zero = sample.type < STR && sample.int === 0;
        for (const condition of wanted) {
          if (condition === "ifempty" && !empty || condition === "ifnotempty" && empty) {
            return CONTINUE;
          }
          if (condition === "ifset" && zero || condition === "ifnotset" && !zero) return CONTINUE;
          if (condition !== "ifgt" && condition !== "iflt") continue;
          if (!variables.get(slot, before)) return CONTINUE;
          if (condition === "ifgt" ? sample.int <= before.int : sample.int >= before.int) {
            return CONTINUE;
          }
        }
        variables.set(slot, sample);
        return CONTINUE;
      };
    },
  },
  {
    name: "set-var-fmt",
    argument: "name[,cond...]",
    rulesets: anywhere,
    usage: "<format>",
    doc: "Gives a variable the value of a format string.",
    chapter,
    compile(words, kit, argument) {
      const { scope, slot } = nameOf(argument.split(",")[0]!.trim(), words);
      const format = kit.format(words, words.take("a format string"));
      return (stream) => {
        text.clear();
        format.write(stream, text);
        sample.begin();
        sample.setBytes(STR, text.bytes, 0, text.length);
        stream.variables(scope).set(slot, sample);
        return CONTINUE;
      };
    },
  },
  {
    name: "unset-var",
    argument: "name",
    rulesets: anywhere,
    usage: "",
    doc: "Takes a variable's value away.",
    chapter,
    compile(words, _kit, argument) {
      const { scope, slot } = nameOf(argument, words);
      return (stream) => {
        stream.variables(scope).unset(slot);
        return CONTINUE;
      };
    },
  },
];
