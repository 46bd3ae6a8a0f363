/** What the lines of a list of certificates say (manual: "crt-list"). */
import { readCrtList } from "../tls/crt-list.ts";
import type { Report } from "./diagnostic.ts";
import { createArguments, wholeBudget } from "./haproxy/arguments.ts";
import { readParameters, table } from "./haproxy/table.ts";
import { keywordsOf } from "./keywords/keyword.ts";
import { certificateSettings } from "./keywords/tls-bind.ts";
import type { Bind } from "./model.ts";
import { createPlaces } from "./places.ts";

/** A line: a certificate, how it is served, under which names. */
export interface CertificateLine {
  readonly line: number;
  readonly file: string;
  /** What the listener says, with what the line says instead. */
  readonly bind: Bind;
  /** Empty: those in the certificate. */
  readonly names: readonly string[];
}

const options = table(keywordsOf(certificateSettings, ""));

/**
 * Reads a list.
 * @param name the file's, for messages, which go to the report
 * @param bind the listener that has it
 */
export function certificateLines(
  name: string,
  text: string,
  bind: Bind,
  report: Report,
): CertificateLine[] {
  const start = { file: name, line: 1, column: 1, length: 1 };
  const { lines, mistakes } = readCrtList(text);
  for (const { line, message } of mistakes) report.error({ ...start, line }, message);
  const reading = { report, places: createPlaces(start), variables: () => undefined };
  return lines.map(({ line, file, options: words, names }) => {
    const own = { ...bind };
    const args = createArguments(
      { file: name, line },
      words.map((text) => ({ text, column: 1, length: text.length })),
      0,
      { ...reading, budget: wholeBudget() },
    );
    args.usage = "<file> [<option> ...] [<name> ...]";
    readParameters(options, own as unknown as Record<string, unknown>, args, "in a 'crt-list'");
    return { line, file, bind: own, names };
  });
}
