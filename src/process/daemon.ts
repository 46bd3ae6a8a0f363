/**
 * A daemon (manual: "daemon", "-D"). No runtime can fork: the program starts itself again, in a
 * session of its own, and waits until that process says that it is ready. The child has our
 * standard streams until then, so that our caller reads its errors; then it leaves them, so that
 * no reader waits for their end.
 *
 * The child is given the configuration's text, by a pipe, because what we have read may not be there
 * to be read again: a pipe, a fifo, a file that has been renamed.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeSync,
} from "node:fs";
import process from "node:process";
import type { Writable } from "node:stream";
import type { SourceFile } from "../config/diagnostic.ts";
import { C } from "../net/linux/calls.ts";
import { ownCommand } from "./runtime.ts";
import { reasonOf } from "./system-error.ts";

/**
 * The environment variable by which a daemon knows its parent and the descriptors to it: see
 * {@linkcode DaemonPipes}.
 */
const variable = "SLUICE_DAEMON";
const ready = "ready\n";
const standardStreams = [0, 1, 2];

/** What a daemon is started with. */
export interface DaemonOptions {
  /** The program's command line. */
  readonly argv: readonly string[];
  /** The configuration, as it was read. */
  readonly files: readonly SourceFile[];
  /** Inherited descriptors to hand down, under their numbers. */
  readonly descriptors: ReadonlySet<number>;
}

/** What a daemon reads from its environment. */
interface DaemonPipes {
  /** The process that started it. */
  readonly parent: number;
  /** Where it reports that it is ready. */
  readonly report: number;
  /** Where it reads its configuration. */
  readonly input: number;
}

/**
 * Starts this program again, as a daemon, and waits until it is ready.
 * @returns null; or why it is not, "" if it has said so itself
 */
export function startDaemon({ argv, files, descriptors }: DaemonOptions): Promise<string | null> {
  const [report, other] = unused(descriptors);
  // Deno cannot write to other pipes than the standard input, which may be a listener (fd@0).
  const input = descriptors.has(0) ? other : 0;
  const stdio: (number | "ignore" | "inherit" | "pipe")[] = ["pipe", "inherit", "inherit"];
  for (let fd = 3; fd <= Math.max(report, input, ...descriptors); fd++) {
    const ours = fd === report || fd === input;
    stdio.push(ours ? "pipe" : descriptors.has(fd) ? fd : "ignore");
  }
  if (descriptors.has(0)) stdio[0] = "inherit";

  return new Promise((resolve) => {
    const [program, ...first] = ownCommand();
    const child = spawn(program, [...first, ...argv], {
      detached: true,
      stdio,
      env: { ...process.env, [variable]: `${process.pid} ${report} ${input}` },
    });
    let said = "";
    child.on("error", (error) => {
      resolve(`no other process can be started: ${reasonOf(error)}`);
    });
    child.on("exit", (_status, signal) => {
      if (said !== ready) resolve(signal === null ? "" : `the daemon was ended by ${signal}`);
    });
    // Of a process that could not be started there are none.
    const pipes = (child.stdio ?? []) as readonly unknown[];
    const text = pipes[input] as Writable | undefined;
    text?.on("error", () => {}); // it may end without reading
    text?.end(JSON.stringify(files));
    const pipe = pipes[report] as NodeJS.ReadableStream & { destroy(): void } | undefined;
    pipe?.on("data", (bytes: Uint8Array) => {
      said += new TextDecoder().decode(bytes);
      if (said !== ready) return;
      pipe?.destroy();
      child.unref();
      resolve(null);
    });
  });
}

/** Two descriptors that are not in use. */
function unused(descriptors: ReadonlySet<number>): [number, number] {
  const found: number[] = [];
  for (let fd = 3; found.length < 2; fd++) if (!descriptors.has(fd)) found.push(fd);
  return found as [number, number];
}

/** The process that {@linkcode startDaemon} has started, seen from inside. */
export interface Daemon {
  /** The configuration that the starting process has read. */
  readonly files: readonly SourceFile[];
  /** To be called when it serves. `descriptors` are in use, whatever their numbers. */
  ready(descriptors: ReadonlySet<number>): Promise<void>;
}

/** What this process is if {@linkcode startDaemon} has started it; else null. */
export function asDaemon(): Daemon | null {
  const contact = contactOf(process.env[variable]);
  delete process.env[variable];
  if (contact === null) return null;
  openNothing();
  const { report, input } = contact;
  const files = JSON.parse(readFileSync(input, "utf8")) as SourceFile[];
  if (input > 2) closeSync(input);
  return {
    files,
    async ready(descriptors) {
      await flushed(process.stdout);
      await flushed(process.stderr);
      leaveStandardStreams(descriptors);
      try {
        writeSync(report, ready);
      } catch {
        // The process that started it has ended in the meantime. It serves all the same.
      }
      closeSync(report);
    },
  };
}

/** Reads the variable; null if it is not our parent's, but came with the environment somehow. */
function contactOf(value: string | undefined): DaemonPipes | null {
  const found = /^(\d+) (\d+) (\d+)$/.exec(value ?? "");
  if (found === null) return null;
  const [parent, report, input] = found.slice(1).map(Number) as [number, number, number];
  const valid = parent === process.ppid && report > 2 && report !== input && isPipe(report) &&
    isPipe(input);
  return valid ? { parent, report, input } : null;
}

/** Whether a descriptor is a pipe, or the socket that runtimes take for one. */
export function isPipe(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

/** Waits until what was written to a stream has left the process, or cannot. */
export function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.once("error", () => resolve());
    stream.write("", () => resolve());
  });
}

/** The standard streams become /dev/null, and with them the copies that runtimes make of them. */
export function leaveStandardStreams(used: ReadonlySet<number>): void {
  const links = new Set(standardStreams.slice(1).map(linkOf));
  const nothing = openNothing();
  for (const fd of openDescriptors()) {
    const standard = standardStreams.includes(fd) || links.has(linkOf(fd));
    if (standard && !used.has(fd) && fd !== nothing) C.dup2(nothing, fd);
  }
  closeSync(nothing);
  nothingFd = -1;
}

let nothingFd = -1;

/** Opens /dev/null while it is there: inside a chroot(2) it is not. */
export function openNothing(): number {
  if (nothingFd < 0) nothingFd = openSync("/dev/null", "r+");
  return nothingFd;
}

/** The process's descriptors; numbers that may be some where there is no /proc, as in a chroot(2). */
function openDescriptors(): number[] {
  try {
    return readdirSync("/proc/self/fd").map(Number);
  } catch {
    return Array.from({ length: 256 }, (_, fd) => fd);
  }
}

/** Which file a descriptor stands for; its number if it is gone. */
function linkOf(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return statusOf(fd);
  }
}

/** The same where there is no /proc. Deno cannot ask so of descriptors that are not its own. */
function statusOf(fd: number): string {
  try {
    const { dev, ino } = fstatSync(fd);
    return `${dev}:${ino}`;
  } catch {
    return String(fd);
  }
}
