/**
 * Rules and what they ask: ACLs, conditions (manual, chapters 4.2 and 7). The model has a rule's words;
 * what they mean is for rules/ to say, when the configuration is checked, and in each thread.
 */
import * as v from "valibot";
import type { Ruleset } from "../../rules/rulesets.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { type Declaration, define, type Form, zeroable } from "./keyword.ts";
import { time } from "./values.ts";

const chapter = "4.2";

/** A rule: its words, as in ["deny", "if", "is_bad"]. */
export const Rule = v.strictObject({ words: v.array(v.string()) });
/** {@linkcode Rule} */
export type Rule = v.InferOutput<typeof Rule>;

/** Arrays that a section has from a 'defaults' section, and must not change. */
const inherited = new WeakSet<object>();

/** Notes that an array is also another section's. */
export function inheritArray(array: readonly unknown[]): void {
  inherited.add(array);
}

/** An array that may be added to: the same one, or a copy of one that others have, too. */
export function ownArray<T>(args: Arguments, array: T[]): T[] {
  if (!inherited.has(array)) return array;
  args.budget.copies -= array.length;
  if (args.budget.copies < 0) {
    throw args.mistake("the proxies of this configuration take over too many rules of 'defaults'");
  }
  return [...array];
}

/** Adds all words up to the end of the line; the place of each is known by its number in `rule`. */
export function readWords(args: Arguments, rule: object, words: string[]): void {
  for (let word = args.next(); word !== undefined; word = args.next()) {
    args.mark(rule, String(words.length));
    words.push(word.text);
  }
}

/** A keyword that adds a line of words to a list. */
function form(
  name: string,
  usage: string,
  example: string,
  expected: string,
): Form<Rule[]> {
  return {
    name,
    usage,
    example,
    read(args, before, mark) {
      if (args.peek() === undefined) args.word(expected);
      const rule: Rule = { words: [] };
      args.mark(rule);
      readWords(args, rule, rule.words);
      mark();
      const rules = ownArray(args, before);
      rules.push(rule);
      return rules;
    },
  };
}

/** A list of lines of words. */
export function ruleList(
  name: string,
  usage: string,
  example: string,
  expected: string,
  declaration: Declaration<readonly Rule[]>,
) {
  return define({
    schema: v.optional(v.array(Rule), []),
    forms: [form(name, usage, example, expected)],
    print: (rules: readonly Rule[]) => rules.map(({ words }) => [name, ...words]),
    ...declaration,
  });
}

const condition = "[if|unless <condition>]";

function ruleset(
  name: Ruleset,
  example: string,
  doc: string,
  declaration: Partial<Declaration<readonly Rule[]>> = {},
) {
  return ruleList(name, `<action> ${condition}`, example, "an action", {
    doc,
    chapter,
    ...declaration,
  });
}

const frontend = { side: "frontend" } as const;

/** Settings of ACLs and rules, by the properties that have them. */
export const ruleSettings = {
  acl: ruleList(
    "acl",
    "<name> <criterion> [flags] [<pattern>...]",
    "static path_beg /static",
    "a name",
    {
      doc: "Declares an ACL: a test that conditions name.",
      chapter,
    },
  ),
  tcpRequestConnection: ruleset(
    "tcp-request connection",
    "reject if { src 192.0.2.0/24 }",
    "A rule for connections, as soon as they are accepted.",
    frontend,
  ),
  tcpRequestSession: ruleset(
    "tcp-request session",
    "reject if { src 192.0.2.0/24 }",
    "A rule for connections, after the PROXY header and the TLS handshake.",
    frontend,
  ),
  tcpRequestContent: ruleset(
    "tcp-request content",
    "reject if { src 192.0.2.0/24 }",
    "A rule for what a client sends first.",
  ),
  tcpInspectDelay: zeroable("tcp-request inspect-delay", time({ example: "5s" }), {
    doc: "How long 'tcp-request content' rules wait for what they ask about.",
    chapter,
  }),
  tcpResponseDelay: zeroable("tcp-response inspect-delay", time({ example: "5s" }), {
    doc: "How long 'tcp-response content' rules wait for what they ask about.",
    chapter,
    side: "backend",
  }),
  httpRequest: ruleset(
    "http-request",
    "set-header X-Forwarded-Proto https if { dst_port 443 }",
    "A rule for requests.",
    { http: true },
  ),
  redirect: ruleList(
    "redirect",
    `location|prefix|scheme <to> [options] ${condition}`,
    "scheme https unless { dst_port 443 }",
    "'location', 'prefix' or 'scheme'",
    { doc: "A redirect, where no 'http-request' rule has answered.", chapter, http: true },
  ),
  tcpResponseContent: define({
    doc: "A rule for what a server sends first.",
    chapter,
    side: "backend",
    schema: v.optional(v.array(Rule), []),
    forms: [
      form(
        "tcp-response content",
        `<action> ${condition}`,
        "close if { src 192.0.2.0/24 }",
        "an action",
      ),
    ],
    print: (rules: readonly Rule[]) => rules.map(({ words }) => ["tcp-response content", ...words]),
  }),
  httpResponse: ruleset(
    "http-response",
    "set-header Strict-Transport-Security max-age=31536000",
    "A rule for responses of servers.",
    { http: true },
  ),
  httpAfterResponse: ruleset(
    "http-after-response",
    "del-header X-Powered-By",
    "A rule for all responses, the proxy's own included.",
    { http: true },
  ),
  useServer: ruleList(
    "use-server",
    `<server> ${condition}`,
    "s1 if { path_beg /one }",
    "a server's name",
    {
      doc: "Which server takes a request, before the algorithm chooses.",
      chapter,
      side: "backend",
      defaults: false,
    },
  ),
  forcePersist: ruleList(
    "force-persist",
    condition,
    "if { src 192.0.2.0/24 }",
    "'if' or 'unless'",
    { doc: "A cookie's server is used even where it is down.", chapter, defaults: false },
  ),
  ignorePersist: ruleList(
    "ignore-persist",
    condition,
    "if { path_beg /static }",
    "'if' or 'unless'",
    { doc: "A cookie's server is not asked for.", chapter, defaults: false },
  ),
  monitorFail: ruleList(
    "monitor fail",
    condition,
    "if { src 192.0.2.0/24 }",
    "'if' or 'unless'",
    { doc: "Monitors ('monitor-uri') get 503.", chapter, side: "frontend", defaults: false },
  ),
};
