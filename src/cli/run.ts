import process from "node:process";
import { hasListener, nobodyListens } from "../config/check.ts";
import { loadConfiguration, whyNoWarnings } from "../config/load.ts";
import type { Configuration, Engine as EngineName } from "../config/model.ts";
import { showEndpoint, SocketError } from "../net/socket.ts";
import type { Instance } from "../proxy/instance.ts";
import { chooseEngine, type Engine, showEngine } from "../process/engine.ts";
import { asDaemon, startDaemon } from "../process/daemon.ts";
import type { Checked } from "../process/master.ts";
import { asWorker } from "../process/worker-process.ts";
import { whyNoLibrary } from "../process/libc-check.ts";
import { otherProcesses, ownerOf, sendSignal, startInPlaceOf } from "../process/old-processes.ts";
import { writePidFile } from "../process/pid-file.ts";
import { raiseDescriptorLimit } from "../process/limits.ts";
import {
  dropPrivileges,
  type Privileges,
  privilegesOf,
  whyNotDrop,
} from "../process/privileges.ts";
import { ResolveError, resolveNames } from "../process/resolve.ts";
import { resolveAccounts, systemAccounts } from "../process/accounts.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { createTlsLoader } from "../process/tls-load.ts";
import { serve, type Serving, StartError } from "../process/serve.ts";
import { catchSignals, type Signals } from "../process/signals.ts";
import { releaseCode } from "../process/release-code.ts";
import { statesOfProcesses } from "../process/server-states.ts";
import { claimTables } from "../process/tables.ts";
import { allowTakeover } from "../process/takeover.ts";
import { explainFailure } from "./failure.ts";
import { printError, readFiles, readNamed, show } from "./files.ts";

/** After so long, ms, nothing runs any more that only the start needs. */
const startTime = 1000;

/** How to run. */
export interface RunOptions {
  readonly maxconn?: number | null;
  readonly pidfile?: string | null;
  readonly quiet?: boolean;
  /** Says where it listens. */
  readonly verbose?: boolean;
  /** Shows the stack of an unexpected error. */
  readonly debug?: boolean;
  /** May run as a daemon: always, or if the configuration says so; by this command line. */
  readonly background?: { readonly always: boolean; readonly argv: readonly string[] } | null;
  /** By a master and workers, where it is no foreground for tests; and it reports to systemd. */
  readonly master?: boolean;
  readonly notify?: boolean;
  /** Where the master takes commands. */
  readonly masterSocket?: string | null;
  /** As the configuration's `zero-warning`. */
  readonly zeroWarning?: boolean;
  /** Processes that it replaces: they are signalled to finish, or to end at once. */
  readonly finish?: readonly number[];
  readonly terminate?: readonly number[];
  /** Comes before the configuration's `tune.engine`. */
  readonly engine?: EngineName | null;
  /** Servers whose names cannot be resolved are no error. */
  readonly lenientNames?: boolean;
  /** As the configuration's `nosplice`. */
  readonly noSplice?: boolean;
}

/**
 * Runs a configuration until a signal ends it, or its soft-stop is over.
 * @returns the exit status: 0 after a signal, or when the daemon is ready; 1 if it could not start
 */
export async function run(paths: readonly string[], options: RunOptions): Promise<number> {
  // Not null in the daemon itself: the process that started it has shown all warnings.
  const daemon = asDaemon();
  // Nor in a worker: its master has.
  const worker = asWorker();
  const files = worker?.files ?? daemon?.files ?? readFiles(paths);
  const network = await networkOfRuntime();
  const tls = createTlsLoader();
  const loaded = loadConfiguration(files, process.env, network.can, readNamed, systemAccounts, tls);
  const { configuration, diagnostics } = loaded;
  const quiet = options.quiet === true || configuration?.global.quiet === true;
  show(diagnostics, files, quiet || daemon !== null || worker !== null);
  if (configuration === null) return 1;
  if (!hasListener(configuration)) {
    printError(`cannot start: ${nobodyListens}`);
    return 1;
  }
  const lack = whyNoWarnings(loaded, options.zeroWarning) ?? whyNoLibrary();
  if (lack !== null) {
    printError(`cannot start: ${lack}`);
    return 1;
  }
  const { global } = configuration;
  const { tuneEngine, nbthread, nosplice } = global;
  const privileges = privilegesOf(global, systemAccounts);
  const obstacle = whyNotDrop(privileges);
  if (obstacle !== null) {
    printError(`cannot start: ${obstacle}`);
    return 1;
  }
  const { limit, lack: tooFew } = raiseDescriptorLimit(global);
  if (tooFew !== null) {
    const strict = global.strictLimits !== false;
    printError(`${strict ? "cannot start" : "warning"}: ${tooFew}`);
    if (strict) return 1;
  }
  const engine = await chooseEngine({
    name: options.engine ?? tuneEngine,
    threads: nbthread,
    descriptors: limit,
  });
  // Of `tune.engine sockets` beside it the check has warned.
  if (nbthread !== null && nbthread > engine.threads && tuneEngine !== "sockets" && !quiet) {
    printError(`warning: nbthread ${nbthread} has no effect: one thread serves (${engine.why})`);
  }
  const splice = !nosplice && options.noSplice !== true;
  const descriptors = inherited(configuration);
  const { background = null } = options;
  if (
    worker === null && daemon === null && background !== null &&
    (background.always || configuration.global.daemon) && options.notify !== true
  ) {
    // systemd, to which -Ws reports, wants the process that it has started.
    if (!quiet && logsToStreams(configuration)) printError(lostLogs);
    const reason = await startDaemon({ argv: background.argv, files, descriptors });
    if (reason !== null && reason !== "") printError(`cannot start: ${reason}`);
    return reason === null ? 0 : 1;
  }

  if (worker === null && background !== null && (options.master === true || global.masterWorker)) {
    const own = daemon === null ? [process.pid] : [process.pid, process.ppid];
    const checkedOf = (
      configuration: Configuration,
      files: Checked["files"],
    ): Checked | string => ({
      files,
      descriptors: inherited(configuration),
      maxReloads: configuration.global.mworkerMaxReloads,
    });
    const { runMaster } = await import("./run-master.ts");
    return runMaster({
      paths,
      network,
      first: { files, descriptors, maxReloads: global.mworkerMaxReloads },
      configuration,
      argv: background.argv,
      pidfile: options.pidfile ?? global.pidfile,
      quiet,
      notify: options.notify === true,
      socket: options.masterSocket ?? null,
      finish: otherProcesses(options.finish ?? [], own),
      terminate: otherProcesses(options.terminate ?? [], own),
      ready: daemon === null ? null : () => daemon.ready(descriptors),
      checkedOf,
    });
  }

  // As soon as the pid file is written, or a client is served, a signal may come.
  const signals = catchSignals();
  allowTakeover();
  const own = daemon === null ? [process.pid] : [process.pid, process.ppid];
  // Those that a worker replaces are its master's to end.
  const finish = worker === null ? otherProcesses(options.finish ?? [], own) : [];
  const terminate = worker === null ? otherProcesses(options.terminate ?? [], own) : [];
  const warn = (line: string) => printError(`[WARNING]  (${process.pid}) : ${line}`);
  const ended = new Set<number>();
  const endOldProcesses = (which: (pid: number) => boolean = () => true) => {
    const due = (pids: readonly number[]) => pids.filter((pid) => !ended.has(pid) && which(pid));
    for (const pid of due(finish)) endOldProcess(pid, "SIGUSR1", ended);
    for (const pid of due(terminate)) endOldProcess(pid, "SIGTERM", ended);
  };
  const heritage = claimTables(
    configuration.proxies.some(({ stickTable }) => stickTable !== null)
      ? worker?.ask ?? finish
      : [],
  );
  let instance: Serving;
  try {
    const { configuration: resolved, addresses, warnings } = await resolveNames(
      resolveAccounts(configuration, systemAccounts),
      { lenient: options.lenientNames === true },
    );
    if (!quiet) warnings.forEach((line) => printError(`warning: ${line}`));
    // A turn of the event loop, for signals that have come.
    await new Promise((resolve) => setImmediate(resolve));
    const pidfile = worker === null ? options.pidfile ?? configuration.global.pidfile : null;
    instance = await startInPlaceOf(
      worker?.takeFrom ?? [...finish, ...terminate],
      async (replacement) => {
        throwIfEnding(signals);
        const { over } = replacement;
        const more = {
          engine,
          splice,
          over,
          addresses,
          states: statesOfProcesses(worker?.ask ?? finish),
          paused: true,
          masterApi: worker?.api ?? null,
          tls: tls.loading,
          uid: privileges.uid,
          gid: privileges.gid,
          descriptors: limit,
          ...quiet ? {} : { announce: warn },
        };
        const started = serve(resolved, network, options.maxconn ?? null, printError, more);
        try {
          await started.begun;
          // The process that ends this one relies on it to end those before.
          if (signals.toEnd() !== null && replacement.replaced()) endOldProcesses();
          // Without old processes, a signal to end has the same effect as at any time.
          if (finish.length + terminate.length > 0) throwIfEnding(signals);
          if (pidfile !== null) writePid(pidfile);
          worker?.listening();
          // Those of another user could not be signalled afterwards.
          if (privileges.uid !== null) endOldProcesses((pid) => ownerOf(pid) !== privileges.uid);
          dropAll(privileges, warn);
        } catch (error) {
          await started.stop();
          throw error;
        }
        return started;
      },
      quiet ? () => {} : warn,
      worker?.ask,
    );
  } catch (error) {
    if (
      error instanceof SocketError || error instanceof StartError || error instanceof ResolveError
    ) {
      printError(`cannot start: ${error.message}${hintOf(error)}`);
      return 1;
    }
    printError(`cannot start: ${explainFailure(error, options.debug === true)}`);
    return 1;
  }
  if (options.verbose) announce(instance, engine);
  // By the pid file this process may have been signalled to end by now: then a newer one accepts.
  await daemon?.ready(descriptors);
  const goesOn = signals.toEnd() === null;
  try {
    if (goesOn) instance.accept();
  } catch (error) {
    await instance.stop();
    printError(`cannot start: ${(error as Error).message}`);
    return 1;
  }
  endOldProcesses();
  void heritage.take(instance.tables);
  await worker?.ready(descriptors);
  if (goesOn) {
    setTimeout(releaseCode, startTime).unref();
    await signals.handle(instance, warn);
  }
  await instance.stop();
  return 0;
}

const lostLogs = "warning: a daemon has no standard output: what it logs there is lost.\n" +
  "  fix: log to a syslog server, or stay in the foreground with -db";

function logsToStreams({ global, proxies }: Configuration): boolean {
  return [global, ...proxies].some(({ log }) =>
    log.some(({ target }) => target.kind === "stdout" || target.kind === "stderr")
  );
}

/** The descriptors that the configuration names as inherited. */
function inherited({ proxies }: Configuration): ReadonlySet<number> {
  const binds = proxies.filter(({ disabled }) => !disabled).flatMap(({ bind }) => bind);
  return new Set(binds.flatMap(({ address }) => address.kind === "fd" ? [address.fd] : []));
}

/**
 * Makes sure that other processes are not ended for one that ends too.
 * @throws {StartError} if a signal has come to end this one
 */
function throwIfEnding(signals: Signals): void {
  const signal = signals.toEnd();
  if (signal !== null) throw new StartError(`${signal} came first`);
}

/** Writes the pid file. @throws {StartError} if that cannot be */
function writePid(path: string): void {
  try {
    writePidFile(path);
  } catch (error) {
    throw new StartError((error as Error).message);
  }
}

/** Gives up privileges. @throws {StartError} if that cannot be */
function dropAll(privileges: Privileges, warn: (line: string) => void): void {
  try {
    dropPrivileges(privileges, warn);
  } catch (error) {
    throw new StartError((error as Error).message);
  }
}

/** Sends a process that this one replaces the signal to end. */
function endOldProcess(pid: number, signal: NodeJS.Signals, ended: Set<number>): void {
  ended.add(pid);
  if (sendSignal(pid, signal) !== "not permitted") return;
  printError(`process ${pid} goes on: this user may not send it ${signal}`);
}

/** What to do about an address that cannot be listened on. */
function hintOf(error: Error): string {
  if (!(error instanceof SocketError)) return "";
  switch (error.code) {
    case "EADDRINUSE":
      return "\n  fix: end the process that listens there ('ss -ltnp' shows it), or choose another address";
    case "EADDRNOTAVAIL":
      return "\n  fix: choose an address of this machine ('ip addr' shows them)";
    case "EACCES":
      return "\n  fix: for a port below 1024, start as root or with the capability CAP_NET_BIND_SERVICE; " +
        "for a unix socket, choose a folder that this user may write to";
    default:
      return "";
  }
}

function announce({ endpoints }: Instance, engine: Engine): void {
  printError(`engine: ${showEngine(engine)} (${engine.why})`);
  for (const { proxy, endpoint } of endpoints) {
    printError(`${proxy} listens on ${showEndpoint(endpoint)}`);
  }
}
