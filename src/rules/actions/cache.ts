/** Actions of caches, which are not kept yet: a request that no cache answers goes to a server. */
import type { Action } from "../action.ts";
import { CONTINUE } from "../verdict.ts";

function cacheAction(name: string, ruleset: "http-request" | "http-response"): Action {
  const why = "sluice keeps no responses yet: every request goes to a server";
  return {
    name,
    rulesets: [ruleset],
    usage: "<cache>",
    doc: `Has no effect yet: ${why}.`,
    chapter: "6.2",
    compile(words, { references }) {
      words.take("the name of a cache");
      references.warn(`'${name}' has no effect: ${why}`, undefined, 0);
      return () => CONTINUE;
    },
  };
}

/** {@linkcode Action}s of this family. */
export const cacheActions: readonly Action[] = [
  cacheAction("cache-use", "http-request"),
  cacheAction("cache-store", "http-response"),
];
