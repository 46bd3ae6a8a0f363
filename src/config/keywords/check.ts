/** How servers are checked (manual, chapter 4.2, "option httpchk", "http-check", and their kin). */
import * as v from "valibot";
import { Check, checkKinds, kindOf } from "../../health/kinds.ts";
import { HttpRule, TcpRule } from "../../health/rules.ts";
import type { Arguments } from "../haproxy/arguments.ts";
import { misplaced, ruleText } from "./check-rule-text.ts";
import { type Language, readRule } from "./check-rules.ts";
import { define, flag, type Keyword, nullable } from "./keyword.ts";
import { text } from "./values.ts";

const chapter = "4.2";
const side = "backend";

/** The default, of which no keyword needs to speak. */
const tcp: Check = { kind: "tcp" };

/** Settings of the checks of a proxy's servers. */
export const checkSettings = {
  check: define({
    doc: "How servers are checked.",
    chapter,
    side,
    schema: v.optional(Check, tcp),
    forms: [],
    print(check: Check) {
      const { option, print } = kindOf(check);
      return option === null ? [] : [[`option ${option}`, ...print(check)]];
    },
  }),
  httpCheck: define({
    doc: "What 'option httpchk' sends and expects, rule by rule.",
    chapter,
    side,
    schema: v.optional(v.array(HttpRule), []),
    forms: [],
    print: (rules: readonly HttpRule[]) => rules.map((rule) => ["http-check", ...ruleText(rule)]),
  }),
  tcpCheck: define({
    doc: "What 'option tcp-check' sends and expects, rule by rule.",
    chapter,
    side,
    schema: v.optional(v.array(TcpRule), []),
    forms: [],
    print: (rules: readonly TcpRule[]) => rules.map((rule) => ["tcp-check", ...ruleText(rule)]),
  }),
  disableOn404: flag("http-check disable-on-404", {
    doc: "A server that answers a check with 404 gets no new sessions, but those that name it.",
    chapter,
    side,
  }),
  sendState: flag("http-check send-state", {
    doc: "Checks tell a server in a field how it is seen.",
    chapter,
    side,
  }),
  externalCommand: nullable("external-check command", text("a program", "<program>", "/bin/true"), {
    doc: "The program that checks servers ('option external-check').",
    chapter,
    side,
  }),
  externalPath: nullable("external-check path", text("a path", "<path>", "/usr/bin:/bin"), {
    doc: "The variable PATH of the program that checks servers.",
    chapter,
    side,
  }),
  logHealthChecks: flag("option log-health-checks", {
    doc: "Logs every check that changes what is known of a server.",
    chapter,
    side,
    no: true,
  }),
};

/** What the keywords below act on. */
interface CheckSection {
  readonly proxy: { check: Check; httpCheck: HttpRule[]; tcpCheck: TcpRule[] };
  /** The properties whose arrays are those of a 'defaults' section, too. */
  readonly shared: Set<string>;
}

/** The properties of rules, by their language. */
const properties = { "http-check": "httpCheck", "tcp-check": "tcpCheck" } as const;

/** What of a kind's rules a 'defaults' section has given is no more, once a proxy has its own. */
function disown({ proxy, shared }: CheckSection, language: Language): void {
  const property = properties[language];
  if (shared.delete(property)) proxy[property] = [];
}

/** The options that name a kind of check: the last one counts. */
const options = checkKinds.flatMap((kind): Keyword<CheckSection>[] =>
  kind.option === null ? [] : [{
    name: `option ${kind.option}`,
    usage: kind.usage,
    example: kind.example,
    doc: kind.doc,
    chapter,
    side,
    property: { name: "proxies[].check", unset: tcp },
    read(section, args) {
      const { proxy } = section;
      const words: string[] = [];
      while (args.peek() !== undefined && words.length < kind.most) words.push(args.next()!.text);
      const check = kind.parse(words);
      if (typeof check === "string") throw args.mistake(check, `usage: ${args.usage}`);
      // As HAProxy, to which an own `option tcp-check` is none beside that of the defaults.
      if (kind.name === "http" || proxy.check.kind !== check.kind) {
        if (kind.name === "http") disown(section, "http-check");
        if (kind.name === "tcp-check") disown(section, "tcp-check");
      }
      if (check.kind === "http") overrule(proxy.httpCheck, words.length);
      proxy.check = check;
      args.mark(proxy, "check");
      if (check.kind === "http" && /[\r\n]/.test(check.version)) {
        const message = "fields hidden behind the version of 'option httpchk' are deprecated";
        args.report.warning(args.here(), message, "fix: 'http-check send hdr <name> <value>'");
      }
    },
  }]
);

/** An `option httpchk` behind the rules overrules the request of the first rule that sends. */
function overrule(rules: HttpRule[], words: number): void {
  const index = rules.findIndex(({ rule }) => rule === "request" || rule === "expect");
  const request = rules[index];
  if (request?.rule !== "request" || words === 0) return;
  rules[index] = {
    ...request,
    uri: null,
    uriFormat: false,
    ...(words > 1 ? { method: null } : {}),
    ...(words > 2 ? { version: null } : {}),
  };
}

/** `http-check` and `tcp-check`. */
function rules(language: Language, example: string, doc: string): Keyword<CheckSection> {
  const property = properties[language];
  return {
    name: language,
    usage: "<rule> ...",
    example,
    doc,
    chapter,
    side,
    property: { name: `proxies[].${property}`, unset: [] },
    read(section, args) {
      readInto(section, args, language);
    },
  };
}

function readInto(section: CheckSection, args: Arguments, language: Language): void {
  const word = args.word("a rule").text;
  const place = args.here();
  disown(section, language);
  const rules: (HttpRule | TcpRule)[] = section.proxy[properties[language]];
  const rule = readRule(args, language, word);
  const wrong = misplaced(rules, rule, language);
  if (wrong !== null) {
    args.report.error(place, wrong.message, wrong.hint);
    return;
  }
  args.places.mark(rule, undefined, place);
  args.places.mark(section.proxy, properties[language], place);
  rules.push(rule as HttpRule & TcpRule);
}

/** Keywords of checks that the settings do not declare. */
export const checkKeywords: readonly Keyword<CheckSection>[] = [
  ...options,
  rules(
    "http-check",
    "expect status 200,204",
    "What 'option httpchk' sends and expects: connect, send, expect, comment, set-var, unset-var.",
  ),
  rules(
    "tcp-check",
    "expect string +PONG",
    "What 'option tcp-check' sends and expects: connect, send, expect, comment, set-var, unset-var.",
  ),
];
