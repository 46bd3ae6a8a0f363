/** From files to a checked configuration, whatever their language. */
import type { Capabilities } from "../net/socket.ts";
import type { Accounts } from "./keywords/accounts.ts";
import { checkConfiguration } from "./check.ts";
import {
  createReport,
  type Diagnostic,
  hasErrors,
  inFileOrder,
  type Place,
  ReadingEnds,
  type Report,
  type SourceFile,
} from "./diagnostic.ts";
import type { Environment } from "./haproxy/condition.ts";
import { createFiles, type FileReader } from "./files.ts";
import { parseHaproxy } from "./haproxy/parse.ts";
import { pathFrom } from "./keywords/default-path.ts";
import { printHaproxy } from "./haproxy/print.ts";
import { parseJson, printJson } from "./json.ts";
import type { Configuration } from "./model.ts";
import { createPlaces, type Places } from "./places.ts";
import type { TlsFiles } from "./tls-files.ts";

/** After so many errors the rest is not read (HAProxy stops after 50). */
const mostErrors = 1000;

/** What became of the files. */
export interface Loaded {
  /** null if there were errors. */
  readonly configuration: Configuration | null;
  /** Errors and warnings, in the order of files and lines. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads and checks a configuration: one JSON file, or files of HAProxy's language in their order.
 *
 * @param env for variables and conditions; it is not changed
 * @param capabilities of the network that will carry it; without them, keywords are not held to any
 * @param reader reads the files that it names; without it they are not looked at
 * @param accounts of the system that it is for; without them, any user and group may be there
 * @param tls loads its certificates; without it they are not looked at
 */
export function loadConfiguration(
  files: readonly SourceFile[],
  env: Environment,
  capabilities?: Capabilities,
  reader?: FileReader,
  accounts?: Accounts,
  tls?: TlsFiles,
): Loaded {
  const report = createReport(mostErrors);
  let configuration: Configuration | null = null;
  try {
    const places = createPlaces(startOf(files));
    configuration = parse(files, env, report, places);
    if (configuration !== null) {
      // After an error, what the checks find missing may be in the line that was wrong.
      const { defaultPath } = configuration.global;
      const first = startOf(files).file;
      const named = reader === undefined
        ? null
        : createFiles((path, limit) => reader(pathFrom(defaultPath, first, path), limit));
      const parsed = !hasErrors(report.diagnostics);
      const checks = parsed ? report : errorsOnly(report);
      checkConfiguration(configuration, places, checks, {
        complete: parsed,
        capabilities,
        accounts,
        files: named,
      });
      tls?.load(configuration, places, checks);
      if (named !== null && named.contents.size > 0) {
        configuration = { ...configuration, files: named.contents };
      }
    }
  } catch (error) {
    if (error instanceof RangeError) tooLittleMemory(startOf(files), report);
    else if (!(error instanceof ReadingEnds)) throw error;
  }
  return {
    configuration: hasErrors(report.diagnostics) ? null : configuration,
    diagnostics: inFileOrder(report.diagnostics, files),
  };
}

/** Why nothing may start, though there are no errors (manual: "zero-warning"); null: it may. */
export function whyNoWarnings(
  { configuration, diagnostics }: Loaded,
  always = false,
): string | null {
  if (!always && configuration?.global.zeroWarning !== true) return null;
  // Of what has no effect in sluice alone, and where sluice only wonders, HAProxy does not warn.
  const counts = ({ severity, message }: Diagnostic) =>
    severity === "warning" && !/ has no (effect|value|backend): /.test(message);
  if (!diagnostics.some(counts)) return null;
  return "some warnings were found, and 'zero-warning' is set";
}

/** A configuration in the other language. */
export interface Converted {
  /** null if there were errors. */
  readonly text: string | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** Turns JSON into HAProxy's language, and HAProxy's language, its variables resolved, into JSON. */
export function convertConfiguration(
  files: readonly SourceFile[],
  env: Environment,
): Converted {
  const { configuration, diagnostics } = loadConfiguration(files, env);
  if (configuration === null) return { text: null, diagnostics };
  const text = files.some(isJson) ? printHaproxy(configuration) : printJson(configuration);
  return { text, diagnostics };
}

/** Whether a file is JSON: by its name, or by its first character. */
function isJson(file: SourceFile): boolean {
  return /\.json$/i.test(file.name) || (!/\.cfg$/i.test(file.name) && /^\s*\{/.test(file.text));
}

function parse(
  files: readonly SourceFile[],
  env: Environment,
  report: Report,
  places: Places,
): Configuration | null {
  const json = files.find(isJson);
  if (json === undefined) return parseHaproxy(files, env, report, places);
  const other = files.find((file) => file !== json);
  if (other === undefined) return parseJson(json, report, places);
  report.error(startOf([json]), "a configuration in JSON is one file", `besides: ${other.name}`);
  return null;
}

/** Engines throw a RangeError where stack or memory is at an end. */
function tooLittleMemory(place: Place, report: Report): void {
  const message = "checking this configuration takes more stack or memory than there is";
  try {
    report.stop(place, message, "see 'ulimit -s' and 'ulimit -v'");
  } catch (error) {
    if (!(error instanceof ReadingEnds)) throw error;
  }
}

function startOf(files: readonly SourceFile[]): Place {
  return { file: files[0]?.name ?? "-", line: 1, column: 1, length: 1 };
}

function errorsOnly(report: Report): Report {
  return { ...report, warning: () => {}, notice: () => {} };
}
