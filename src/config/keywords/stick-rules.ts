/** Rules by which clients stick to servers (manual, chapter 4.2: "stick on" and its kin). */
import * as v from "valibot";
import { define, type Form } from "./keyword.ts";
import { ownArray, readWords } from "./rules.ts";

const kinds = ["on", "match", "store-request", "store-response"] as const;
type Kind = (typeof kinds)[number];

/** A rule: its words behind its kind, as in ["src", "table", "t", "if", "is_new"]. */
export const StickRule = v.strictObject({
  kind: v.picklist(kinds),
  words: v.array(v.string()),
});
/** {@linkcode StickRule} */
export type StickRule = v.InferOutput<typeof StickRule>;

const docs: Readonly<Record<Kind, string>> = {
  on: "Has requests with the same key go to the server that the first one went to.",
  match: "Has requests go to the server that a stick table has for their key.",
  "store-request": "Notes the server of a request in a stick table, under a key of the request.",
  "store-response": "Notes the server of a request in a stick table, under a key of the response.",
};

function form(kind: Kind): Form<StickRule[]> {
  return {
    name: `stick ${kind}`,
    usage: "<key> [table <table>] [if|unless <condition>]",
    example: `src table mates/other${kind === "store-response" ? " if TRUE" : ""}`,
    doc: docs[kind],
    read(args, before, mark) {
      if (args.peek() === undefined) args.word("an expression");
      const rule: StickRule = { kind, words: [] };
      args.mark(rule);
      readWords(args, rule, rule.words);
      mark();
      const rules = ownArray(args, before);
      rules.push(rule);
      return rules;
    },
  };
}

/** The setting of a proxy. */
export const stickSetting = {
  stick: define({
    doc: "Which server a client sticks to.",
    chapter: "4.2",
    side: "backend",
    defaults: false,
    schema: v.optional(v.array(StickRule), []),
    forms: kinds.map(form),
    print: (rules: readonly StickRule[]) =>
      rules.map(({ kind, words }) => [`stick ${kind}`, ...words]),
  }),
};
