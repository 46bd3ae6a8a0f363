/** Reads configuration files for the commands, and shows what is wrong with them. */
import { Buffer } from "node:buffer";
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { type Diagnostic, formatDiagnostics, type SourceFile } from "../config/diagnostic.ts";
import { didYouMean } from "../text/nearest.ts";
import { printable, printableLines } from "../config/printable.ts";
import { reasonOf } from "../process/system-error.ts";
import { scenario, scenarios } from "./scenarios.ts";

/** A file that cannot be read. */
export class FileError extends Error {
  override readonly name = "FileError";

  /** @param message may hold a file's name as it is: control characters reach no terminal */
  constructor(message: string) {
    super(printable(message));
  }
}

/**
 * Reads configuration files: "-" is the standard input; of a folder, its files whose names end in
 * `.cfg` (management manual, "-f"); a scenario's name is the scenario that the program carries.
 * @throws {FileError} if one cannot be read, or if there is none
 */
export function readFiles(paths: readonly string[]): SourceFile[] {
  const files = paths.flatMap((path) => {
    try {
      if (path === "-" || path === "/dev/stdin") return [{ name: path, text: readText(0) }];
      if (!statSync(path).isDirectory()) return [{ name: path, text: readText(path) }];
    } catch (error) {
      const carried = scenario(path);
      if (carried !== undefined) return [{ name: carriedName(path), text: carried.text }];
      throw new FileError(unreadable(path, error));
    }
    return readFolder(path);
  });
  if (files.length > 0) return files;
  const named = paths.map((path) => `'${path}'`).join(", ");
  throw new FileError(`cannot read ${named}: no file of this folder ends in .cfg`);
}

/** What a scenario that the program carries is called as a file. */
export const carriedName = (name: string) => `scenarios/${name}.cfg`;

/**
 * The files of a folder, "and only files" (management manual, "-f"): what is no regular file is
 * passed over, as are hidden ones; in the order of their names' bytes. There may be none.
 * @throws {FileError}
 */
function readFolder(folder: string): SourceFile[] {
  let entries: Buffer[];
  try {
    entries = readdirSync(folder, { encoding: "buffer" });
  } catch (error) {
    throw new FileError(unreadable(folder, error));
  }
  const names = entries.filter((name) => /^[^.].*\.cfg$/s.test(name.toString("latin1")));
  return names.sort(Buffer.compare).flatMap((entry) => {
    // Not by its text: a name need not be UTF-8.
    const path = Buffer.concat([Buffer.from(`${folder}/`), entry]);
    const name = join(folder, entry.toString());
    try {
      return statSync(path).isFile() ? [{ name, text: readText(path) }] : [];
    } catch (error) {
      throw new FileError(unreadable(name, error));
    }
  });
}

/** A file's text, without the mark that some editors put before it. */
export function readText(file: string | Buffer | number): string {
  return readFileSync(file, "utf8").replace(/^\uFEFF/, "");
}

/**
 * Reads a file that a configuration names, as far as its size says: of a device that is nothing.
 * @param limit how many bytes it may have
 * @throws {FileError} whose message says why it cannot be read, after the file's name
 */
export function readNamed(path: string, limit: number): Uint8Array {
  let file: number | null = null;
  try {
    // A pipe that nobody writes to must not hold up the start.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = fstatSync(file);
    if (status.isDirectory()) throw new FileError("is a folder");
    if (status.size > limit) throw new FileError(`has ${status.size} bytes, more than ${limit}`);
    const bytes = new Uint8Array(status.isFile() ? status.size : 0);
    let read = 0;
    for (let more = -1; more !== 0 && read < bytes.length; read += more) {
      more = readSync(file, bytes, read, bytes.length - read, null);
    }
    return bytes.subarray(0, read);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw new FileError(`cannot be read: ${reasonOf(error)}`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Why a file cannot be read, and what may have been meant. */
export function unreadable(path: string, error: unknown): string {
  return printable(reasonFor(path, error));
}

function reasonFor(path: string, error: unknown): string {
  const { code } = error as { code?: string };
  if (code !== "ENOENT") return `cannot read '${path}': ${reasonOf(error)}`;
  const target = linkAt(path);
  if (target !== null) {
    return `cannot read '${path}': it is a link to '${target}', which is not there`;
  }
  if (path.includes("/")) return `cannot read '${path}': ${reasonOf(error)}`;
  const names = scenarios().map(({ name }) => name);
  const meant = didYouMean(path, names) ?? `the scenarios are ${names.join(", ")}`;
  return `'${path}' is neither a file nor a scenario: ${meant}`;
}

/** Where a symbolic link leads; null: there is none. */
function linkAt(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}

/** Prints to the standard output. */
export function print(text: string): void {
  write(process.stdout, text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints to the standard error a text for people: escape sequences in it do nothing. */
export function printError(text: string): void {
  const shown = printableLines(text);
  write(process.stderr, shown.endsWith("\n") ? shown : `${shown}\n`);
}

/** Whether something could not be written to the standard output, which has been said. */
let outputLost = false;

/** Writes to a standard stream. What cannot be written is lost: see {@linkcode outputWritten}. */
export function write(stream: NodeJS.WriteStream, text: string): void {
  const lose = (error: unknown) => {
    // A reader that is gone, as `head` is after its last line, is no failure; and a complaint
    // that cannot be written has nowhere else to go.
    if (outputLost || stream !== process.stdout) return;
    if ((error as { code?: string }).code === "EPIPE") return;
    outputLost = true;
    printError(`cannot write to the standard output: ${reasonOf(error)}`);
  };
  if (stream.listenerCount("error") === 0) stream.on("error", lose);
  try {
    stream.write(text);
  } catch (error) {
    lose(error);
  }
}

/** Waits until all that was printed has left the process. @returns whether all of it could */
export async function outputWritten(): Promise<boolean> {
  const { stdout } = process;
  if (!outputLost && !stdout.destroyed) {
    await new Promise<void>((resolve) => {
      stdout.once("error", () => resolve());
      // An error is announced a moment later than it ends the write.
      stdout.write("", () => void setImmediate(resolve));
    });
  }
  return !outputLost;
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
