/** What rules expect of HTTP responses (manual: "http-check expect"). */
import { textOf } from "../bytes/bytes.ts";
import { contains, regexOf, verdictsOf } from "./expect.ts";
import { type CheckExpressions, type CheckScope, encode } from "./expressions.ts";
import { latin1 } from "./expect.ts";
import { type Input, type Response, responseIn } from "./input.ts";
import type { CheckStatus } from "./result.ts";
import type { ExpectFieldRule, ExpectRule, FieldPattern } from "./rules.ts";
import { type ExpectStep, type Finding, GO, WAIT } from "./steps.ts";

/** Codes, as "200,301-303": pairs of first and last. @returns null: it is no such list */
export function codesOf(text: string): [number, number][] | null {
  const codes: [number, number][] = [];
  for (const part of text.split(",")) {
    const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? [];
    if (first === "" || Number(first) > Number(last)) return null;
    codes.push([Number(first), Number(last)]);
  }
  return codes;
}

/** What a test says of a response: whether it fits, or why that cannot be said. */
type Answer = boolean | typeof WAIT | { readonly broken: string };

/** A test of a response. */
interface Test {
  /** The status of a check that fails by it, and what the log says then; null: the reason phrase. */
  readonly status: CheckStatus;
  readonly words: { readonly missing: string; readonly unwanted: string } | null;
  readonly what: string;
  fits(response: Response, scope: CheckScope): Answer;
}

const contentWords = {
  missing: "HTTP content check did not match",
  unwanted: "HTTP check matched unwanted content",
};
const emptyFormat = { broken: "log-format string evaluated to an empty string" };

function statusTest(what: string, fits: (status: number) => boolean): Test {
  return { status: "L7STS", words: null, what, fits: ({ status }) => fits(status) };
}

function bodyTest(
  what: string,
  minRecv: number,
  least: (scope: CheckScope) => number,
  fits: (body: Uint8Array, scope: CheckScope) => boolean | { readonly broken: string },
): Test {
  return {
    status: "L7RSP",
    words: contentWords,
    what,
    fits({ body, complete }, scope) {
      if (body.length === 0) {
        return complete ? { broken: "HTTP content check could not find a response body" } : WAIT;
      }
      if (!complete && (body.length < least(scope) || body.length < minRecv)) return WAIT;
      const found = fits(body, scope);
      return found === false && !complete && minRecv === -1 ? WAIT : found;
    },
  };
}

const tests: Partial<
  Record<ExpectRule["match"], (rule: ExpectRule, expressions: CheckExpressions) => Test>
> = {
  status({ pattern }) {
    const codes = codesOf(pattern) ?? [];
    return statusTest(
      "HTTP status codes",
      (status) => codes.some(([first, last]) => status >= first && status <= last),
    );
  },
  rstatus({ pattern }) {
    const regex = regexOf(pattern);
    return statusTest("HTTP status regex", (status) => regex.test(String(status)));
  },
  string({ pattern, minRecv }) {
    const bytes = encode(pattern);
    const what = `HTTP body content '${pattern}'`;
    return bodyTest(what, minRecv, () => bytes.length, (body) => contains(body, bytes));
  },
  rstring({ pattern, minRecv }) {
    const regex = regexOf(pattern);
    return bodyTest("HTTP body regex", minRecv, () => 0, (body) => regex.test(latin1(body)));
  },
  "string-lf"({ pattern, minRecv }, { format }) {
    const text = format(pattern);
    return bodyTest(
      "log-format HTTP body",
      minRecv,
      (scope) => text(scope).length,
      (body, scope) => {
        const bytes = text(scope);
        return bytes.length === 0 ? emptyFormat : contains(body, bytes);
      },
    );
  },
};

const comparisons: Record<
  Exclude<FieldPattern["match"], "reg">,
  (text: string, part: string) => boolean
> = {
  str: (text, part) => text === part,
  beg: (text, part) => text.startsWith(part),
  end: (text, part) => text.endsWith(part),
  sub: (text, part) => text.includes(part),
};

/** Compiles a pattern. @returns null from it: its format is empty */
function matcher(
  { match, text, format }: FieldPattern,
  caseless: boolean,
  expressions: CheckExpressions,
): (scope: CheckScope) => ((value: string) => boolean) | null {
  if (match === "reg") {
    const regex = regexOf(text, caseless ? "i" : "");
    return () => (value) => regex.test(value);
  }
  const compare = comparisons[match];
  const fold = (value: string) => caseless ? value.toLowerCase() : value;
  const compiled = format ? expressions.format(text) : null;
  const constant = fold(latin1(encode(text)));
  return (scope) => {
    const part = compiled === null ? constant : fold(latin1(compiled(scope)));
    return part === "" && compiled !== null ? null : (value) => compare(fold(value), part);
  };
}

function fieldTest(rule: ExpectFieldRule, expressions: CheckExpressions): Test {
  const nameOf = matcher(rule.name, true, expressions);
  const valueOf = rule.value === null ? null : matcher(rule.value, false, expressions);
  return {
    status: "L7STS",
    words: null,
    what: "HTTP header pattern",
    fits({ head, bytes }, scope) {
      const isName = nameOf(scope);
      const isValue = valueOf === null ? () => true : valueOf(scope);
      if (isName === null || isValue === null) return emptyFormat;
      for (let i = 0; i < head.count; i++) {
        const [, from, to, start, end] = head.fields.subarray(5 * i, 5 * i + 5);
        if (!isName(textOf(bytes, from!, to!))) continue;
        const value = textOf(bytes, start!, end!).trim();
        const whole = rule.match === "fhdr" || valueOf === null;
        if (whole ? isValue(value) : listOf(value).some(isValue)) return true;
      }
      return false;
    },
  };
}

/** The values of a list (RFC 9110, section 5.6.1): commas in quotes part none. */
function listOf(value: string): string[] {
  const parts = value.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [""];
  return parts.map((part) => part.trim());
}

/** Compiles a rule. @param method of the request: one of METHOD_... */
export function httpExpectStep(
  rule: ExpectRule | ExpectFieldRule,
  place: { readonly id: number; readonly head: number },
  expressions: CheckExpressions,
  method: number,
  mayStop: () => boolean,
): ExpectStep {
  const test = "name" in rule
    ? fieldTest(rule, expressions)
    : (tests[rule.match] ?? tests.string!)(rule, expressions);
  const verdicts = verdictsOf(rule, expressions, "");
  const find = (input: Input, scope: CheckScope): Finding => {
    const response = responseIn(input, method);
    if (response === undefined) return { ...verdicts.failure(scope, "L7RSP", ""), status: "L7RSP" };
    if (response === null) return WAIT;
    const { status: code, reason } = response;
    if (code === 404 && mayStop()) return GO;
    const answer = test.fits(response, scope);
    if (answer === WAIT) return WAIT;
    if (typeof answer === "object") {
      return verdicts.failure(scope, test.status, answer.broken, code);
    }
    if (answer !== rule.not) return GO;
    const { words } = test;
    const info = words === null ? reason : rule.not ? words.unwanted : words.missing;
    return verdicts.failure(scope, test.status, info, code);
  };
  return {
    kind: "expect",
    ...place,
    comment: rule.comment,
    timeout: rule.toutStatus ?? "L7TOUT",
    empty: rule.errorStatus ?? "L7RSP",
    what: test.what,
    find,
    success: (scope) =>
      scope.response?.status === 404 && mayStop()
        ? { status: "L7OKC", info: "", code: 404 }
        : verdicts.success(scope),
  };
}
