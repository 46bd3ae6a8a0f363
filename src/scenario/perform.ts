/**
 * A whole demo: the configuration is loaded (who is where: world.ts), its story read (story.ts, and
 * the sentences in forms.ts) into steps (steps.ts), the servers set up (stage.ts, origin.ts), the
 * steps played (play.ts) and judged (judge.ts). What comes of each is a scene (scene.ts), which is
 * drawn (draw.ts) or, with --check, only counted.
 */
import { type Diagnostic, formatDiagnostics, type SourceFile } from "../config/diagnostic.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../config/model.ts";
import { type Network, SocketError } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import type { OpenTransport } from "../log/transport.ts";
import { type Company, company, type Instance } from "./company.ts";
import { draw, drawVerdict, seconds } from "./draw.ts";
import { drawFarewell, drawHeard, drawInvitation, drawProgramme, drawSight } from "./frame.ts";
import { type Journal, journal, loggingOnce } from "./journal.ts";
import { type Links, linksOver } from "./links.ts";
import { paintFor } from "./paint.ts";
import { type Look, pleasant } from "./picture.ts";
import { play, verdictsOf } from "./play.ts";
import type { Scene } from "./scene.ts";
import { setStage, type Stage } from "./stage.ts";
import { parseStory, type Story } from "./story.ts";
import { type World, worldOf } from "./world.ts";

/** What a demo needs of the program around it. */
export interface Host {
  readonly network: Network;
  readonly clock: Clock;
  /** The two are a simulation's. */
  readonly simulated: boolean;
  /** Descriptors that the process may open; null where the system does not say. */
  readonly descriptors: number | null;
  /** Starts its proxies. @throws {SocketError} if one cannot listen */
  start(configuration: Configuration, how: StartOptions): Instance;
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
  /** Awaits what is done here: a simulation moves its time on meanwhile. */
  complete<T>(work: Promise<T>): Promise<T>;
}

/** How to start proxies. */
export interface StartOptions {
  /** On which network. */
  readonly network: Network;
  /** Opens their logs' ways out. */
  readonly openLog: OpenTransport;
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
  const obstacle = obstacleTo(story, world, options) ??
    shortage(story, configuration, host.descriptors);
  if (obstacle !== null) {
    host.complain(`${file.name}: ${obstacle}\n`);
    return 1;
  }

  const down = story.steps.some(({ kind }) => kind === "link" || kind === "presence");
  const links = down ? linksOver(host.network) : null;
  const network = links ?? host.network;
  const logged = journal();
  const quiet = loggingOnce(configuration);
  let stage: Stage | null = null;
  let cast: Company | null = null;
  try {
    stage = await setStage(network, host.clock, world);
    cast = company(() => host.start(quiet, { network, openLog: logged.open }));
    const log = quiet.proxies.some((proxy) => proxy.log.length > 0) ? logged : null;
    const breakFile = () => {
      const spoilt = { name: file.name, text: `${file.text}\nlisten spoilt\n  no-such-keyword\n` };
      const loaded = loadConfiguration([spoilt], host.env, host.network.can);
      return loaded.configuration === null ? null : "its file is taken, with an error in it";
    };
    const production = { story, world, stage, company: cast, network, links, log, breakFile };
    return await run(production, options, host, look);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const code = error.message.includes(error.code) ? "" : ` (${error.code})`;
    host.complain(`${file.name}: ${error.message}${code}\n${mendFor(error)}`);
    return 1;
  } finally {
    cast?.stop();
    stage?.strike();
    links?.dispose();
  }
}

interface Production {
  readonly story: Story;
  readonly world: World;
  readonly stage: Stage;
  readonly company: Company;
  readonly network: Network;
  readonly links: Links | null;
  readonly log: Journal | null;
  breakFile(): string | null;
}

async function run(
  { story, log, ...production }: Production,
  options: PerformOptions,
  host: Host,
  look: Look,
): Promise<number> {
  const { clock } = host;
  const { world, stage } = production;
  const check = options.check ?? false;
  const show = (scene: Scene) => {
    if (!check) return host.write(draw(scene, look));
    for (const verdict of verdictsOf(scene)) {
      host.write(`${drawVerdict(verdict, look).join("\n")}\n`);
    }
  };
  if (!check) host.write(drawProgramme(story.title, world, stage, look));
  const start = clock.now();
  const theatre = { ...production, clock, log: log?.lines ?? null };
  const tally = await play(story.steps, theatre, show);
  host.write(drawFarewell(look, tally, took(clock.now() - start, host.simulated)));
  if (options.keep) {
    host.write(drawInvitation(world, stage, look));
    stage.watch((event) => {
      host.write("request" in event ? drawSight(event, look) : drawHeard(event, look));
    });
    await host.interrupted();
  }
  return tally.held === tally.judged ? 0 : 1;
}

function took(ms: number, simulated: boolean): string {
  return `${seconds(ms)}${simulated ? ", simulated" : ""}`;
}

/** Why there is nothing to play; null: there is. */
function obstacleTo(story: Story, world: World, options: PerformOptions): string | null {
  if (world.entries.length === 0) return "no proxy listens, so that no client can come";
  if (story.steps.length > 0 || options.keep) return null;
  return "it tells no story: there is no line that begins with '#>'.\n" +
    "  '--keep' starts it nevertheless, with a server of our own at each server's address; 'sluice\n" +
    "  scenarios' lists files which show how a story is told.";
}

/** Descriptors that a demo needs whatever it plays. */
const overhead = 200;

/** Why so many clients cannot come at once; null: they can. */
function shortage(
  { steps }: Story,
  { proxies }: Configuration,
  descriptors: number | null,
): string | null {
  const counts = steps.map((step) => step.kind === "burst" && step.atOnce ? step.count : 0);
  const clients = Math.max(0, ...counts);
  const servers = proxies.flatMap((proxy) => proxy.servers);
  const served = servers.reduce((sum, { maxconn }) => sum + (maxconn || clients), 0);
  // Client, proxy and server are one process: each connection has both of its ends here.
  const needed = 2 * clients + 2 * Math.min(clients, served) + overhead;
  if (clients === 0 || descriptors === null || needed <= descriptors) return null;
  return `${clients} clients at once need ${needed} descriptors, and the process may open ` +
    `${descriptors}:\n  raise the limit ('ulimit -n ${needed}'; the hard limit is root's to raise)`;
}

function mendFor({ code }: SocketError): string {
  switch (code) {
    case "EADDRINUSE":
      return "  Another program listens there, perhaps a demo: end it, or take another address.\n";
    case "EADDRNOTAVAIL":
      return "  That is no address of this machine: take one of 127.0.0.0/8, which on Linux all are.\n";
    case "EACCES":
      return "  Ports below 1024 are for root: take a higher one.\n";
    default:
      return "";
  }
}
