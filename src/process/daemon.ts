/**
 * A daemon (manual: "daemon", "-D"). No runtime can fork: the program starts itself again, in a
 * session of its own, and waits until that process says that it is ready. The child has our
 * standard streams until then, so that who called us reads its errors; then it leaves them, so that
 * nobody waits for the end of what it might write.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readlinkSync, writeSync } from "node:fs";
import process from "node:process";
import { C } from "../net/linux/calls.ts";
import { ownCommand } from "./runtime.ts";

/** Tells the child where to say that it is ready: the number of a descriptor. */
const variable = "SLUICE_READY_FD";
const ready = "ready\n";
const standardStreams = [0, 1, 2];

/** What the daemon needs of this process. */
export interface DaemonOptions {
  /** The program's command line. */
  readonly argv: readonly string[];
  /** What it is to read from its standard input; null: nothing. */
  readonly input: string | null;
  /** Inherited descriptors to hand down, under their numbers. */
  readonly descriptors: ReadonlySet<number>;
}

/**
 * Starts this program again, as a daemon, and waits until it is ready.
 * @returns null; or why it is not, "" if it has said so itself
 */
export function startDaemon({ argv, input, descriptors }: DaemonOptions): Promise<string | null> {
  let report = 3;
  while (descriptors.has(report)) report++;
  const stdio: (number | "ignore" | "inherit" | "pipe")[] = [
    input === null ? "ignore" : "pipe",
    "inherit",
    "inherit",
  ];
  for (let fd = 3; fd <= Math.max(report, ...descriptors); fd++) {
    stdio.push(fd === report ? "pipe" : descriptors.has(fd) ? fd : "ignore");
  }
  if (descriptors.has(0)) stdio[0] = "inherit";

  return new Promise((resolve) => {
    const [program, ...first] = ownCommand();
    const child = spawn(program, [...first, ...argv], {
      detached: true,
      stdio,
      env: { ...process.env, [variable]: String(report) },
    });
    let said = "";
    child.on("error", (error) => resolve(error.message));
    child.on("exit", (_status, signal) => {
      if (said !== ready) resolve(signal === null ? "" : `the daemon was ended by ${signal}`);
    });
    child.stdin?.on("error", () => {}); // it may end without reading
    child.stdin?.end(input ?? "");
    const pipe = child.stdio[report] as NodeJS.ReadableStream & { destroy(): void };
    pipe.on("data", (bytes: Uint8Array) => {
      said += new TextDecoder().decode(bytes);
      if (said !== ready) return;
      pipe.destroy();
      child.unref();
      resolve(null);
    });
  });
}

/**
 * What a daemon calls when it serves, in the process that {@linkcode startDaemon} has started; null
 * in any other. `descriptors` are in use, whatever their numbers.
 */
export function daemonReady(): ((descriptors: ReadonlySet<number>) => Promise<void>) | null {
  const report = Number(process.env[variable] ?? NaN);
  delete process.env[variable];
  if (!(report > 2)) return null;
  return async (descriptors) => {
    await flushed(process.stdout);
    await flushed(process.stderr);
    leaveStandardStreams(descriptors);
    try {
      writeSync(report, ready);
    } catch {
      // Who started it has ended in the meantime. It serves, and others may have been told to go.
    }
    closeSync(report);
  };
}

/** Waits until what was written to a stream has left the process, or cannot. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}

/** The standard streams become /dev/null, and with them the copies that runtimes make of them. */
function leaveStandardStreams(used: ReadonlySet<number>): void {
  const links = new Set(standardStreams.slice(1).map(linkOf));
  const nothing = openSync("/dev/null", "r+");
  for (const fd of readdirSync("/proc/self/fd").map(Number)) {
    const standard = standardStreams.includes(fd) || links.has(linkOf(fd));
    if (standard && !used.has(fd) && fd !== nothing) C.dup2(nothing, fd);
  }
  closeSync(nothing);
}

/** What a descriptor stands for; its number if it is gone. */
function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return String(fd);
  }
}
