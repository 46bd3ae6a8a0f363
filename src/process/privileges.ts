/**
 * What a process gives up once it listens, has opened its logs, and has read its files (manual:
 * "chroot", "user", "group", "uid", "gid"): all of its threads at once, as glibc's setuid() does it.
 */
import { statSync } from "node:fs";
import process from "node:process";
import type { Account, Accounts } from "../config/keywords/accounts.ts";
import type { Global } from "../config/model.ts";
import { C, libc } from "../net/linux/calls.ts";
import { describeErrno } from "../net/linux/errno.ts";

/** prctl(2) */
const PR_SET_DUMPABLE = 4;
const PR_SET_NO_NEW_PRIVS = 38;

/** What to give up; null: nothing of the kind. */
export interface Privileges {
  readonly chroot: string | null;
  readonly uid: number | null;
  readonly gid: number | null;
  readonly dumpable: boolean;
  readonly noNewPrivileges: boolean;
}

/** What a global section asks for. */
export function privilegesOf(global: Global, accounts: Accounts): Privileges {
  const { user, group, chroot, setDumpable, insecureSetuidWanted } = global;
  return {
    chroot,
    // The number 0 is HAProxy's way to say: none.
    uid: numberOf(user, accounts.user) || null,
    gid: numberOf(group, accounts.group) || null,
    dumpable: setDumpable,
    noNewPrivileges: !insecureSetuidWanted,
  };
}

function numberOf(
  account: Account | null,
  lookUp: (name: string) => number | null,
): number | null {
  return typeof account === "string" ? lookUp(account) : account;
}

/**
 * Why this process cannot give them up; null: as far as can be told it can. To be asked before
 * anything has happened.
 */
export function whyNotDrop({ chroot, uid, gid }: Privileges): string | null {
  if (chroot !== null && !isDirectory(chroot)) {
    return `cannot chroot to '${chroot}': it is not a directory`;
  }
  const own = process.geteuid?.() ?? 0;
  if (own === 0) return null;
  const what = chroot !== null
    ? `chroot to '${chroot}'`
    : gid !== null && gid !== process.getegid?.()
    ? `set gid ${gid}`
    : uid !== null && uid !== own
    ? `set uid ${uid}`
    : null;
  return what === null ? null : `cannot ${what}: this process is not root's\n` +
    "  fix: start as root, or leave 'user', 'group' and 'chroot' out";
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Gives them up.
 * @param warn called with what could not be done, and does no harm
 * @throws {Error} if one cannot be given up
 */
export function dropPrivileges(
  { chroot, uid, gid, dumpable, noNewPrivileges }: Privileges,
  warn: (line: string) => void,
): void {
  // What the runtime finds out once, and could not inside.
  void new Date().getTimezoneOffset();
  if (chroot !== null) {
    must(C.chroot(pathOf(chroot)), `cannot chroot to '${chroot}'`);
    must(C.chdir(pathOf("/")), `cannot go to the root of '${chroot}'`);
  }
  if (gid !== null) {
    if (process.getgroups?.().length !== 0 && C.setgroups(0, null) < 0) {
      warn("cannot drop supplementary groups: 'group' without 'user' is generally useless");
    }
    must(C.setgid(gid), `cannot set gid ${gid}`);
  }
  if (uid !== null) must(C.setuid(uid), `cannot set uid ${uid}`);
  if (dumpable && C.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) {
    warn(`cannot set dumpable: ${describeErrno(libc().errno())}`);
  }
  // Of this thread only: the one that starts programs.
  if (noNewPrivileges) C.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

function must(result: number, what: string): void {
  if (result < 0) throw new Error(`${what}: ${describeErrno(libc().errno())}`);
}

function pathOf(path: string): Uint8Array {
  return new TextEncoder().encode(`${path}\0`);
}
