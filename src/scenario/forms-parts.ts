/** The sentences that are indented under a request, or many, or anything else that happens. */
import type { Expectation, LogExpectation, RequestSpec, Step, StepOf } from "./steps.ts";
import {
  address,
  claim,
  claimOf,
  expecting,
  type Form,
  form,
  type Groups,
  knownServer,
  knownServers,
  milliseconds,
  name,
  type Problem,
  problem,
  subject,
  time,
  whoOf,
} from "./words.ts";

/** A step about one request of one client. */
type Single = StepOf<"exchange"> | StepOf<"await">;

/** What the logs are to say. */
export const logParts: readonly Form<
  Step,
  Extract<Step, { readonly expectations: readonly unknown[] }>
>[] = [
  {
    shape: "the log says PATTERN (or: nothing)",
    pattern: form("the log says (?<pattern>.+)"),
    read({ pattern = "" }, said, _, step) {
      const expectation: LogExpectation = pattern === "nothing"
        ? { ...said, kind: "log-silent" }
        : { ...said, kind: "log", pattern };
      return expecting(step, expectation);
    },
  },
];

const withField: Form<Step, StepOf<"exchange" | "begin" | "burst">> = {
  shape: "with FIELD: VALUE",
  pattern: form("with (?<name>[^\\s:]+): ?(?<value>.*)"),
  read: ({ name = "", value = "" }, _, __, step) =>
    requesting(step, { fields: [...step.request.fields, [name, value]] }),
};

const afterLine: Form<Step, StepOf<"exchange" | "begin" | "burst">> = {
  shape: "after the line TEXT",
  pattern: form("after the line (?<line>.+)"),
  read: ({ line = "" }, _, __, step) => requesting(step, { preamble: line }),
};

const fromAddress: Form<Step, StepOf<"exchange" | "begin">> = {
  shape: "from ADDRESS",
  pattern: form(`from (?<host>${address})`),
  read: ({ host = "" }, _, __, step) => requesting(step, { source: host }),
};

/** The step with another request. */
function requesting<S extends { readonly request: RequestSpec }>(
  step: S,
  more: Partial<RequestSpec>,
): S {
  return { ...step, request: { ...step.request, ...more } };
}

/** What must be true of a single request. */
const singleParts: readonly Form<Step, Single>[] = [
  {
    shape: "SERVER serves it (or: the same server, another server)",
    pattern: form(`${subject} serves it`),
    read({ who: words = "" }, said, cast, step) {
      const who = whoOf(words, cast);
      if (who.kind === "problem") return who;
      return expected(step, { ...said, kind: "serves", who });
    },
  },
  {
    shape: "no server sees it",
    pattern: form("no server sees it"),
    read: (_, said, __, step) => expected(step, { ...said, kind: "serves", who: { kind: "none" } }),
  },
  {
    shape: "SERVER sees FIELD: VALUE (or: no FIELD; METHOD URI VERSION)",
    pattern: form(`${subject} sees (?<claim>no \\S+|[A-Z]+ \\S+ HTTP/\\S+|[^\\s:]+:.*)`),
    read({ who: words = "", claim = "" }, said, cast, step) {
      const who = whoOf(words, cast);
      if (who.kind === "problem") return who;
      return expected(step, { ...said, kind: "sees", who, claim: claimOf(claim) });
    },
  },
  {
    shape: "SERVER sees it from ADDRESS (or: on behalf of ADDRESS)",
    pattern: form(`${subject} sees it (?<how>from|on behalf of) (?<host>${address})`),
    read({ who: words = "", how, host = "" }, said, cast, step) {
      const who = whoOf(words, cast);
      if (who.kind === "problem") return who;
      const kind = how === "from" ? "sees-from" : "sees-behalf";
      return expected(step, { ...said, kind, who, host });
    },
  },
  {
    shape: "CLIENT gets STATUS (or: FIELD: VALUE; no FIELD)",
    pattern: form(`(?<client>${name}) gets (?<claim>\\d{3}|no \\S+|[^\\s:]+:.*)`),
    read: (groups, said, _, step) =>
      stranger(groups, step, "gets") ??
        expected(step, { ...said, kind: "gets", claim: claimOf(groups["claim"] ?? "") }),
  },
  {
    shape: "CLIENT gets nothing",
    pattern: form(`(?<client>${name}) gets nothing`),
    read: (groups, said, _, step) =>
      stranger(groups, step, "gets") ?? expected(step, { ...said, kind: "nothing" }),
  },
  {
    shape: "CLIENT is refused",
    pattern: form(`(?<client>${name}) is refused`),
    read: (groups, said, _, step) =>
      stranger(groups, step, "is") ?? expected(step, { ...said, kind: "refused" }),
  },
  {
    shape: "the connection closes",
    pattern: form("the connection closes"),
    read: (_, said, __, step) => expected(step, { ...said, kind: "closes" }),
  },
  ...logParts,
];

/** As {@linkcode expecting}, whichever of the two it is. */
function expected(step: Single, expectation: Expectation): Single {
  return step.kind === "exchange" ? expecting(step, expectation) : expecting(step, expectation);
}

/** The problem with a client who is not the step's own; null if he is. */
function stranger({ client = "" }: Groups, step: Single, verb: string): Problem | null {
  if (client === step.client) return null;
  return problem(
    client,
    `'${client}' did not send this request`,
    `${step.client} did, in line ${step.line}: write '${step.client} ${verb}'`,
  );
}

/** Sentences indented under a single request. */
export const exchangeParts: readonly Form<Step, StepOf<"exchange">>[] = [
  withField,
  afterLine,
  fromAddress,
  {
    shape: "the server answers with STATUS (or FIELD: VALUE)",
    pattern: form(`the server answers with ${claim}`),
    read: ({ claim = "" }, _, __, step) => ({
      ...step,
      answers: [...step.answers, claimOf(claim)],
    }),
  },
  ...singleParts,
];

/** Sentences indented under a request that is begun, and not waited for. */
export const beginParts: readonly Form<Step, StepOf<"begin">>[] = [
  withField,
  afterLine,
  fromAddress,
  ...logParts,
];

/** Sentences indented under the wait for a response. */
export const awaitParts: readonly Form<Step, StepOf<"await">>[] = singleParts;

/** Sentences indented under many requests. */
export const burstParts: readonly Form<Step, StepOf<"burst">>[] = [
  withField,
  afterLine,
  {
    shape: "from ADDRESS [upward]",
    pattern: form("from (?<host>[0-9.]+)(?<upward> upward)?"),
    read: ({ host = "", upward }, _, __, step) => ({
      ...requesting(step, { source: host }),
      upward: upward !== undefined,
    }),
  },
  {
    shape: "SERVER serves N, SERVER N, ...",
    pattern: form(`(?<first>${name}) serves (?<count>\\d+)(?<rest>(?:,? (?:and )?${name} \\d+)*)`),
    read({ first = "", count = "", rest = "" }, said, cast, step) {
      const counts = new Map<string, number>();
      for (const [, server = "", n] of `${first} ${count}${rest}`.matchAll(/([^\s,]+) (\d+)/g)) {
        const stranger = knownServer(server, cast);
        if (stranger !== null) return stranger;
        counts.set(server, Number(n));
      }
      return expecting(step, { ...said, kind: "counts", counts });
    },
  },
  {
    shape: "at least N servers serve them",
    pattern: form("at least (?<least>\\d+) servers serve them"),
    read: ({ least }, said, _, step) =>
      expecting(step, { ...said, kind: "spread", least: Number(least) }),
  },
  {
    shape: "every client gets STATUS",
    pattern: form("every client gets (?<status>\\d{3})"),
    read: ({ status }, said, _, step) =>
      expecting(step, { ...said, kind: "all-get", status: Number(status) }),
  },
  {
    shape: "the mean wait is at most TIME",
    pattern: form(`the mean wait is at most ${time}`),
    read: ({ time = "" }, said, _, step) =>
      expecting(step, { ...said, kind: "mean", most: milliseconds(time) }),
  },
  {
    shape: "the 99th percentile is at most TIME",
    pattern: form(`the 99th percentile is at most ${time}`),
    read: ({ time = "" }, said, _, step) =>
      expecting(step, { ...said, kind: "p99", most: milliseconds(time) }),
  },
  {
    shape: "SERVER never has more than N requests at once",
    pattern: form(
      `(?<server>every server|${name}) never has more than (?<most>\\d+) requests? at once`,
    ),
    read: ({ server = "", most }, said, cast, step) =>
      knownServers(server, cast) ?? expecting(step, {
        ...said,
        kind: "peak",
        server: server === "every server" ? null : server,
        most: Number(most),
      }),
  },
  {
    shape: "SERVER comes to N requests at once",
    pattern: form(`(?<server>${name}) comes to (?<least>\\d+) requests? at once`),
    read: ({ server = "", least }, said, cast, step) =>
      knownServer(server, cast) ??
        expecting(step, { ...said, kind: "reaches", server, least: Number(least) }),
  },
  {
    shape: "no server ever has more than N requests at once",
    pattern: form("no server ever has more than (?<most>\\d+) requests? at once"),
    read: ({ most }, said, _, step) =>
      expecting(step, { ...said, kind: "peak", server: null, most: Number(most) }),
  },
  ...logParts,
];
