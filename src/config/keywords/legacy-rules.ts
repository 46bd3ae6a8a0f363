/**
 * Rules that HAProxy had up to 2.0 ("reqadd", "rspirep", "block"), as the manual of HAProxy 1.5
 * describes them: each becomes the rule that says the same today, and a warning names it.
 */
import type { Arguments } from "../haproxy/arguments.ts";
import { quoteWord } from "../haproxy/words.ts";
import type { Proxy } from "../model.ts";
import type { Keyword, Side } from "./keyword.ts";
import {
  anchored,
  type LinePattern,
  literally,
  newTarget,
  newValue,
  takeLine,
} from "./legacy-lines.ts";
import { ownArray, type Rule } from "./rules.ts";

const chapter = "4.2";
const fieldLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/s;

/** A rule's words without its condition, and what of its condition the line's search became. */
interface Made {
  readonly words: readonly string[];
  /** Any of them must hold; null: none is needed. */
  readonly tests: readonly (readonly string[])[] | null;
}

/** What a keyword's lines are about. */
interface Line {
  readonly response: boolean;
  readonly ignoreCase: boolean;
}

/** What cannot be said today. */
function untranslated(args: Arguments, name: string, instead: string) {
  return args.mistake(
    `'${name}' has gone from HAProxy, and this expression cannot be said in a rule of today`,
    instead,
  );
}

/** The tests that a search on lines becomes. */
function testsOf(pattern: LinePattern, { response, ignoreCase }: Line): string[][] {
  const flag = ignoreCase ? ["-i"] : [];
  const side = response ? "res" : "req";
  const test = (...words: string[]) => ["{", ...words, "}"];
  switch (pattern.kind) {
    case "request": {
      const verb = pattern.method === null ? [] : test("method", ...pattern.method.split("|"));
      const regex = pattern.regex === "" || pattern.regex === ".*"
        ? []
        : test("url_reg", ...flag, anchored(pattern.regex));
      return [verb.length + regex.length === 0 ? test("always_true") : [...verb, ...regex]];
    }
    case "field":
      if (/^(?:\.\*)?\$?$/.test(pattern.regex)) {
        return [test(`${side}.fhdr(${pattern.name})`, "-m", "found")];
      }
      return [
        test(`${side}.fhdr(${pattern.name})`, "-m", "reg", ...flag, anchored(pattern.regex)),
      ];
    case "names":
      return [test(`${side}.hdr_names`, "-m", "reg", "-i", `(^|,)${pattern.regex.slice(1)}`)];
    case "status":
      return [test("status", String(pattern.status))];
    case "any": {
      const inFields = test(`${side}.hdrs`, "-m", "reg", ...flag, pattern.regex);
      return response ? [inFields] : [test("url_reg", ...flag, pattern.regex), inFields];
    }
  }
}

/** Alternatives of a condition, each a list of terms. */
function alternatives(words: readonly string[]): string[][] {
  const all: string[][] = [[]];
  for (const word of words) {
    if (word === "or" || word === "||") all.push([]);
    else all.at(-1)!.push(word);
  }
  return all;
}

/** The whole condition of a rule. */
function conditionOf(
  args: Arguments,
  name: string,
  tests: Made["tests"],
  given: readonly string[],
): string[] {
  if (tests === null) return [...given];
  const [kind, ...rest] = given;
  if (kind === "unless") {
    throw untranslated(args, name, "'if' and a negated ACL in the place of 'unless'");
  }
  const both = tests.flatMap((test) => alternatives(rest).map((terms) => [...test, ...terms]));
  return ["if", ...both.flatMap((terms, i) => i === 0 ? terms : ["or", ...terms])];
}

const fieldOnly = "http-request replace-header, del-header, or replace-uri";

/** Reads a line's own words; the condition follows. */
type Read = (args: Arguments, line: Line, name: string) => Made;

const add: Read = (args) => {
  const text = args.word("a field's line, as 'X-Name: value'").text;
  const [, field, value] = fieldLine.exec(text) ?? [];
  if (field === undefined) {
    throw args.mistake(`'${text}' is not the line of a field`, "Name: value");
  }
  return { words: ["add-header", field, literally(value!)], tests: null };
};

const remove: Read = (args, { response }, name) => {
  const { pattern } = takeLine(args.word("a regular expression").text, response);
  if (pattern.kind === "names") {
    return { words: ["del-header", pattern.regex, "-m", "reg"], tests: null };
  }
  if (pattern.kind === "field") {
    if (/^(?:\.\*)?\$?$/.test(pattern.regex)) {
      return { words: ["del-header", pattern.name], tests: null };
    }
    const tests = testsOf(pattern, { response, ignoreCase: /^...i/.test(name) });
    return { words: ["del-header", pattern.name], tests };
  }
  throw untranslated(args, name, fieldOnly);
};

const replace: Read = (args, line, name) => {
  const taken = takeLine(args.word("a regular expression").text, line.response);
  const { pattern } = taken;
  const text = args.word("what to put in its place").text;
  const insensitive = (regex: string) => line.ignoreCase ? `(?i)${regex}` : regex;
  if (pattern.kind === "request") {
    const target = newTarget(text, taken);
    if (target === null) throw untranslated(args, name, fieldOnly);
    const part = pattern.regex.replace(/^\^?\(?/, "").startsWith("/")
      ? "replace-pathq"
      : "replace-uri";
    const tests = pattern.method === null
      ? null
      : [["{", "method", ...pattern.method.split("|"), "}"]];
    const regex = insensitive(anchored(pattern.regex));
    return { words: [part, regex, literally(target)], tests };
  }
  if (pattern.kind === "field") {
    const value = newValue(text, taken, pattern.name);
    if (value === null) throw untranslated(args, name, fieldOnly);
    const regex = insensitive(anchored(pattern.regex));
    return { words: ["replace-header", pattern.name, regex, literally(value)], tests: null };
  }
  throw untranslated(args, name, fieldOnly);
};

const act = (action: string): Read => (args, line) => {
  const { pattern } = takeLine(args.word("a regular expression").text, line.response);
  return { words: [action], tests: testsOf(pattern, line) };
};

const block: Read = () => ({ words: ["deny"], tests: null });

/** Adds a rule, and says how it is written today. */
function put(
  args: Arguments,
  proxy: Proxy,
  place: ReturnType<Arguments["here"]>,
  name: string,
  line: Line,
  words: string[],
): void {
  const rule: Rule = { words };
  args.places.mark(rule, undefined, place);
  const property = line.response ? "httpResponse" : "httpRequest";
  const rules = proxy[property] = ownArray(args, proxy[property]);
  rules.push(rule);
  const keyword = line.response ? "http-response" : "http-request";
  args.report.warning(
    place,
    `'${name}' has gone from HAProxy: it is read as the rule that says the same`,
    `write: ${[keyword, ...words.map(quoteWord)].join(" ")}`,
  );
}

function declare(
  name: string,
  usage: string,
  example: string,
  doc: string,
  line: Line,
  read: Read,
  side: Side = "both",
): Keyword<{ proxy: Proxy }> {
  return {
    name,
    usage: `${usage}[if|unless <condition>]`,
    example,
    doc,
    chapter,
    side,
    defaults: false,
    read({ proxy }, args) {
      const place = args.here();
      const { words, tests } = read(args, line, name);
      const given: string[] = [];
      while (args.peek() !== undefined) given.push(args.next()!.text);
      if (given.length > 0 && given[0] !== "if" && given[0] !== "unless") {
        throw args.mistake(`unexpected word '${given[0]}'`, `usage: ${args.usage}`);
      }
      if (name === "block" && given.length === 0) throw args.mistake("a condition is missing");
      put(args, proxy, place, name, line, [...words, ...conditionOf(args, name, tests, given)]);
    },
  };
}

const search = "<search> ";
const both = (
  [plain, insensitive]: readonly [string, string],
  usage: string,
  example: string,
  doc: string,
  response: boolean,
  read: Read,
) => [
  declare(plain, usage, example, doc, { response, ignoreCase: false }, read),
  declare(
    insensitive,
    usage,
    example,
    doc.replace(/\.$/, ", whatever the case."),
    { response, ignoreCase: true },
    read,
  ),
];

/** What a frontend chose its backend by. */
function setBackend(name: string, ignoreCase: boolean): Keyword<{ proxy: Proxy }> {
  return {
    name,
    usage: `${search}<backend> [if|unless <condition>]`,
    example: "'^Host: www' www",
    doc: "Has a backend take requests with such a line.",
    chapter,
    side: "frontend",
    defaults: false,
    read({ proxy }, args) {
      const place = args.here();
      const line: Line = { response: false, ignoreCase };
      const { pattern } = takeLine(args.word("a regular expression").text, false);
      const backend = args.word("a backend's name").text;
      const given: string[] = [];
      while (args.peek() !== undefined) given.push(args.next()!.text);
      const condition = conditionOf(args, name, testsOf(pattern, line), given);
      const rule = { backend, condition };
      args.places.mark(rule, undefined, place);
      proxy.useBackend.push(rule);
      args.report.warning(
        place,
        `'${name}' has gone from HAProxy: it is read as the rule that says the same`,
        `write: ${["use_backend", backend, ...condition].map(quoteWord).join(" ")}`,
      );
    },
  };
}

const request: Line = { response: false, ignoreCase: false };
const response: Line = { response: true, ignoreCase: false };

/** Keywords of proxies. */
export const legacyRules: readonly Keyword<{ proxy: Proxy }>[] = [
  declare("block", "", "if { src 192.0.2.0/24 }", "Denies requests.", request, block),
  declare("reqadd", "<line> ", "'X-Proto: https'", "Adds a field to requests.", request, add),
  declare("rspadd", "<line> ", "'X-Via: lb'", "Adds a field to responses.", response, add),
  ...both(
    ["reqdel", "reqidel"],
    search,
    "^X-Forwarded-For:",
    "Takes fields out of requests.",
    false,
    remove,
  ),
  ...both(
    ["rspdel", "rspidel"],
    search,
    "^Server:",
    "Takes fields out of responses.",
    true,
    remove,
  ),
  ...both(
    ["reqrep", "reqirep"],
    `${search}<text> `,
    String.raw`'^([^ :]*) /static/(.*)' '\1 /\2'`,
    "Replaces a line of requests.",
    false,
    replace,
  ),
  ...both(
    ["rsprep", "rspirep"],
    `${search}<text> `,
    String.raw`'^Location: http://(.*)' 'Location: https://\1'`,
    "Replaces a line of responses.",
    true,
    replace,
  ),
  ...both(
    ["reqallow", "reqiallow"],
    search,
    "'^Host: www'",
    "Lets requests with such a line pass.",
    false,
    act("allow"),
  ),
  ...both(
    ["reqpass", "reqipass"],
    search,
    "'^Host: www'",
    "Lets requests with such a line pass.",
    false,
    act("allow"),
  ),
  ...both(
    ["reqdeny", "reqideny"],
    search,
    "'^User-Agent: bad'",
    "Denies requests with such a line.",
    false,
    act("deny"),
  ),
  ...both(
    ["reqtarpit", "reqitarpit"],
    search,
    "'^User-Agent: bad'",
    "Holds requests with such a line up.",
    false,
    act("tarpit"),
  ),
  ...both(
    ["rspdeny", "rspideny"],
    search,
    "'^X-Secret:'",
    "Denies responses with such a line.",
    true,
    act("deny"),
  ),
  setBackend("reqsetbe", false),
  setBackend("reqisetbe", true),
  {
    name: "appsession",
    usage: "<cookie> len <length> timeout <time> [request-learn] [prefix] [mode <mode>]",
    example: "JSESSIONID len 52 timeout 3h",
    doc: "Learned which server a cookie of an application was of; it does nothing.",
    chapter,
    side: "backend",
    defaults: false,
    read(_section, args) {
      const place = args.here();
      const cookie = args.word("a cookie's name").text;
      while (args.next() !== undefined);
      args.report.warning(
        place,
        "'appsession' has gone from HAProxy, and does nothing: clients keep no server by it",
        `write: stick-table type string len 64 size 200k expire 3h, stick store-response ` +
          `res.cook(${cookie}), stick match req.cook(${cookie}); or: cookie ${cookie} prefix`,
      );
    },
  },
];
