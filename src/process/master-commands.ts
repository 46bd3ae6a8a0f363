/** What the master itself answers (management manual, chapter 9.4.1). */
import type { AccessLevel } from "../config/keywords/stats-socket.ts";
import { mayRun } from "../services/commands/table.ts";
import type { Reloaded, WorkerInfo } from "./master.ts";

/** What the commands act on. */
export interface MasterFacts {
  readonly pid: number;
  /** ms since 1970. */
  readonly startedAt: number;
  readonly version: string;
  readonly wall: () => number;
  workers(): readonly WorkerInfo[];
  /** Reloads, and those of them that have failed. */
  readonly reloads: { readonly done: number; readonly failed: number };
  /** The last one has failed. */
  readonly reloadFailed: boolean;
  reload(): Promise<Reloaded>;
}

/** The modes of a session, by their letters in the prompt. */
export const modes = {
  "experimental-mode": "x",
  "expert-mode": "e",
  "mcli-debug-mode": "d",
} as const;
/** The name of one of them. */
export type Mode = keyof typeof modes;

/** One command. */
interface MasterCommand {
  readonly usage: string;
  readonly help: string;
  readonly level?: AccessLevel;
  run(facts: MasterFacts, level: AccessLevel): string | Promise<string>;
}

/** What a client is told that it can say, and what is done about it. */
export const masterCommands: Readonly<Record<string, MasterCommand>> = {
  reload: {
    usage: "",
    help: "has a worker with the configuration of now take over",
    level: "operator",
    async run(facts) {
      const { ok, text } = await facts.reload();
      return `Success=${ok ? 1 : 0}\n--\n${text.trimEnd()}\n`;
    },
  },
  "show cli level": {
    usage: "",
    help: "level of this session",
    run: (_, level) => `${level}\n`,
  },
  "show proc": { usage: "", help: "the master and its workers", run: showProcesses },
  "show version": {
    usage: "",
    help: "version of the process",
    run: ({ version }) => `${version}\n`,
  },
};

/** Those that the session knows itself. */
const builtIn: readonly (readonly [usage: string, help: string])[] = [
  ["@!<pid>", "gives a command to the process of this number"],
  ["@<relative pid>", "gives a command to a worker: 1 is the one that serves"],
  ["@master", "gives a command to the master"],
  ["operator", "lowers the level of this session to operator"],
  ["user", "lowers the level of this session to user"],
  ["expert-mode [on|off]", "allows commands for experts, in the workers"],
  ["experimental-mode [on|off]", "allows unfinished commands, in the workers"],
  ["mcli-debug-mode [on|off]", "shown in the prompt: the master has no more commands here"],
  ["help [<command>]", "lists commands, all or those that begin so"],
  ["prompt", "asks for more commands, or no more"],
  ["quit", "closes the connection"],
];

/** The help; for a command that is not known, those that it may be. */
export function masterHelp(level: AccessLevel, words: readonly string[], known: boolean): string {
  const own = Object.entries(masterCommands)
    .filter(([, command]) => mayRun(level, command.level))
    .map(([name, { usage, help }]) => [`${name} ${usage}`.trim(), help] as const);
  const all = [...own, ...builtIn].sort(([a], [b]) => a < b ? -1 : 1);
  const first = words[0] ?? "";
  const some = all.filter(([usage]) => usage.startsWith(first));
  const head = known
    ? "The following commands are valid at this level:\n"
    : some.length > 0
    ? "Unknown command, but maybe one of the following ones is a better match:\n"
    : "Unknown command. Please enter one of the following commands only:\n";
  return head + (some.length > 0 ? some : all)
    .map(([usage, help]) => `  ${usage.padEnd(40)}: ${help}\n`).join("");
}

function showProcesses({ pid, startedAt, version, wall, workers, reloads }: MasterFacts): string {
  const line = (...cells: readonly (string | number)[]) =>
    `${cells.slice(0, -1).map((cell) => String(cell).padEnd(15)).join(" ")} ${cells.at(-1)}\n`;
  const now = wall();
  const one = ({ pid, reloads, startedAt }: WorkerInfo) =>
    line(pid, "worker", reloads, uptime(now - startedAt), version);
  const [current, old] = [true, false].map((is) =>
    workers().filter((worker) => worker.current === is).map(one)
  );
  return line("#<PID>", "<type>", "<reloads>", "<uptime>", "<version>      ") +
    line(
      pid,
      "master",
      `${reloads.done} [failed: ${reloads.failed}]`,
      uptime(now - startedAt),
      version,
    ) +
    `# workers\n${current!.join("")}` +
    (old!.length > 0 ? `# old workers\n${old!.join("")}` : "") +
    "# programs\n";
}

/** A time as "0d00h02m07s". @param ms */
export function uptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3600) % 24)}h` +
    `${two(Math.floor(seconds / 60) % 60)}m${two(seconds % 60)}s`;
}
