/**
 * The program as a process of its own. `bun test` runs the compiled binary (SLUICE_BINARY, else
 * dist/sluice), `deno test` runs src/main.ts on Deno: both must do the same.
 */
import { assertEquals } from "@std/assert";
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { runtimeName, test } from "./testing.ts";
import { until } from "./until.ts";

const root = join(import.meta.dirname ?? ".", "..");
const binary = process.env["SLUICE_BINARY"] ?? join(root, "dist", "sluice");
const missing = runtimeName === "bun" && !existsSync(binary);

/** The program, and the arguments that go before its own. */
export const launcher: readonly [string, ...string[]] = runtimeName === "bun"
  ? [binary]
  : [process.execPath, "run", "-A", "--quiet", "--no-check", join(root, "src", "main.ts")];

/** Why the program has no threads that serve; null: it has. tests/all.ts names its wrapper so. */
export const threadless: string | null = runtimeName !== "bun"
  ? "Deno has no threads that serve"
  : binary.endsWith("-on-sockets")
  ? "this engine has no threads"
  : null;

/** How long a process may take to start or to end, in ms; a busy machine has time enough. */
const PATIENCE = 30_000;

/**
 * Declares a test of the program. Where the binary has not been built it is skipped, loudly.
 * @param impossible why it cannot be made here; null: it can
 */
export function programTest(
  name: string,
  body: () => void | Promise<void>,
  impossible: string | null = null,
): void {
  const reason = missing ? `${binary} is missing (sh compile.sh builds it)` : impossible;
  const skip = reason !== null;
  test(skip ? `SKIPPED, ${reason}: ${name}` : name, body, { skip });
}

/** How a process ended, and what it wrote. */
export interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to start a process. */
export interface Options {
  /** For the standard input; none: it is empty. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The words of a program that starts the program: setpriv, a shell. */
  readonly prefix?: readonly [string, ...string[]];
  /** Descriptors to hand down as 3, 4, ...; "ignore": none of this number. */
  readonly descriptors?: readonly (number | "ignore")[];
}

/** A started process, and what it has written so far. */
interface Child {
  readonly process: ChildProcess;
  stdout: string;
  stderr: string;
  readonly ended: Promise<Ended>;
}

/**
 * What `deno run` (2.9.2 and later; no compiled program) says of SIGUSR1, at which it opens its
 * inspector: another process that was just told to end may have the port.
 */
const inspector = /^Failed to start inspector server: .*\n/gm;

function launch(args: readonly string[], options: Options): Child {
  const [first, ...rest] = [...options.prefix ?? [], ...launcher, ...args];
  const stdio: StdioOptions = ["pipe", "pipe", "pipe", ...options.descriptors ?? []];
  const child = spawn(first!, rest, {
    cwd: options.cwd ?? root,
    env: { ...process.env, NO_COLOR: "1", ...options.env },
    stdio,
  });
  child.stdin!.on("error", () => {}); // a program that does not read it may have ended
  child.stdin!.end(options.input ?? "");
  const self = { process: child, stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]!.setEncoding("utf8");
    child[stream]!.on("data", (text: string) => void (self[stream] += text));
  }
  const ended = once(child, "close").then(([status, signal]): Ended => {
    const { stdout } = self;
    const stderr = self.stderr.replace(inspector, "");
    return { status: status as number | null, signal: signal as string | null, stdout, stderr };
  });
  return Object.assign(self, { ended });
}

/** Waits for a process's end; one that does not end is killed, and the test fails. */
async function end({ process: child, ended }: Child): Promise<Ended> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, PATIENCE);
  const result = await ended;
  clearTimeout(timer);
  if (late) throw new Error(`not ended in ${PATIENCE} ms:\n${result.stdout}\n${result.stderr}`);
  return result;
}

/** Starts the program with fewer descriptors: for {@linkcode Options.prefix}. */
export function withDescriptors(limit: number): readonly [string, ...string[]] {
  return ["/bin/sh", "-c", `ulimit -n ${limit} && exec "$0" "$@"`];
}

/** Runs the program to its end. */
export function run(args: readonly string[], options: Options = {}): Promise<Ended> {
  return end(launch(args, options));
}

/** A started program. */
export interface Started {
  readonly pid: number;
  /** How it ended. */
  readonly ended: Promise<Ended>;
  /** What it has written to its standard error. */
  readonly stderr: () => string;
  signal(name: NodeJS.Signals): void;
}

/** Starts the program. Whoever starts it sees to it that it ends. */
export function start(args: readonly string[], options: Options = {}): Started {
  const child = launch(args, options);
  const pid = child.process.pid!;
  return {
    pid,
    ended: end(child),
    stderr: () => child.stderr,
    signal: (name) => void process.kill(pid, name),
  };
}

/** Makes a folder, and removes it after `body`. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A number from 0 to `bound` - 1. */
function random(bound: number): number {
  return Math.floor(Math.random() * bound);
}

/** The first three numbers of 256 loopback addresses: see {@linkcode freshAddress}. */
export function freshNetwork(): string {
  return `127.${64 + random(128)}.${random(256)}`;
}

let addresses = 0;
const network = freshNetwork();

/**
 * A loopback address that no other test uses: on it each port is free, also of those that the
 * kernel deals out to clients, who have 127.0.0.1.
 */
export function freshAddress(): string {
  addresses++;
  return `${network}.${addresses}`;
}

/** A running proxy. */
export interface Proxy {
  readonly pid: number;
  /** What it has written to its standard output. */
  readonly stdout: () => string;
  /** Stops reading its standard output, until it ends. */
  pauseOutput(): void;
  /** Descriptors that it has open. */
  descriptors(): number;
  /** Memory that it holds now, in bytes. */
  memory(): number;
  /** CPU time that it has used, user and system, in ms. */
  cpu(): number;
  signal(name: NodeJS.Signals): void;
  /** What became of it. */
  readonly ended: Promise<Ended>;
}

/** How to run a proxy. */
export interface RunOptions extends Options {
  /** Arguments besides -db, -f and -p. */
  readonly args?: readonly string[];
  /** By the verb for people, not by HAProxy's flags. */
  readonly verb?: "run";
  /** What it may write to its standard error; else it must write nothing. */
  readonly stderr?: RegExp;
}

/**
 * Runs a configuration while `body` runs. It is up when `body` begins: its pid file tells, for a
 * connection would be logged. It must then end by SIGTERM (or by what `body` sent it) with status
 * 0 and without a word.
 */
export async function withProxy(
  configuration: string,
  body: (proxy: Proxy) => void | Promise<void>,
  options: RunOptions = {},
): Promise<void> {
  await inFolder(async (folder) => {
    const file = join(folder, "proxy.cfg");
    const pidfile = join(folder, "pid");
    writeFileSync(file, configuration);
    const how = options.verb === undefined ? ["-db", "-f", file] : [options.verb, file];
    const child = launch([...how, "-p", pidfile, ...options.args ?? []], options);
    const pid = child.process.pid!;
    let gone: Ended | null = null;
    const ended = child.ended.then((how) => gone = how);
    // Not by the child's own kill(): Deno then says that the signal ended it, whatever it did.
    const send = (name: NodeJS.Signals) => void process.kill(pid, name);
    const proc = (name: string) => readFileSync(`/proc/${pid}/${name}`, "latin1");
    try {
      await until(
        () => {
          if (gone !== null) throw new Error(`it did not start:\n${gone.stdout}\n${gone.stderr}`);
          return existsSync(pidfile) && readFileSync(pidfile, "utf8") === `${pid}\n`;
        },
        "the proxy's start",
        PATIENCE,
      );
      await body({
        pid,
        ended,
        stdout: () => child.stdout,
        pauseOutput: () => void child.process.stdout!.pause(),
        descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
        memory: () => Number(/^VmRSS:\s*(\d+) kB/m.exec(proc("status"))![1]) * 1024,
        cpu() {
          // proc(5): utime and stime, in ticks of 10 ms, after the name in brackets.
          const fields = proc("stat").replace(/^.*\) /, "").split(" ");
          return (Number(fields[11]) + Number(fields[12])) * 10;
        },
        signal: send,
      });
      if (gone === null) send("SIGTERM");
      child.process.stdout!.resume();
      const { status, signal, stderr } = await end(child);
      assertEquals({ status, signal }, { status: 0, signal: null }, stderr);
      if (options.stderr === undefined) assertEquals(stderr, "");
      else if (!options.stderr.test(stderr)) throw new Error(`unexpected words:\n${stderr}`);
    } finally {
      child.process.kill("SIGKILL");
      await ended;
    }
  });
}
