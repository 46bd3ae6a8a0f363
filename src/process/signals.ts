/** The signals that a running proxy obeys (management manual, "Stopping and restarting HAProxy"). */
import process from "node:process";
import { SocketError } from "../net/socket.ts";
import type { Instance } from "../proxy/instance.ts";

const caught = ["SIGTERM", "SIGINT", "SIGUSR1", "SIGTTOU", "SIGTTIN", "SIGHUP"] as const;
type Signal = typeof caught[number];

/** Those after which a process is not to begin. */
const ending: readonly Signal[] = ["SIGTERM", "SIGINT", "SIGUSR1"];

/** Signals that are caught; those that came too early wait. */
export interface Signals {
  /** A signal that has come to end this process before it has begun; null: none has. */
  toEnd(): Signal | null;
  /**
   * Does what they ask of `instance`, from now on.
   * @param say hears what SIGHUP asked for, a line at a time
   * @returns resolves when the instance is to end, or has come to its end
   */
  obey(instance: Instance, say: (line: string) => void): Promise<void>;
}

/**
 * Catches the signals. To be called before anybody can know this process: by default TTOU and TTIN
 * stop a process, and USR1 and HUP kill it.
 */
export function catchSignals(): Signals {
  const early: Signal[] = [];
  let act = (signal: Signal): void => void early.push(signal);
  for (const signal of caught) process.on(signal, () => act(signal));
  return {
    toEnd: () => early.find((signal) => ending.includes(signal)) ?? null,
    obey(instance, say) {
      return new Promise((resolve) => {
        const end = () => {
          act = () => {};
          resolve();
        };
        act = (signal) => obeyOne(signal, instance, say, end);
        early.forEach(act);
      });
    },
  };
}

function obeyOne(
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
        // The instance has told it, and goes on: the next SIGTTIN tries again.
        if (!(error instanceof SocketError)) throw error;
      }
      break;
    case "SIGHUP":
      instance.report().forEach(say);
      break;
  }
}

/** Resolves at the first SIGTERM or SIGINT. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
  });
}
