/** All commands of the runtime API, and the help made from them. */
import { accessLevels } from "../../config/keywords/stats-socket.ts";
import type { AccessLevel } from "../../config/keywords/stats-socket.ts";
import { acmeCommands } from "./acme.ts";
import type { Command } from "./command.ts";
import { cacheCommands } from "./caches.ts";
import { dynamicServerCommands } from "./dynamic-servers.ts";
import { frontendCommands } from "./frontends.ts";
import { patternCommands } from "./patterns.ts";
import { processCommands } from "./process.ts";
import { resolverCommands } from "./resolvers.ts";
import { serverCommands } from "./servers.ts";
import { setServerCommands } from "./set-server.ts";
import { sessionCommands } from "./sessions.ts";
import { certificateCommands } from "./ssl-certificates.ts";
import { sslFileCommands } from "./ssl-files.ts";
import { sslListCommands } from "./ssl-lists.ts";
import { statisticsCommands } from "./statistics.ts";
import { tableCommands } from "./stick-tables.ts";

/** The commands, by name. Other rooms add theirs here: one line each. */
export const commands: readonly Command[] = [
  ...acmeCommands,
  ...cacheCommands,
  ...frontendCommands,
  ...processCommands,
  ...resolverCommands,
  ...serverCommands,
  ...setServerCommands,
  ...dynamicServerCommands,
  ...sessionCommands,
  ...patternCommands,
  ...statisticsCommands,
  ...tableCommands,
  ...certificateCommands,
  ...sslFileCommands,
  ...sslListCommands,
].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** Those that the session itself knows. */
const builtIn: readonly Pick<Command, "name" | "usage" | "help">[] = [
  { name: "help", usage: "[<command>]", help: "lists commands, all or those that begin so" },
  { name: "prompt", usage: "", help: "asks for more commands, or no more" },
  { name: "quit", usage: "", help: "closes the connection" },
];

/** Whether a level has what a command needs. */
export function mayRun(level: AccessLevel, needed: AccessLevel = "user"): boolean {
  return accessLevels.indexOf(level) >= accessLevels.indexOf(needed);
}

/** The command that words begin with, and how many of them are its name; null: none. */
export function findCommand(
  words: readonly string[],
  among = commands,
): { readonly command: Command; readonly length: number } | null {
  let found: { command: Command; length: number } | null = null;
  for (const command of among) {
    const name = command.name.split(" ");
    if (name.length <= (found?.length ?? 0)) continue;
    if (name.every((word, i) => words[i] === word)) found = { command, length: name.length };
  }
  return found;
}

function helpLine({ name, usage, help }: Pick<Command, "name" | "usage" | "help">): string {
  const first = `  ${`${name} ${usage}`.trimEnd().padEnd(40)}`;
  return `${first}: ${help}\n`;
}

/** The help for a session of this level. @param words only commands that begin so */
export function helpText(level: AccessLevel, words: readonly string[], found: boolean): string {
  const visible = commands.filter((command) =>
    command.hidden !== true && mayRun(level, command.level)
  );
  const matching = (count: number) =>
    visible.filter(({ name }) => {
      const own = name.split(" ");
      return words.slice(0, count).every((word, i) => own[i]?.startsWith(word) === true);
    });
  let listed = matching(words.length);
  for (let count = words.length - 1; listed.length === 0 && count > 0; count--) {
    listed = matching(count);
  }
  const some = listed.length > 0 && words.length > 0;
  const first = found
    ? words.length === 0
      ? "The following commands are valid at this level:\n"
      : "The following commands are valid at this level:\n"
    : some
    ? "Unknown command, but maybe one of the following ones is a better match:\n"
    : "Unknown command. Please enter one of the following commands only:\n";
  const lines = some || words.length === 0 ? listed : visible;
  return first + [...lines, ...builtIn].map(helpLine).join("");
}
