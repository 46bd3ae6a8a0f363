/** What rules expect to come over TCP (manual: "tcp-check expect"). */
import { textOf } from "../bytes/bytes.ts";
import type { CheckExpressions, CheckScope } from "./expressions.ts";
import { encode } from "./expressions.ts";
import type { Input } from "./input.ts";
import { type CheckStatus, type Verdict, verdict } from "./result.ts";
import type { ExpectRule } from "./rules.ts";
import { type ExpectStep, type Finding, GO, WAIT } from "./steps.ts";

/** What every rule that expects something says about how its check ends. */
export type Outcome = Pick<
  ExpectRule,
  "not" | "okStatus" | "errorStatus" | "toutStatus" | "onSuccess" | "onError" | "statusCode"
>;

/** How a rule's check ends: the verdicts of its success, and of its failure. */
export interface Verdicts {
  success(scope: CheckScope): Verdict;
  /**
   * @param status where the rule says none
   * @param info where it says nothing: see HAProxy's own words
   * @param code of the response; null: none
   */
  failure(scope: CheckScope, status: CheckStatus, info: string, code?: number | null): Verdict;
}

/**
 * Compiles the ends of a check by a rule.
 * @param usual what the log says of a success where the rule says nothing
 */
export function verdictsOf(
  rule: Outcome & { readonly comment: string | null },
  expressions: CheckExpressions,
  usual: string,
): Verdicts {
  const { okStatus, errorStatus, comment } = rule;
  const format = (text: string | null) => text === null ? null : expressions.format(text);
  const [onSuccess, onError] = [format(rule.onSuccess), format(rule.onError)];
  const code = rule.statusCode === null ? null : expressions.integer(rule.statusCode);
  const codeIn = (scope: CheckScope, own: number | null) => code?.(scope) ?? own;
  return {
    success(scope) {
      const info = onSuccess === null ? usual : latin1(onSuccess(scope));
      const status = okStatus ?? "L7OK";
      return { status, info, code: codeIn(scope, scope.response?.status ?? null) };
    },
    failure(scope, status, info, own = null) {
      const said = onError === null ? info : latin1(onError(scope));
      const end = comment === null ? "" : ` comment: ${comment}`;
      return { status: errorStatus ?? status, info: said + end, code: codeIn(scope, own) };
    },
  };
}

/** Bytes as text, one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return textOf(bytes, 0, bytes.length);
}

/** A search in what has come. */
interface Search {
  /** So much must have come before it can find anything. */
  readonly least: number;
  /** What it is, for the log: where it finds nothing, and where a check ends early. */
  readonly label: string;
  readonly what: string;
  find(input: Input, scope: CheckScope): boolean | "incomplete" | { readonly broken: string };
}

const searches: Record<
  Exclude<ExpectRule["match"], "status" | "rstatus">,
  (pattern: string, expressions: CheckExpressions) => Search
> = {
  string: (pattern) => searchFor(encode(pattern), ` '${pattern}'`, `string '${pattern}'`),
  binary: (pattern) => {
    const bytes = bytesOfHex(pattern) ?? new Uint8Array(0);
    return searchFor(bytes, " (binary)", `binary '${latin1(bytes)}'`);
  },
  rstring: (pattern) => searchBy(pattern, " (regex)", "regex", (input) => input.text),
  rbinary: (pattern) =>
    searchBy(pattern, " (binary regex)", "binary regex", (input) => hexOf(input.bytes)),
  "string-lf": (pattern, { format }) => {
    const bytes = format(pattern);
    return searchFormat(bytes, " (log-format string)", "log-format string");
  },
  "binary-lf": (pattern, { format }) => {
    const text = format(pattern);
    const bytes = (scope: CheckScope) => {
      const hex = text(scope);
      return hex.length === 0 ? hex : bytesOfHex(latin1(hex));
    };
    return searchFormat(bytes, " (log-format binary)", "log-format binary");
  },
};

function searchFor(bytes: Uint8Array, label: string, what: string): Search {
  return { least: bytes.length, label, what, find: (input) => contains(input.bytes, bytes) };
}

function searchBy(
  pattern: string,
  label: string,
  what: string,
  textOf: (input: Input) => string,
): Search {
  const regex = regexOf(pattern);
  return { least: 0, label, what, find: (input) => regex.test(textOf(input)) };
}

function searchFormat(
  bytesIn: (scope: CheckScope) => Uint8Array | null,
  label: string,
  what: string,
): Search {
  return {
    least: 0,
    label,
    what,
    find(input, scope) {
      const bytes = bytesIn(scope);
      if (bytes === null) {
        const broken = "Failed to parse hexastring resulting of eval of a log-format string";
        return { broken };
      }
      if (bytes.length === 0) return { broken: "log-format string evaluated to an empty string" };
      if (input.length < bytes.length && !input.complete) return "incomplete";
      return contains(input.bytes, bytes);
    },
  };
}

/** Compiles a rule. @param named what is looked for is said where it is not found */
export function expectStep(
  rule: ExpectRule,
  place: { readonly id: number; readonly head: number },
  expressions: CheckExpressions,
  named: boolean,
): ExpectStep {
  const { not, minRecv, pattern, comment } = rule;
  const make = rule.match === "status" || rule.match === "rstatus"
    ? undefined
    : searches[rule.match];
  const search = (make ?? searches.string)(pattern, expressions);
  const verdicts = verdictsOf(rule, expressions, named ? "(tcp-check)" : "");

  const find = (input: Input, scope: CheckScope): Finding => {
    const complete = input.complete;
    if (!complete && (input.length < search.least || input.length < minRecv)) return WAIT;
    const found = search.find(input, scope);
    if (found === "incomplete") return WAIT;
    if (typeof found === "object") {
      return { ...verdicts.failure(scope, "L7RSP", found.broken), status: "L7RSP" };
    }
    if (!found && !complete && minRecv === -1) return WAIT;
    if (found !== not) return GO;
    const words = found ? "TCPCHK matched unwanted content" : "TCPCHK did not match content";
    const info = named ? `${words}${search.label} at step ${place.id}` : "";
    return verdicts.failure(scope, "L7RSP", info);
  };
  return {
    kind: "expect",
    ...place,
    comment,
    timeout: rule.toutStatus ?? "L7TOUT",
    empty: rule.errorStatus ?? "L7RSP",
    what: search.what,
    find,
    success: verdicts.success,
  };
}

/** An expectation of a protocol's own. @param least so many bytes must have come, or the end */
export function customStep(
  id: number,
  head: number,
  least: number,
  find: (bytes: Uint8Array, input: Input) => Finding,
  success: (bytes: Uint8Array) => Verdict = () => verdict("L7OK"),
): ExpectStep {
  return {
    kind: "expect",
    id,
    head,
    comment: null,
    timeout: "L7TOUT",
    empty: "L7RSP",
    what: "custom function",
    find: (input) => input.length < least && !input.complete ? WAIT : find(input.bytes, input),
    success: ({ received }) => success(received),
  };
}

/** Whether `bytes` have `part` in them. */
export function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  if (part.length === 0) return true;
  const first = part[0]!;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    let i = 1;
    while (i < part.length && bytes[at + i] === part[i]) i++;
    if (i === part.length) return true;
    if (at + part.length > bytes.length) return false;
  }
  return false;
}

/** Upper-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text.toUpperCase();
}

/** The bytes of hexadecimal digits; null: they are none, or one is missing. */
export function bytesOfHex(text: string): Uint8Array | null {
  if (text.length % 2 !== 0 || !/^[\da-f]*$/i.test(text)) return null;
  return Uint8Array.from(
    { length: text.length / 2 },
    (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
}

/**
 * A regular expression over bytes, one character each, in PCRE's spelling as far as that differs in
 * what people write: flags at the beginning, as "(?i)". A line feed alone ends a line.
 * @throws {SyntaxError}
 */
export function regexOf(pattern: string, flags = ""): RegExp {
  const [head = "", inline = ""] = /^\(\?([ims]+)\)/.exec(pattern) ?? [];
  // `.` of PCRE matches a carriage return.
  const body = pattern.slice(head.length).replace(
    /\\.|\[(?:\\.|[^\]\\])*\]|\./gs,
    (part) => part === "." && !inline.includes("s") ? "[^\\n]" : part,
  );
  return new RegExp(body, [...new Set(flags + inline)].join(""));
}
