import process from "node:process";
import { evaluateCondition } from "../config/haproxy/condition.ts";
import { splitWords } from "../config/haproxy/words.ts";
import { convertConfiguration, loadConfiguration, whyNoWarnings } from "../config/load.ts";
import { systemAccounts } from "../process/accounts.ts";
import { createTlsLoader } from "../process/tls-load.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import type { SourceFile } from "../config/diagnostic.ts";
import { carriedName, print, printError, readFiles, readNamed, show } from "./files.ts";

/**
 * `sluice check FILE...`, `-c`: reports all that is wrong with a configuration.
 * @returns the exit status: 0 if it is valid, else 1
 */
export async function check(
  paths: readonly string[],
  quiet = false,
  zeroWarning = false,
): Promise<number> {
  const files = readFiles(paths);
  const carried = paths.length === 1 && files[0]!.name === carriedName(paths[0]!);
  if (!carried) return await checkFiles(files, quiet, zeroWarning, (words) => words);
  // The story of a scenario makes the files that its configuration names.
  const { prepareFiles } = await import("../scenario/files.ts");
  const { text, remove, shown } = prepareFiles(files[0]!.text);
  try {
    return await checkFiles([{ ...files[0]!, text }], quiet, zeroWarning, shown);
  } finally {
    remove();
  }
}

/** @param shown makes of words for people those that they know */
async function checkFiles(
  files: readonly SourceFile[],
  quiet: boolean,
  zeroWarning: boolean,
  shown: (words: string) => string,
): Promise<number> {
  const { can } = await networkOfRuntime();
  const loaded = loadConfiguration(
    files,
    process.env,
    can,
    readNamed,
    systemAccounts,
    createTlsLoader(),
  );
  const { configuration } = loaded;
  const diagnostics = loaded.diagnostics.map((each) => ({ ...each, message: shown(each.message) }));
  show(diagnostics, files, quiet);
  if (configuration === null) {
    const errors = diagnostics.filter(({ severity }) => severity === "error").length;
    if (!quiet) printError(`\n${errors} error${errors === 1 ? "" : "s"} found`);
    return 1;
  }
  const forbidden = whyNoWarnings(loaded, zeroWarning);
  if (forbidden !== null) {
    printError(forbidden);
    return 1;
  }
  if (!quiet) print("Configuration file is valid");
  return 0;
}

/** `sluice convert FILE...`: HAProxy's language to JSON, and JSON to HAProxy's language. */
export function convert(paths: readonly string[]): number {
  const files = readFiles(paths);
  const { text, diagnostics } = convertConfiguration(files, process.env);
  show(diagnostics, files);
  if (text === null) return 1;
  print(text);
  return 0;
}

/**
 * `-cc CONDITION`: the exit status is 0 if it is true, 1 if it is false or wrong. Quotes and
 * variables are resolved as in a line of a file.
 */
export function condition(text: string): number {
  const split = splitWords(text, (name) => process.env[name], true);
  const resolved = "error" in split ? text : split.words[0]?.text ?? "";
  const result = "error" in split ? split.error : evaluateCondition(resolved, process.env);
  if ("value" in result) return result.value ? 0 : 1;
  printError(`condition '${resolved}', column ${result.column}: ${result.message}`);
  if (result.hint !== undefined) printError(`  ${result.hint}`);
  return 1;
}
