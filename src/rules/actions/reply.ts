/** Actions that answer in the server's place: deny, tarpit, return, auth. */
import { bytesOf } from "../../bytes/bytes.ts";
import type { Action } from "../action.ts";
import type { Ruleset } from "../rulesets.ts";
import { compileReply, type ReplyMaker, wholeReply } from "../reply.ts";
import type { RuleStream } from "../stream.ts";
import { END, WAIT } from "../verdict.ts";

const chapter = "4.2";
const parameters = "[status <code>] [content-type <type>] " +
  "[string|lf-string|file|lf-file|errorfile|errorfiles <what>] [hdr <name> <format>]*";

function give({ status, make }: ReplyMaker, stream: RuleStream, termination: string): typeof END {
  if (make === null) stream.refuse(status, termination);
  else stream.answer(make(stream), termination);
  return END;
}

function deny(ruleset: Ruleset, status: number): Action {
  return {
    name: "deny",
    rulesets: [ruleset],
    usage: `[deny_status <code>] ${parameters}`,
    doc: `Answers ${status}, or another reply, in the place of what was to come.`,
    chapter,
    final: true,
    compile(words, kit) {
      const reply = compileReply(words, kit, status, ["status", "deny_status"], true);
      const termination = ruleset === "http-request" ? "PR" : "PH";
      return (stream) => give(reply, stream, termination);
    },
  };
}

/** {@linkcode Action}s of this family. */
export const replyActions: readonly Action[] = [
  deny("http-request", 403),
  deny("http-response", 502),
  {
    name: "tarpit",
    rulesets: ["http-request"],
    usage: `[deny_status <code>] ${parameters}`,
    doc: "Lets the client wait for 'timeout tarpit', and then answers 500, or another reply.",
    chapter,
    final: true,
    compile(words, kit) {
      const reply = compileReply(words, kit, 500, ["status", "deny_status"], true);
      return (stream) => {
        const since = stream.waitingSince;
        const left = stream.tarpitTimeout - (since < 0 ? 0 : stream.clock.now() - since);
        if (left <= 0) return give(reply, stream, "PT");
        stream.wait(left);
        return WAIT;
      };
    },
  },
  {
    name: "return",
    rulesets: ["http-request", "http-response"],
    usage: parameters,
    doc: "Answers with a reply of its own.",
    chapter,
    final: true,
    compile(words, kit) {
      const reply = compileReply(words, kit, 200, ["status"], false);
      const termination = kit.ruleset === "http-request" ? "LR" : "LH";
      return (stream) => give(reply, stream, termination);
    },
  },
  {
    name: "auth",
    rulesets: ["http-request"],
    usage: "[realm <realm>]",
    doc: "Asks for a user's name and password: answers 401.",
    chapter,
    final: true,
    compile(words, { references }) {
      const realm = words.skip("realm") ? words.take("a realm") : references.proxy;
      const quoted = realm.replaceAll(/["\\]/g, (c) => `\\${c}`);
      const content = "<html><body><h1>401 Unauthorized</h1>\n" +
        "You need a valid user and password to access this content.\n</body></html>\n";
      const challenge = (name: string, status: string) =>
        wholeReply(
          Number(status.slice(0, 3)),
          bytesOf(
            `HTTP/1.1 ${status}\r\ncontent-length: ${content.length}\r\ncache-control: no-cache\r\n` +
              `content-type: text/html\r\n${name}: Basic realm="${quoted}"\r\n\r\n${content}`,
          ),
        );
      const reply = challenge("www-authenticate", "401 Unauthorized");
      const proxyReply = challenge("proxy-authenticate", "407 Proxy Authentication Required");
      return (stream) => {
        // Towards a proxy, which an absolute target is for, it is the proxy's authentication.
        const { head, bytes } = stream.request;
        const isProxy = head !== null && bytes[head.targetStart] !== 47;
        stream.answer(isProxy ? proxyReply : reply, "PR");
        return END;
      };
    },
  },
];
