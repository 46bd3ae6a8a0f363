/** Files without a name, in which a process leaves something for the one that takes its place. */
import { mkdtempSync, openSync, readlinkSync, rmdirSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Makes one, which is known by its prefix. @returns its descriptor; -1: none can be made */
export function openUnnamed(prefix: string): number {
  try {
    const folder = mkdtempSync(join(tmpdir(), prefix));
    const path = join(folder, prefix);
    const fd = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    rmdirSync(folder);
    return fd;
  } catch {
    return -1;
  }
}

/** Whether a link in /proc/PID/fd leads to such a file of this prefix. */
export function isUnnamed(link: string, prefix: string): boolean {
  try {
    return readlinkSync(link).endsWith(`/${prefix} (deleted)`);
  } catch {
    return false;
  }
}
