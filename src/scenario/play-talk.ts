/** Plays what happens on connections without HTTP. */
import { type About, type Act, arrivalOf, linesOf, standing, type TalkStep } from "./call.ts";
import { judgeTalk } from "./judge-talk.ts";
import { sightsFor } from "./play-http.ts";
import type { Flow, Scene } from "./scene.ts";
import type { StepOf, Talk, TalkExpectation } from "./steps.ts";
import {
  bookmark,
  entryOf,
  eventually,
  grace,
  inVain,
  judgeAll,
  lull,
  passing,
  type Player,
  type Players,
  since,
  type Theatre,
  verdictOn,
} from "./theatre.ts";
import { showEndpoint } from "../net/socket.ts";
import { dial } from "./wire.ts";

/** How long a connection may take from the proxy to the server, ms. */
const passage = 200;

/** Plays one such step. */
export async function talk(
  step: TalkStep,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const bookmarked = await bookmark(step.expectations, theatre);
  const mark = theatre.stage.heard.length;
  if (step.kind === "hang-up" && players(step.client).call === null) {
    return await abandon(step, theatre, players);
  }
  if (step.kind === "connect") {
    connect(step, theatre, players(step.client));
  }
  const about = concerned(step, theatre, players);
  if (about.length === 0) return inVain(step, `${nameOf(step)} has no connection`);
  const act: Act = { step, theatre, players, about, mark };
  await perform(act);
  const verdicts = await judgeAll(
    step.expectations,
    bookmarked,
    theatre,
    async (each) => verdictOn(each, await judgeTalk(each, act)),
  );
  if (step.expectations.length === 0) await passing(theatre.clock, standing);
  const [first] = about;
  const flows = flowsOf(act);
  if (step.kind === "hang-up") players(step.client).call = null;
  return {
    kind: "conversation",
    conversation: {
      client: first?.client ?? "",
      proxy: first?.call.proxy ?? null,
      server: first?.call.arrival?.server ?? null,
      flows,
    },
    verdicts,
    log: since(bookmarked, theatre),
    notes: step.notes ?? [],
  };
}

/** Hangs up on a request whose response is not waited for. */
async function abandon(
  step: StepOf<"hang-up">,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  const player = players(step.client);
  const mark = await bookmark(step.expectations, theatre);
  const { begun } = player;
  player.client.close();
  const verdicts = await judgeAll(
    step.expectations,
    mark,
    theatre,
    async (each) => verdictOn(each, await whoSaw(each)),
  );
  player.begun = null;
  const { text, notes = [] } = step;
  return { kind: "deed", text, own: null, verdicts, log: since(mark, theatre), notes };

  async function whoSaw({ kind, ...more }: TalkExpectation): Promise<string | null> {
    if (kind !== "accepts" || !("server" in more) || more.server !== null) {
      return "it was a request, which is given up: only 'no server sees it' can be said of it";
    }
    await passing(theatre.clock, lull);
    sightsFor(null, theatre, players);
    return begun === null || begun.sights.length === 0 ? null : `${begun.sights[0]!.server} saw it`;
  }
}

function connect(
  { proxy, port, source }: StepOf<"connect">,
  { world, network, clock }: Theatre,
  player: Player,
): void {
  const { endpoint, tcp } = entryOf(world, proxy, port)!;
  // RFC 9112, section 2.2: lines of HTTP end so.
  const lineEnd = tcp ? "\n" : "\r\n";
  player.call?.wire.close();
  const wire = dial(
    network,
    endpoint,
    source === null ? {} : { source: { host: source, port: 0 } },
  );
  player.call = { proxy, wire, lineEnd, since: clock.now(), arrival: null, heard: [] };
}

/** The connections that a step is about, as they stand. */
function concerned(step: TalkStep, theatre: Theatre, players: Players): About[] {
  const names = new Set<string>();
  if (step.kind !== "finish") names.add(step.client);
  else if (step.who.side === "client") names.add(step.who.name);
  else for (const name of players.names()) names.add(name);
  return [...names].flatMap((client) => {
    const player = players(client);
    const { call } = player;
    if (call === null) return [];
    const server = step.kind === "finish" && step.who.side === "server" ? step.who.name : null;
    if (server !== null && call.arrival?.server !== theatre.stage.originName(server)) return [];
    linesOf(call);
    return [{
      client,
      player,
      call,
      mark: call.heard.length,
      clientOver: call.wire.over,
      serverOver: call.arrival?.wire.over ?? false,
    }];
  });
}

async function perform({ step, theatre, players, about }: Act): Promise<void> {
  const { stage, clock } = theatre;
  const call = about[0]!.call;
  switch (step.kind) {
    case "connect":
      await eventually(clock, grace, () => call.wire.open || call.wire.over);
      await eventually(
        clock,
        passage,
        () => call.wire.over || arrivalOf(call, theatre, players) !== null,
      );
      break;
    case "say":
      call.wire.send(step.words + call.lineEnd);
      break;
    case "hang-up":
      call.wire.close();
      break;
    case "finish":
      if (step.who.side === "client") call.wire.finish();
      else for (const each of stage.originsOf(step.who.name)) each.finish();
  }
}

/** What went over the connections, as far as it is known by now. */
function flowsOf({ step, about, theatre, mark }: Act): Flow[] {
  const flows: Flow[] = [];
  const out = (side: Flow["side"], text: string) => flows.push({ side, way: "out", text });
  const back = (side: Flow["side"], text: string) => flows.push({ side, way: "back", text });
  const { call } = about[0]!;
  if (step.kind === "connect") {
    const { endpoint } = entryOf(theatre.world, step.proxy, step.port)!;
    out("client", `( to ${showEndpoint(endpoint)} )`);
    if (call.arrival !== null) out("server", "( connects )");
  } else if (step.kind === "say") out("client", step.words);
  else if (step.kind === "hang-up") out("client", "( hangs up )");
  else if (step.who.side === "client") out("client", "( end )");
  else back("server", "( end )");
  for (const { server, text } of theatre.stage.heard.slice(mark)) {
    if (about.some((one) => one.call.arrival?.server === server)) out("server", text);
  }
  for (const { call, mark, serverOver, clientOver } of about) {
    if (!serverOver && call.arrival?.wire.over) out("server", "( end )");
    for (const line of linesOf(call).slice(mark)) {
      if (call.arrival !== null) back("server", line);
      back("client", line);
    }
    if (clientOver || !call.wire.over || step.kind === "hang-up") continue;
    back("client", call.wire.error === null ? "( end )" : `( ${call.wire.error.code} )`);
  }
  return flows;
}

function nameOf(step: Talk): string {
  return step.kind === "finish" ? step.who.name : step.client;
}
