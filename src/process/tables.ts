/**
 * Stick tables over a reload: the old process leaves them, as bytes, in a file without a name, which
 * the new one opens among its descriptors. Only who may look into the old process (ptrace(2)) can do
 * that: its own user, and root.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  writeSync,
} from "node:fs";
import { restoreTables, saveTables } from "../stick-table/handover.ts";
import type { Tables } from "../stick-table/tables.ts";
import { isUnnamed, openUnnamed } from "./unnamed-file.ts";
import { sendSignal } from "./old-processes.ts";

const prefix = "sluice-tables-";
/** The first byte of the file: somebody will take the tables; they are there. */
const WANTED = 1;
const LEFT = 2;
/** How often to look whether they are there, and for how long, ms. */
const interval = 10;
const timeout = 10_000;

/** What a process does to leave its tables to another one. */
export interface Legacy {
  /** Leaves them, if somebody waits for them. */
  leave(): void;
  close(): void;
}

/** Prepares to leave tables. Where no file can be made, they are not left. */
export function prepareLegacy(tables: Tables): Legacy {
  const none = { leave() {}, close() {} };
  if (tables.all.length === 0) return none;
  let fd = openUnnamed(prefix);
  if (fd < 0) return none;
  return {
    leave() {
      if (fd < 0 || fstatSync(fd).size === 0) return;
      try {
        let at = 1;
        for (const piece of saveTables(tables)) {
          for (let from = 0; from < piece.length;) {
            from += writeSync(fd, piece, from, piece.length - from, at + from);
          }
          at += piece.length;
        }
        writeSync(fd, Uint8Array.of(LEFT), 0, 1, 0);
      } catch {
        // No room for them, say: the new process begins without.
      }
    },
    close() {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}

/** What a process does to take the tables of those that it replaces. */
export interface Heritage {
  /** Takes them as they leave them, which they do when they are told to finish. */
  take(tables: Tables): Promise<void>;
}

/** Tells other processes that their tables are wanted: before they are told to finish. */
export function claimTables(pids: readonly number[]): Heritage {
  const files = pids.flatMap((pid) => openFile(pid).map((fd) => ({ pid, fd })));
  return {
    async take(tables) {
      await Promise.all(files.map(({ pid, fd }) => takeFrom(pid, fd, tables)));
    },
  };
}

function openFile(pid: number): number[] {
  try {
    const folder = `/proc/${pid}/fd`;
    const name = readdirSync(folder).find((name) => isUnnamed(`${folder}/${name}`, prefix));
    if (name === undefined) return [];
    const fd = openSync(`${folder}/${name}`, "r+");
    writeSync(fd, Uint8Array.of(WANTED), 0, 1, 0);
    return [fd];
  } catch {
    // It is gone, or another user's.
    return [];
  }
}

async function takeFrom(pid: number, fd: number, tables: Tables): Promise<void> {
  const first = new Uint8Array(1);
  const deadline = performance.now() + timeout;
  for (;;) {
    const gone = sendSignal(pid, 0) === "gone";
    readSync(fd, first, 0, 1, 0);
    if (first[0] === LEFT) break;
    if (gone || performance.now() > deadline) return closeSync(fd);
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
  const bytes = new Uint8Array(fstatSync(fd).size - 1);
  for (let at = 0; at < bytes.length;) at += readSync(fd, bytes, at, bytes.length - at, at + 1);
  ftruncateSync(fd, 0);
  closeSync(fd);
  restoreTables(tables, bytes);
}
