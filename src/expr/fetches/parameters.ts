/** Fetches of parameters, of the query or of a content that is one (manual: "urlp", "req.body_param"). */
import { bytesOf } from "../../bytes/bytes.ts";
import { type Arguments, may } from "../arguments.ts";
import { castTo } from "../cast.ts";
import { bodyOf } from "../body.ts";
import type { Context } from "../context.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { NEEDS_REQUEST, NEEDS_REQUEST_BODY } from "../needs.ts";
import { type Sample, SINT, STR } from "../sample.ts";

const chapter = "7.3.6";
const AMPERSAND = 38;
const SEMICOLON = 59;
const EQUALS = 61;
const QUESTION = 63;

const lower = (byte: number) => byte >= 65 && byte <= 90 ? byte | 32 : byte;

/** What to look for. */
interface Wanted {
  /** null: any will do. */
  readonly name: Uint8Array | null;
  /** Ends a parameter, beside "&" and ";". */
  readonly delimiter: number;
  readonly ignoreCase: boolean;
}

/** Sets the first value in bytes[from, to), or the next one where all are wanted. */
function setParameter(
  sample: Sample,
  bytes: Uint8Array,
  from: number,
  to: number,
  { name, delimiter, ignoreCase }: Wanted,
): boolean {
  let skipped = 0;
  for (let at = from; at < to;) {
    let end = at;
    while (end < to) {
      const byte = bytes[end]!;
      if (byte === AMPERSAND || byte === SEMICOLON || byte === delimiter) break;
      end++;
    }
    let equals = at;
    while (equals < end && bytes[equals] !== EQUALS) equals++;
    if (equals < end && (name === null || isName(bytes, at, equals, name, ignoreCase))) {
      if (!sample.iterate || skipped++ === sample.cursor) {
        sample.cursor++;
        sample.more = sample.iterate;
        return sample.setBytes(STR, bytes, equals + 1, end);
      }
    }
    at = end + 1;
  }
  sample.more = false;
  return false;
}

function isName(
  bytes: Uint8Array,
  from: number,
  to: number,
  name: Uint8Array,
  ignoreCase: boolean,
): boolean {
  if (to - from !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[from + i]!;
    if (byte !== name[i] && !(ignoreCase && lower(byte) === lower(name[i]!))) return false;
  }
  return true;
}

const wantedOf = (args: Arguments, delimiter: number, flag: number): Wanted => ({
  name: args.has(0) ? bytesOf(args.text(0)) : null,
  delimiter,
  ignoreCase: args.choice(flag, ["i", ""], "") === "i",
});

const ofQuery = (args: Arguments): FetchValue => {
  const delimiter = args.has(1) ? bytesOf(args.text(1))[0]! : QUESTION;
  const wanted = wantedOf(args, delimiter, 2);
  return ({ request }: Context, sample) => {
    const { head, bytes } = request;
    if (head === null) return false;
    const at = bytes.indexOf(delimiter, head.targetStart);
    if (at < 0 || at >= head.targetEnd) return false;
    return setParameter(sample, bytes, at + 1, head.targetEnd, wanted);
  };
};

const ofContent = (args: Arguments): FetchValue => {
  const wanted = wantedOf(args, AMPERSAND, 1);
  return ({ request }: Context, sample) => {
    if (request.head === null) return false;
    const { bytes, from, to } = bodyOf(request);
    return setParameter(sample, bytes, from, to, wanted);
  };
};

/** The values as integers. */
const integers = (value: FetchValue): FetchValue => (context, sample) =>
  value(context, sample) && castTo(sample, SINT);

const queryArguments = [may("name"), may("delim"), may("i")];

/** {@linkcode Fetch}es of this family. */
export const parameterFetches: readonly Fetch[] = [
  {
    name: "urlp",
    aliases: ["url_param"],
    args: queryArguments,
    type: STR,
    needs: NEEDS_REQUEST,
    doc: "A parameter of the query.",
    chapter,
    derives: true,
    create: ofQuery,
  },
  {
    name: "urlp_val",
    args: queryArguments,
    type: SINT,
    needs: NEEDS_REQUEST,
    doc: "A parameter of the query, as an integer.",
    chapter,
    create: (args) => integers(ofQuery(args)),
  },
  {
    name: "req.body_param",
    args: [may("name"), may("i")],
    type: STR,
    needs: NEEDS_REQUEST_BODY,
    doc: "A parameter of a content that is as a query.",
    chapter,
    create: ofContent,
  },
];
