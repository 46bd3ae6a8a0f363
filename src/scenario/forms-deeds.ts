/** The sentences about what is done to servers, links and processes, and about waiting. */
import type { Deed, LogExpectation, Said, Signal, Step } from "./steps.ts";
import { network } from "../net/ip/cidr.ts";
import {
  address,
  claim,
  claimOf,
  type Form,
  form,
  type Groups,
  isServer,
  known,
  knownServer,
  knownServers,
  milliseconds,
  name,
  problem,
  time,
} from "./words.ts";

/** A deed as a step of its own. */
function step(said: Said, deed: Deed): Said & Deed & { expectations: readonly LogExpectation[] } {
  return { ...said, ...deed, expectations: [] };
}

/** A deed to one server, or its opposite. */
function toServer(
  shape: string,
  words: string,
  kind: "response" | "presence" | "checks",
  on: boolean,
): Form<Step, null> {
  return {
    shape,
    pattern: form(`(?<server>${name}) ${words}`),
    read: ({ server = "" }, said, cast) =>
      knownServer(server, cast) ?? step(said, { kind, server, on }),
  };
}

/** `X stops`, `X starts`: X is a server, or a proxy of the configuration. */
function power(verb: string, on: boolean): Form<Step, null> {
  return {
    shape: `SERVER ${verb} (or PROXY)`,
    pattern: form(`(?<who>${name}) ${verb}`),
    read({ who = "" }, said, cast) {
      if (isServer(who, cast)) return step(said, { kind: "power", server: who, on });
      return known(who, "server or proxy", [...cast.servers, ...cast.proxies]) ??
        step(said, { kind: "listening", proxy: who, on });
    },
  };
}

function link(words: string, up: boolean): Form<Step, null> {
  const net = `${address}(?:/\\d+)?`;
  return {
    shape: `the link between ADDRESS[/LEN] and ADDRESS[/LEN] ${words}`,
    pattern: form(`the link between (?<one>${net}) and (?<other>${net}) ${words}`),
    read({ one = "", other = "" }, said) {
      for (const text of [one, other]) {
        try {
          network(text);
        } catch (error) {
          if (!(error instanceof RangeError)) throw error;
          return problem(
            text,
            `'${text}' is no network`,
            "write it as 127.0.1.0/24, or an address",
          );
        }
      }
      return step(said, { kind: "link", one, other, up });
    },
  };
}

const signals: readonly Signal[] = ["TTOU", "TTIN", "USR1", "HUP", "TERM", "INT"];
const which = "(?<which>sluice|the old sluice)";
const whichOf = ({ which }: Groups) => which === "sluice" ? "newest" : "old";
const atMost = `(?:,? at most ${time})?`;

/** Sentences that stand for themselves. */
export const deeds: readonly Form<Step, null>[] = [
  {
    shape: "CLIENT accepts no cookies",
    pattern: form(`(?<client>${name}) accepts no cookies`),
    read: ({ client = "" }, said) => step(said, { kind: "no-cookies", client }),
  },
  power("stops", false),
  power("starts", true),
  toServer("SERVER hangs", "hangs", "response", false),
  toServer("SERVER answers again", "answers again", "response", true),
  toServer("SERVER vanishes", "vanishes", "presence", false),
  toServer("SERVER returns", "returns", "presence", true),
  toServer("SERVER stops answering checks", "stops answering checks", "checks", false),
  toServer("SERVER answers checks again", "answers checks again", "checks", true),
  {
    shape: "SERVER takes TIME for each request (or every server)",
    pattern: form(`(?<server>every server|${name}) takes ${time} for each request`),
    read: ({ server = "", time = "" }, said, cast) =>
      knownServers(server, cast) ??
        step(said, { kind: "pace", server: oneOf(server), ms: milliseconds(time) }),
  },
  {
    shape: "SERVER answers URI with STATUS (or FIELD: VALUE)",
    pattern: form(`(?<server>every server|${name}) answers (?<uri>/\\S*) with ${claim}`),
    read: ({ server = "", uri = "", claim = "" }, said, cast) =>
      knownServers(server, cast) ??
        step(said, { kind: "answer", server: oneOf(server), uri, claim: claimOf(claim) }),
  },
  {
    shape: "SERVER answers URI as usual",
    pattern: form(`(?<server>every server|${name}) answers (?<uri>/\\S*) as usual`),
    read: ({ server = "", uri = "" }, said, cast) =>
      knownServers(server, cast) ??
        step(said, { kind: "answer", server: oneOf(server), uri, claim: null }),
  },
  link("goes down", false),
  link("comes back", true),
  {
    shape: `sluice gets SIGNAL (or: the old sluice; ${signals.join(", ")})`,
    pattern: form(`${which} gets (?:SIG)?(?<signal>[A-Z0-9]+)`),
    read(groups, said) {
      const { signal: word = "" } = groups;
      const signal = signals.find((each) => each === word);
      if (signal === undefined) return known(word, "signal", signals) ?? problem(word, "", "");
      return step(said, { kind: "signal", to: whichOf(groups), signal });
    },
  },
  ...(["starts", "cannot start", "takes over"] as const).map((how): Form<Step, null> => ({
    shape: `a new sluice ${how}`,
    pattern: form(`a new sluice ${how}`),
    read: (_, said) => step(said, { kind: "start", how }),
  })),
  {
    shape: "a new sluice with a broken file cannot start",
    pattern: form("a new sluice with a broken file cannot start"),
    read: (_, said) => step(said, { kind: "start", how: "broken" }),
  },
  {
    shape: "sluice ends [, at most TIME] (or: the old sluice)",
    pattern: form(`${which} ends${atMost}`),
    read: (groups, said) =>
      step(said, {
        kind: "end",
        of: whichOf(groups),
        deadline: milliseconds(groups["time"] ?? "30s"),
      }),
  },
  {
    shape: "wait until SERVER is UP (or DOWN) [at most TIME]",
    pattern: form(`wait until (?<server>${name}) is (?<state>UP|DOWN)${atMost}`),
    read: ({ server = "", state, time = "30s" }, said, cast) =>
      knownServer(server, cast) ??
        step(said, { kind: "wait", server, up: state === "UP", deadline: milliseconds(time) }),
  },
  {
    shape: "TIME passes (as in: 10 s pass)",
    pattern: form(`${time} pass(?:es)?`),
    read: ({ time = "" }, said) => step(said, { kind: "pass", ms: milliseconds(time) }),
  },
];

/** null: every server. */
function oneOf(words: string): string | null {
  return words === "every server" ? null : words;
}
