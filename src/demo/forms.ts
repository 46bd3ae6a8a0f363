/**
 * The sentences of the story language: for each its shape, as shown to who mistypes it, and how it
 * is read. To extend the language, add a form here and its meaning in play.ts.
 */
import type {
  BurstExpectation,
  Claim,
  Expectation,
  Field,
  RequestSpec,
  Said,
  Step,
  StepOf,
} from "./steps.ts";
import {
  claim,
  claimOf,
  type Form,
  form,
  known,
  milliseconds,
  name,
  problem,
  request,
  requestOf,
  subject,
  target,
  whoOf,
} from "./words.ts";

/** What a sentence indented under a request adds to it. */
export type Part =
  | { readonly kind: "with"; readonly field: Field }
  | { readonly kind: "from"; readonly host: string; readonly upward: boolean }
  | { readonly kind: "answers"; readonly claim: Claim }
  | { readonly kind: "expect"; readonly expectation: Expectation }
  | { readonly kind: "expect-burst"; readonly expectation: BurstExpectation };

/** Sentences that stand for themselves. */
export const sentences: readonly Form<Step, null>[] = [
  {
    shape: "CLIENT sends METHOD URI [HTTP/1.0] [on the same connection] [to PROXY] [N times]",
    pattern: form(
      `(?<client>${name}) sends ${request}(?<same> on the same connection)?${target}(?: (?<times>\\d+) times)?`,
    ),
    read(groups, said, cast) {
      const spec = requestOf(groups, cast);
      if ("kind" in spec) return spec;
      const { client = "", times, same } = groups;
      if (times === undefined) {
        return {
          ...said,
          kind: "exchange",
          client,
          request: spec,
          sameConnection: same !== undefined,
          answers: [],
          asides: [],
          expectations: [],
        };
      }
      if (same !== undefined) {
        return problem(
          "on the same",
          "many requests on one connection are told one by one",
          "leave out 'N times' or 'on the same connection'",
        );
      }
      return burst(said, client, Number(times), false, spec);
    },
  },
  {
    shape: "N new clients send METHOD URI [HTTP/1.0] [at once] [to PROXY]",
    pattern: form(`(?<count>\\d+) new clients send ${request}(?<once> at once)?${target}`),
    read(groups, said, cast) {
      const spec = requestOf(groups, cast);
      if ("kind" in spec) return spec;
      return burst(said, null, Number(groups["count"]), groups["once"] !== undefined, spec);
    },
  },
  {
    shape: "CLIENT accepts no cookies",
    pattern: form(`(?<client>${name}) accepts no cookies`),
    read: ({ client = "" }, said) => ({ ...said, kind: "no-cookies", client }),
  },
  {
    shape: "SERVER stops",
    pattern: form(`(?<server>${name}) stops`),
    read: ({ server = "" }, said, cast) =>
      known(server, "server", cast.servers) ?? { ...said, kind: "power", server, on: false },
  },
  {
    shape: "SERVER starts",
    pattern: form(`(?<server>${name}) starts`),
    read: ({ server = "" }, said, cast) =>
      known(server, "server", cast.servers) ?? { ...said, kind: "power", server, on: true },
  },
  {
    shape: "SERVER answers URI with STATUS (or FIELD: VALUE)",
    pattern: form(`(?<server>every server|${name}) answers (?<uri>/\\S*) with ${claim}`),
    read({ server = "", uri = "", claim = "" }, said, cast) {
      const every = server === "every server";
      return (every ? null : known(server, "server", cast.servers)) ??
        { ...said, kind: "answer", server: every ? null : server, uri, claim: claimOf(claim) };
    },
  },
  {
    shape: "SERVER answers URI as usual",
    pattern: form(`(?<server>every server|${name}) answers (?<uri>/\\S*) as usual`),
    read({ server = "", uri = "" }, said, cast) {
      const every = server === "every server";
      return (every ? null : known(server, "server", cast.servers)) ??
        { ...said, kind: "answer", server: every ? null : server, uri, claim: null };
    },
  },
  {
    shape: "wait until SERVER is UP (or DOWN) [at most TIME]",
    pattern: form(
      `wait until (?<server>${name}) is (?<state>UP|DOWN)(?:,? at most (?<time>\\d+ ?(?:ms|s|m)))?`,
    ),
    read: ({ server = "", state, time = "30s" }, said, cast) =>
      known(server, "server", cast.servers) ??
        { ...said, kind: "wait", server, up: state === "UP", deadline: milliseconds(time) },
  },
  {
    shape: "TIME passes (as in: 10 s pass)",
    pattern: form("(?<time>\\d+ ?(?:ms|s|m)) pass(?:es)?"),
    read: ({ time = "" }, said) => ({ ...said, kind: "pass", ms: milliseconds(time) }),
  },
];

/** Sentences indented under a single request. */
export const exchangeParts: readonly Form<Part, StepOf<"exchange">>[] = [
  {
    shape: "with FIELD: VALUE",
    pattern: form("with (?<name>[^\\s:]+): ?(?<value>.*)"),
    read: ({ name = "", value = "" }) => ({ kind: "with", field: [name, value] }),
  },
  {
    shape: "from ADDRESS",
    pattern: form("from (?<host>[0-9a-fA-F.:]+)"),
    read: ({ host = "" }) => ({ kind: "from", host, upward: false }),
  },
  {
    shape: "the server answers with STATUS (or FIELD: VALUE)",
    pattern: form(`the server answers with ${claim}`),
    read: ({ claim = "" }) => ({ kind: "answers", claim: claimOf(claim) }),
  },
  {
    shape: "SERVER serves it (or: the same server, another server)",
    pattern: form(`${subject} serves it`),
    read({ who: words = "" }, said, cast) {
      const who = whoOf(words, cast);
      if (who.kind === "problem") return who;
      return { kind: "expect", expectation: { ...said, kind: "serves", who } };
    },
  },
  {
    shape: "no server sees it",
    pattern: form("no server sees it"),
    read: (_, said) => ({
      kind: "expect",
      expectation: { ...said, kind: "serves", who: { kind: "none" } },
    }),
  },
  {
    shape: "SERVER sees FIELD: VALUE (or: no FIELD; METHOD URI VERSION)",
    pattern: form(`${subject} sees (?<claim>no \\S+|[A-Z]+ \\S+ HTTP/\\S+|[^\\s:]+:.*)`),
    read({ who: words = "", claim = "" }, said, cast) {
      const who = whoOf(words, cast);
      if (who.kind === "problem") return who;
      return { kind: "expect", expectation: { ...said, kind: "sees", who, claim: claimOf(claim) } };
    },
  },
  {
    shape: "CLIENT gets STATUS (or: FIELD: VALUE; no FIELD)",
    pattern: form(`(?<client>${name}) gets (?<claim>\\d{3}|no \\S+|[^\\s:]+:.*)`),
    read({ client = "", claim = "" }, said, _, step) {
      if (client !== step.client) {
        return problem(
          client,
          `'${client}' did not send this request`,
          `${step.client} did, in line ${step.line}: write '${step.client} gets'`,
        );
      }
      return { kind: "expect", expectation: { ...said, kind: "gets", claim: claimOf(claim) } };
    },
  },
  {
    shape: "the connection closes",
    pattern: form("the connection closes"),
    read: (_, said) => ({ kind: "expect", expectation: { ...said, kind: "closes" } }),
  },
];

/** Sentences indented under many requests. */
export const burstParts: readonly Form<Part, StepOf<"burst">>[] = [
  {
    shape: "with FIELD: VALUE",
    pattern: form("with (?<name>[^\\s:]+): ?(?<value>.*)"),
    read: ({ name = "", value = "" }) => ({ kind: "with", field: [name, value] }),
  },
  {
    shape: "from ADDRESS [upward]",
    pattern: form("from (?<host>[0-9.]+)(?<upward> upward)?"),
    read: ({ host = "", upward }) => ({ kind: "from", host, upward: upward !== undefined }),
  },
  {
    shape: "SERVER serves N, SERVER N, ...",
    pattern: form(`(?<first>${name}) serves (?<count>\\d+)(?<rest>(?:,? (?:and )?${name} \\d+)*)`),
    read({ first = "", count = "", rest = "" }, said, cast) {
      const counts = new Map<string, number>();
      for (const [, server = "", n] of `${first} ${count}${rest}`.matchAll(/([^\s,]+) (\d+)/g)) {
        const stranger = known(server, "server", cast.servers);
        if (stranger !== null) return stranger;
        counts.set(server, Number(n));
      }
      return { kind: "expect-burst", expectation: { ...said, kind: "counts", counts } };
    },
  },
  {
    shape: "at least N servers serve them",
    pattern: form("at least (?<least>\\d+) servers serve them"),
    read: ({ least }, said) => ({
      kind: "expect-burst",
      expectation: { ...said, kind: "spread", least: Number(least) },
    }),
  },
  {
    shape: "every client gets STATUS",
    pattern: form("every client gets (?<status>\\d{3})"),
    read: ({ status }, said) => ({
      kind: "expect-burst",
      expectation: { ...said, kind: "all-get", status: Number(status) },
    }),
  },
];

function burst(
  said: Said,
  client: string | null,
  count: number,
  atOnce: boolean,
  request: RequestSpec,
): StepOf<"burst"> {
  return {
    ...said,
    kind: "burst",
    client,
    count,
    atOnce,
    upward: false,
    request,
    expectations: [],
  };
}
