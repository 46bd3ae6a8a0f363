/**
 * Signals that do not mean the end, and by default end a process all the same (signal(7)).
 * HAProxy 2.6 survives USR2, ALRM and QUIT of them. main.ts imports this file before any other,
 * and it imports nothing that takes time: a `kill -USR2` may come while the program still starts.
 */
import process from "node:process";

/** What every command survives. */
export const always = ["SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO"] as const;
/** What a proxy survives besides; a terminal's Ctrl-\ may end other commands. */
const QUIT = "SIGQUIT";

/** See above. */
export type Survived = typeof always[number] | typeof QUIT;

const early: Survived[] = [];
let receive = (signal: Survived): void => void early.push(signal);

for (const signal of always) process.on(signal, () => receive(signal));

/** To be called by a command that runs a proxy. */
export function surviveQuit(): void {
  process.on(QUIT, () => receive(QUIT));
}

/** @param listener called for each of these signals from now on, and for those that came before */
export function reportSurvived(listener: (signal: Survived) => void): void {
  receive = listener;
  early.splice(0).forEach(listener);
}
