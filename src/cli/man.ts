/** The manual page, `sluice man | man -l -`: made from the commands, the flags and the keywords. */
import { families } from "../config/registry.ts";
import type { Verb } from "./completion.ts";

/** A flag of HAProxy's, as the usage text has it. */
export interface FlagHelp {
  readonly flag: string;
  readonly operand: string;
  readonly help: string;
}

/** Text in roff: no line may begin a request, and a backslash or a dash is itself. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}

function entry(name: string, text: string): string {
  return `.TP\n.B ${roff(name)}\n${roff(text)}\n`;
}

/** @param version as the page's foot has it */
export function manualPage(
  version: string,
  verbs: readonly Verb[],
  flags: readonly FlagHelp[],
): string {
  const commands = verbs.map(({ name, summary, options }) =>
    entry([name, ...options].join(" "), `${summary}.`)
  );
  const options = flags.filter(({ help }) => help !== "").map(({ flag, operand, help }) =>
    entry(`${flag} ${operand}`.trim(), `${help}.`)
  );
  const keywords = families.map(({ where, table }) =>
    `.SS ${roff(`Keywords of ${where}`)}\n` +
    [...table.keywords.values()].map(({ name, doc }) => entry(name, doc)).join("")
  );
  return `.TH SLUICE 8 "" ${JSON.stringify(version)}
.SH NAME
sluice \\- edge proxy and load balancer that speaks HAProxy's configuration language
.SH SYNOPSIS
.B sluice
.I command
[arguments]
.br
.B sluice
\\-f
.I file
[options]
.SH COMMANDS
${commands.join("")}.SH OPTIONS
They are HAProxy's.
${options.join("")}.SH CONFIGURATION
.B sluice help
.I keyword
says more of each.
${keywords.join("")}`;
}
