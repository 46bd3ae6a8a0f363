/** Options of sessions: what happens when servers fail or clients leave, and how content flows. */
import * as v from "valibot";
import { integer as readInteger } from "../haproxy/arguments.ts";
import { define, flag, type Form, type Keyword, setting, zeroable } from "./keyword.ts";
import { integer } from "./values.ts";

const chapter = "4.2";

/** Options of a backend's sessions. */
export const sessionSettings = {
  persist: flag("option persist", {
    doc: "Honours a cookie even if its server is down.",
    chapter,
    side: "backend",
    no: true,
  }),
  redispatch: define({
    doc: "A connection that fails goes to another server.",
    chapter,
    side: "backend",
    schema: v.optional(v.boolean(), false),
    forms: [],
    print: (value: boolean) => value ? [["option redispatch"]] : [],
  }),
  redispatchAfter: define({
    doc: "Which retries those are: every so manieth, or below 0, counted from the last, -1.",
    chapter,
    side: "backend",
    schema: v.optional(v.pipe(v.number(), v.integer()), -1),
    forms: [],
    print: (value: number) => value === -1 ? [] : [["option redispatch", String(value)]],
  }),
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

/** What `option redispatch` acts on. */
interface Redispatching {
  readonly proxy: { redispatch: boolean; redispatchAfter: number };
}

function setRedispatch({ proxy }: Redispatching, after: number): void {
  proxy.redispatch = after !== 0;
  proxy.redispatchAfter = after === 0 ? -1 : after;
}

const redispatchAbout = { chapter, side: "backend" } as const;

/** `option redispatch`, and its old spelling. */
export const proxyRedispatch: readonly Keyword<Redispatching>[] = [
  {
    name: "option redispatch",
    usage: "[<interval>]",
    example: "",
    doc: "A connection that fails goes to another server: on its last retry, or every so manieth.",
    ...redispatchAbout,
    property: { name: "proxies[].redispatch", unset: false },
    read(section, args) {
      args.mark(section.proxy, "redispatch");
      const given = args.peek() !== undefined;
      setRedispatch(section, given ? readInteger(args, -(2 ** 31), 2 ** 31 - 1) : -1);
    },
    undo(section, args) {
      args.next();
      setRedispatch(section, 0);
    },
  },
  {
    name: "redispatch",
    usage: "",
    example: "",
    doc: "Old spelling of 'option redispatch'.",
    ...redispatchAbout,
    property: { name: "proxies[].redispatch", unset: false },
    read(section, args) {
      args.mark(section.proxy, "redispatch");
      setRedispatch(section, -1);
    },
  },
];
