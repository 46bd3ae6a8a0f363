/**
 * Actions of programs that HAProxy runs or asks and sluice does not: scripts in Lua, agents of SPOE.
 * What a script would have decided nobody knows, so that a request that comes to one is refused. An
 * agent that does not answer is nothing new to a configuration: the request goes on, as in HAProxy.
 */
import type { Action } from "../action.ts";
import { type Ruleset, rulesets } from "../rulesets.ts";
import { CONTINUE, END } from "../verdict.ts";

const chapter = "4.2";
const refused = "sluice runs no Lua: what comes to this rule is refused";

/** The action that a script would have registered; undefined: the name is not that of one. */
export function scriptAction(name: string, ruleset: Ruleset): Action | undefined {
  if (!/^lua\../.test(name)) return undefined;
  return {
    name,
    rulesets: [ruleset],
    usage: "[<argument> ...]",
    doc: `Refuses what comes to it: ${refused}.`,
    chapter,
    compile(words, { references }) {
      references.warn(`'${name}': ${refused}`, undefined, words.at - 1);
      for (let next = words.peek(); next !== undefined && !isEnd(next); next = words.peek()) {
        words.next();
      }
      // A response that is the proxy's own cannot be refused any more.
      if (ruleset === "http-after-response") return () => CONTINUE;
      return (stream) => {
        if (ruleset === "http-request") stream.refuse(501, "PR");
        else if (ruleset === "http-response") stream.refuse(502, "PH");
        else stream.reject(false);
        return END;
      };
    },
  };
}

const isEnd = (word: string) => word === "if" || word === "unless";

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
