/** The file that holds the process's id (manual: "pidfile"; management manual: "-p"). */
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  type Stats,
  unlinkSync,
  writeSync,
} from "node:fs";
import process from "node:process";
import { reasonOf } from "./system-error.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;

/**
 * Writes the process's id to a file made anew, as HAProxy does: what other names the file has, or
 * where a link in its place leads, is not written to. In a folder that may not be written to, a
 * file of ours without other names will do.
 * @throws {Error} that says what is wrong, if that cannot be; a device or a folder is left alone
 */
export function writePidFile(path: string): void {
  try {
    const fd = openAnew(path);
    try {
      writeSync(fd, `${process.pid}\n`);
    } catch (error) {
      removeIfPossible(path);
      throw error;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw new Error(`cannot write the pid file: '${path}': ${reasonOf(error)}`);
  }
}

function openAnew(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found !== undefined) {
    const kind = unfit(found);
    if (kind !== null) throw new Error(`it is ${kind}`);
    try {
      unlinkSync(path);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code !== "EACCES" && code !== "EPERM" || !ours(found)) throw error;
      return reopen(path);
    }
  }
  return openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644);
}

/** What stands in the place of the file, and is nothing to be removed; else null. */
function unfit(found: Stats): string | null {
  if (found.isDirectory()) return "a folder";
  return found.isCharacterDevice() || found.isBlockDevice() ? "a device" : null;
}

/** Whether it is a file of this user's, and of one name. */
function ours(found: Stats): boolean {
  return found.isFile() && found.nlink === 1 && found.uid === process.geteuid?.();
}

function reopen(path: string): number {
  const fd = openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    if (!ours(fstatSync(fd))) throw new Error("another file has taken its place");
    ftruncateSync(fd);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function removeIfPossible(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It stays, empty.
  }
}
