/** Connections without HTTP, as a play knows them: where they arrived, and what was heard. */
import type { Arrival } from "./origin.ts";
import { handshake } from "./speech.ts";
import type { Step, Talk } from "./steps.ts";
import type { Call, Player, Players, Theatre } from "./theatre.ts";

/** For how long a connection must stand to be a client's and not a check's, ms. */
export const standing = 50;
/** What stands for whichever server it is. */
export const anybody = "the server";

/** A step that such a connection has. */
export type TalkStep = Extract<Step, Talk>;

/** A step while it is played. */
export interface Act {
  readonly step: TalkStep;
  readonly theatre: Theatre;
  readonly players: Players;
  /** Whose connections it is about, and how they stood when it began. */
  readonly about: readonly About[];
  /** How many lines servers had got by then. */
  readonly mark: number;
}

/** One of them. */
export interface About {
  readonly client: string;
  readonly player: Player;
  readonly call: Call;
  /** Lines that the client had got, and whether either end was over. */
  readonly mark: number;
  readonly clientOver: boolean;
  readonly serverOver: boolean;
}

/** Where a connection arrived: at a server, and it is neither a check nor another client's. */
export function arrivalOf(
  call: Call,
  { stage, clock, world }: Theatre,
  players: Players,
): Arrival | null {
  if (call.arrival !== null) return call.arrival;
  const taken = new Set([...players.all()].map((player) => player.call?.arrival));
  const isCheck = ({ use, wire }: Arrival) =>
    use === "check" || wire.pending.startsWith(handshake) ||
    world.cast.checks.some((line) => wire.pending.startsWith(line));
  for (const arrival of stage.arrivals()) {
    if (arrival.since < call.since || taken.has(arrival) || isCheck(arrival)) continue;
    const stands = !arrival.wire.over && clock.now() - arrival.since >= standing;
    if (!stands && arrival.use === "unknown") continue;
    call.arrival = arrival;
    return arrival;
  }
  return null;
}

/** The lines that a client got so far; what came last may want its end. */
export function linesOf({ wire, heard }: Call): string[] {
  for (;;) {
    const end = wire.pending.indexOf("\n");
    if (end < 0) break;
    heard.push(wire.take(end + 1).replace(/\r?\n$/, ""));
  }
  return wire.pending === "" ? heard : [...heard, wire.pending];
}
