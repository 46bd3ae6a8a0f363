/** Performs a story: does what each step says, through real sockets, and shows what happened. */
import type { Clock } from "../time/clock.ts";
import { type Endpoint, type Network, SocketError } from "../net/socket.ts";
import { type Client, client } from "./client.ts";
import { judge, judgeBurst } from "./judge.ts";
import { statusOf } from "./message.ts";
import type { Burst, Scene, Verdict } from "./scene.ts";
import type { Stage } from "./stage.ts";
import type { Claim, RequestSpec, Step, StepOf } from "./steps.ts";
import type { World } from "./world.ts";

/** What a play needs of the running proxies. */
export interface Instance {
  /** Ends them: listeners and connections are closed. */
  stop(): void;
  /** The state of every server. */
  servers(): Iterable<{ readonly proxy: string; readonly name: string; readonly up: boolean }>;
}

/** Where a story is played. */
export interface Theatre {
  readonly network: Network;
  readonly clock: Clock;
  readonly world: World;
  readonly stage: Stage;
  readonly instance: Instance;
}

/** How many expectations there were, and how many held. */
export interface Tally {
  readonly judged: number;
  readonly held: number;
}

/** How often a server's state is looked at while a story waits for it, ms. */
const glance = 20;

/** A client, and which server it met last. */
interface Player {
  readonly client: Client;
  previous: string | null;
}

/**
 * Plays the steps in order, to the last, whatever fails on the way.
 * @param show hears of each thing that happens, when it happens
 */
export async function play(
  steps: readonly Step[],
  theatre: Theatre,
  show: (scene: Scene) => void,
): Promise<Tally> {
  const players = new Map<string, Player>();
  let judged = 0;
  let held = 0;
  const tell = (scene: Scene) => {
    for (const verdict of verdictsOf(scene)) {
      judged++;
      if (verdict.held) held++;
    }
    show(scene);
  };
  const playerOf = (name: string): Player => {
    const player = players.get(name) ??
      { client: client(theatre.network, theatre.clock), previous: null };
    players.set(name, player);
    return player;
  };

  for (const step of steps) {
    switch (step.kind) {
      case "heading":
      case "narration":
        tell({ kind: step.kind, text: step.text });
        break;
      case "exchange":
        tell(await exchange(step, theatre, playerOf(step.client)));
        break;
      case "burst":
        tell(await burst(step, theatre, step.client === null ? null : playerOf(step.client)));
        break;
      case "no-cookies":
        playerOf(step.client).client.acceptsCookies = false;
        tell({ kind: "deed", text: step.text, verdict: null });
        break;
      case "power":
      case "answer":
        tell({ kind: "deed", text: step.text, verdict: act(step, theatre.stage) });
        break;
      case "wait":
        await wait(step, theatre, tell);
        break;
      case "pass":
        tell({ kind: "waiting", text: step.text });
        await passing(theatre.clock, step.ms);
        tell({ kind: "waited", ms: step.ms, verdict: null });
        break;
    }
  }
  for (const player of players.values()) player.client.close();
  return { judged, held };
}

/** All that was judged in a scene. */
export function verdictsOf(scene: Scene): readonly Verdict[] {
  switch (scene.kind) {
    case "exchange":
    case "burst":
      return scene.verdicts;
    case "deed":
    case "waited":
      return scene.verdict === null ? [] : [scene.verdict];
    default:
      return [];
  }
}

async function exchange(
  step: StepOf<"exchange">,
  theatre: Theatre,
  player: Player,
): Promise<Scene> {
  const { stage, world } = theatre;
  const origins = new Set(stage.origins.values());
  for (const each of origins) each.answerAll(step.answers);
  stage.sights.length = 0;
  const outcome = await player.client.send(
    step.request,
    entryOf(world, step.request),
    step.sameConnection,
  );
  for (const each of origins) each.answerAll([]);
  const sights = stage.sights.splice(0);
  const { previous } = player;
  player.previous = sights.at(-1)?.server ?? previous;
  const done = {
    client: step.client,
    sameConnection: step.sameConnection,
    outcome,
    sights,
    previous,
  };
  const verdicts = step.expectations.map((expectation) =>
    judge(expectation, done, (server) => stage.origins.get(server)?.name ?? server)
  );
  // What goes without saying: there is a response, and its content is what the server sent.
  const trouble = outcome.failure ?? damage(outcome.content, sights.at(-1)?.content);
  if (trouble !== null && verdicts.every((verdict) => verdict.held)) {
    verdicts.push({ line: step.line, text: step.text, held: false, saw: trouble });
  }
  return {
    kind: "exchange",
    exchange: done,
    asides: step.asides,
    verdicts,
    spoken: spokenOf(step),
  };
}

/** What is wrong with the content that the client got, if a server sent some. */
function damage(got: string, sent: string | undefined): string | null {
  if (sent === undefined || got === sent) return null;
  return `the server's content was ${JSON.stringify(sent)}, the client's ${JSON.stringify(got)}`;
}

/** The fields that a step sends, answers or expects. */
function spokenOf(step: StepOf<"exchange">): ReadonlySet<string> {
  const claims: Claim[] = [...step.answers];
  for (const expectation of step.expectations) {
    if ("claim" in expectation) claims.push(expectation.claim);
  }
  const names = claims.flatMap((claim) => "name" in claim ? [claim.name] : []);
  return new Set(
    [...names, ...step.request.fields.map(([name]) => name)].map((n) => n.toLowerCase()),
  );
}

async function burst(
  step: StepOf<"burst">,
  theatre: Theatre,
  player: Player | null,
): Promise<Scene> {
  const { stage, world, network, clock } = theatre;
  const to = entryOf(world, step.request);
  const statuses = new Map<number, number>();
  stage.sights.length = 0;

  async function one(index: number): Promise<void> {
    const sender = player?.client ?? client(network, clock);
    const outcome = await sender.send(requestAt(step, index), to, false);
    if (player === null) sender.close();
    const status = outcome.response === null ? 0 : statusOf(outcome.response);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  const indices = Array.from({ length: step.count }, (_, i) => i);
  if (step.atOnce) await Promise.all(indices.map(one));
  else for (const index of indices) await one(index);

  const order = stage.sights.splice(0).map((sight) => sight.server);
  if (player !== null) player.previous = order.at(-1) ?? player.previous;
  const counts = new Map([...stage.origins.values()].map(({ name }) => [name, 0]));
  for (const server of order) counts.set(server, (counts.get(server) ?? 0) + 1);
  const { method, uri, version } = step.request;
  const line = `${method} ${uri} ${version}`;
  const sum: Burst = { line, count: step.count, counts, order, statuses };
  const verdicts = step.expectations.map((expectation) => judgeBurst(expectation, sum));
  return { kind: "burst", burst: sum, verdicts };
}

/** The request of the client with this index: `upward` gives each the next higher address. */
function requestAt({ request, upward }: StepOf<"burst">, index: number): RequestSpec {
  if (!upward || request.source === null) return request;
  const parts = request.source.split(".").map(Number);
  const number = parts.reduce((sum, part) => sum * 256 + part, 0) + index;
  const source = [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
  return { ...request, source };
}

/** Does something to servers. @returns a verdict if it cannot be done */
function act(step: StepOf<"power"> | StepOf<"answer">, stage: Stage): Verdict | null {
  const own = step.server === null
    ? [...new Set(stage.origins.values())]
    : [stage.origins.get(step.server)].filter((each) => each !== undefined);
  const { line, text } = step;
  if (own.length === 0) {
    return { line, text, held: false, saw: `${step.server} is not the demo's own server` };
  }
  try {
    for (const each of own) {
      if (step.kind === "answer") each.answer(step.uri, step.claim);
      else if (step.on) each.start();
      else each.stop();
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    return { line, text, held: false, saw: error.message };
  }
  return null;
}

async function wait(
  step: StepOf<"wait">,
  { clock, world, instance }: Theatre,
  tell: (scene: Scene) => void,
): Promise<void> {
  tell({ kind: "waiting", text: step.text });
  const place = world.servers.find((server) => server.label === step.server);
  const isSo = () => {
    for (const { proxy, name, up } of instance.servers()) {
      if (proxy === place?.proxy && name === place.name) return up === step.up;
    }
    return false;
  };
  const start = clock.now();
  while (!isSo() && clock.now() - start < step.deadline) await passing(clock, glance);
  const ms = clock.now() - start;
  const { line, text } = step;
  const held = isSo();
  const saw = held
    ? null
    : `it is still ${step.up ? "DOWN" : "UP"} after ${step.deadline / 1000} s`;
  tell({ kind: "waited", ms, verdict: { line, text, held, saw } });
}

function passing(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => clock.schedule(ms, resolve));
}

function entryOf(world: World, { proxy }: RequestSpec): Endpoint {
  const entry = world.entries.find((each) => proxy === null || each.proxy === proxy);
  if (entry === undefined) throw new Error("a configuration without a listener has no story");
  return entry.endpoint;
}
