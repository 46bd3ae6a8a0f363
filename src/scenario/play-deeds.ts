/** Plays what is done to servers, links and processes, and the waits. */
import { network } from "../net/ip/cidr.ts";
import { type Endpoint, showEndpoint, SocketError } from "../net/socket.ts";
import type { Origin } from "./origin.ts";
import type { Scene, Verdict } from "./scene.ts";
import type { Deed, Step, StepOf } from "./steps.ts";
import {
  bookmark,
  bookmarkBefore,
  eventually,
  judgeAll,
  passing,
  type Players,
  since,
  type Theatre,
  verdictOn,
} from "./theatre.ts";
import type { World } from "./world.ts";

/** A step that is a deed. */
export type DeedStep = Extract<Step, Deed>;

/** Deeds that open and close listeners. */
const listens = new Set<Step["kind"]>(["power", "listening", "signal", "start"]);

/** How long they are given, ms: on Deno it is done in the next turn of the event loop only. */
const turn = 10;

/** The other steps. */
const others = new Set<Step["kind"]>([
  "heading",
  "narration",
  "exchange",
  "begin",
  "await",
  "burst",
  "connect",
  "say",
  "finish",
  "hang-up",
]);

/** Whether a step is a deed. */
export function isDeed(step: Step): step is DeedStep {
  return !others.has(step.kind);
}

/** Whether a step only waits. */
export function isWait(step: Step): step is StepOf<"wait" | "pass" | "end"> {
  return step.kind === "wait" || step.kind === "pass" || step.kind === "end";
}

/**
 * Does what the step says, and tells it.
 * @param before where the log was before the deeds that lead to this one; null: none do
 */
export async function act(
  step: DeedStep,
  before: number | null,
  theatre: Theatre,
  players: Players,
  tell: (scene: Scene) => void,
): Promise<void> {
  const { clock } = theatre;
  const waits = isWait(step);
  const mark = waits
    ? await bookmarkBefore(before, step.expectations, theatre)
    : await bookmark(step.expectations, theatre);
  if (waits) tell({ kind: "waiting", text: step.text });
  const start = clock.now();
  // Within one process sockets do not change hands, as they do between two: see company.ts.
  if (step.kind === "start" && step.how === "takes over") {
    theatre.company.instance("newest")?.pause();
    await passing(clock, turn);
  }
  const own = waits
    ? await wait(step, theatre)
    : troubled(step, () => perform(step, theatre, players));
  if (listens.has(step.kind)) await passing(clock, turn);
  const ms = clock.now() - start;
  const verdicts = await judgeAll(step.expectations, mark, theatre, (none: never) => none);
  const log = since(mark, theatre);
  const judged = { verdicts, log, notes: step.notes ?? [] };
  if (waits) tell({ kind: "waited", ms, own, ...judged });
  else tell({ kind: "deed", text: step.text, own, ...judged });
}

/** The verdict on a deed: null where it is done, and nothing was in question. */
function troubled(step: DeedStep, deed: () => string | null): Verdict | null {
  // Whether a process starts is what such a step is about; else doing is not judged.
  const asks = step.kind === "start";
  try {
    const trouble = deed();
    return trouble === null && !asks ? null : verdictOn(step, trouble);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const inVain = step.kind === "start" && step.how === "cannot start";
    return verdictOn(step, inVain ? null : error.message);
  }
}

/** @returns why it cannot be done; null: it is done. @throws {SocketError} likewise */
function perform(
  step: Exclude<DeedStep, StepOf<"wait" | "pass" | "end">>,
  theatre: Theatre,
  players: Players,
): string | null {
  const { stage, company } = theatre;
  switch (step.kind) {
    case "no-cookies":
      players(step.client).client.acceptsCookies = false;
      return null;
    case "power":
      return power(step, theatre);
    case "response":
      return toOrigins(step.server, theatre, true, (each) => each.responsive(step.on));
    case "answer":
      return toOrigins(step.server, theatre, true, (each) => each.answer(step.uri, step.claim));
    case "pace":
      return toOrigins(step.server, theatre, false, (each) => {
        each.pace = step.ms;
      });
    case "presence":
      return presence(step, theatre);
    case "checks": {
      const origin = stage.checkOriginOf(step.server);
      if (origin === null) return whoAnswersChecks(step, theatre);
      origin.withdrawn = !step.on;
      if (step.on && stage.originsOf(step.server).some((each) => each.running)) origin.start();
      else origin.stop();
      return null;
    }
    case "listening":
      return listening(step.proxy, step.on, theatre);
    case "link":
      return link(step, theatre);
    case "signal":
      company.signal(step.to, step.signal);
      return null;
    case "start":
      if (step.how === "broken") return theatre.breakFile();
      company.start(step.how === "takes over");
      return step.how === "cannot start" ? "it has started" : null;
  }
}

/** A server that is a proxy of this configuration stops as one. */
function power({ server, on }: StepOf<"power">, theatre: Theatre): string | null {
  const proxy = proxyBehind(server, theatre.world);
  if (proxy !== null) return listening(proxy, on, theatre);
  return toOrigins(server, theatre, true, (each) => {
    if (!on) each.stop();
    else if (!each.withdrawn) each.start();
  });
}

function listening(proxy: string, on: boolean, { company }: Theatre): string | null {
  const instance = company.instance("newest");
  if (on) instance?.resumeProxy(proxy);
  else instance?.pauseProxy(proxy);
  return null;
}

/**
 * Does something to a server, or to all (null).
 * @param checks also where its checks are answered
 * @returns why it cannot be done
 */
function toOrigins(
  server: string | null,
  { stage, world }: Theatre,
  checks: boolean,
  deed: (origin: Origin) => void,
): string | null {
  const names = server === null ? world.cast.servers : [server];
  const own = new Set(names.flatMap((name) => {
    const check = checks ? stage.checkOriginOf(name) : null;
    return [...stage.originsOf(name), ...check === null ? [] : [check]];
  }));
  if (own.size === 0) return notOurs(server ?? "none of them", world);
  own.forEach(deed);
  return null;
}

/** The proxy of this configuration that a server is; null: it is none. */
function proxyBehind(server: string, world: World): string | null {
  const endpoint = world.serversOf(server)[0]?.endpoint;
  return endpoint === undefined ? null : world.proxyAt(endpoint);
}

function notOurs(server: string, world: World): string {
  const proxy = proxyBehind(server, world);
  return proxy === null
    ? `${server} is not the demo's own server`
    : `${server} is the proxy '${proxy}' of this file: say it of that one`;
}

function whoAnswersChecks({ server }: StepOf<"checks">, { world, stage }: Theatre): string {
  const checked = world.serversOf(server).find((place) => place.checked !== null)?.checked ?? null;
  if (checked === null) {
    return `${server} is checked where it serves: write '${server} stops', or give it 'check port'`;
  }
  const proxy = world.proxyAt(checked);
  if (proxy !== null) return `the proxy '${proxy}' answers its checks: write '${proxy} stops'`;
  const others = stage.originsOf(server).length === 0
    ? "not the demo's own"
    : "another server's too";
  return `what answers its checks at ${showEndpoint(checked)} is ${others}`;
}

/** A machine is there, or is not: nothing comes from its addresses. */
function presence({ server, on }: StepOf<"presence">, { links, world }: Theatre): string | null {
  if (links === null) throw new Error("the layer of links is missing");
  const name = `presence of ${server}`;
  if (on) links.mend(name);
  else {
    const places = world.serversOf(server);
    const addresses = new Set(
      places.flatMap((
        { endpoints, checked },
      ) => [...endpoints, ...checked === null ? [] : [checked]])
        .map(showEndpoint),
    );
    links.cut(name, (_, to: Endpoint) => addresses.has(showEndpoint(to)));
  }
  return null;
}

function link({ one, other, up }: StepOf<"link">, { links }: Theatre): string | null {
  if (links === null) throw new Error("the layer of links is missing");
  const name = `link ${[one, other].sort().join(" ")}`;
  if (up) return links.mend(name) ? null : "this link is not down";
  const [here, there] = [network(one), network(other)];
  links.cut(name, (source, to) => {
    if (to.kind !== "ip") return false;
    return here(source) && there(to.host) || there(source) && here(to.host);
  });
  return null;
}

/** Waits. @returns whether what was waited for came; null: it was only time */
async function wait(
  step: StepOf<"wait" | "pass" | "end">,
  { clock, company, world }: Theatre,
): Promise<Verdict | null> {
  if (step.kind === "pass") {
    await passing(clock, step.ms);
    return null;
  }
  if (step.kind === "end") {
    const there = company.instance(step.of) !== null;
    const held = there && await eventually(clock, step.deadline, () => company.ended(step.of));
    if (held) return verdictOn(step, null);
    const after = `it has not ended after ${step.deadline / 1000} s`;
    return verdictOn(step, there ? after : "there is none");
  }
  const places = world.serversOf(step.server);
  const isSo = () => {
    const states = [...company.instance("newest")?.servers() ?? []];
    return places.every((place) =>
      states.some(({ proxy, name, up }) =>
        proxy === place.proxy && name === place.name && up === step.up
      )
    );
  };
  const held = await eventually(clock, step.deadline, isSo);
  const still = `it is still ${step.up ? "DOWN" : "UP"} after ${step.deadline / 1000} s`;
  return verdictOn(step, held ? null : still);
}
