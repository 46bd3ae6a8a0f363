/** Actions of caches (manual, chapter 6.2.2). */
import type { Action } from "../action.ts";
import type { RuleStream } from "../stream.ts";
import { CONTINUE } from "../verdict.ts";

function cacheAction(
  name: string,
  ruleset: "http-request" | "http-response",
  doc: string,
  act: (stream: RuleStream, cache: string, proxy: string) => void,
): Action {
  return {
    name,
    rulesets: [ruleset],
    usage: "<cache>",
    doc,
    chapter: "6.2",
    compile(words, { references }) {
      const cache = words.take("the name of a cache");
      if (!references.hasCache(cache)) {
        throw words.mistake(`there is no cache '${cache}'`, `it needs a section: cache ${cache}`);
      }
      const { proxy } = references;
      return (stream) => {
        act(stream, cache, proxy);
        return CONTINUE;
      };
    },
  };
}

/** {@linkcode Action}s of this family. */
export const cacheActions: readonly Action[] = [
  cacheAction(
    "cache-use",
    "http-request",
    "Has a cache answer, where it has kept a response to such a request.",
    (stream, cache, proxy) => stream.useCache(cache, proxy),
  ),
  cacheAction(
    "cache-store",
    "http-response",
    "Has a cache keep the response, with the fields that it has now.",
    (stream, cache) => stream.storeInCache(cache),
  ),
];
