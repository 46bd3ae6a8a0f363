/** The section `http-errors`: error files under a name, for proxies to take over (manual, 3.8). */
import * as v from "valibot";
import { readErrorFile, statusSchema } from "./errors.ts";
import { define, type Keyword } from "./keyword.ts";
import { namedSchema, namedSection } from "./section.ts";

const chapter = "3.8";

/** An error file (manual: "errorfile"). */
const ErrorFile = v.strictObject({ status: statusSchema, file: v.string() });
type ErrorFile = v.InferOutput<typeof ErrorFile>;

const httpErrorsSettings = {
  errorfiles: define({
    doc: "The files that reply in place of the proxy; the last one for a status counts.",
    chapter,
    schema: v.optional(v.array(ErrorFile), []),
    forms: [],
    print: (files: readonly ErrorFile[]) =>
      files.map(({ status, file }) => ["errorfile", String(status), file]),
  }),
};

/** Error files under a name. */
export const HttpErrors = namedSchema(httpErrorsSettings);
/** {@linkcode HttpErrors} */
export type HttpErrors = v.InferOutput<typeof HttpErrors>;

const errorfile: Keyword<HttpErrors> = {
  name: "errorfile",
  usage: "<code> <file>",
  example: "503 /dev/null",
  doc: "Replies with a file's content, a whole HTTP response, in place of this status.",
  chapter,
  property: { name: "httpErrors[].errorfiles", unset: [] },
  read(section, args) {
    const place = args.here();
    const file = readErrorFile(args, (status, file) => ({ status, file }));
    args.places.mark(file, undefined, place);
    section.errorfiles.push(file);
  },
};

/** The section. */
export const httpErrorsSection = namedSection({
  keyword: "http-errors",
  doc: "Error files under a name, which proxies take over by 'errorfiles'.",
  chapter,
  path: "httpErrors",
  schema: HttpErrors,
  settings: httpErrorsSettings,
  more: [errorfile],
});
