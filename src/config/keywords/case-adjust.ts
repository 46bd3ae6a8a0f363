/** Keywords about the case of the names of fields (manual: "h1-case-adjust", "h1-case-adjust-file"). */
import * as v from "valibot";
import { define, flag, nullable } from "./keyword.ts";
import { text } from "./values.ts";

/** A name in lower case, and as it is to be written. */
export const CaseAdjust = v.strictObject({ from: v.string(), to: v.string() });
/** {@linkcode CaseAdjust} */
export type CaseAdjust = v.InferOutput<typeof CaseAdjust>;

/** Settings of the process. */
export const caseSettings = {
  h1CaseAdjust: define({
    doc: "How names of fields are written for peers that do not take them in any case.",
    chapter: "3.1",
    schema: v.optional(v.array(CaseAdjust), []),
    forms: [{
      name: "h1-case-adjust",
      usage: "<from> <to>",
      example: "content-length Content-Length",
      read(args, before, mark) {
        const from = args.word("a name in lower case").text;
        const to = args.word("the name as it is to be written").text;
        if (from !== from.toLowerCase() || to.toLowerCase() !== from) {
          throw args.mistake(`'${from}' and '${to}' must not differ except in case`);
        }
        if (before.some((each) => each.from === from)) {
          throw args.mistake(`'${from}' has a case already`);
        }
        mark();
        return [...before, { from, to }];
      },
    }],
    print: (names: readonly CaseAdjust[]) =>
      names.map(({ from, to }) => ["h1-case-adjust", from, to]),
  }),
  h1CaseAdjustFile: nullable("h1-case-adjust-file", text("a file", "<file>", "/dev/null"), {
    doc: "A file of such names, a pair on each line.",
    chapter: "3.1",
  }),
};

/** Settings of proxies. */
export const bogusSettings = {
  h1CaseAdjustBogusClient: flag("option h1-case-adjust-bogus-client", {
    doc: "Responses have the names of fields that 'h1-case-adjust' names in that case.",
    chapter: "4.2",
    side: "frontend",
    no: true,
  }),
  h1CaseAdjustBogusServer: flag("option h1-case-adjust-bogus-server", {
    doc: "Requests have the names of fields that 'h1-case-adjust' names in that case.",
    chapter: "4.2",
    side: "backend",
    no: true,
  }),
};

/** What a file of names says: `from to` on each line, comments after '#'. @returns or what is wrong */
export function readCaseFile(content: string): CaseAdjust[] | { line: number; message: string } {
  const names: CaseAdjust[] = [];
  for (const [index, text] of content.split("\n").entries()) {
    const words = text.replace(/#.*/, "").trim().split(/\s+/).filter(Boolean);
    if (words.length === 0) continue;
    const [from = "", to = ""] = words;
    if (words.length !== 2 || from !== from.toLowerCase() || to.toLowerCase() !== from) {
      const message = "a line has a name in lower case, and the same as it is to be written";
      return { line: index + 1, message };
    }
    names.push({ from, to });
  }
  return names;
}
