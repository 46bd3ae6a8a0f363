/** The signals that a running proxy obeys (management manual, "Stopping and restarting HAProxy"). */
import { constants } from "node:os";
import process from "node:process";
import { SocketError } from "../net/socket.ts";
import type { Instance } from "../proxy/instance.ts";
import { C } from "../net/linux/calls.ts";
import { always, reportSurvived, type Survived, surviveQuit } from "./survived-signals.ts";

const caught = ["SIGTERM", "SIGINT", "SIGUSR1", "SIGTTOU", "SIGTTIN", "SIGHUP"] as const;
type Signal = typeof caught[number];

/** Those after which a process must not begin. */
const ending: readonly Signal[] = ["SIGTERM", "SIGINT", "SIGUSR1"];

/** Signals that are caught; those that came too early wait. */
export interface Signals {
  /** A signal that has come to end this process before it has begun; null: none has. */
  toEnd(): Signal | null;
  /**
   * Does what they ask of `instance`, from now on.
   * @param say prints a line: what SIGHUP asked for, or that a signal has no effect
   * @returns resolves when the instance must end, or has ended
   */
  handle(instance: Instance, say: (line: string) => void): Promise<void>;
}

/**
 * Catches the signals. Must be called before others can know of this process: by default TTOU and
 * TTIN stop a process, and USR1 and HUP end it.
 */
export function catchSignals(): Signals {
  surviveQuit();
  ignoreRest();
  const early: Signal[] = [];
  let act = (signal: Signal): void => void early.push(signal);
  for (const signal of caught) process.on(signal, () => act(signal));
  return {
    toEnd: () => early.find((signal) => ending.includes(signal)) ?? null,
    handle(instance, say) {
      return new Promise((resolve) => {
        const end = () => {
          act = () => {};
          ignoreCaught();
          resolve();
        };
        act = (signal) => handleOne(signal, instance, say, end);
        early.forEach(act);
        const last = new Map<Survived, number>();
        reportSurvived((signal) => {
          const now = performance.now();
          if (now - (last.get(signal) ?? -Infinity) < 1000) return;
          last.set(signal, now);
          const line = noEffect(signal);
          instance.note(line);
          say(line);
        });
      });
    },
  };
}

const SIG_IGN = 1;

/**
 * Ignores what was caught until now: Deno takes its listeners away before the process has ended,
 * and TTIN would then stop it for ever.
 */
function ignoreCaught(): void {
  try {
    for (const signal of [...caught, ...always]) C.signal(constants.signals[signal], SIG_IGN);
  } catch {
    // Without the C library a late signal has its default effect.
  }
}

/** Ignores the signals of this kind for which no runtime has listeners. */
function ignoreRest(): void {
  // STKFLT, and XFSZ, so that write(2) returns an error instead; real-time signals but for glibc's
  // own.
  const numbers = [16, 25, ...Array.from({ length: 31 }, (_, i) => 34 + i)];
  // PWR, with which Bun stops its own threads while it collects garbage.
  if (!("Bun" in globalThis)) numbers.push(30);
  try {
    for (const number of numbers) C.signal(number, SIG_IGN);
  } catch {
    // Without the C library they end the process, as they end HAProxy.
  }
}

function handleOne(
  signal: Signal,
  instance: Instance,
  say: (line: string) => void,
  end: () => void,
): void {
  switch (signal) {
    case "SIGTERM":
    case "SIGINT":
      end();
      break;
    case "SIGUSR1":
      void instance.finish().then(end);
      break;
    case "SIGTTOU":
      instance.pause();
      break;
    case "SIGTTIN":
      try {
        instance.resume();
      } catch (error) {
        // The instance has logged it, and goes on: the next SIGTTIN tries again.
        if (!(error instanceof SocketError)) throw error;
      }
      break;
    case "SIGHUP":
      instance.report().forEach(say);
      break;
  }
}

/** The log line for a signal that is survived. */
function noEffect(signal: Survived): string {
  switch (signal) {
    case "SIGUSR2":
      return "SIGUSR2 has no effect without a master: to reload, start sluice with the new " +
        `configuration and '-sf ${process.pid}'`;
    case "SIGQUIT":
      return "SIGQUIT has no effect: SIGUSR1 lets the process finish, SIGTERM ends it at once";
    default:
      return `${signal} has no effect`;
  }
}

const forMaster = ["SIGTERM", "SIGINT", "SIGUSR1", "SIGHUP", "SIGTTOU", "SIGTTIN"] as const;

/** Catches the signals of a master: they come in their order, those that came too early first. */
export function catchMasterSignals(): AsyncIterable<NodeJS.Signals> {
  ignoreRest();
  surviveQuit();
  const waiting: NodeJS.Signals[] = [];
  let wake = () => {};
  const put = (signal: NodeJS.Signals) => {
    waiting.push(signal);
    wake();
  };
  for (const signal of forMaster) process.on(signal, () => put(signal));
  reportSurvived((signal) => {
    if (signal === "SIGUSR2") put(signal);
  });
  return {
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (waiting.length > 0) yield waiting.shift()!;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}

/** Resolves at the first SIGTERM or SIGINT. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
}
