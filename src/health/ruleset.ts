/** Rule sets of checks, compiled to steps (manual: "tcp-check", "http-check"). */
import { bytesOfHex, expectStep, latin1 } from "./expect.ts";
import { type CheckExpressions, type CheckScope, encode } from "./expressions.ts";
import { httpExpectStep } from "./http-expect.ts";
import { compileRequest, type HttpCheck, plainRequest } from "./http-request.ts";
import { verdict } from "./result.ts";
import type {
  CheckRule,
  ConnectRule,
  ExpectFieldRule,
  ExpectRule,
  HttpRule,
  RequestRule,
  SendRule,
  TcpRule,
  VariableRule,
} from "./rules.ts";
import { implicitConnect, type SendStep, type Step, type Steps } from "./steps.ts";

/** A rule that is run, with its number and the comment that the log has of it. */
interface Numbered<R> {
  readonly rule: R;
  readonly id: number;
  readonly comment: string | null;
}

/** What kind of rule it is, where kinds of one purpose count as one. */
const purposes: Record<CheckRule["rule"], "connect" | "send" | "expect" | "comment" | "action"> = {
  connect: "connect",
  send: "send",
  "send-lf": "send",
  "send-binary": "send",
  "send-binary-lf": "send",
  request: "send",
  expect: "expect",
  comment: "comment",
  "set-var": "action",
  "set-var-fmt": "action",
  "unset-var": "action",
};

/** What a rule is for. */
export function purposeOf({ rule }: CheckRule): (typeof purposes)[CheckRule["rule"]] {
  return purposes[rule];
}

type Running<R> = Exclude<R, { rule: "comment" }>;

/** The rules that are run: a comment is for those of one kind that follow it. */
function numbered<R extends CheckRule>(rules: readonly R[]): Numbered<Running<R>>[] {
  const result: Numbered<Running<R>>[] = [];
  let comment: string | null = null;
  let before = "comment";
  rules.forEach((rule, index) => {
    const purpose = purposeOf(rule);
    if (purpose !== before && before !== "comment") comment = null;
    before = purpose;
    if (rule.rule === "comment") {
      comment = rule.text;
      return;
    }
    const own = "comment" in rule ? rule.comment : null;
    const running = rule as Running<R>;
    result.push({
      rule: running,
      id: index + 1,
      comment: own ?? (purpose === "action" ? null : comment),
    });
    if (purpose === "connect" || purpose === "action") comment = null;
  });
  return result;
}

/** Where to go back to when more has come, for an expectation that comes next. */
function headOf(steps: readonly Step[], nots: readonly boolean[]): number {
  let head = steps.length;
  for (let i = steps.length - 1; i >= 0; i--) {
    const { kind } = steps[i]!;
    if (kind === "expect") {
      if (nots[i] === true) head = i;
    } else if (kind !== "action") break;
  }
  return head;
}

function connectStep(
  { rule, id, comment }: Numbered<ConnectRule>,
  expressions: CheckExpressions,
): Step {
  const fixed = rule.port !== null && /^\d+$/.test(rule.port);
  return {
    kind: "connect",
    id,
    comment,
    host: rule.addr === null ? null : hostOf(rule.addr),
    port: rule.port === null
      ? (rule.addr === null ? null : portOf(rule.addr))
      : fixed
      ? Number(rule.port)
      : expressions.integer(rule.port),
    asServer: rule.default,
    sendProxy: rule.sendProxy,
    ssl: rule.ssl,
    sni: rule.sni,
    alpn: rule.alpn === null ? null : rule.alpn.split(",").filter((each) => each !== "h2"),
    linger: rule.linger,
  };
}

/** The address of "address:port" or "[address]:port". */
export function hostOf(addr: string): string {
  return /^\[(.*)\]/.exec(addr)?.[1] ?? (addr.split(":").length === 2 ? addr.split(":")[0]! : addr);
}

function portOf(addr: string): number | null {
  const [, port] = /(?:\]|^[^:[]*):(\d+)$/.exec(addr) ?? [];
  return port === undefined ? null : Number(port);
}

const forms: Record<
  SendRule["rule"],
  (data: string, expressions: CheckExpressions, id: number) => SendStep["bytes"]
> = {
  send(data) {
    const bytes = encode(data);
    return () => bytes;
  },
  "send-binary"(data) {
    const bytes = bytesOfHex(data);
    return () => bytes;
  },
  "send-lf"(data, { format }) {
    const text = format(data);
    return (scope) => orNull(text(scope));
  },
  "send-binary-lf"(data, { format }, id) {
    const text = format(data);
    const broken = `tcp-check send : failed to build log-format string at step ${id}`;
    return (scope) => {
      const hex = text(scope);
      return hex.length === 0 ? null : bytesOfHex(latin1(hex)) ?? verdict("L7RSP", broken);
    };
  },
};

const orNull = (bytes: Uint8Array) => bytes.length === 0 ? null : bytes;

function sendStep({ rule, id, comment }: Numbered<SendRule>, expressions: CheckExpressions): Step {
  return { kind: "send", id, comment, bytes: forms[rule.rule](rule.data, expressions, id) };
}

function actionStep({ rule, id }: Numbered<VariableRule>, expressions: CheckExpressions): Step {
  return { kind: "action", id, comment: null, act: expressions.variable(rule) };
}

/**
 * Compiles `tcp-check` rules, or those of a check that is made of such.
 * @param named the log has where a check ends early, and what was looked for
 */
export function tcpSteps(
  rules: readonly TcpRule[],
  expressions: CheckExpressions,
  named: boolean,
): Steps {
  const running = numbered(rules);
  const steps: Step[] = [];
  const nots: boolean[] = [];
  const first = running.find(({ rule }) => purposeOf(rule) !== "action");
  if (first?.rule.rule !== "connect") steps.push(implicitConnect);
  for (const each of running) {
    nots[steps.length] = "not" in each.rule && each.rule.not;
    steps.push(tcpStep(each, headOf(steps, nots), expressions, named));
  }
  return { steps, named, method: null };
}

function tcpStep(
  each: Numbered<Running<TcpRule>>,
  head: number,
  expressions: CheckExpressions,
  named: boolean,
): Step {
  const { rule, id, comment } = each;
  switch (rule.rule) {
    case "connect":
      return connectStep({ rule, id, comment }, expressions);
    case "expect":
      return expectStep({ ...rule, comment }, { id, head }, expressions, named);
    case "set-var":
    case "set-var-fmt":
    case "unset-var":
      return actionStep({ rule, id, comment }, expressions);
    default:
      return sendStep({ rule, id, comment }, expressions);
  }
}

/** What is expected where no rule says anything. */
const usualExpectation: ExpectRule = {
  rule: "expect",
  not: false,
  match: "status",
  pattern: "200-399",
  minRecv: -1,
  okStatus: null,
  errorStatus: null,
  toutStatus: null,
  onSuccess: null,
  onError: null,
  statusCode: null,
  comment: null,
};

/**
 * Compiles `http-check` rules. The request of `option httpchk` is that of the first rule that sends,
 * or comes before all rules; where nothing is expected behind a request, 2xx and 3xx are.
 * @param state what `http-check send-state` says of the server; null: nothing
 * @param mayStop whether a 404 asks for no new sessions (manual: "http-check disable-on-404")
 */
export function httpSteps(
  option: HttpCheck,
  rules: readonly HttpRule[],
  expressions: CheckExpressions,
  state: (() => string) | null,
  mayStop: () => boolean,
): Steps {
  const running: Numbered<Running<HttpRule> | null>[] = numbered(rules);
  const real = (from: number) =>
    running.findIndex(({ rule }, i) => i >= from && rule !== null && purposeOf(rule) !== "action");
  let begin = real(0);
  if (running[begin]?.rule?.rule === "connect") begin = real(begin + 1);
  // null: the request of the option.
  if (begin < 0) running.push({ rule: null, id: 0, comment: null });
  else if (running[begin]!.rule!.rule !== "request") {
    running.splice(begin, 0, { rule: null, id: 0, comment: null });
  }
  const last = running.findLast(({ rule }) => rule === null || purposeOf(rule) !== "action");
  if (last !== undefined && (last.rule === null || last.rule.rule === "request")) {
    running.push({ rule: usualExpectation, id: last.id, comment: null });
  }

  const steps: Step[] = [];
  const nots: boolean[] = [];
  const first = running.find(({ rule }) => rule === null || purposeOf(rule) !== "action");
  if (first?.rule?.rule !== "connect") steps.push(implicitConnect);
  let asked: HttpCheck = option;
  let method = 0;
  for (const { rule, id, comment } of running) {
    nots[steps.length] = rule !== null && "not" in rule && rule.not;
    if (rule === null || rule.rule === "request") {
      const request = compileRequest(asked, rule, expressions, state);
      ({ method } = request);
      asked = plainRequest;
      steps.push({ kind: "send", id, comment, bytes: request.bytes });
    } else if (rule.rule === "connect") steps.push(connectStep({ rule, id, comment }, expressions));
    else if (rule.rule === "expect") {
      const expected: ExpectRule | ExpectFieldRule = { ...rule, comment };
      const place = { id, head: headOf(steps, nots) };
      steps.push(httpExpectStep(expected, place, expressions, method, mayStop));
    } else steps.push(actionStep({ rule, id, comment }, expressions));
  }
  return { steps, named: false, method };
}

export type { CheckScope, RequestRule };
