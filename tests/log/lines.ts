/** Lines of a format, for tests. */
import { type CompiledFormat, type LogFormat } from "#src/log/format/compile.ts";
import { compileNamedFormat } from "#src/log/format/standard.ts";
import type { FormatEnvironment } from "#src/log/format/variable.ts";
import { utcDates } from "#src/log/date.ts";
import type { LogRecord } from "#src/log/record.ts";

/** A process in Greenwich. */
export const environment: FormatEnvironment = { pid: 7667, hostname: "edge", dates: utcDates };

/** The format. @throws {Error} if there is none */
export function usable(compiled: CompiledFormat): LogFormat {
  if ("format" in compiled) return compiled.format;
  throw new Error(`column ${compiled.column}: ${compiled.error}`);
}

/** Writes lines in a format, named or given as a string. */
export function lineWriter(
  nameOrText: string,
  settings: Partial<FormatEnvironment> = {},
): (record: LogRecord) => string {
  return usable(compileNamedFormat(nameOrText)).bind({ ...environment, ...settings });
}
