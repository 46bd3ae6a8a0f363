/** Programs of the system that some tests need. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const folders = [
  ...(process.env["PATH"] ?? "").split(":").filter((folder) => folder !== ""),
  // Debian's places, and that of `make install`: not on everyone's PATH.
  "/usr/sbin",
  "/sbin",
  "/usr/local/sbin",
];

/** A program's path; null: it is not installed. */
export function find(program: string): string | null {
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/**
 * Why a test that needs programs cannot run; null: it can.
 * @param packages each program, and Debian's package that has it
 */
export function missingOf(packages: Readonly<Record<string, string>>): string | null {
  const missing = Object.keys(packages).find((program) => find(program) === null);
  return missing === undefined
    ? null
    : `${missing} is missing (Debian: apt-get install ${packages[missing]})`;
}
