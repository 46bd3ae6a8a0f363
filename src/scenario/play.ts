/** Performs a story: does what each step says, through real sockets, and shows what happened. */
import { act, type DeedStep, isDeed, isWait } from "./play-deeds.ts";
import { awaitResponse, begin, burst, exchange } from "./play-http.ts";
import { talk } from "./play-talk.ts";
import type { Scene, Verdict } from "./scene.ts";
import type { Step, StepOf } from "./steps.ts";
import { noPlayers, type Players, type Theatre } from "./theatre.ts";

/** How many expectations there were, and how many held. */
export interface Tally {
  readonly judged: number;
  readonly held: number;
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
  const players = noPlayers(theatre);
  let judged = 0;
  let held = 0;
  const tell = (scene: Scene) => {
    for (const verdict of verdictsOf(scene)) {
      judged++;
      if (verdict.held) held++;
    }
    show(scene);
  };
  /** Where the log was when the last deeds began, of which a wait will see what follows. */
  let before: number | null = null;
  for (const step of steps) {
    if (step.kind === "heading" || step.kind === "narration") {
      tell({ kind: step.kind, text: step.text });
    } else if (isDeed(step)) {
      before ??= theatre.log?.length ?? 0;
      await act(step, before, theatre, players, tell);
      if (isWait(step)) before = null;
    } else {
      tell(await perform(step, theatre, players));
      before = null;
    }
  }
  for (const player of players.all()) {
    player.client.close();
    player.call?.wire.close();
  }
  return { judged, held };
}

/** All that was judged in a scene. */
export function verdictsOf(scene: Scene): readonly Verdict[] {
  switch (scene.kind) {
    case "exchange":
    case "burst":
    case "conversation":
      return scene.verdicts;
    case "deed":
    case "waited":
      return scene.own === null ? scene.verdicts : [scene.own, ...scene.verdicts];
    default:
      return [];
  }
}

/** What happens between clients and servers. */
function perform(
  step: Exclude<Step, DeedStep | StepOf<"heading" | "narration">>,
  theatre: Theatre,
  players: Players,
): Promise<Scene> {
  switch (step.kind) {
    case "exchange":
      return exchange(step, theatre, players);
    case "begin":
      return begin(step, theatre, players);
    case "await":
      return awaitResponse(step, theatre, players);
    case "burst":
      return burst(step, theatre, players);
    default:
      return talk(step, theatre, players);
  }
}
