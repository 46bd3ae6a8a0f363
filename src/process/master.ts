/**
 * The master (manual: "master-worker"; management manual: "-W"): it serves nothing itself. It keeps
 * what listens, has a worker serve, replaces it by one with a new configuration, or one that has
 * died by another; and no client is ever refused, for the sockets are never bound anew.
 */
import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { monotonicMicroseconds, type Notify } from "./notify.ts";
import { sendSignal } from "./old-processes.ts";
import { takeListeners, type Takeover } from "./takeover.ts";
import { startWorker, type Task } from "./worker-process.ts";

/** A configuration that has been read and checked. */
export interface Checked extends Pick<Task, "files"> {
  /** Inherited descriptors that it names. */
  readonly descriptors: ReadonlySet<number>;
  /** A worker that has survived so many reloads is ended (manual: "mworker-max-reloads"). */
  readonly maxReloads: number | null;
}

/** What a master needs from outside. */
export interface MasterDeps {
  /** Reads and checks the configuration anew. @returns why it is no good, a text for people */
  load(): Promise<Checked | string>;
  /** The command line of a worker. */
  readonly argv: readonly string[];
  readonly notify: Notify;
  /** Where a worker that is about to start has a runtime API for this master; null: it has none. */
  apiPath(): string | null;
  /** Its workers leave the standard streams that it still has. */
  readonly daemon: boolean;
  /** Says a line to people, and to the log. */
  say(line: string): void;
}

/** A worker, as others see it. */
export interface WorkerInfo {
  readonly pid: number;
  /** How many reloads it has seen. */
  readonly reloads: number;
  /** ms since 1970. */
  readonly startedAt: number;
  /** The one that serves; the others finish what they have. */
  readonly current: boolean;
  /** Where it has its runtime API for this master; null: it has none. */
  readonly api: string | null;
}

/** What became of a reload. */
export interface Reloaded {
  readonly ok: boolean;
  /** For people: why it has failed. */
  readonly text: string;
}

/** See above. */
export interface Master {
  /**
   * Starts the first worker.
   * @param old processes whose listening sockets it takes over
   * @returns why it cannot serve; null: it does
   */
  begin(first: Checked, old: readonly number[]): Promise<string | null>;
  /** From now on it has no terminal any more, and neither have its workers. */
  detach(): void;
  /** Reloads that were done, and those that have failed; and whether the last one has. */
  readonly reloads: { readonly done: number; readonly failed: number; readonly last: boolean };
  /** Has a worker with the configuration of now take the place of the one that serves. */
  reload(): Promise<Reloaded>;
  workers(): WorkerInfo[];
  /** Passes a signal on to all workers. */
  signal(name: NodeJS.Signals): void;
  /** Ends the workers: at once, or when their sessions have ended. @returns when they have */
  end(how: "SIGTERM" | "SIGUSR1"): Promise<void>;
}

/** A worker that lives. */
interface Worker {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly startedAt: number;
  reloads: number;
  readonly api: string | null;
}

/** A worker that died sooner than that, ms, is replaced only after as long. */
const shortLife = 1000;
/** How long a worker that is to end at once may take, ms. */
const endTimeout = 10_000;

/** Makes a master, which does nothing yet. */
export function createMaster(deps: MasterDeps): Master {
  const { notify, say } = deps;
  const workers = new Set<Worker>();
  let current: Worker | null = null;
  let checked: Checked | null = null;
  /** What listens; this process accepts nothing from it. */
  let held: Takeover | null = null;
  let reloads = 0;
  let failures = 0;
  let lastFailed = false;
  let ending = false;
  let detached = false;
  let allEnded = () => {};
  /** Reloads, and replacements, come one after the other. */
  let queue: Promise<unknown> = Promise.resolve();

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = queue.then(act);
    queue = result.catch(() => {});
    return result;
  }

  /** Starts a worker. @returns it, once it serves; why it does not */
  function launch(
    configuration: Checked,
    before: readonly number[] = [],
  ): Promise<Worker | string> {
    const old = [...before, ...[...workers].map(({ pid }) => pid)];
    const holds = held !== null && held.listeners.size > 0;
    return new Promise((resolve) => {
      let taken: Takeover | null = null;
      let worker: Worker | null = null;
      let serves = false;
      const api = deps.apiPath();
      const child = startWorker({
        api,
        argv: deps.argv,
        files: configuration.files,
        descriptors: configuration.descriptors,
        takeFrom: holds ? [process.pid] : old,
        ask: old,
        leave: deps.daemon && !detached,
      }, {
        listening(pid) {
          taken = takeListeners([pid]);
        },
        ready() {
          serves = true;
          held?.closeUnused();
          held = taken;
          resolve(worker!);
        },
        ended(how) {
          if (worker !== null) workers.delete(worker);
          if (!serves) {
            taken?.closeUnused();
            resolve(`it ended with ${how}`);
          }
          if (workers.size === 0) allEnded();
          if (serves && worker === current && !ending) died(worker!, how);
        },
      });
      if (child.pid === undefined) return;
      worker = { child, pid: child.pid, startedAt: Date.now(), reloads: 0, api };
      workers.add(worker);
    });
  }

  /** The worker that served is gone: another one takes its place. */
  function died(worker: Worker, how: string): void {
    say(`worker ${worker.pid} has ended with ${how}: another one takes its place`);
    current = null;
    const wait = Date.now() - worker.startedAt < shortLife ? shortLife : 0;
    void inTurn(() => replace(wait));
  }

  async function replace(wait: number): Promise<void> {
    for (let pause = wait;; pause = shortLife) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      if (ending || current !== null) return;
      const started = await launch(checked!);
      if (typeof started !== "string") {
        current = started;
        say(`worker ${started.pid} serves`);
        notify.send({ STATUS: status() });
        return;
      }
      say(`no worker serves: ${started}`);
      notify.send({ STATUS: "No worker serves" });
    }
  }

  const status = () => `Serving (worker ${current?.pid ?? "none"}, ${reloads - failures} reloads)`;

  async function reload(): Promise<Reloaded> {
    if (ending) return { ok: false, text: "the master ends" };
    notify.send({
      RELOADING: 1,
      MONOTONIC_USEC: monotonicMicroseconds(),
      STATUS: "Reloading Configuration.",
    });
    const result = await exchange();
    reloads++;
    lastFailed = !result.ok;
    if (!result.ok) failures++;
    notify.send({ READY: 1, STATUS: result.ok ? status() : "Reload failed!" });
    say(
      result.ok
        ? "the reload is done"
        : `the reload has failed, and changes nothing: ${result.text}`,
    );
    return result;
  }

  async function exchange(): Promise<Reloaded> {
    const next = await deps.load();
    if (typeof next === "string") return { ok: false, text: next };
    const started = await launch(next);
    if (typeof started === "string") return { ok: false, text: `the new worker: ${started}` };
    const before = [...workers].filter((worker) => worker !== started);
    checked = next;
    current = started;
    for (const worker of before) {
      worker.reloads++;
      const most = next.maxReloads;
      sendSignal(worker.pid, most !== null && worker.reloads > most ? "SIGTERM" : "SIGUSR1");
    }
    return { ok: true, text: `worker ${started.pid} serves` };
  }

  return {
    detach: () => void (detached = true),
    async begin(first, old) {
      checked = first;
      const started = await inTurn(() => launch(first, old));
      if (typeof started === "string") return started;
      current = started;
      notify.send({ READY: 1, MAINPID: process.pid, STATUS: status() });
      if (notify.watchdog !== null) {
        const timer = setInterval(() => notify.send({ WATCHDOG: 1 }), notify.watchdog / 2);
        timer.unref();
      }
      return null;
    },
    get reloads() {
      return { done: reloads, failed: failures, last: lastFailed };
    },
    reload: () => inTurn(reload),
    workers: () =>
      [...workers].map((worker) => ({
        pid: worker.pid,
        reloads: worker.reloads,
        startedAt: worker.startedAt,
        current: worker === current,
        api: worker.api,
      })),
    signal(name) {
      for (const { pid } of workers) sendSignal(pid, name);
    },
    async end(how) {
      const again = ending;
      ending = true;
      if (!again) notify.send({ STOPPING: 1 });
      for (const { pid } of workers) sendSignal(pid, how);
      if (workers.size === 0) return;
      await new Promise<void>((resolve) => {
        allEnded = resolve;
        if (how === "SIGTERM") {
          setTimeout(() => {
            for (const { pid } of workers) sendSignal(pid, "SIGKILL");
          }, endTimeout).unref();
        }
      });
      held?.closeUnused();
    },
  };
}
