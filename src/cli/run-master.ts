/** Runs a configuration by a master and its workers: `-W`, `-Ws`, `master-worker`. */
import process from "node:process";
import { formatDiagnostics } from "../config/diagnostic.ts";
import { hasListener, nobodyListens } from "../config/check.ts";
import { loadConfiguration, whyNoWarnings } from "../config/load.ts";
import type { Configuration } from "../config/model.ts";
import { openTransport } from "../log/open-transport.ts";
import { originatorOf } from "../log/originator.ts";
import { createLogOutputs, type LogSink, openLogSinks } from "../log/sink.ts";
import type { Network } from "../net/socket.ts";
import { systemAccounts } from "../process/accounts.ts";
import { type Checked, createMaster, type Master } from "../process/master.ts";
import type { MasterFacts } from "../process/master-commands.ts";
import { createWorkerPaths, openMasterSocket, readMasterSocket } from "../process/master-socket.ts";
import { spokenVersion } from "../process/operators.ts";
import { noNotify, notifyOf } from "../process/notify.ts";
import { sendSignal } from "../process/old-processes.ts";
import { writePidFile } from "../process/pid-file.ts";
import { releaseCode } from "../process/release-code.ts";
import { catchMasterSignals } from "../process/signals.ts";
import { allowTakeover } from "../process/takeover.ts";
import { systemClock } from "../time/clock.ts";
import { hostname } from "node:os";
import { FileError, printError, readFiles, readNamed, show } from "./files.ts";

/** How to run. */
export interface MasterOptions {
  readonly paths: readonly string[];
  readonly network: Network;
  /** What the first worker has to do. */
  readonly first: Checked;
  readonly configuration: Configuration;
  readonly argv: readonly string[];
  readonly pidfile: string | null;
  readonly quiet: boolean;
  /** It reports to systemd. */
  readonly notify: boolean;
  /** Where it takes commands; null: nowhere. */
  readonly socket: string | null;
  /** Processes that it replaces. */
  readonly finish: readonly number[];
  readonly terminate: readonly number[];
  /** To be called when it serves; null: it is no daemon. */
  readonly ready: (() => Promise<void>) | null;
  /** What a configuration is checked to be. */
  readonly checkedOf: (configuration: Configuration, files: Checked["files"]) => Checked | string;
}

/** Runs until a signal ends it. @returns the exit status */
export async function runMaster(options: MasterOptions): Promise<number> {
  const { pidfile, quiet, finish, terminate } = options;
  allowTakeover();
  const startedAt = Date.now();
  const socket = options.socket === null ? null : readMasterSocket(options.socket);
  if (typeof socket === "string") {
    printError(`-S ${options.socket}: ${socket}`);
    return 1;
  }
  const paths = socket === null ? null : createWorkerPaths();
  let log = openLog(options.configuration);
  const say = (line: string) => {
    if (!quiet) printError(`[NOTICE]   (${process.pid}) : ${line}`);
    log.write("notice", line.split("\n")[0]!, Date.now());
    log.flush();
  };
  const load = (): Promise<Checked | string> => {
    const checked = check(options);
    if (typeof checked === "string") return Promise.resolve(checked);
    log.close();
    log = openLog(checked.configuration);
    return Promise.resolve(options.checkedOf(checked.configuration, checked.files));
  };
  const master = createMaster({
    load,
    argv: options.argv,
    apiPath: () => paths?.next() ?? null,
    daemon: options.ready !== null,
    notify: options.notify ? notifyOf(process.env) : noNotify,
    say,
  });
  // As soon as the pid file is written a signal may come.
  const signals = catchMasterSignals();
  const failure = await master.begin(options.first, [...finish, ...terminate]);
  if (failure !== null) {
    paths?.close();
    printError(`cannot start: the worker: ${failure}`);
    return 1;
  }
  if (pidfile !== null) {
    try {
      writePidFile(pidfile);
    } catch (error) {
      printError(`cannot start: ${(error as Error).message}`);
      await master.end("SIGTERM");
      return 1;
    }
  }
  let commands: { close(): void } | null = null;
  try {
    const facts = factsOf(master, startedAt);
    const pathOf = (pid: number) => master.workers().find((each) => each.pid === pid)?.api ?? null;
    if (socket !== null) commands = openMasterSocket(socket, options.network, facts, pathOf);
  } catch (error) {
    printError(`cannot start: -S: ${(error as Error).message}`);
    await master.end("SIGTERM");
    paths?.close();
    return 1;
  }
  for (const pid of finish) sendSignal(pid, "SIGUSR1");
  for (const pid of terminate) sendSignal(pid, "SIGTERM");
  await options.ready?.();
  master.detach();
  setTimeout(releaseCode, 1000).unref();
  await obey(master, signals, () => {
    commands?.close();
    paths?.close();
  });
  log.close();
  return 0;
}

/** Does what signals ask, until one ends the master. */
async function obey(
  master: Master,
  signals: AsyncIterable<NodeJS.Signals>,
  close: () => void,
): Promise<void> {
  let ended: Promise<void> | null = null;
  for await (const signal of signals) {
    switch (signal) {
      case "SIGHUP":
      case "SIGUSR2":
        void master.reload();
        break;
      case "SIGTERM":
      case "SIGINT":
        await master.end("SIGTERM");
        return close();
      case "SIGUSR1":
        ended ??= master.end("SIGUSR1").then(() => {
          close();
          process.exit(0);
        });
        break;
      default:
        master.signal(signal);
    }
  }
}

/** What the master's own commands show. */
function factsOf(master: Master, startedAt: number): MasterFacts {
  return {
    pid: process.pid,
    startedAt,
    version: spokenVersion,
    wall: () => Date.now(),
    workers: () => master.workers(),
    get reloads() {
      return master.reloads;
    },
    get reloadFailed() {
      return master.reloads.last;
    },
    reload: () => master.reload(),
  };
}

/** The configuration of now; or what is wrong with it, which has been shown, too. */
function check(
  { paths, network, quiet }: MasterOptions,
): { configuration: Configuration; files: Checked["files"] } | string {
  try {
    const files = readFiles(paths);
    const loaded = loadConfiguration(files, process.env, network.can, readNamed, systemAccounts);
    const { configuration, diagnostics } = loaded;
    show(diagnostics, files, quiet);
    if (configuration === null) {
      const errors = diagnostics.filter(({ severity }) => severity === "error");
      return formatDiagnostics(errors, files);
    }
    if (!hasListener(configuration)) return nobodyListens;
    return whyNoWarnings(loaded) ?? { configuration, files };
  } catch (error) {
    if (error instanceof FileError) return error.message;
    throw error;
  }
}

function openLog({ global }: Configuration): LogSink {
  const outputs = createLogOutputs({
    open: (target) => openTransport(target),
    clock: systemClock,
    originator: originatorOf(global, process.pid, hostname()),
    onFailure: () => {},
  });
  return openLogSinks(global.log, outputs);
}
