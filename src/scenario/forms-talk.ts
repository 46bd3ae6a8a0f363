/** The sentences about connections without HTTP, and those indented under them. */
import { logParts } from "./forms-parts.ts";
import type { Party, Said, Step, StepOf, Talk } from "./steps.ts";
import {
  address,
  expecting,
  type Form,
  form,
  isServer,
  known,
  knownEntry,
  knownServer,
  name,
  partyOf,
  type Problem,
} from "./words.ts";

/** Sentences that stand for themselves. */
export const talks: readonly Form<Step, null>[] = [
  {
    shape: "CLIENT connects [to PROXY] [port N]",
    pattern: form(
      `(?<client>${name}) connects(?: to (?<proxy>\\S+))?(?: (?:on |to )?port (?<port>\\d+))?`,
    ),
    read({ client = "", proxy, port }, said, cast) {
      return knownEntry(proxy, port, cast) ?? {
        ...said,
        kind: "connect",
        client,
        proxy: proxy ?? null,
        port: port === undefined ? null : Number(port),
        source: null,
        expectations: [],
      };
    },
  },
  {
    shape: "CLIENT says TEXT",
    pattern: form(`(?<client>${name}) says (?<words>.+)`),
    read: ({ client = "", words = "" }, said) => ({
      ...said,
      kind: "say",
      client,
      words,
      expectations: [],
    }),
  },
  {
    shape: "CLIENT finishes (or SERVER)",
    pattern: form(`(?<who>${name}) finishes`),
    read: ({ who = "" }, said, cast) => ({
      ...said,
      kind: "finish",
      who: partyOf(who, cast),
      expectations: [],
    }),
  },
  {
    shape: "CLIENT hangs up",
    pattern: form(`(?<client>${name}) hangs up`),
    read: ({ client = "" }, said) => ({ ...said, kind: "hang-up", client, expectations: [] }),
  },
];

type TalkStep = Said & Talk;

/** Sentences indented under any of them. */
export const talkParts: readonly Form<Step, TalkStep>[] = [
  {
    shape: "SERVER accepts it",
    pattern: form(`(?<server>${name}) accepts it`),
    read: ({ server = "" }, said, cast, step) =>
      knownServer(server, cast) ?? expecting(step, { ...said, kind: "accepts", server }),
  },
  {
    shape: "no server sees it",
    pattern: form("no server sees it"),
    read: (_, said, __, step) => expecting(step, { ...said, kind: "accepts", server: null }),
  },
  {
    shape: "SERVER hears TEXT (or CLIENT; or: the end, nothing)",
    pattern: form(`(?<who>the server|${name}) hears (?<text>.+)`),
    read({ who: word = "", text = "" }, said, cast, step) {
      const who = hearer(word, cast, step);
      if ("kind" in who) return who;
      if (text === "the end") return expecting(step, { ...said, kind: "hears-end", who });
      if (text === "nothing") return expecting(step, { ...said, kind: "hears-nothing", who });
      return expecting(step, { ...said, kind: "hears", who, words: text });
    },
  },
  {
    shape: "the connection closes",
    pattern: form("the connection closes"),
    read: (_, said, __, step) => expecting(step, { ...said, kind: "closes" }),
  },
  {
    shape: "CLIENT is refused",
    pattern: form(`(?<who>${name}) is refused`),
    read({ who: word = "" }, said, cast, step) {
      const who = hearer(word, cast, step);
      return "kind" in who ? who : expecting(step, { ...said, kind: "refused" });
    },
  },
  {
    shape: "CLIENT gets nothing",
    pattern: form(`(?<who>${name}) gets nothing`),
    read({ who: word = "" }, said, cast, step) {
      const who = hearer(word, cast, step);
      return "kind" in who ? who : expecting(step, { ...said, kind: "hears-nothing", who });
    },
  },
  ...logParts,
];

/** Sentences indented under a connect. */
export const connectParts: readonly Form<Step, StepOf<"connect">>[] = [
  {
    shape: "from ADDRESS",
    pattern: form(`from (?<host>${address})`),
    read: ({ host = "" }, _, __, step) => ({ ...step, source: host }),
  },
  ...talkParts,
];

/** Who hears: a server, or the client of the step, if it has one. */
function hearer(
  word: string,
  cast: Parameters<typeof partyOf>[1],
  step: TalkStep,
): Party | Problem {
  if (word === "the server") return { side: "server", name: word };
  const client = clientOf(step);
  if (isServer(word, cast) || client === null || word === client) return partyOf(word, cast);
  const stranger = known(word, "client or server", [client, ...cast.servers]);
  return stranger ?? partyOf(word, cast);
}

function clientOf(step: TalkStep): string | null {
  if (step.kind !== "finish") return step.client;
  return step.who.side === "client" ? step.who.name : null;
}
