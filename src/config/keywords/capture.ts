/** Keywords of what is kept of requests and responses for the log (manual, chapter 8.8). */
import * as v from "valibot";
import { choice, integer as readInteger } from "../haproxy/arguments.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { define, type Keyword } from "./keyword.ts";
import { positive } from "./values.ts";

const chapter = "4.2";

/** A field whose value is kept; without a name: room that a rule may fill. */
export const Capture = v.strictObject({
  name: v.nullable(v.string()),
  /** Bytes that are kept at most. */
  len: positive,
});
/** {@linkcode Capture} */
export type Capture = v.InferOutput<typeof Capture>;

/** The cookie that is kept: those whose `NAME=value` begins so. */
export const CookieCapture = v.strictObject({ name: v.string(), len: positive });

function lengthOf(args: Arguments): number {
  choice(args, "the word 'len'", ["len"]);
  return readInteger(args, 1, 65535);
}

function fields(what: "request" | "response") {
  return define({
    doc: `Keeps the value of a field of each ${what} for the log.`,
    chapter,
    side: "frontend",
    defaults: false,
    schema: v.optional(v.array(Capture), []),
    forms: [{
      name: `capture ${what}`,
      usage: "header <name> len <length>",
      example: "header Referer len 64",
      read(args: Arguments, before: readonly Capture[], mark: () => void) {
        choice(args, "the word 'header'", ["header"]);
        const name = args.word("a field's name").text;
        const len = lengthOf(args);
        mark();
        return [...before, { name, len }];
      },
    }],
    print: (captures: readonly Capture[]) =>
      captures.map(({ name, len }) =>
        name === null
          ? ["declare capture", what, "len", String(len)]
          : [`capture ${what}`, "header", name, "len", String(len)]
      ),
  });
}

/** Settings of captures. */
export const captureSettings = {
  captureRequest: fields("request"),
  captureResponse: fields("response"),
  captureCookie: define({
    doc: "Keeps a cookie of each request, and of its response, for the log.",
    chapter,
    side: "frontend",
    defaults: false,
    schema: v.optional(v.nullable(CookieCapture), null),
    forms: [{
      name: "capture cookie",
      usage: "<name> len <length>",
      example: "ASPSESSION len 32",
      read(args, _before, mark) {
        const name = args.word("a cookie's name").text;
        const len = lengthOf(args);
        mark();
        return { name, len };
      },
    }],
    print: (cookie: v.InferOutput<typeof CookieCapture> | null) =>
      cookie === null ? [] : [["capture cookie", cookie.name, "len", String(cookie.len)]],
  }),
};

/** What `declare capture` acts on. */
interface Capturing {
  readonly proxy: { captureRequest: Capture[]; captureResponse: Capture[] };
}

/** `declare capture`: room that a rule may fill. */
export const declareCapture: Keyword<Capturing> = {
  name: "declare capture",
  usage: "request|response len <length>",
  example: "request len 64",
  doc: "Makes room for a capture that a rule fills.",
  chapter,
  side: "frontend",
  defaults: false,
  read({ proxy }, args) {
    const what = choice(args, "request or response", ["request", "response"]);
    const slot = { name: null, len: lengthOf(args) };
    if (what === "request") proxy.captureRequest = [...proxy.captureRequest, slot];
    else proxy.captureResponse = [...proxy.captureResponse, slot];
    args.mark(proxy, what === "request" ? "captureRequest" : "captureResponse");
  },
};
