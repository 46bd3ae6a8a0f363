/** The real haproxy, which some tests ask how it is done. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const folders = [
  ...(process.env["PATH"] ?? "").split(":").filter((folder) => folder !== ""),
  // Debian's place, and that of `make install`: not on everyone's PATH.
  "/usr/sbin",
  "/usr/local/sbin",
];

/** Its path; null: it is not installed. */
export const haproxy: string | null =
  folders.map((folder) => join(folder, "haproxy")).find((path) => existsSync(path)) ?? null;
