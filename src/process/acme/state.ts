/** The folder in which accounts and certificates are kept: only its owner may look into it. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { Global } from "../../config/model.ts";
import { reasonOf } from "../system-error.ts";

/** Where it is: `acme.state-dir`, systemd's StateDirectory=, or the usual place. */
export function stateFolder({ acmeStateDir }: Pick<Global, "acmeStateDir">): string {
  const [given = ""] = (process.env["STATE_DIRECTORY"] ?? "").split(":");
  return acmeStateDir ?? (given || "/var/lib/sluice");
}

/** What a file of it has; null: there is none, or it may not be read. */
export function readState(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/**
 * Writes a file whole, or not at all: what crashes half-way leaves what was.
 * @throws {Error} with a reason
 */
export function writeState(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.new`, text, { mode: 0o600 });
    // The mode of a file that was there before is kept by that.
    chmodSync(`${path}.new`, 0o600);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new Error(`cannot write '${path}': ${reasonOf(error)}`);
  }
}

/**
 * Makes the folder, and has it belong to the user that the process becomes.
 * @returns why that cannot be; null: it is done
 */
export function prepareState(
  folder: string,
  uid: number | null,
  gid: number | null,
): string | null {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (process.geteuid?.() !== 0 || uid === null && gid === null) return null;
    const give = (path: string) => {
      const { uid: own, gid: group } = statSync(path);
      chownSync(path, uid ?? own, gid ?? group);
    };
    give(folder);
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      give(join(folder, name));
    }
    return null;
  } catch (error) {
    return `cannot keep certificates in '${folder}': ${reasonOf(error)}`;
  }
}
