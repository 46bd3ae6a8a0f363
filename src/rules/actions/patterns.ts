/** Actions that change lists of patterns and maps (manual, chapter 4.2: "set-map", "add-acl"). */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { textOf } from "../../bytes/bytes.ts";
import { PatternMistake } from "../../expr/patterns/pattern.ts";
import type { PatternChange } from "../../expr/patterns/reference.ts";
import type { Action } from "../action.ts";
import type { Format } from "../format.ts";
import type { Ruleset } from "../rulesets.ts";
import type { RuleStream } from "../stream.ts";
import { CONTINUE } from "../verdict.ts";

const http: readonly Ruleset[] = ["http-request", "http-response", "http-after-response"];
const text = new ByteBuffer(256);

function made(format: Format, stream: RuleStream): string {
  text.clear();
  format.write(stream, text);
  return textOf(text.bytes, 0, text.length);
}

/** @param change the change; `value` is null where the action takes none */
function changes(
  name: string,
  hasValue: boolean,
  doc: string,
  change: (key: string, value: string | null) => PatternChange,
): Action {
  return {
    name,
    argument: "file-name",
    rulesets: http,
    usage: hasValue ? "<key format> <value format>" : "<key format>",
    doc,
    chapter: "4.2",
    compile(words, kit, argument) {
      const { patterns } = kit.references;
      const key = kit.format(words, words.take("a format string of a key"));
      const value = hasValue ? kit.format(words, words.take("a format string of a value")) : null;
      return (stream) => {
        // As in HAProxy: a list that nobody uses has nothing to change.
        const list = patterns.find(argument);
        if (list === undefined) return CONTINUE;
        const ofKey = made(key, stream);
        const wanted = change(ofKey, value === null ? null : made(value, stream));
        try {
          patterns.change(list, wanted);
        } catch (error) {
          // What clients send need not be a pattern of the kind that the list has.
          if (!(error instanceof PatternMistake)) throw error;
        }
        return CONTINUE;
      };
    },
  };
}

/** {@linkcode Action}s of this family. */
export const patternActions: readonly Action[] = [
  changes(
    "set-map",
    true,
    "Gives a key of a map a value.",
    (key, value) => ({ change: "put", key, value }),
  ),
  changes("del-map", false, "Takes a key out of a map.", (key) => ({ change: "delete", key })),
  changes(
    "add-acl",
    false,
    "Adds a pattern to a list.",
    (key) => ({ change: "put", key, value: null }),
  ),
  changes("del-acl", false, "Takes a pattern out of a list.", (key) => ({ change: "delete", key })),
];
