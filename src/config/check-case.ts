/** The file of 'h1-case-adjust-file'. */
import type { Report } from "./diagnostic.ts";
import type { Files } from "./files.ts";
import { readCaseFile } from "./keywords/case-adjust.ts";
import type { Global } from "./model.ts";
import type { Locator } from "./places.ts";

/** As much as such a file may have, bytes. */
const largest = 1 << 20;

/** Reads it, and reports what is wrong with it. */
export function checkCaseFile(
  global: Global,
  files: Files | null,
  locator: Locator,
  report: Report,
): void {
  const { h1CaseAdjustFile: file } = global;
  if (file === null || files === null) return;
  const place = locator.place(global, "h1CaseAdjustFile");
  const content = files.read(file, largest);
  if (typeof content === "string") return report.error(place, `the file '${file}' ${content}`);
  const names = readCaseFile(new TextDecoder().decode(content));
  if ("message" in names) report.error(place, `'${file}', line ${names.line}: ${names.message}`);
}
