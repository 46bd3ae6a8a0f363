/** Replies in place of the proxy's own: error files, redirections (manual, chapter 4.2, "errorfile"). */
import * as v from "valibot";
import { replyWords } from "../../rules/reply-words.ts";
import { isReplyStatus, type ReplyStatus, replyStatuses } from "../../http/status.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { ignoreRest } from "./arguments-rest.ts";
import { define, type Form } from "./keyword.ts";
import { readReply, Reply, replyUsage } from "./reply.ts";

const chapter = "4.2";

/** A status that the proxy replies with. */
export const statusSchema = v.picklist(replyStatuses);

/** What replaces replies (manual: "errorfile", "errorfiles", "errorloc", "http-error"). */
export const ErrorRule = v.variant("kind", [
  v.strictObject({ kind: v.literal("errorfile"), status: statusSchema, file: v.string() }),
  /** Without statuses: all that the section has. */
  v.strictObject({
    kind: v.literal("errorfiles"),
    section: v.string(),
    statuses: v.optional(v.array(statusSchema), []),
  }),
  v.strictObject({
    kind: v.literal("errorloc"),
    status: statusSchema,
    code: v.optional(v.picklist([302, 303]), 302),
    url: v.string(),
  }),
  v.strictObject({ kind: v.literal("http-error"), reply: Reply }),
]);
/** {@linkcode ErrorRule} */
export type ErrorRule = v.InferOutput<typeof ErrorRule>;

/** Reads a status that the proxy replies with. */
export function replyStatus(args: Arguments): ReplyStatus {
  const { text } = args.word("a status code");
  const status = Number(text);
  if (isReplyStatus(status)) return status;
  throw args.mistake(`'${text}' is not a status that the proxy replies with`, knownStatuses);
}

/** For hints. */
export const knownStatuses = `one of: ${replyStatuses.join(", ")}`;

/** A keyword that adds a rule. Lists of 'defaults' are shared: they are not changed in place. */
function adding(
  name: string,
  usage: string,
  example: string,
  doc: string,
  read: (args: Arguments) => ErrorRule,
): Form<ErrorRule[]> {
  return {
    name,
    usage,
    example,
    doc,
    read(args, before, mark) {
      const place = args.here();
      const rule = read(args);
      args.places.mark(rule, undefined, place);
      mark();
      args.budget.copies -= before.length;
      if (args.budget.copies < 0) {
        throw args.mistake("the proxies of this configuration have too many error files");
      }
      return [...before, rule];
    },
  };
}

function errorloc(name: string, code: 302 | 303, doc: string): Form<ErrorRule[]> {
  return adding(name, "<code> <url>", "503 https://status.example.com/", doc, (args) => {
    const status = replyStatus(args);
    const url = args.word("a URL").text;
    ignoreRest(args);
    return { kind: "errorloc", status, code, url };
  });
}

/** Reads what `errorfile` says: a status and a file. */
export function readErrorFile<T extends object>(
  args: Arguments,
  make: (status: ReplyStatus, file: string) => T,
): T {
  const status = replyStatus(args);
  const rule = make(status, args.word("a file").text);
  args.mark(rule, "file");
  ignoreRest(args);
  return rule;
}

/** Settings of error replies. */
export const errorSettings = {
  errors: define({
    doc: "Replies in place of the proxy's own, by status; the last one for a status counts.",
    chapter,
    schema: v.optional(v.array(ErrorRule), []),
    forms: [
      adding(
        "errorfile",
        "<code> <file>",
        "503 /dev/null",
        "Replies with a file's content, a whole HTTP response, in place of this status.",
        (args) => readErrorFile(args, (status, file) => ({ kind: "errorfile", status, file })),
      ),
      adding(
        "errorfiles",
        "<name> [<code>...]",
        "site 503",
        "Takes over the error files of an 'http-errors' section, or those of some statuses.",
        (args) => {
          const section = args.word("the name of an 'http-errors' section").text;
          const statuses: ReplyStatus[] = [];
          while (args.peek() !== undefined) statuses.push(replyStatus(args));
          return { kind: "errorfiles", section, statuses };
        },
      ),
      errorloc("errorloc", 302, "Redirects in place of this status, by a 302."),
      errorloc("errorloc302", 302, "Redirects in place of this status, by a 302."),
      errorloc("errorloc303", 303, "Redirects in place of this status, by a 303: to be fetched."),
      adding(
        "http-error",
        replyUsage.replace("[status <code>]", "status <code>"),
        "status 503 content-type text/plain string sorry",
        "Replies with a content, and fields, in place of this status.",
        (args) => ({ kind: "http-error", reply: readReply(args) }),
      ),
    ],
    print: (rules: readonly ErrorRule[]) => rules.map(ruleWords),
  }),
};

function ruleWords(rule: ErrorRule): string[] {
  switch (rule.kind) {
    case "errorfile":
      return ["errorfile", String(rule.status), rule.file];
    case "errorfiles":
      return ["errorfiles", rule.section, ...rule.statuses.map(String)];
    case "errorloc":
      return [`errorloc${rule.code}`, String(rule.status), rule.url];
    case "http-error":
      return ["http-error", ...replyWords(rule.reply)];
  }
}
