/**
 * A whole scenario: its configuration is loaded (topology.ts), its story read into steps (story.ts),
 * the servers and the proxies started (servers.ts, instances.ts), and the steps run in order
 * (step.ts). What comes of each is drawn or, with --check, only counted.
 */
import { type Diagnostic, formatDiagnostics, type SourceFile } from "../config/diagnostic.ts";
import type { FileReader } from "../config/files.ts";
import { loadConfiguration } from "../config/load.ts";
import type { Configuration } from "../config/model.ts";
import { titleOf } from "../config/title.ts";
import type { OpenTransport } from "../log/transport.ts";
import { type Network, SocketError } from "../net/socket.ts";
import { keptLog, loggingOnce } from "../simulate/kept-log.ts";
import { withHandover } from "../simulate/handover.ts";
import { withLinks } from "../simulate/links.ts";
import type { Clock } from "../time/clock.ts";
import { SendMany } from "./bursts.ts";
import { Clients } from "./clients.ts";
import { type Look, paintFor, pleasant } from "./drawing.ts";
import type { RequestSpec } from "../simulate/browser.ts";
import { StoryTls } from "../simulate/tls.ts";
import type { TlsFiles } from "../config/tls-files.ts";
import type { TlsMaterial } from "../tls/material.ts";
import { prepareFiles } from "./files.ts";
import { type Instance, Instances } from "../simulate/instances.ts";
import { NameServer, type ReceiveDatagrams } from "../simulate/name-server.ts";
import { addressesToFind } from "./name-server.ts";
import { LinkAction } from "./link-actions.ts";
import { Servers } from "../simulate/servers.ts";
import { type Context, Narration, render, renderVerdict, type Report } from "./step.ts";
import { parseStory, type Story } from "./story.ts";
import { drawEvent, drawInvitation, drawOpening, drawTally, type Tally } from "./summary.ts";
import { type Topology, topologyOf } from "../simulate/topology.ts";
import { seconds } from "./waits.ts";

/** What a scenario needs of the program around it. */
export interface Host {
  readonly network: Network;
  readonly clock: Clock;
  /** The two are a simulation's. */
  readonly simulated: boolean;
  /** Descriptors that the process may open; null where the system does not say. */
  readonly descriptors: number | null;
  /** What loads certificates; without it stories have none. */
  readonly createTls?: () => TlsLoaded;
  /** Receives datagrams; without it stories have no name server. */
  readonly receiveDatagrams?: ReceiveDatagrams;
  /** Starts its proxies. @throws {SocketError} if one cannot listen */
  start(configuration: Configuration, how: StartOptions): Instance;
  /** To the standard output. */
  write(text: string): void;
  /** To the standard error. */
  printError(text: string): void;
  /** Whether the standard output is a terminal, and how wide. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads the files that the configuration names. */
  readonly readNamed?: FileReader;
  /** Resolves when the user wants it to end (SIGINT, SIGTERM). */
  interrupted(): Promise<void>;
  /** Awaits what is done here: a simulation moves its time on meanwhile. */
  complete<T>(work: Promise<T>): Promise<T>;
}

/** Loads certificates, and has them. */
export interface TlsLoaded extends TlsFiles {
  /** Of the last configuration; null: it has none. */
  readonly loading: { readonly material: TlsMaterial } | null;
}

/** How to start proxies. */
export interface StartOptions {
  /** On which network. */
  readonly network: Network;
  /** Opens their logs' ways out. */
  readonly openLog: OpenTransport;
  /** What has loaded its certificates; null: stories have none. */
  readonly tls: TlsLoaded | null;
}

/** How to run. */
export interface RunOptions {
  /** Leaves everything running after the story, until the user ends it. */
  readonly keep?: boolean;
  /** Prints the verdicts only. */
  readonly check?: boolean;
}

/**
 * Runs the scenario of one file.
 * @returns the exit status: 0 if every expectation held, else 1
 */
export async function runScenario(
  file: SourceFile,
  options: RunOptions,
  host: Host,
): Promise<number> {
  const files = prepareFiles(file.text);
  const { text, authorities } = files;
  // Who goes on by hand needs the paths as they are.
  const shown = options.keep === true ? (words: string) => words : files.shown;
  const output: Host = {
    ...host,
    write: (words) => host.write(shown(words)),
    printError: (words) => host.printError(shown(words)),
  };
  try {
    return await playFile({ name: file.name, text }, authorities, options, output);
  } finally {
    files.remove();
  }
}

async function playFile(
  file: SourceFile,
  authorities: readonly string[],
  options: RunOptions,
  host: Host,
): Promise<number> {
  const paint = paintFor(host.terminal, host.env);
  const look: Look = { width: pleasant(host.columns), paint, file: file.name };
  const tell = (diagnostics: readonly Diagnostic[]) => {
    if (diagnostics.length === 0) return;
    host.printError(`${formatDiagnostics(diagnostics, [file], paint.colour)}\n`);
  };
  const tlsFiles = host.createTls?.();
  const load = (from: SourceFile, tls = tlsFiles) =>
    loadConfiguration([from], host.env, host.network.can, host.readNamed, undefined, tls);
  const { configuration, diagnostics } = load(file);
  tell(diagnostics);
  if (configuration === null) return 1;
  const topology = topologyOf(configuration, addressesToFind(file.text));
  const story = parseStory(file.text, file.name, topology.names);
  tell(story.errors);
  if (story.errors.length > 0) return 1;
  const obstacle = obstacleTo(story, topology, options) ??
    shortage(story, configuration, host.descriptors);
  if (obstacle !== null) {
    host.printError(`${file.name}: ${obstacle}\n`);
    return 1;
  }

  const { clock } = host;
  const links = story.steps.some((step) => step instanceof LinkAction)
    ? withLinks(host.network)
    : null;
  const handover = withHandover(links ?? host.network);
  const network: Network = handover;
  const kept = keptLog();
  const quiet = loggingOnce(configuration);
  const log = quiet.proxies.some((proxy) => proxy.log.length > 0) ? kept.lines : null;
  const tls = new StoryTls(clock, authorities);
  const clients = new Clients((spec, to) => {
    if (spec.tls !== true && !topology.speaksTls(to)) return network;
    return tls.over(network, { name: nameAskedFor(spec), certificate: spec.certificate ?? null });
  }, clock);
  const servers = new Servers(network, clock, topology, tls);
  const nameServer = nameServerOf(configuration, host);
  let instances: Instances | null = null;
  try {
    await servers.start();
    nameServer?.start();
    instances = new Instances(() =>
      host.start(quiet, { network, openLog: kept.open, tls: tlsFiles ?? null })
    );
    const breakFile = () => {
      const text = `${file.text}\nlisten broken\n  no-such-keyword\n`;
      const broken = load({ name: file.name, text }, host.createTls?.()).configuration;
      return broken === null ? null : "its file is taken, with an error in it";
    };
    const surroundings = {
      network,
      clock,
      topology,
      servers,
      clients,
      links,
      handover,
      nameServer,
    };
    const parts = { ...surroundings, instances, log, breakFile };
    return await play(story, titleOf(file.text), parts, options, host, look);
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    const code = error.message.includes(error.code) ? "" : ` (${error.code})`;
    host.printError(`${file.name}: ${error.message}${code}\n${fixFor(error)}`);
    return 1;
  } finally {
    clients.close();
    instances?.stop();
    servers.stop();
    nameServer?.stop();
    links?.dispose();
    tls.close();
  }
}

/** The name server that the configuration asks first; null: it asks none. */
function nameServerOf({ resolvers }: Configuration, host: Host): NameServer | null {
  const address = resolvers.flatMap(({ nameservers }) => nameservers)
    .map(({ address }) => address).find(({ transport }) => transport === "udp");
  if (address === undefined || host.receiveDatagrams === undefined) return null;
  return new NameServer({ kind: "ip", ...address }, host.receiveDatagrams);
}

/** The name that a request over TLS asks for: that in Host, if it is one. */
function nameAskedFor({ fields }: RequestSpec): string | null {
  const [, host = ""] =
    fields.map((line) => /^host: *([^:]*)/i.exec(line)).find((m) => m !== null) ??
      [];
  return /[a-z]/i.test(host) ? host.toLowerCase() : null;
}

/** Runs the steps in order, to the last, whatever fails on the way. */
async function play(
  { steps }: Story,
  title: string,
  parts: Omit<Context, "announce" | "report">,
  { check = false, keep = false }: RunOptions,
  host: Host,
  look: Look,
): Promise<number> {
  const { clock, topology, servers, clients, log } = parts;
  const tally: Tally = { asserted: 0, held: 0 };
  const context: Context = {
    ...parts,
    announce(line) {
      if (!check) host.write(line(look));
    },
    report(report) {
      const verdicts = verdictsOf(report);
      tally.asserted += verdicts.length;
      tally.held += verdicts.filter(({ held }) => held).length;
      if (!check) return host.write(render(report, look));
      for (const verdict of verdicts) host.write(`${renderVerdict(verdict, look).join("\n")}\n`);
    },
  };
  if (!check) host.write(drawOpening(title, topology, servers, look));
  const start = clock.now();
  /** Where the log was when the last actions began: a wait sees all that follows from them. */
  let before: number | null = null;
  for (const step of steps) {
    if (step.isAction || step.isWait) before ??= log?.length ?? 0;
    await step.run(context, before);
    if (!step.isAction && !(step instanceof Narration)) before = null;
  }
  clients.close();
  const took = `${seconds(clock.now() - start)}${host.simulated ? ", simulated" : ""}`;
  host.write(drawTally(tally, took, look));
  if (keep) {
    host.write(drawInvitation(topology, servers, look));
    servers.watcher = (event) => host.write(drawEvent(event, look));
    await host.interrupted();
  }
  return tally.held === tally.asserted ? 0 : 1;
}

function verdictsOf({ own, verdicts }: Report) {
  return own === null ? verdicts : [own, ...verdicts];
}

/** Why there is nothing to run; null: there is. */
function obstacleTo(story: Story, topology: Topology, options: RunOptions): string | null {
  if (topology.entries.length === 0) return "no proxy listens, so that no client can come";
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
  const counts = steps.map((step) => step instanceof SendMany && step.atOnce ? step.count : 0);
  const clients = Math.max(0, ...counts);
  const servers = proxies.flatMap((proxy) => proxy.servers);
  const served = servers.reduce((sum, { maxconn }) => sum + (maxconn || clients), 0);
  // Client, proxy and server are one process: each connection has both of its ends here.
  const needed = 2 * clients + 2 * Math.min(clients, served) + overhead;
  if (clients === 0 || descriptors === null || needed <= descriptors) return null;
  return `${clients} clients at once need ${needed} descriptors, and the process may open ` +
    `${descriptors}:\n  raise the limit ('ulimit -n ${needed}'; the hard limit is root's to raise)`;
}

function fixFor({ code }: SocketError): string {
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
