/** How to report an unexpected error. */
import { whyNoLibrary } from "../process/libc-check.ts";

/**
 * Explains it in a few lines, without an excerpt of the source: the place of a fault of the program
 * is in the first line, and the whole stack is shown with `debug`.
 */
export function explainFailure(error: unknown, debug: boolean): string {
  const { code } = Object(error) as { code?: unknown };
  if (code === "EMFILE" || code === "ENFILE") return tooManyFiles;
  const known = isOutOfMemory(error) ? outOfMemory : whyNoLibrary();
  if (known !== null) return known;
  const { name, message, stack } = error instanceof Error
    ? error
    : { name: "Error", message: String(error), stack: undefined };
  const frames = stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  const place = frames[0] === undefined ? "" : ` (${frames[0].trim()})`;
  return `internal error: ${name}: ${message}${place}\n` +
    "  this is a fault of sluice: please report it, with this line" +
    (debug ? `\n${frames.join("\n")}` : "");
}

const tooManyFiles = "too many open files\n" +
  "  fix: raise the limit: 'ulimit -n', LimitNOFILE= of systemd";
const outOfMemory = "out of memory\n" +
  "  fix: set a smaller maxconn, or let the process have more ('ulimit -v', its control group)";

/** Whether memory could not be had; the runtimes have no code for that. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /memory|array buffer|allocation/i.test(error.message);
}
