/** Plays requests: one, one that is not waited for, or many. */
import { client, type Outcome } from "./client.ts";
import { judge, judgeBurst } from "./judge.ts";
import { statusOf } from "./message.ts";
import type { Origin, Sight } from "./origin.ts";
import type { Burst, Exchange, Scene } from "./scene.ts";
import type { Aside, Claim, Expectation, RequestSpec, Said, StepOf } from "./steps.ts";
import {
  bookmark,
  entryOf,
  eventually,
  inVain,
  judgeAll,
  type Player,
  type Players,
  since,
  type Theatre,
  verdictOn,
} from "./theatre.ts";

/** How long a client waits for a response that the story does not expect, ms. */
const doubt = 3000;
/** How long a request that is begun may take to come to where it waits, ms. */
const settling = 50;

/** One request and its response. */
export async function exchange(
  step: StepOf<"exchange">,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const { stage } = theatre;
  const player = players(step.client);
  const mark = await bookmark(step.expectations, theatre);
  sightsFor(null, theatre, players);
  player.begun = null;
  for (const each of stage.origins) each.answerAll(step.answers);
  const outcome = await player.client.send(
    step.request,
    endpointFor(step.request, theatre),
    step.sameConnection,
    patienceFor(step.expectations),
  );
  for (const each of stage.origins) each.answerAll([]);
  const sights = sightsFor(lineOf(step.request), theatre, players);
  const fields = step.request.fields.map(([name]) => name);
  const { sameConnection, request: { proxy } } = step;
  return await judged(step, { sameConnection, proxy, outcome, sights }, {
    mark,
    spoken: spokenOf(fields, step.answers, step.expectations),
    theatre,
    player,
  });
}

/** Sends a request, and leaves it on its way. */
export async function begin(
  step: StepOf<"begin">,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const { clock, stage } = theatre;
  const player = players(step.client);
  const mark = await bookmark(step.expectations, theatre);
  sightsFor(null, theatre, players);
  const line = lineOf(step.request);
  player.begun = { line, proxy: step.request.proxy, sights: [] };
  player.client.begin(step.request, endpointFor(step.request, theatre), false);
  // It is to be there, at a server or in a queue, before anything else happens.
  await eventually(
    clock,
    settling,
    () => stage.sights.some(({ request }) => request.line === line),
  );
  sightsFor(null, theatre, players);
  const verdicts = await judgeAll(step.expectations, mark, theatre, (none: never) => none);
  const { text, notes = [] } = step;
  return { kind: "deed", text, own: null, verdicts, log: since(mark, theatre), notes };
}

/** The response to what was begun. */
export async function awaitResponse(
  step: StepOf<"await">,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const player = players(step.client);
  const mark = await bookmark(step.expectations, theatre);
  const { begun } = player;
  if (begun === null) {
    return inVain(step, `${step.client} has nothing to wait for any more`);
  }
  const outcome = await player.client.response(patienceFor(step.expectations));
  sightsFor(null, theatre, players);
  player.begun = null;
  const { proxy, sights } = begun;
  return await judged(step, { sameConnection: false, proxy, outcome, sights }, {
    mark,
    spoken: spokenOf([], [], step.expectations),
    theatre,
    player,
  });
}

interface Single extends Said {
  readonly client: string;
  readonly asides: readonly Aside[];
  readonly expectations: readonly Expectation[];
}

/** An exchange with its verdicts. */
async function judged(
  step: Single,
  what: Omit<Exchange, "client" | "previous">,
  { mark, spoken, theatre, player }: {
    readonly mark: number | null;
    readonly spoken: ReadonlySet<string>;
    readonly theatre: Theatre;
    readonly player: Player;
  },
): Promise<Scene> {
  const { outcome, sights } = what;
  const done: Exchange = { ...what, client: step.client, previous: player.previous };
  player.previous = sights.at(-1)?.server ?? player.previous;
  const { originName } = theatre.stage;
  const verdicts = await judgeAll(
    step.expectations,
    mark,
    theatre,
    (each) => judge(each, done, originName),
  );
  const trouble = unexpected(step.expectations, outcome, sights.at(-1));
  if (trouble !== null && verdicts.every((verdict) => verdict.held)) {
    verdicts.push(verdictOn(step, trouble));
  }
  const { asides } = step;
  const log = since(mark, theatre);
  const sources = step.expectations.some(({ kind }) => kind === "sees-from");
  return { kind: "exchange", exchange: done, asides, verdicts, spoken, sources, log, notes: [] };
}

/**
 * What goes without saying: there is a response, and it is the server's, with its content, unless
 * the story expects another status, which the proxy puts in its place.
 */
function unexpected(
  expectations: readonly Expectation[],
  { failure, response, content }: Outcome,
  sight: Sight | undefined,
): string | null {
  if (expectations.some(({ kind }) => kind === "nothing" || kind === "refused")) return null;
  if (response === null) return failure;
  if (sight === undefined) return null;
  if (statusOf(response) !== statusOf(sight.response)) {
    const told = expectations.some((each) => each.kind === "gets" && each.claim.kind === "status");
    return told ? null : `the server's response was ${sight.response.line}, not ${response.line}`;
  }
  if (content === sight.content) return null;
  const [sent, got] = [sight.content, content].map((each) => JSON.stringify(each));
  return `the server's content was ${sent}, the client's ${got}`;
}

function patienceFor(expectations: readonly Expectation[]): number | undefined {
  return expectations.some(({ kind }) => kind === "nothing") ? doubt : undefined;
}

/**
 * Takes what the servers saw, and gives those who wait for their responses what is theirs.
 * @param line the request line of the exchange that is over; null: there was none
 * @returns what is nobody else's
 */
export function sightsFor(line: string | null, { stage }: Theatre, players: Players): Sight[] {
  return stage.sights.splice(0).filter(({ request }, i, all) => {
    if (request.line === line) return true;
    for (const { begun } of players.all()) {
      if (begun?.line !== request.line) continue;
      begun.sights.push(all[i]!);
      return false;
    }
    return true;
  });
}

/** The fields that a step sends, answers or expects. */
function spokenOf(
  sent: readonly string[],
  answers: readonly Claim[],
  expectations: readonly Expectation[],
): ReadonlySet<string> {
  const claims: Claim[] = [...answers];
  for (const expectation of expectations) {
    if ("claim" in expectation) claims.push(expectation.claim);
  }
  const names = claims.flatMap((claim) => "name" in claim ? [claim.name] : []);
  return new Set([...names, ...sent].map((name) => name.toLowerCase()));
}

/** Many requests. */
export async function burst(
  step: StepOf<"burst">,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const { stage, network, clock } = theatre;
  const player = step.client === null ? null : players(step.client);
  const to = endpointFor(step.request, theatre);
  const statuses = new Map<number, number>();
  const waits: number[] = [];
  const mark = await bookmark(step.expectations, theatre);
  sightsFor(null, theatre, players);
  if (player !== null) player.begun = null;
  for (const each of stage.origins) each.peak = 0;

  async function one(index: number): Promise<void> {
    const sender = player?.client ?? client(network, clock);
    const outcome = await sender.send(requestAt(step, index), to, false);
    if (player === null) sender.close();
    const status = outcome.response === null ? 0 : statusOf(outcome.response);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    waits.push(outcome.wait);
  }
  const indices = Array.from({ length: step.count }, (_, i) => i);
  if (step.atOnce) await Promise.all(indices.map(one));
  else for (const index of indices) await one(index);

  const order = sightsFor(lineOf(step.request), theatre, players).map(({ server }) => server);
  if (player !== null) player.previous = order.at(-1) ?? player.previous;
  const counts = new Map<string, number>();
  const peaks = new Map<string, number>();
  for (const { name, peak } of concerned(step.request, order, theatre)) {
    counts.set(name, order.filter((server) => server === name).length);
    peaks.set(name, Math.max(peak, peaks.get(name) ?? 0));
  }
  const { count, atOnce, request: { proxy } } = step;
  const line = lineOf(step.request);
  const sum: Burst = {
    ...{ line, proxy, count, atOnce, counts, peaks, order, statuses },
    ...summed(waits),
  };
  const verdicts = await judgeAll(
    step.expectations,
    mark,
    theatre,
    (each) => judgeBurst(each, sum, stage.originName),
  );
  const log = since(mark, theatre);
  return { kind: "burst", burst: sum, verdicts, log, notes: step.notes ?? [] };
}

/** The servers of the proxy that requests were sent to, and whoever else got any. */
function concerned(
  { proxy, port }: RequestSpec,
  order: readonly string[],
  { stage, world }: Theatre,
): Origin[] {
  const entry = entryOf(world, proxy, port);
  const places = world.servers.filter((place) => place.proxy === entry?.proxy);
  const own = new Set(places.map(({ label }) => stage.originName(label)));
  return stage.origins.filter(({ name }) => own.has(name) || order.includes(name));
}

/** The mean and the 99th percentile (the least value that 99 of 100 do not exceed). */
function summed(values: number[]): { readonly mean: number; readonly p99: number } {
  const sorted = values.sort((a, b) => a - b);
  const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
  return { mean, p99: sorted[Math.ceil(0.99 * sorted.length) - 1] ?? 0 };
}

/** The request of the client with this index: `upward` gives each the next higher address. */
function requestAt({ request, upward }: StepOf<"burst">, index: number): RequestSpec {
  if (!upward || request.source === null) return request;
  const parts = request.source.split(".").map(Number);
  const number = parts.reduce((sum, part) => sum * 256 + part, 0) + index;
  const source = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  return { ...request, source };
}

function lineOf({ method, uri, version }: RequestSpec): string {
  return `${method} ${uri} ${version}`;
}

function endpointFor({ proxy, port }: RequestSpec, { world }: Theatre) {
  const entry = entryOf(world, proxy, port);
  if (entry === undefined) throw new Error("a configuration without a listener has no story");
  return entry.endpoint;
}
