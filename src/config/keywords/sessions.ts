/** Options of sessions: what happens when servers fail or clients leave, and how content flows. */
import * as v from "valibot";
import { integer as readInteger } from "../haproxy/arguments.ts";
import { define, flag, type Form, setting, word, zeroable } from "./keyword.ts";
import { integer } from "./values.ts";

const chapter = "4.2";

const redispatch = flag("option redispatch", {
  doc: "A connection that fails goes to another server on its last retry.",
  chapter,
  side: "backend",
  no: true,
});

/** Options of a backend's sessions. */
export const sessionSettings = {
  persist: flag("option persist", {
    doc: "Honours a cookie even if its server is down.",
    chapter,
    side: "backend",
    no: true,
  }),
  redispatch: {
    ...redispatch,
    forms: [
      ...redispatch.forms.map((form): typeof form => ({
        ...form,
        /** Of HAProxy's interval only the default, the last retry. */
        read(args, before, mark) {
          form.read(args, before, mark);
          if (args.peek() !== undefined && readInteger(args, -(2 ** 31)) !== -1) {
            const hint = "without a number: on the last retry";
            throw args.mistake("sluice does not support an interval in 'option redispatch'", hint);
          }
          return true;
        },
      })),
      word("redispatch", true, "Old spelling of 'option redispatch'."),
    ],
  },
  abortonclose: flag("option abortonclose", {
    doc: "Drops a request that waits for a server when its client has gone.",
    chapter,
    side: "backend",
    no: true,
  }),
  allbackups: flag("option allbackups", {
    doc: "Shares the load among all backup servers, not only the first.",
    chapter,
    side: "backend",
    no: true,
  }),
};

/** Limits of a backend. */
export const limitSettings = {
  retries: setting("retries", integer({ example: "5" }), 3, {
    doc: "How often a failed connection to a server is tried again.",
    chapter,
    side: "backend",
  }),
  fullconn: zeroable("fullconn", integer({ min: 1, zero: true, example: "1000" }), {
    doc: "The load at which servers reach their 'maxconn' from their 'minconn'.",
    chapter,
    side: "backend",
  }),
};

/**
 * Which content may go through a pipe of the kernel instead of the process, where the engine can do
 * that and it pays (manual: "option splice-auto", "splice-request", "splice-response"; HAProxy
 * splices only where an option says so). Of a frontend and its backend, both must allow it.
 */
export const Splice = v.strictObject({
  /** From the client to the server. */
  request: v.optional(v.boolean(), true),
  /** From the server to the client. */
  response: v.optional(v.boolean(), true),
});
/** {@linkcode Splice} */
export type Splice = v.InferOutput<typeof Splice>;

/** What "no" has not forbidden is spliced anyway, where that pays. */
function splice(
  name: string,
  directions: readonly (keyof Splice)[],
  doc: string,
): Form<Splice> {
  const set = (before: Splice, allowed: boolean): Splice => ({
    ...before,
    ...Object.fromEntries(directions.map((direction) => [direction, allowed])),
  });
  return {
    name: `option ${name}`,
    usage: "",
    example: "",
    doc,
    read(_args, before, mark) {
      mark();
      return set(before, true);
    },
    undo: (before) => set(before, false),
  };
}

/** How content flows. */
export const spliceSetting = {
  splice: define({
    doc: "Which content may go through a pipe of the kernel.",
    chapter,
    schema: v.optional(Splice, {}),
    forms: [
      splice(
        "splice-auto",
        ["request", "response"],
        "Content may go through a pipe of the kernel, as it does by default.",
      ),
      splice("splice-request", ["request"], "So may content from clients."),
      splice("splice-response", ["response"], "So may content from servers."),
    ],
    print({ request, response }: Splice) {
      if (request && response) return [];
      const what = request ? "response" : response ? "request" : "auto";
      return [[`no option splice-${what}`]];
    },
  }),
};
