/** Converters that keep values, or look at those that were kept (manual, chapter 7.3.1). */
import { need } from "../arguments.ts";
import type { Converter } from "../converter.ts";
import { ANY, STR } from "../sample.ts";

const chapter = "7.3.1";

function capture(name: string, of: "requestCaptures" | "responseCaptures"): Converter {
  return {
    name,
    args: [need("slot", "integer")],
    from: STR,
    to: STR,
    doc: "Keeps the string in a slot of what is captured.",
    chapter,
    create(args) {
      const slot = args.integer(0);
      return (sample, context) => {
        const list = context[of];
        while (list.length <= slot) list.push(null);
        list[slot] = sample.copyBytes();
        return true;
      };
    },
  };
}

/** {@linkcode Converter}s of this family. */
export const variableConverters: readonly Converter[] = [
  {
    name: "set-var",
    args: [need("name", "variable")],
    from: ANY,
    to: ANY,
    doc: "Gives a variable the value, which goes on.",
    chapter,
    create(args) {
      const { scope, slot } = args.variable(0);
      return (sample, context) => {
        context.variables(scope).set(slot, sample);
        return true;
      };
    },
  },
  {
    name: "unset-var",
    args: [need("name", "variable")],
    from: ANY,
    to: ANY,
    doc: "Takes a variable's value away.",
    chapter,
    create(args) {
      const { scope, slot } = args.variable(0);
      return (_sample, context) => {
        context.variables(scope).unset(slot);
        return true;
      };
    },
  },
  capture("capture-req", "requestCaptures"),
  capture("capture-res", "responseCaptures"),
];
