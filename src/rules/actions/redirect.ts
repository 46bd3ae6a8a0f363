/** Redirects (manual, chapter 4.2, "redirect"). */
import { ByteBuffer } from "../../bytes/byte-buffer.ts";
import { bytesOf } from "../../bytes/bytes.ts";
import { valueEnd, valueStart } from "../../http/head.ts";
import { reasonOf } from "../../http/reason.ts";
import { pathEnd, pathStart } from "../../http/target.ts";
import type { Words } from "../../expr/words.ts";
import type { Action, RuleKit, Run } from "../action.ts";
import type { Format } from "../format.ts";
import type { RuleReply, RuleStream } from "../stream.ts";
import { CONTINUE, END } from "../verdict.ts";

/** What a redirect's line says. */
interface Redirect {
  readonly kind: "location" | "prefix" | "scheme";
  readonly to: Format;
  readonly code: number;
  readonly dropQuery: boolean;
  readonly appendSlash: boolean;
  readonly ignoreEmpty: boolean;
  /** The Set-Cookie line; empty: none. */
  readonly cookie: Uint8Array;
}

const codes = [301, 302, 303, 307, 308];
const nothing = new Uint8Array(0);
const SLASH = 47;
const location = new ByteBuffer(512);
const message = new ByteBuffer(512);
const crlf = bytesOf("\r\n");

/** Reads what follows "redirect". @throws {WordMistake} */
function read(words: Words, kit: RuleKit): Redirect {
  let kind: Redirect["kind"] | null = null;
  let to: Format | null = null;
  let code = 302;
  let dropQuery = false;
  let appendSlash = false;
  let ignoreEmpty = false;
  let cookie: Uint8Array = nothing;
  for (;;) {
    const word = words.peek();
    if (word === undefined || word === "if" || word === "unless") break;
    words.next();
    switch (word) {
      case "location":
      case "prefix":
      case "scheme": {
        kind = word;
        const text = words.take(word === "scheme" ? "a scheme" : "a URL");
        to = kit.format(words, text);
        break;
      }
      case "code": {
        const text = words.take("a status");
        code = Number(text);
        if (!codes.includes(code)) {
          throw words.mistake(`'${text}' is not the status of a redirect`, codes.join(", "));
        }
        break;
      }
      case "drop-query":
        dropQuery = true;
        break;
      case "keep-query":
        dropQuery = false;
        break;
      case "append-slash":
        appendSlash = true;
        break;
      case "ignore-empty":
        ignoreEmpty = true;
        break;
      case "set-cookie": {
        const value = words.take("a cookie");
        cookie = bytesOf(`set-cookie: ${value}; path=/;\r\n`);
        break;
      }
      case "clear-cookie": {
        const name = words.take("the name of a cookie");
        const value = name.includes("=") ? name : `${name}=`;
        cookie = bytesOf(`set-cookie: ${value}; path=/; Max-Age=0;\r\n`);
        break;
      }
      default:
        throw words.mistake(
          `'${word}' is not a parameter of 'redirect'`,
          "location, prefix, scheme, code, drop-query, append-slash, ignore-empty, set-cookie, clear-cookie",
        );
    }
  }
  if (kind === null || to === null) {
    throw words.mistake(
      "'redirect' expects 'location', 'prefix' or 'scheme'",
      "as in: redirect scheme https",
    );
  }
  return { kind, to, code, dropQuery, appendSlash, ignoreEmpty, cookie };
}

/** Appends path and query of the request, as far as they are wanted. */
function appendPath({ request }: RuleStream, dropQuery: boolean): void {
  const { head, bytes } = request;
  const start = head === null ? 0 : pathStart(head, bytes);
  if (head === null || start === head.targetEnd) {
    location.append(slash, 0, 1);
    return;
  }
  location.append(bytes, start, dropQuery ? pathEnd(head, bytes, start) : head.targetEnd);
}
const slash = bytesOf("/");
const authority = bytesOf("://");

function write({ kind, to, dropQuery, appendSlash }: Redirect, stream: RuleStream): void {
  location.clear();
  to.write(stream, location);
  if (kind === "location") return;
  if (kind === "scheme") {
    const { head, bytes } = stream.request;
    location.append(authority, 0, 3);
    if (head !== null && head.host >= 0) {
      location.append(bytes, valueStart(head, head.host), valueEnd(head, head.host));
    }
  } else if (location.length === 1 && location.bytes[0] === SLASH) location.clear();
  appendPath(stream, dropQuery);
  if (appendSlash && location.bytes[location.length - 1] !== SLASH) location.append(slash, 0, 1);
}

function compose(redirect: Redirect, first: Uint8Array): RuleReply {
  message.clear();
  message.append(first, 0, first.length);
  message.append(location.bytes, 0, location.length);
  message.append(crlf, 0, 2);
  message.append(redirect.cookie, 0, redirect.cookie.length);
  message.append(crlf, 0, 2);
  const whole = message.bytes.slice(0, message.length);
  return { status: redirect.code, whole, head: whole };
}

/** Compiles what follows "redirect", in rules and in the directive of that name. @throws {WordMistake} */
export function compileRedirect(words: Words, kit: RuleKit): Run {
  const redirect = read(words, kit);
  const { code } = redirect;
  const cache = code === 301 || code === 308 ? "" : "cache-control: no-cache\r\n";
  const first = bytesOf(
    `HTTP/1.1 ${code} ${reasonOf(code)}\r\ncontent-length: 0\r\n${cache}location: `,
  );
  const termination = kit.ruleset === "http-response" ? "LH" : "LR";
  return (stream) => {
    write(redirect, stream);
    if (redirect.ignoreEmpty && location.length === 0) return CONTINUE;
    stream.answer(compose(redirect, first), termination);
    return END;
  };
}

/** {@linkcode Action}s of this family. */
export const redirectActions: readonly Action[] = [{
  name: "redirect",
  rulesets: ["http-request", "http-response"],
  usage:
    "location|prefix|scheme <to> [code <code>] [drop-query] [append-slash] [set-cookie <cookie>]",
  doc: "Answers with a redirect.",
  chapter: "4.2",
  final: true,
  compile: compileRedirect,
}];
