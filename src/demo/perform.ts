/** A whole demo: the configuration is loaded, the stage set, the story played, the sum drawn. */
import { type Diagnostic, formatDiagnostics, type SourceFile } from "../config/diagnostic.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../config/model.ts";
import { type Network, SocketError } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { draw, drawVerdict, type Look, pleasant, seconds } from "./draw.ts";
import { drawFarewell, drawInvitation, drawProgramme, drawSight } from "./frame.ts";
import { paintFor } from "./paint.ts";
import { type Instance, play, verdictsOf } from "./play.ts";
import type { Scene } from "./scene.ts";
import { setStage, type Stage } from "./stage.ts";
import { parseStory, type Story } from "./story.ts";
import { type World, worldOf } from "./world.ts";

/** What a demo needs of the program around it. */
export interface Host {
  readonly network: Network;
  readonly clock: Clock;
  /** Starts its proxies. @throws {SocketError} if one cannot listen */
  start(configuration: Configuration): Instance;
  /** To the standard output. */
  write(text: string): void;
  /** To the standard error. */
  complain(text: string): void;
  /** Whether the standard output is a terminal, and how wide. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Resolves when the user wants it to end (SIGINT, SIGTERM). */
  interrupted(): Promise<void>;
}

/** How to perform. */
export interface PerformOptions {
  /** Leaves everything running after the story, until the user ends it. */
  readonly keep?: boolean;
  /** Prints the verdicts only. */
  readonly check?: boolean;
}

/**
 * Plays the story of one scenario file.
 * @returns the exit status: 0 if every expectation held, else 1
 */
export async function perform(
  file: SourceFile,
  options: PerformOptions,
  host: Host,
): Promise<number> {
  const paint = paintFor(host.terminal, host.env);
  const look: Look = { width: pleasant(host.columns), paint, file: file.name };
  const tell = (diagnostics: readonly Diagnostic[]) => {
    if (diagnostics.length === 0) return;
    host.complain(`${formatDiagnostics(diagnostics, [file], paint.colour)}\n`);
  };
  const { configuration, diagnostics } = loadConfiguration([file], host.env, host.network.can);
  tell(diagnostics);
  if (configuration === null) return 1;
  const world = worldOf(configuration);
  const story = parseStory(file.text, file.name, world.cast);
  tell(story.errors);
  if (story.errors.length > 0) return 1;
  const obstacle = obstacleTo(story, world, options);
  if (obstacle !== null) {
    host.complain(`${file.name}: ${obstacle}\n`);
    return 1;
  }

  let stage: Stage | null = null;
  let instance: Instance | null = null;
  try {
    stage = await setStage(host.network, host.clock, world);
    instance = host.start(configuration);
    return await run({ story, world, stage, instance }, options, host, look);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const code = error.message.includes(error.code) ? "" : ` (${error.code})`;
    host.complain(`${file.name}: ${error.message}${code}\n${mendFor(error)}`);
    return 1;
  } finally {
    instance?.stop();
    stage?.strike();
  }
}

interface Production {
  readonly story: Story;
  readonly world: World;
  readonly stage: Stage;
  readonly instance: Instance;
}

async function run(
  { story, world, stage, instance }: Production,
  options: PerformOptions,
  host: Host,
  look: Look,
): Promise<number> {
  const { network, clock } = host;
  const check = options.check ?? false;
  const show = (scene: Scene) => {
    if (!check) return host.write(draw(scene, look));
    for (const verdict of verdictsOf(scene)) {
      host.write(`${drawVerdict(verdict, look).join("\n")}\n`);
    }
  };
  if (!check) host.write(drawProgramme(story.title, world, stage, look));
  const start = clock.now();
  const tally = await play(story.steps, { network, clock, world, stage, instance }, show);
  host.write(drawFarewell(look, tally, seconds(clock.now() - start)));
  if (options.keep) {
    host.write(drawInvitation(world, look));
    stage.watch((sight) => {
      stage.sights.length = 0;
      host.write(drawSight(sight, look));
    });
    await host.interrupted();
  }
  return tally.held === tally.judged ? 0 : 1;
}

/** Why there is nothing to play; null: there is. */
function obstacleTo(story: Story, world: World, options: PerformOptions): string | null {
  if (world.entries.length === 0) return "no proxy listens, so that no client can come";
  if (story.steps.length > 0 || options.keep) return null;
  return "it tells no story: there is no line that begins with '#>'.\n" +
    "  '--keep' starts it nevertheless, with a server of our own at each server's address; 'sluice\n" +
    "  scenarios' lists files which show how a story is told.";
}

function mendFor({ code }: SocketError): string {
  switch (code) {
    case "EADDRINUSE":
      return "  Another program listens there: end it, or take another address.\n";
    case "EADDRNOTAVAIL":
      return "  That is no address of this machine: take one of 127.0.0.0/8, which on Linux all are.\n";
    case "EACCES":
      return "  Ports below 1024 are for root: take a higher one.\n";
    default:
      return "";
  }
}
