/** Reads configuration files for the commands, and shows what is wrong with them. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Diagnostic, formatDiagnostics, type SourceFile } from "../config/diagnostic.ts";
import { didYouMean } from "../config/nearest.ts";
import { printableLines } from "../config/printable.ts";
import { scenario, scenarios } from "./scenarios.ts";

/** A file that cannot be read. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/**
 * Reads files: "-" is the standard input; of a folder, its `.cfg` files in the order of their names
 * (management manual, "-f"); a scenario's name is the scenario that the program carries.
 * @throws {FileError}
 */
export function readFiles(paths: readonly string[]): SourceFile[] {
  return paths.flatMap((path) => {
    try {
      if (path === "-") return [{ name: "-", text: readFileSync(0, "utf8") }];
      if (!statSync(path).isDirectory()) return [{ name: path, text: readText(path) }];
      const names = readdirSync(path).filter((name) => /^[^.].*\.cfg$/.test(name)).sort();
      if (names.length === 0) throw new Error("no file of this folder ends in .cfg");
      return names.map((name) => ({
        name: join(path, name),
        text: readText(join(path, name)),
      }));
    } catch (error) {
      const carried = scenario(path);
      if (carried !== undefined) return [{ name: `scenarios/${path}.cfg`, text: carried.text }];
      throw new FileError(unreadable(path, error));
    }
  });
}

/** A file's text, without the mark that some editors put before it. */
export function readText(path: string): string {
  return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
}

/** Why a file cannot be read, and what may have been meant. */
export function unreadable(path: string, error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code !== "ENOENT") return `cannot read '${path}': ${message}`;
  const names = scenarios().map(({ name }) => name);
  const fix = didYouMean(path, names) ?? `the scenarios are ${names.join(", ")}`;
  return `'${path}' is neither a file nor a scenario: ${fix}`;
}

/** Prints to the standard output. */
export function print(text: string): void {
  write(process.stdout, text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints to the standard error what a person is to read: escape sequences in it do nothing. */
export function complain(text: string): void {
  const shown = printableLines(text);
  write(process.stderr, shown.endsWith("\n") ? shown : `${shown}\n`);
}

/** Writes, unless the reader is gone, as `head` is after its last line: that is no failure. */
export function write(stream: NodeJS.WriteStream, text: string): void {
  const ignore = (error: unknown) => {
    if ((error as { code?: string }).code !== "EPIPE") throw error;
  };
  if (stream.listenerCount("error") === 0) stream.on("error", ignore);
  try {
    stream.write(text);
  } catch (error) {
    ignore(error);
  }
}

/** Shows what was found in the files; `quiet` leaves the warnings out. */
export function show(
  diagnostics: readonly Diagnostic[],
  files: readonly SourceFile[],
  quiet = false,
): void {
  const shown = quiet ? diagnostics.filter(({ severity }) => severity === "error") : diagnostics;
  if (shown.length === 0) return;
  const colour = process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined;
  write(process.stderr, `${formatDiagnostics(shown, files, colour)}\n`);
}
