/** The rules of checks, read and written (manual, chapter 4.2, "http-check" and "tcp-check"). */
import * as v from "valibot";
import { codesOf } from "../../health/http-expect.ts";
import { bytesOfHex, regexOf } from "../../health/expect.ts";
import {
  type CheckRule,
  ConnectRule,
  errorStatuses,
  ExpectFieldRule,
  ExpectRule,
  fieldMatches,
  type FieldPattern,
  httpMatches,
  okStatuses,
  RequestRule,
  sendForms,
  SendRule,
  tcpMatches,
  timeoutStatuses,
} from "../../health/rules.ts";
import { didYouMean } from "../../text/nearest.ts";
import { type Arguments, choice, integer } from "../haproxy/arguments.ts";
import { ipAndPort } from "./addresses.ts";

/** The two languages of rules. */
export type Language = "http-check" | "tcp-check";

/** Reads a rule: what follows its first word. */
type Read = (args: Arguments, word: string) => CheckRule;

const readers: Record<Language, Readonly<Record<string, Read>>> = {
  "http-check": {
    comment: readComment,
    connect: (args) => readConnect(args),
    send: (args) => readRequest(args),
    expect: (args) => readExpect(args, "http-check"),
  },
  "tcp-check": {
    comment: readComment,
    connect: (args) => readConnect(args),
    ...Object.fromEntries(
      sendForms.map((form) => [form, (args: Arguments) => readSend(args, form)]),
    ),
    expect: (args) => readExpect(args, "tcp-check"),
  },
};

/** The words that a rule may begin with. */
export const ruleWords: Record<Language, readonly string[]> = {
  "http-check": [...Object.keys(readers["http-check"]), "set-var", "set-var-fmt", "unset-var"],
  "tcp-check": [...Object.keys(readers["tcp-check"]), "set-var", "set-var-fmt", "unset-var"],
};

/** Reads a rule whose first word was taken. @throws {Mistake} */
export function readRule(args: Arguments, language: Language, word: string): CheckRule {
  args.usage = `${language} ${word} ...`;
  const read = Object.hasOwn(readers[language], word) ? readers[language][word] : undefined;
  if (read !== undefined) return read(args, word);
  const variable = /^(set-var|set-var-fmt|unset-var)(?:\((.*)\))?$/.exec(word);
  if (variable !== null) return readVariable(args, variable[1]!, variable[2]);
  const words = ruleWords[language];
  const hint = didYouMean(word, words) ?? `one of: ${words.join(", ")}`;
  throw args.mistake(`'${word}' is no rule of '${language}'`, hint);
}

function readComment(args: Arguments): CheckRule {
  return { rule: "comment", text: args.word("a text").text };
}

function readVariable(args: Arguments, rule: string, name: string | undefined): CheckRule {
  const [scope] = (name ?? "").split(".");
  if (name === undefined || !/^[A-Za-z0-9_.-]+(,[a-z]+)*$/.test(name)) {
    throw args.mistake(`'${rule}' expects a variable`, `as in ${rule}(check.port)`);
  }
  const scopes = ["proc", "sess", "check"];
  if (!scopes.includes(scope ?? "")) {
    throw args.mistake(`a check has no variables '${scope}'`, `one of: ${scopes.join(", ")}`);
  }
  if (rule === "unset-var") return { rule, name, value: null };
  const isFormat = rule === "set-var-fmt";
  const value = isFormat ? args.word("a format").text : expression(args);
  return { rule: isFormat ? "set-var-fmt" : "set-var", name, value };
}

/** An expression: one word, and more where blanks are around its commas. */
function expression(args: Arguments): string {
  let { text } = args.word("an expression");
  while (args.peek() !== undefined) text += args.word("an expression").text;
  return text;
}

function readConnect(args: Arguments): ConnectRule {
  const rule: v.InferInput<typeof ConnectRule> = { rule: "connect" };
  const words: Record<string, () => void> = {
    default: () => void (rule.default = true),
    port: () => void (rule.port = portOf(args)),
    addr() {
      const { host: given, port } = ipAndPort(args);
      const host = given ?? "0.0.0.0";
      rule.addr = port === null
        ? host
        : host.includes(":")
        ? `[${host}]:${port}`
        : `${host}:${port}`;
    },
    "send-proxy": () => void (rule.sendProxy = true),
    "via-socks4": () => void (rule.viaSocks4 = true),
    ssl: () => void (rule.ssl = true),
    sni: () => void (rule.sni = args.word("a name").text),
    alpn: () => void (rule.alpn = args.word("protocols").text),
    proto: () => void (rule.proto = args.word("a protocol").text),
    linger: () => void (rule.linger = true),
    comment: () => void (rule.comment = args.word("a text").text),
  };
  readWords(args, words);
  const protocols = [rule.proto, rule.alpn];
  if (protocols.some((each) => each === "h2" || each === "fcgi")) {
    throw args.mistake("sluice checks servers by HTTP/1 and TCP alone", "'h1', 'none', 'http/1.1'");
  }
  return v.parse(ConnectRule, rule);
}

function portOf(args: Arguments): string {
  const { text } = args.word("a port");
  if (/^\d+$/.test(text) && !(Number(text) >= 1 && Number(text) <= 65535)) {
    throw args.mistake(`'${text}' is not a port`, "1 to 65535, or an expression");
  }
  return text;
}

/** Reads words, each with what follows it, up to the end of the line. */
function readWords(args: Arguments, words: Readonly<Record<string, () => void>>): void {
  while (args.peek() !== undefined) {
    const { text } = args.next()!;
    const read = Object.hasOwn(words, text) ? words[text] : undefined;
    if (read === undefined) {
      const names = Object.keys(words);
      const hint = didYouMean(text, names) ?? `one of: ${names.join(", ")}`;
      throw args.mistake(`'${text}' cannot stand here`, hint);
    }
    read();
  }
}

function readSend(args: Arguments, form: SendRule["rule"]): SendRule {
  const { text: data } = args.word("what to send");
  if (form === "send-binary") hex(args, data);
  let comment: string | null = null;
  readWords(args, { comment: () => void (comment = args.word("a text").text) });
  return v.parse(SendRule, { rule: form, data, comment });
}

function hex(args: Arguments, text: string): void {
  if (bytesOfHex(text) !== null) return;
  throw args.mistake(`'${text}' is not binary`, "hexadecimal digits, two a byte");
}

function readRequest(args: Arguments): RequestRule {
  const rule: v.InferInput<typeof RequestRule> = { rule: "request" };
  const fields: { name: string; value: string }[] = [];
  const uri = (format: boolean) => () => {
    rule.uri = args.word("a URI").text;
    rule.uriFormat = format;
  };
  const body = (format: boolean) => () => {
    rule.body = args.word("a text").text;
    rule.bodyFormat = format;
  };
  readWords(args, {
    meth: () => void (rule.method = args.word("a method").text),
    uri: uri(false),
    "uri-lf": uri(true),
    ver: () => void (rule.version = args.word("a version").text),
    hdr() {
      const name = args.word("the name of a field").text;
      const isHost = name.toLowerCase() === "host";
      if (isHost && fields.some((field) => field.name.toLowerCase() === "host")) {
        throw args.mistake(`there is a field '${name}' already`);
      }
      fields.push({ name, value: args.word("a value").text });
    },
    body: body(false),
    "body-lf": body(true),
    comment: () => void (rule.comment = args.word("a text").text),
  });
  return v.parse(RequestRule, { ...rule, fields });
}

/** A status in any case, as HAProxy takes it. */
function status<const T extends readonly string[]>(args: Arguments, statuses: T): T[number] {
  const { text } = args.word("a status");
  const found = statuses.find((each) => each === text.toUpperCase());
  if (found !== undefined) return found;
  throw args.mistake(`'${text}' cannot be given here`, `one of: ${statuses.join(", ")}`);
}

/** A rule that expects something, as far as it has been read. */
interface Expectation {
  rule: "expect";
  match?: string;
  pattern?: string;
  name?: FieldPattern;
  value?: FieldPattern;
  minRecv?: number;
  okStatus?: ExpectRule["okStatus"];
  errorStatus?: ExpectRule["errorStatus"];
  toutStatus?: ExpectRule["toutStatus"];
  onSuccess?: string;
  onError?: string;
  statusCode?: string;
  comment?: string;
}

function readExpect(args: Arguments, language: Language): ExpectRule | ExpectFieldRule {
  const rule: Expectation = { rule: "expect" };
  let not = false;
  const isHttp = language === "http-check";
  const matches: readonly string[] = isHttp ? [...httpMatches, "hdr", "fhdr"] : tcpMatches;
  const text = (key: "comment" | "onSuccess" | "onError" | "statusCode", what: string) => () =>
    void (rule[key] = args.word(what).text);
  const options: Record<string, () => void> = {
    "min-recv": () => void (rule.minRecv = integer(args, -1, 2 ** 31 - 1)),
    comment: text("comment", "a text"),
    "ok-status": () => void (rule.okStatus = status(args, okStatuses)),
    "error-status": () => void (rule.errorStatus = status(args, errorStatuses)),
    "tout-status": () => void (rule.toutStatus = status(args, timeoutStatuses)),
    "on-success": text("onSuccess", "a format"),
    "on-error": text("onError", "a format"),
    "status-code": text("statusCode", "an expression"),
  };
  while (args.peek() !== undefined) {
    let word = args.next()!.text;
    const [marks = ""] = /^!*/.exec(word) ?? [];
    if (marks.length % 2 === 1) not = !not;
    word = word.slice(marks.length);
    if (word === "" && marks !== "") word = args.word("what to look for").text;
    const option = Object.hasOwn(options, word) ? options[word] : undefined;
    if (option !== undefined) {
      if (marks !== "") throw args.mistake(`'!' cannot stand before '${word}'`);
      option();
    } else if (!matches.includes(word)) {
      const names = [...matches, ...Object.keys(options)];
      const hint = didYouMean(word, names) ?? `one of: ${names.join(", ")}`;
      throw args.mistake(`'${word}' cannot stand here`, hint);
    } else if (rule.match !== undefined) {
      throw args.mistake(`it expects '${rule.match}' already`, "one rule for each");
    } else {
      rule.match = word;
      if (word === "hdr" || word === "fhdr") readField(args, rule, word);
      else rule.pattern = pattern(args, word);
    }
  }
  if (rule.match === undefined) {
    const hint = `one of: ${matches.join(", ")}`;
    throw args.mistake("it does not say what is expected", hint);
  }
  return v.parse(rule.name === undefined ? ExpectRule : ExpectFieldRule, { ...rule, not });
}

function pattern(args: Arguments, match: string): string {
  const { text } = args.word("a pattern");
  if (match === "binary") hex(args, text);
  if (match === "rstring" || match === "rbinary" || match === "rstatus") regex(args, text);
  if (match === "status" && codesOf(text) === null) {
    throw args.mistake(`'${text}' is no list of status codes`, "as in 200,301-303");
  }
  return text;
}

function regex(args: Arguments, text: string): void {
  try {
    regexOf(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const why = error.message.replace(/^Invalid regular expression: (\/.*\/\w*: )?/, "");
    throw args.mistake(`'${text}' is not a regular expression: ${why}`);
  }
}

function readField(args: Arguments, rule: Expectation, word: string): void {
  const usage = `${word} name [-m <match>] <name> [value [-m <match>] <value>]`;
  const first = args.next()?.text;
  if (first !== "name" && first !== "name-lf") {
    throw args.mistake(`'${word}' expects 'name' and the name of a field`, usage);
  }
  rule.name = fieldPattern(args, first === "name-lf");
  const next = args.peek()?.text;
  if (next !== "value" && next !== "value-lf") return;
  args.next();
  rule.value = fieldPattern(args, next === "value-lf");
}

function fieldPattern(args: Arguments, format: boolean): FieldPattern {
  let match: FieldPattern["match"] = "str";
  if (args.peek()?.text === "-m") {
    args.next();
    match = choice(args, "a way to match", fieldMatches);
    if (format && match === "reg") {
      throw args.mistake("a format cannot be a regular expression");
    }
  }
  const { text } = args.word("a pattern");
  if (match === "reg") regex(args, text);
  return { match, format, text };
}
