/**
 * Actions of programs that HAProxy asks and sluice does not: agents of SPOE and their kin. An agent
 * that does not answer is nothing new to a configuration: the request goes on, as in HAProxy.
 */
import type { Action } from "../action.ts";
import { rulesets } from "../rulesets.ts";
import { CONTINUE } from "../verdict.ts";

const chapter = "4.2";
const unasked = "sluice asks no agents of SPOE: it goes on as if none had answered";

/** {@linkcode Action}s of this family. */
export const absentActions: readonly Action[] = [
  {
    name: "send-spoe-group",
    rulesets: rulesets.filter((each) => /content$|^http-re/.test(each)),
    usage: "<engine> <group>",
    doc: `Has no effect: ${unasked}.`,
    chapter,
    compile(words, { references }) {
      words.take("the name of an engine");
      references.warn(`'send-spoe-group' has no effect: ${unasked}`, undefined, 0);
      words.take("the name of a group");
      return () => CONTINUE;
    },
  },
  {
    name: "ot-group",
    rulesets: rulesets.filter((each) => /content$|^http-re/.test(each)),
    usage: "<id> <group>",
    doc: "Has no effect: sluice traces nothing by OpenTracing.",
    chapter,
    compile(words, { references }) {
      words.take("the id of a filter");
      references.warn(
        "'ot-group' has no effect: sluice traces nothing by OpenTracing",
        undefined,
        0,
      );
      words.take("the name of a group");
      return () => CONTINUE;
    },
  },
  {
    name: "set-bandwidth-limit",
    rulesets: ["http-request", "http-response", "tcp-request content", "tcp-response content"],
    usage: "<name> [limit <expression>] [period <expression>]",
    doc: "Has no effect: sluice limits no bandwidth.",
    chapter,
    compile(words, kit) {
      words.take("the name of a filter");
      kit.references.warn(
        "'set-bandwidth-limit' has no effect: sluice limits no bandwidth",
        undefined,
        0,
      );
      for (const word of ["limit", "period"]) {
        if (words.skip(word)) kit.expression(words, words.take("an expression"));
      }
      return () => CONTINUE;
    },
  },
];
