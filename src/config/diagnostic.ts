/** What is wrong in a configuration, where, and how to fix it. */
import { didYouMean } from "../text/nearest.ts";
import { printable } from "./printable.ts";

/** A stretch of one line of a file. Lines and columns count from 1; length is at least 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** One error, warning, or notice: of what is as HAProxy has it in effect, though not in its way. */
export interface Diagnostic extends Place {
  readonly severity: "error" | "warning" | "notice";
  readonly message: string;
  /** What was expected, what was probably meant; may have several lines. */
  readonly hint?: string;
}

/** A file of a configuration, already read. */
export interface SourceFile {
  readonly name: string;
  readonly text: string;
}

/** Collects what is found, so that all of it can be shown at once. */
export interface Report {
  readonly diagnostics: readonly Diagnostic[];
  error(place: Place, message: string, hint?: string): void;
  warning(place: Place, message: string, hint?: string): void;
  /** A note that calls for nothing to be done: `zero-warning` allows it. */
  notice(place: Place, message: string, hint?: string): void;
  /**
   * What was probably meant, of choices that may be very many; undefined after so many errors that
   * the search would take longer than the reading.
   */
  suggestion(word: string, choices: Iterable<string>): string | undefined;
  /** Reports an error after which reading cannot go on, and throws {@linkcode ReadingEnds}. */
  stop(place: Place, message: string, hint?: string): never;
}

/** After so many errors their hints name no near misses among what the files themselves name. */
const mostSuggestions = 100;

/** Thrown by a report that has as many errors as it takes, or one that ends the reading. */
export class ReadingEnds extends Error {
  override readonly name = "ReadingEnds";
}

/**
 * An empty report.
 * @param most so many errors, of which the last says so, are kept; then {@linkcode ReadingEnds} is
 * thrown
 */
export function createReport(most = Infinity): Report {
  const diagnostics: Diagnostic[] = [];
  let errors = 0;
  const add = (severity: Diagnostic["severity"], place: Place, message: string, hint?: string) => {
    const { file, line, column, length } = place;
    const found = { severity, file, line, column, length, message };
    diagnostics.push(hint === undefined ? found : { ...found, hint });
  };
  const stop = (place: Place, message: string, hint?: string): never => {
    add("error", place, message, hint);
    throw new ReadingEnds();
  };
  return {
    diagnostics,
    error(place, message, hint) {
      if (++errors < most) return add("error", place, message, hint);
      stop(place, "too many errors: reading ends here", "the first ones may explain the rest");
    },
    warning: (place, message, hint) => add("warning", place, message, hint),
    notice: (place, message, hint) => add("notice", place, message, hint),
    suggestion: (word, choices) => errors < mostSuggestions ? didYouMean(word, choices) : undefined,
    stop,
  };
}

/** Whether there is an error among them, not only warnings. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}

/** In the order of the files, then of the lines; what is said twice of one place, once. */
export function inFileOrder(
  diagnostics: readonly Diagnostic[],
  files: readonly SourceFile[],
): Diagnostic[] {
  const rank = new Map(files.map((file, index) => [file.name, index]));
  const rankOf = (diagnostic: Diagnostic) => rank.get(diagnostic.file) ?? files.length;
  const different = new Map(diagnostics.map((each) => [JSON.stringify(each), each]));
  return [...different.values()].sort((a, b) =>
    rankOf(a) - rankOf(b) || a.line - b.line || a.column - b.column
  );
}

/**
 * All diagnostics as text for a person: `file:line:column: error: message`, the line itself, the
 * word marked beneath it, the hint.
 *
 * @param files where the lines are quoted from
 * @param colour with the terminal's colours
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  files: readonly SourceFile[],
  colour = false,
): string {
  const lines = new Map(files.map((file) => [file.name, file.text.split("\n")]));
  return diagnostics
    .map((each) => formatDiagnostic(each, lines.get(each.file)?.[each.line - 1], colour))
    .join("\n");
}

/** One diagnostic as text; `line` is the text of the line that it points to. */
export function formatDiagnostic(
  diagnostic: Diagnostic,
  line: string | undefined,
  colour = false,
): string {
  const { file, severity, message, hint } = diagnostic;
  const tint = colour ? paint(severity === "error" ? 31 : 33) : plain;
  const bold = colour ? paint(1) : plain;
  const where = `${printable(file)}:${diagnostic.line}:${diagnostic.column}:`;
  const out = [`${bold(where)} ${tint(`${severity}:`)} ${brief(message)}`];
  if (line !== undefined && /\S/.test(line)) {
    const margin = " ".repeat(4);
    const { text, before, marked } = excerpt(line, diagnostic);
    out.push(margin + text, margin + before + tint("^".repeat(marked)));
  }
  for (const each of hint?.split("\n") ?? []) out.push(`    ${brief(each)}`);
  return out.join("\n");
}

const widest = 160;
const longestMessage = 2000;

/** A message that is fit for a terminal, without its middle if it is long. */
function brief(message: string): string {
  if (message.length <= longestMessage) return printable(message);
  const half = longestMessage / 2;
  return printable(`${message.slice(0, half)}…${message.slice(-half)}`);
}

/** The part of a line around the place, and the blanks that lead to it. */
function excerpt(line: string, place: Place): { text: string; before: string; marked: number } {
  const at = place.column - 1;
  const cut = at > widest / 2 && line.length > widest ? at - widest / 2 : 0;
  const text = line.slice(cut, cut + widest).trimEnd();
  // Escapes are wider than what they stand for; tabs stay, and lead to the mark as well.
  const lead = printable(text.slice(0, at - cut)) + " ".repeat(Math.max(0, at - cut - text.length));
  const marked = printable(text.slice(at - cut, at - cut + place.length)).length;
  return {
    text: printable(text),
    before: lead.replace(/[^\t]/gu, " "),
    marked: Math.max(1, marked),
  };
}

const plain = (text: string) => text;
const paint = (code: number) => (text: string) => `\x1b[${code}m${text}\x1b[0m`;
