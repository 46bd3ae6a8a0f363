/** Releases memory that only the start needed. */
import { readFileSync } from "node:fs";
import process from "node:process";
import { C } from "../net/linux/calls.ts";

/** madvise(2): the pages are not needed soon. */
const MADV_DONTNEED = 4;

/**
 * Releases the pages of the program's code, of which the start has touched some 25 MB, and serving
 * touches few again. They are clean, and stay in the page cache for all that run the program:
 * nothing is lost but a fault, of a microsecond, for each that is needed once more. Code is what
 * cannot be written to, so no page of it can have been changed.
 */
export function releaseCode(): void {
  for (const { from, to } of codeOf(process.execPath)) {
    C.madvise(from, to - from, MADV_DONTNEED);
  }
}

/** Where an executable's code lies (proc(5), maps). */
function codeOf(file: string): { from: number; to: number }[] {
  let maps = "";
  try {
    maps = readFileSync("/proc/self/maps", "utf8");
  } catch {
    return [];
  }
  return maps.split("\n").filter((line) => line.endsWith(` ${file}`)).flatMap((line) => {
    const found = /^([0-9a-f]+)-([0-9a-f]+) r-xp /.exec(line);
    return found === null ? [] : [{ from: parseInt(found[1]!, 16), to: parseInt(found[2]!, 16) }];
  });
}
