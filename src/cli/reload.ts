/** `sluice reload`: has a running master take its configuration anew, and says what became of it. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { hasListener, nobodyListens } from "../config/check.ts";
import { loadConfiguration } from "../config/load.ts";
import { systemAccounts } from "../process/accounts.ts";
import { sendSignal } from "../process/old-processes.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { print, printError, readFiles, readNamed, show } from "./files.ts";
import { parseFlags } from "./haproxy-flags.ts";

/** How long a new worker may take to serve, ms; how often to look; how long it must last. */
const startTimeout = 20_000;
const interval = 20;
const settled = 300;

/**
 * Checks what the master would read, so that whoever asks sees what is wrong with it, and asks it to
 * reload.
 * @param which the master's process id, or the file that holds it
 * @returns the exit status
 */
export async function reload(which: string): Promise<number> {
  const pid = /^\d+$/.test(which) ? Number(which) : pidIn(which);
  if (pid === null) {
    printError(`'${which}' is neither the number of a process nor a file that holds one`);
    return 1;
  }
  const before = workersOf(pid);
  if (before.size === 0) {
    printError(
      `process ${pid} is no master with workers\n` +
        "  fix: start sluice with -W or -Ws; without a master, start the new one with '-sf " +
        `${pid}'`,
    );
    return 1;
  }
  const files = filesOf(pid);
  if (files !== null) {
    const sources = readFiles(files);
    const { can } = await networkOfRuntime();
    const { configuration, diagnostics } = loadConfiguration(
      sources,
      process.env,
      can,
      readNamed,
      systemAccounts,
    );
    show(diagnostics, sources);
    if (configuration === null) {
      printError("the configuration has errors: nothing is changed");
      return 1;
    }
    if (!hasListener(configuration)) {
      printError(`${nobodyListens}: nothing is changed`);
      return 1;
    }
  }
  if (sendSignal(pid, "SIGUSR2") !== "sent") {
    printError(`process ${pid}: not permitted`);
    return 1;
  }
  return await watch(pid, before);
}

/** Waits for a worker that was not there before, and stays. */
async function watch(pid: number, before: ReadonlySet<number>): Promise<number> {
  let seen: number | null = null;
  let since = 0;
  for (const end = performance.now() + startTimeout; performance.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, interval));
    const now = workersOf(pid);
    if (seen !== null && sendSignal(seen, 0) === "gone") {
      printError("the new worker could not serve: nothing is changed; the master's log says why");
      return 1;
    }
    const fresh = [...now].find((child) => !before.has(child)) ?? null;
    if (seen === null && fresh !== null) [seen, since] = [fresh, performance.now()];
    // The workers before it have been told to finish, or it has stayed for a while.
    const replaced = ![...before].some((child) => now.has(child));
    if (seen !== null && (replaced || performance.now() - since > settled && isServing(seen))) {
      print(`reloaded: worker ${seen} serves`);
      return 0;
    }
  }
  printError("no new worker has come up; the master's log says why");
  return 1;
}

/** Whether a worker has closed the pipe by which it reports that it is ready. */
function isServing(pid: number): boolean {
  try {
    const fds = readdirSync(`/proc/${pid}/fd`);
    return !fds.includes("3") || !/^(socket|pipe):/.test(readlinkSync(`/proc/${pid}/fd/3`));
  } catch {
    // Another user's by now: it has given up its privileges, so it listens.
    return true;
  }
}

function pidIn(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** What a process runs; null: it is about to run something else, or is another user's. */
function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return null;
  }
}

/** The workers of a process: those that it has started of its own program. */
function workersOf(pid: number): Set<number> {
  const children = new Set<number>();
  try {
    const program = programOf(pid);
    if (program === null) return children;
    const isWorker = (child: number) => child !== process.pid && programOf(child) === program;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, "latin1");
      for (const child of text.split(" ").filter(Boolean).map(Number)) {
        if (isWorker(child)) children.add(child);
      }
    }
  } catch {
    // It is gone, or another user's.
  }
  return children;
}

/** The configuration files that a process was started with; null: it is not known. */
function filesOf(pid: number): string[] | null {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
    const first = words.findIndex((word) => /^-(?!A$|-)/.test(word) && word !== "run");
    const flags = parseFlags(words.slice(first));
    if (typeof flags === "string" || flags.files.length === 0) return null;
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    return flags.files.map((file) => resolve(folder, file));
  } catch {
    return null;
  }
}
