/** Which backend takes a request (manual, chapter 4.2, "use_backend", "default_backend"). */
import * as v from "valibot";
import { define, nullable } from "./keyword.ts";
import { readWords } from "./rules.ts";
import { text } from "./values.ts";

const chapter = "4.2";

/**
 * Where the requests of a frontend go (manual: "use_backend"); the first one counts whose condition
 * holds.
 */
export const UseBackend = v.strictObject({
  /** A name, or a format string that makes one: "%[req.hdr(host),lower]". */
  backend: v.string(),
  /** Words, "if" or "unless" first; none: always. */
  condition: v.optional(v.array(v.string()), []),
});
/** {@linkcode UseBackend} */
export type UseBackend = v.InferOutput<typeof UseBackend>;

/** Settings of the choice of a backend. */
export const switchingSettings = {
  useBackend: define({
    doc: "Which backend takes a request, before 'default_backend'; the first one counts.",
    chapter,
    side: "frontend",
    defaults: false,
    schema: v.optional(v.array(UseBackend), []),
    forms: [{
      name: "use_backend",
      usage: "<name> [if|unless <condition>]",
      example: "www if { path_beg /static }",
      read(args, before, mark) {
        const backend = args.word("a backend's name").text;
        const rule: UseBackend = { backend, condition: [] };
        args.mark(rule);
        readWords(args, rule, rule.condition);
        mark();
        before.push(rule);
        return before;
      },
    }],
    print: (rules: readonly UseBackend[]) =>
      rules.map(({ backend, condition }) => ["use_backend", backend, ...condition]),
  }),
  defaultBackend: nullable("default_backend", text("a backend's name", "<name>", "www"), {
    doc: "The backend of all that no 'use_backend' takes.",
    chapter,
    side: "frontend",
  }),
};
