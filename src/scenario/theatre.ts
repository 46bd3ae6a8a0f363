/** Where a story is played: what all of the play's parts share. */
import type { Clock } from "../time/clock.ts";
import type { Network } from "../net/socket.ts";
import { type Client, client } from "./client.ts";
import type { Company } from "./company.ts";
import { matches } from "./judge.ts";
import type { Links } from "./links.ts";
import type { Arrival, Sight } from "./origin.ts";
import type { Scene, Verdict } from "./scene.ts";
import type { Stage } from "./stage.ts";
import type { LogExpectation, Said } from "./steps.ts";
import type { Wire } from "./wire.ts";
import type { Entry, World } from "./world.ts";

/** Where a story is played. */
export interface Theatre {
  readonly network: Network;
  readonly clock: Clock;
  readonly world: World;
  readonly stage: Stage;
  readonly company: Company;
  /** What the proxies have logged so far; null: none of them logs. */
  readonly log: readonly string[] | null;
  /** The layer of the network that can lose links; null: the story takes none down. */
  readonly links: Links | null;
  /** Spoils a copy of the scenario's file. @returns null if it is refused then, else a complaint */
  breakFile(): string | null;
}

/** A connection of a client without HTTP. */
export interface Call {
  /** The proxy that the story names; null: none. */
  readonly proxy: string | null;
  readonly wire: Wire;
  /** What ends a line there. */
  readonly lineEnd: "\n" | "\r\n";
  /** When it began. */
  readonly since: number;
  /** Where it arrived, as far as is known. */
  arrival: Arrival | null;
  /** Lines that the client got. */
  readonly heard: string[];
}

/** A client, and what became of it so far. */
export interface Player {
  readonly client: Client;
  /** The server that it met last. */
  previous: string | null;
  /** A request that it does not wait for: its first line, the proxy that is named, who saw it. */
  begun: { readonly line: string; readonly proxy: string | null; readonly sights: Sight[] } | null;
  call: Call | null;
}

/** Those who have appeared. */
export interface Players {
  /** Who has this name; whoever appears for the first time is made. */
  (name: string): Player;
  all(): Iterable<Player>;
  names(): Iterable<string>;
}

/** Nobody has appeared yet. */
export function noPlayers({ network, clock }: Theatre): Players {
  const players = new Map<string, Player>();
  const find = (name: string): Player => {
    const player = players.get(name) ??
      { client: client(network, clock), previous: null, begun: null, call: null };
    players.set(name, player);
    return player;
  };
  return Object.assign(find, { all: () => players.values(), names: () => players.keys() });
}

/** How long a play waits for what must follow from a deed, ms. */
export const grace = 1000;
/** How long it looks for what must not follow, ms. */
export const lull = 100;

/** How often it looks, ms. */
const glance = 10;

/** Resolves after so many ms. */
export function passing(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve));
}

/** Resolves as soon as it is so, or after so many ms. @returns whether it is so */
export async function eventually(
  clock: Clock,
  ms: number,
  isSo: () => boolean,
): Promise<boolean> {
  const start = clock.now();
  while (!isSo()) {
    if (clock.now() - start >= ms) return false;
    await passing(clock, glance);
  }
  return true;
}

/** Where clients of a proxy connect to; null stands for the first that there is. */
export function entryOf(
  { entries }: World,
  proxy: string | null,
  port: number | null,
): Entry | undefined {
  return entries.find((each) =>
    (proxy === null || each.proxy === proxy) &&
    (port === null || each.endpoint.kind === "ip" && each.endpoint.port === port)
  );
}

/** Where in the log a step begins, if it speaks of the log: what came before it is awaited. */
export async function bookmark(
  expectations: readonly { readonly kind: string }[],
  { log, clock }: Theatre,
): Promise<number | null> {
  if (!expectations.some(isOfLog)) return null;
  await passing(clock, lull / 4);
  return log?.length ?? 0;
}

/**
 * As {@linkcode bookmark}, for a wait: what is waited for may have come as soon as the deeds before
 * it were done.
 * @param before where the log was before them; null: there were none
 */
export async function bookmarkBefore(
  before: number | null,
  expectations: readonly { readonly kind: string }[],
  theatre: Theatre,
): Promise<number | null> {
  const mark = await bookmark(expectations, theatre);
  return mark === null ? null : before ?? mark;
}

/**
 * The lines since a bookmark, without those about health checks, which proxies before other proxies
 * log as requests; none where the story does not speak of the log.
 */
export function since(mark: number | null, { log, world }: Theatre): readonly string[] {
  if (mark === null || log === null) return [];
  const ofCheck = (line: string) => world.cast.checks.some((each) => line.endsWith(`"${each}"`));
  return log.slice(mark).filter((line) => !ofCheck(line));
}

/** Whether an expectation speaks of the log. */
export function isOfLog<E extends { readonly kind: string }>(
  expectation: E | LogExpectation,
): expectation is LogExpectation {
  return expectation.kind === "log" || expectation.kind === "log-silent";
}

/** Judges all expectations of a step: what the logs say since a bookmark, and by `judge` the rest. */
export async function judgeAll<E extends { readonly kind: string }>(
  expectations: readonly (E | LogExpectation)[],
  mark: number | null,
  theatre: Theatre,
  judge: (expectation: E) => Verdict | Promise<Verdict>,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const each of expectations) {
    verdicts.push(isOfLog(each) ? await judgeLog(each, mark, theatre) : await judge(each));
  }
  return verdicts;
}

async function judgeLog(
  expectation: LogExpectation,
  mark: number | null,
  theatre: Theatre,
): Promise<Verdict> {
  const { line, text } = expectation;
  const { clock, log } = theatre;
  const verdict = (held: boolean, saw: string | null): Verdict => ({ line, text, held, saw });
  const lines = () => since(mark, theatre);
  if (expectation.kind === "log-silent") {
    await passing(clock, lull);
    return verdict(lines().length === 0, lines()[0] ?? null);
  }
  const { pattern } = expectation;
  const all = () => log?.slice(mark ?? 0) ?? [];
  const held = await eventually(clock, grace, () => all().some((each) => matches(pattern, each)));
  if (held) return verdict(true, null);
  const silence = log === null ? "the configuration has no 'log'" : "it says nothing";
  return verdict(
    false,
    lines().length === 0 ? silence : lines().slice(-3).join("\n              and: "),
  );
}

/** A step that cannot be played. @param saw why not */
export function inVain(step: Said, saw: string): Scene {
  const own = verdictOn(step, saw);
  return { kind: "deed", text: step.text, own, verdicts: [], log: [], notes: [] };
}

/** A verdict on the words of a step. @param saw why it does not hold; null: it holds */
export function verdictOn({ line, text }: Said, saw: string | null): Verdict {
  return { line, text, held: saw === null, saw };
}
