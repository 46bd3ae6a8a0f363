/**
 * A worker of a master: this program, started again, which serves. It is a child and dies with its
 * master, and has its standard streams. Between the two there are pipes: the master writes what the
 * worker is to do to its standard input, a line of JSON; the worker reports how far it is.
 *
 *     worker: "listening"   all is bound, with the privileges that it began with
 *     master: "go"          it has taken over what listens, which it keeps for the next worker
 *     worker: "ready"       it serves
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, readSync, writeSync } from "node:fs";
import process from "node:process";
import type { Writable } from "node:stream";
import type { SourceFile } from "../config/diagnostic.ts";
import { EAGAIN, EINTR } from "../net/linux/constants.ts";
import { POLLIN, polls } from "../net/linux/poll.ts";
import { flushed, isPipe, leaveStandardStreams, openNothing } from "./daemon.ts";
import { ownCommand } from "./runtime.ts";

/** The environment variable by which a worker knows its master, and where it reports. */
const variable = "SLUICE_WORKER";
/** How long a worker waits for its master's answer, ms. */
const answerTimeout = 10_000;
/** How often a worker looks whether its master is still there, ms. */
const lookInterval = 500;

/** What a worker is started with. */
export interface Task {
  /** The configuration, as the master has read and checked it. */
  readonly files: readonly SourceFile[];
  /** Processes whose listening sockets it takes over: its master, and workers before it. */
  readonly takeFrom: readonly number[];
  /** Those of them that may be asked to give up an address. */
  readonly ask: readonly number[];
  /** Where it has a runtime API for its master alone; null: it has none. */
  readonly api: string | null;
  /** It leaves its standard streams when it serves, as a daemon's. */
  readonly leave: boolean;
}

/** How to start a worker. */
export interface WorkerStart extends Task {
  readonly argv: readonly string[];
  /** Inherited descriptors to hand down, under their numbers. */
  readonly descriptors: ReadonlySet<number>;
}

/** How far a worker is. */
export interface WorkerEvents {
  /** It listens. It goes on when this returns. */
  listening(pid: number): void;
  ready(): void;
  /** It has ended. @param how "status 1", or "signal SIGKILL" */
  ended(how: string): void;
}

/** Starts a worker. @returns the process */
export function startWorker(start: WorkerStart, events: WorkerEvents): ChildProcess {
  const { argv, descriptors, ...task } = start;
  let report = 3;
  while (descriptors.has(report)) report++;
  const stdio: (number | "ignore" | "inherit" | "pipe")[] = ["pipe", "inherit", "inherit"];
  for (let fd = 3; fd <= Math.max(report, ...descriptors); fd++) {
    stdio.push(fd === report ? "pipe" : descriptors.has(fd) ? fd : "ignore");
  }
  const [program, ...first] = ownCommand();
  // Only the master speaks to systemd.
  const { NOTIFY_SOCKET: _, ...silent } = process.env;
  const child = spawn(program, [...first, ...argv], {
    stdio,
    env: { ...silent, [variable]: `${process.pid} ${report}` },
  });
  let over = false;
  const end = (how: string) => {
    if (!over) events.ended(how);
    over = true;
  };
  child.on("error", (error) => end(error.message));
  child.on(
    "exit",
    (status, signal) => end(signal === null ? `status ${status}` : `signal ${signal}`),
  );
  const pipes = (child.stdio ?? []) as readonly unknown[];
  const input = pipes[0] as Writable | undefined;
  input?.on("error", () => {}); // it may end without reading
  input?.write(`${JSON.stringify(task)}\n`);
  let said = "";
  (pipes[report] as NodeJS.ReadableStream | undefined)?.on("data", (bytes: Uint8Array) => {
    said += new TextDecoder().decode(bytes);
    for (let at = said.indexOf("\n"); at >= 0; at = said.indexOf("\n")) {
      const word = said.slice(0, at);
      said = said.slice(at + 1);
      if (word === "listening" && child.pid !== undefined) {
        events.listening(child.pid);
        input?.write("go\n");
      } else if (word === "ready") events.ready();
    }
  });
  return child;
}

/** The worker that {@linkcode startWorker} has started, seen from inside. */
export interface OwnWorker extends Task {
  readonly master: number;
  /** To be called when all is bound. @throws {Error} if the master does not answer */
  listening(): void;
  /** To be called when it serves. `used` descriptors stay, whatever their numbers. */
  ready(used: ReadonlySet<number>): Promise<void>;
}

/** What this process is if {@linkcode startWorker} has started it; else null. */
export function asWorker(): OwnWorker | null {
  const found = /^(\d+) (\d+)$/.exec(process.env[variable] ?? "");
  delete process.env[variable];
  if (found === null) return null;
  const [master, report] = [Number(found[1]), Number(found[2])];
  if (master !== process.ppid || report < 3 || !isPipe(report) || !isPipe(0)) return null;
  const task = JSON.parse(readLine(0)) as Task;
  if (task.leave) openNothing();
  const watch = setInterval(() => {
    if (process.ppid !== master) process.exit(1);
  }, lookInterval);
  watch.unref();
  return {
    ...task,
    master,
    listening() {
      writeSync(report, "listening\n");
      if (readLine(0) !== "go") throw new Error("the master has not answered");
    },
    async ready(used) {
      if (task.leave) {
        await flushed(process.stdout);
        await flushed(process.stderr);
        leaveStandardStreams(used);
      }
      try {
        writeSync(report, "ready\n");
      } catch {
        // The master is gone; that is seen in a moment.
      }
      closeSync(report);
    },
  };
}

/** Reads a line, and nothing behind it. @returns what came, if the other end has closed */
function readLine(fd: number): string {
  const bytes: number[] = [];
  const one = new Uint8Array(1);
  const deadline = performance.now() + answerTimeout;
  while (performance.now() < deadline) {
    try {
      if (readSync(fd, one) === 0 || one[0] === 10) break;
      bytes.push(one[0]!);
    } catch (error) {
      const { code, errno } = error as { code?: string; errno?: number };
      const again = code === "EAGAIN" || code === "EINTR" ||
        [EAGAIN, EINTR].includes(Math.abs(errno ?? 0));
      if (!again) throw error;
      polls(fd, POLLIN, 100);
    }
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
