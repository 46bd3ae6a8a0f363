/** Which backend takes a request (manual, chapter 4.2, "use_backend", "default_backend"). */
import * as v from "valibot";
import { define, nullable } from "./keyword.ts";
import { text } from "./values.ts";

const chapter = "4.2";

/** Where the requests of a frontend go (manual: "use_backend"); the first one counts. */
export const UseBackend = v.strictObject({ backend: v.string() });
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
      usage: "<name>",
      example: "www",
      read(args, before, mark) {
        const rule = { backend: args.word("a backend's name").text };
        if (rule.backend.includes("%[")) {
          throw args.mistake("sluice does not support expressions in 'use_backend'");
        }
        args.mark(rule);
        mark();
        const condition = args.peek()?.text;
        if (condition === "if" || condition === "unless") {
          args.next();
          const hint = "without a condition it takes every request";
          throw args.mistake("conditions of 'use_backend' come with the next version", hint);
        }
        before.push(rule);
        return before;
      },
    }],
    print: (rules: readonly UseBackend[]) => rules.map(({ backend }) => ["use_backend", backend]),
  }),
  defaultBackend: nullable("default_backend", text("a backend's name", "<name>", "www"), {
    doc: "The backend of all that no 'use_backend' takes.",
    chapter,
    side: "frontend",
  }),
};
