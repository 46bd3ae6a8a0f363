/**
 * The sentences of the story language: for each its shape, as shown to who mistypes it, and how it
 * is read. Those about requests are here, those indented under them in forms-parts.ts, connections
 * without HTTP in forms-talk.ts, and what is done to servers and processes in forms-deeds.ts. To
 * extend the language, add a form, its type to steps.ts, and its meaning to play.ts.
 */
import { deeds } from "./forms-deeds.ts";
import { talks } from "./forms-talk.ts";
import type { RequestSpec, Said, Step, StepOf } from "./steps.ts";
import { type Form, form, name, problem, request, requestOf, target } from "./words.ts";

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
    shape: "N new clients send METHOD URI [HTTP/1.0] [to PROXY] [at once]",
    pattern: form(
      `(?<count>\\d+) new clients send ${request}(?<early> at once(?= to ))?${target}(?<once> at once)?`,
    ),
    read(groups, said, cast) {
      const spec = requestOf(groups, cast);
      if ("kind" in spec) return spec;
      const atOnce = (groups["early"] ?? groups["once"]) !== undefined;
      return burst(said, null, Number(groups["count"]), atOnce, spec);
    },
  },
  {
    shape: "CLIENT begins METHOD URI [HTTP/1.0] [to PROXY]",
    pattern: form(`(?<client>${name}) begins ${request}${target}`),
    read(groups, said, cast) {
      const spec = requestOf(groups, cast);
      if ("kind" in spec) return spec;
      const { client = "" } = groups;
      return { ...said, kind: "begin", client, request: spec, expectations: [] };
    },
  },
  {
    shape: "CLIENT waits for its response",
    pattern: form(`(?<client>${name}) waits for its response`),
    read: ({ client = "" }, said) => ({
      ...said,
      kind: "await",
      client,
      asides: [],
      expectations: [],
    }),
  },
  ...talks,
  ...deeds,
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
