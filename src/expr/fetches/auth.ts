/** Fetches of the credentials in requests (manual, chapter 7.3.6, "http_auth"). */
import { bytesOf, isWord, textOf } from "../../bytes/bytes.ts";
import { fieldStart, nameEnd, valueEnd, valueStart } from "../../http/head.ts";
import { type Arguments, may } from "../arguments.ts";
import { setText } from "../cast.ts";
import type { Context } from "../context.ts";
import { isPassword } from "../crypt.ts";
import type { Fetch, FetchValue } from "../fetch.ts";
import { NEEDS_REQUEST } from "../needs.ts";
import type { References, Userlist } from "../references.ts";
import { BOOL, type SampleType, STR } from "../sample.ts";

const chapter = "7.3.6";
const SLASH = 47;
const ofServer = bytesOf("authorization");
const ofProxy = bytesOf("proxy-authorization");

/** A scheme of authentication (RFC 9110, section 11.4), and what follows it. */
interface Credentials {
  readonly scheme: string;
  readonly text: string;
}

/** @param name of the field, in lower case; null: as the target says, a server's or a proxy's */
function credentialsOf({ request }: Context, name: Uint8Array | null): Credentials | null {
  const { head, bytes } = request;
  if (head === null) return null;
  const field = name ?? (bytes[head.targetStart] === SLASH ? ofServer : ofProxy);
  for (let i = 0; i < head.count; i++) {
    if (!isWord(bytes, fieldStart(head, i), nameEnd(head, i), field)) continue;
    const [, scheme, text] = /^(\S+) +(.*)$/.exec(
      textOf(bytes, valueStart(head, i), valueEnd(head, i)),
    ) ?? [];
    return scheme === undefined ? null : { scheme, text: text! };
  }
  return null;
}

/** A user's name and password (RFC 7617). */
function basicOf(context: Context): readonly [name: string, password: string] | null {
  const found = credentialsOf(context, null);
  if (found === null || found.scheme.toLowerCase() !== "basic") return null;
  let text: string;
  try {
    text = atob(found.text);
  } catch {
    return null;
  }
  const colon = text.indexOf(":");
  return colon < 0 ? null : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The user that a request is of, where the password is right. */
function userOf(list: Userlist, context: Context): Userlist["users"][number] | null {
  const given = basicOf(context);
  if (given === null) return null;
  const user = list.users.find(({ name }) => name === given[0]);
  if (user === undefined || user.password === null) return null;
  const right = user.hashed ? isPassword(given[1], user.password) : given[1] === user.password;
  return right ? user : null;
}

/** @throws {ExpressionMistake} */
function listOf(args: Arguments, { userlist }: References): Userlist {
  const list = userlist(args.text(0));
  if (list !== null) return list;
  throw args.mistake(0, `there is no 'userlist ${args.text(0)}'`, "a section of that name");
}

const listArgument = [{ name: "userlist", kind: "userlist" }] as const;

function fetchOf(
  name: string,
  type: SampleType,
  doc: string,
  create: Fetch["create"],
  args: Fetch["args"] = [],
): Fetch {
  return { name, type, needs: NEEDS_REQUEST, doc, chapter, args, create };
}

const basic = (i: 0 | 1): FetchValue => (context, sample) => {
  const given = basicOf(context);
  return given !== null && setText(sample, given[i]);
};

/** {@linkcode Fetch}es of this family. */
export const authFetches: readonly Fetch[] = [
  fetchOf(
    "http_auth",
    BOOL,
    "Whether the request has the name and the password of a user of a list.",
    (args, references) => {
      const list = listOf(args, references);
      return (context, sample) => {
        if (basicOf(context) === null) return false;
        return sample.setBool(userOf(list, context) !== null);
      };
    },
    listArgument,
  ),
  fetchOf(
    "http_auth_group",
    STR,
    "The user of a list that the request is of; in ACLs the groups that the user is in.",
    (args, references) => {
      const list = listOf(args, references);
      return (context, sample) => {
        const user = userOf(list, context);
        if (user === null) return false;
        if (!sample.iterate) return setText(sample, user.name);
        const group = user.groups[sample.cursor++];
        sample.more = group !== undefined;
        return group !== undefined && setText(sample, group);
      };
    },
    listArgument,
  ),
  fetchOf("http_auth_bearer", STR, "The token of the scheme Bearer.", (args) => {
    const name = args.has(0) ? bytesOf(args.text(0).toLowerCase()) : null;
    return (context, sample) => {
      const found = credentialsOf(context, name);
      return found !== null && found.scheme.toLowerCase() === "bearer" &&
        setText(sample, found.text);
    };
  }, [may("field")]),
  fetchOf("http_auth_pass", STR, "The password that the request has.", () => basic(1)),
  fetchOf("http_auth_user", STR, "The user's name that the request has.", () => basic(0)),
  fetchOf(
    "http_auth_type",
    STR,
    "The scheme of authentication.",
    () => (context, sample) => {
      const found = credentialsOf(context, null);
      if (found === null || !/^(?:basic|bearer)$/i.test(found.scheme)) return false;
      if (found.scheme.toLowerCase() === "basic" && basicOf(context) === null) return false;
      return setText(sample, found.scheme);
    },
  ),
];
