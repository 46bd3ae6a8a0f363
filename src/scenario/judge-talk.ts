/** Judges what happens on connections without HTTP: it is waited for, as far as that makes sense. */
import { type Act, anybody, arrivalOf, linesOf } from "./call.ts";
import { matches } from "./judge.ts";
import type { LogExpectation, Party, TalkExpectation } from "./steps.ts";
import { type Call, eventually, grace, lull, passing } from "./theatre.ts";

/** What is wrong with an expectation; null: it holds. */
export async function judgeTalk(
  expectation: Exclude<TalkExpectation, LogExpectation>,
  act: Act,
): Promise<string | null> {
  const { theatre, players, about } = act;
  const { clock } = theatre;
  const { call } = about[0]!;
  switch (expectation.kind) {
    case "accepts": {
      const { server } = expectation;
      if (server === null) {
        await eventually(clock, lull, () => call.wire.over);
        const arrival = arrivalOf(call, theatre, players);
        return arrival === null ? null : `${arrival.server} accepted it`;
      }
      await eventually(
        clock,
        grace,
        () => arrivalOf(call, theatre, players) !== null || call.wire.over,
      );
      const there = arrivalOf(call, theatre, players)?.server ?? null;
      if (there === null) return `no server accepted it${howItStands(call)}`;
      return there === theatre.stage.originName(server) ? null : `${there} accepted it`;
    }
    case "hears": {
      const { who, words } = expectation;
      const isSo = () => heardBy(who, act).some((line) => matches(words, line));
      return await eventually(clock, grace, isSo) ? null : whatWasHeard(who, act);
    }
    case "hears-nothing":
      await passing(clock, lull);
      return heardBy(expectation.who, act)[0] ?? null;
    case "hears-end": {
      const { who } = expectation;
      const wires = () => endsOf(who, act);
      const isSo = () => wires().length > 0 && wires().every((wire) => wire.over);
      if (await eventually(clock, grace, isSo)) return null;
      return wires().length > 0
        ? `${who.name} has not heard it after ${grace / 1000} s`
        : `${who.name} has no connection`;
    }
    case "closes":
      return await eventually(clock, grace, () => call.wire.over) ? null : "it stays open";
    case "refused":
      await eventually(clock, grace, () => call.wire.over);
      if (call.wire.error?.code === "ECONNREFUSED" && !call.wire.open) return null;
      return call.wire.open ? "the connection was accepted" : `it was not${howItStands(call)}`;
  }
}

/** The ends of the connections at which somebody is. */
function endsOf({ side, name }: Party, { about, players, theatre }: Act) {
  if (side === "client") {
    const { call } = players(name);
    return call === null ? [] : [call.wire];
  }
  const own = about.flatMap(({ call }) => arrivalOf(call, theatre, players) ?? []);
  const origin = theatre.stage.originName(name);
  return own.filter(({ server }) => name === anybody || server === origin).map(({ wire }) => wire);
}

/** The lines that somebody has got since the step began. */
function heardBy({ side, name }: Party, { theatre, players, about, mark }: Act): readonly string[] {
  if (side === "client") {
    const one = about.find(({ client }) => client === name);
    const call = one?.call ?? players(name).call;
    return call === null ? [] : linesOf(call).slice(one?.mark ?? 0);
  }
  const origin = name === anybody ? null : theatre.stage.originName(name);
  return theatre.stage.heard.slice(mark).flatMap(({ server, text }) =>
    origin === null || server === origin ? [text] : []
  );
}

function whatWasHeard(who: Party, act: Act): string {
  const heard = heardBy(who, act);
  if (heard.length > 0) return `${who.name} heard ${heard.map((each) => JSON.stringify(each))}`;
  const others = act.theatre.stage.heard.slice(act.mark).map(({ server }) => server);
  const instead = who.side === "server" && others.length > 0 ? `, ${others[0]} did` : "";
  return `${who.name} heard nothing${instead}`;
}

function howItStands({ wire }: Call): string {
  if (wire.error !== null) return `: ${wire.error.code}`;
  if (wire.over) return ": the connection was closed";
  return wire.open ? "" : ": the connection gets no answer";
}
