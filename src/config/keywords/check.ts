/** How servers are checked (manual, chapter 4.2, "option httpchk" and its kin). */
import * as v from "valibot";
import { Check, checkKinds, kindOf } from "../../health/kinds.ts";
import { define, type Form } from "./keyword.ts";

/** The default, of which no keyword needs to speak. */
const tcp: Check = { kind: "tcp" };

/** The check of a proxy: the last keyword counts. */
export const checkSetting = {
  check: define({
    doc: "How servers are checked.",
    chapter: "4.2",
    side: "backend",
    schema: v.optional(Check, tcp),
    forms: checkKinds.map(({ option, usage, most, example, doc, parse }): Form<Check> => ({
      name: `option ${option}`,
      usage,
      example,
      doc,
      read(args, _before, mark) {
        const words: string[] = [];
        while (args.peek() !== undefined && words.length < most) {
          words.push(args.next()?.text ?? "");
        }
        mark();
        return parse(words);
      },
    })),
    print(check: Check) {
      const kind = kindOf(check);
      return check.kind === tcp.kind ? [] : [[`option ${kind.option}`, ...kind.print(check)]];
    },
  }),
};
