import { helpIndex, helpPage } from "../config/help.ts";
import { print, printError } from "./files.ts";

/**
 * `sluice help [KEYWORD]`: what a keyword of the configuration does; without one, all there are.
 * @returns the exit status: 1 if there is no such keyword
 */
export function help(words: readonly string[]): number {
  if (words.length === 0) {
    print(
      `${helpIndex()}\n\n'sluice help KEYWORD' says more of one; 'sluice --help' shows the commands.`,
    );
    return 0;
  }
  const { found, text } = helpPage(words.join(" "));
  if (found) print(text);
  else printError(text);
  return found ? 0 : 1;
}
