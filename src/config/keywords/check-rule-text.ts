/** Rules of checks among others, and as they are written (manual, "http-check", "tcp-check"). */
import type { CheckRule, ExpectFieldRule, ExpectRule, FieldPattern } from "../../health/rules.ts";
import type { Language } from "./check-rules.ts";

/**
 * Why a rule cannot follow others, as HAProxy has it; null: it can.
 */
export function misplaced(
  rules: readonly CheckRule[],
  rule: CheckRule,
  language: Language,
): { readonly message: string; readonly hint: string } | null {
  const isAction = ({ rule }: CheckRule) =>
    rule === "comment" || rule === "set-var" || rule === "set-var-fmt" || rule === "unset-var";
  if (isAction(rule)) return null;
  const before = rules.filter((each) => !isAction(each));
  const last = before.at(-1);
  if (rule.rule === "connect" && before.length > 0 && before[0]!.rule !== "connect") {
    const message = "the first rule must be a 'connect', too";
    return { message, hint: "only comments and variables may come before it" };
  }
  if (language === "tcp-check" || last === undefined) return null;
  if (rule.rule === "request" && last.rule !== "connect") {
    return {
      message: "'send' needs a connection of its own",
      hint: "'http-check connect' before it",
    };
  }
  if (rule.rule === "expect" && last.rule === "connect") {
    return { message: "'expect' needs a request", hint: "'http-check send' before it" };
  }
  if (rule.rule === "connect" && last.rule !== "expect") {
    return {
      message: "'connect' ends what nothing is expected of",
      hint: "'http-check expect' before it",
    };
  }
  return null;
}

const flagWords = (words: readonly (readonly [string, boolean])[]) =>
  words.flatMap(([word, on]) => on ? [word] : []);
const textWords = (words: readonly (readonly [string, string | number | null])[]) =>
  words.flatMap(([word, value]) => value === null ? [] : [word, String(value)]);

/** The words of a rule, behind `http-check` or `tcp-check`. */
export function ruleText(rule: CheckRule): string[] {
  switch (rule.rule) {
    case "comment":
      return ["comment", rule.text];
    case "set-var":
    case "set-var-fmt":
    case "unset-var":
      return [`${rule.rule}(${rule.name})`, ...(rule.value === null ? [] : [rule.value])];
    case "connect":
      return [
        "connect",
        ...flagWords([["default", rule.default]]),
        ...textWords([["port", rule.port], ["addr", rule.addr]]),
        ...flagWords([
          ["send-proxy", rule.sendProxy],
          ["via-socks4", rule.viaSocks4],
          ["ssl", rule.ssl],
          ["linger", rule.linger],
        ]),
        ...textWords([
          ["sni", rule.sni],
          ["alpn", rule.alpn],
          ["proto", rule.proto],
          ["comment", rule.comment],
        ]),
      ];
    case "request":
      return [
        "send",
        ...textWords([
          ["meth", rule.method],
          [rule.uriFormat ? "uri-lf" : "uri", rule.uri],
          ["ver", rule.version],
        ]),
        ...rule.fields.flatMap(({ name, value }) => ["hdr", name, value]),
        ...textWords([
          [rule.bodyFormat ? "body-lf" : "body", rule.body],
          ["comment", rule.comment],
        ]),
      ];
    case "expect":
      return expectText(rule);
    default:
      return [rule.rule, rule.data, ...textWords([["comment", rule.comment]])];
  }
}

function expectText(rule: ExpectRule | ExpectFieldRule): string[] {
  const side = (word: string, { match, format, text }: FieldPattern) => [
    format ? `${word}-lf` : word,
    ...(match === "str" ? [] : ["-m", match]),
    text,
  ];
  const match = "name" in rule
    ? [
      rule.match,
      ...side("name", rule.name),
      ...(rule.value === null ? [] : side("value", rule.value)),
    ]
    : [rule.match, rule.pattern];
  return [
    "expect",
    ...textWords([
      ["min-recv", rule.minRecv === -1 ? null : rule.minRecv],
      ["comment", rule.comment],
      ["ok-status", rule.okStatus],
      ["error-status", rule.errorStatus],
      ["tout-status", rule.toutStatus],
      ["on-success", rule.onSuccess],
      ["on-error", rule.onError],
      ["status-code", rule.statusCode],
    ]),
    ...(rule.not ? ["!"] : []),
    ...match,
  ];
}
