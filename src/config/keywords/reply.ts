/** Replies that the configuration describes: `http-error`, and the rules that answer by themselves. */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import { integer as readInteger } from "../haproxy/arguments.ts";

/** What a reply's content comes from, and the words for that which follows it. */
const bodies = {
  "default-errorfiles": null,
  errorfile: "a file",
  errorfiles: "the name of an 'http-errors' section",
  file: "a file",
  string: "a text",
  "lf-file": "a file",
  "lf-string": "a format",
} as const satisfies Readonly<Record<string, string | null>>;
type BodyKind = keyof typeof bodies | "none";
const bodyKinds = ["none", ...Object.keys(bodies)] as BodyKind[];

/** A reply (manual: "http-error"). */
export const Reply = v.strictObject({
  /** 0: that of what it answers. */
  status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(599)), 0),
  contentType: v.optional(v.nullable(v.string()), null),
  /** The content: what it comes from, and the file, section, text or format that the word names. */
  body: v.optional(
    v.strictObject({ kind: v.picklist(bodyKinds), argument: v.optional(v.string(), "") }),
    { kind: "none" },
  ),
  /** Further fields, whose values are formats. */
  fields: v.optional(v.array(v.strictObject({ name: v.string(), value: v.string() })), []),
});
/** {@linkcode Reply} */
export type Reply = v.InferOutput<typeof Reply>;

/** How it is written. */
export const replyUsage = "[status <code>] [content-type <type>] [default-errorfiles | " +
  "errorfile <file> | errorfiles <name> | file <file> | lf-file <file> | string <text> | " +
  "lf-string <format>] [hdr <name> <format>]*";

/** Fields that follow from the content: as in HAProxy, what a reply says of them is ignored. */
const ownFields = ["content-length", "transfer-encoding", "content-type"];

const isBody = (word: string | undefined): word is keyof typeof bodies =>
  word !== undefined && Object.hasOwn(bodies, word);

/** Reads a reply up to a word that is none of its own. */
export function readReply(args: Arguments): Reply {
  const reply = v.parse(Reply, {});
  args.mark(reply);
  for (let word = args.peek()?.text; readsPart(word); word = args.peek()?.text) {
    args.next();
    if (word === "status") {
      reply.status = readInteger(args, 200, 599);
      args.mark(reply, "status");
    } else if (word === "content-type") {
      reply.contentType = args.word("a content type").text;
      args.mark(reply, "contentType");
    } else if (word === "hdr") {
      readField(reply, args);
    } else if (isBody(word)) {
      readBody(reply, word, args);
    }
  }
  return reply;
}

const readsPart = (word: string | undefined): boolean =>
  word === "status" || word === "content-type" || word === "hdr" || isBody(word);

function readField(reply: Reply, args: Arguments): void {
  const name = args.word("a field's name and a value").text;
  const place = args.here();
  const value = args.word("a value").text;
  if (!ownFields.includes(name.toLowerCase())) {
    const field = { name, value };
    args.places.mark(field, undefined, place);
    reply.fields.push(field);
  } else {
    const hint = "it follows from the content; see 'content-type'";
    args.report.warning(place, `the field '${name}' of a reply is ignored`, hint);
  }
}

function readBody(reply: Reply, kind: keyof typeof bodies, args: Arguments): void {
  const before = reply.body.kind;
  if (before !== "none") throw args.mistake(`'${kind}' cannot be together with '${before}'`);
  const expected = bodies[kind];
  reply.body = { kind, argument: expected === null ? "" : args.word(expected).text };
  args.mark(reply, "body");
}
