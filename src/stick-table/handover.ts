/**
 * All tables of a process as bytes, for the process that takes its place: messages of the peers
 * protocol, one definition for each table and one update for each entry.
 */
import {
  readData,
  readDefinition,
  readKey,
  type RemoteTable,
  SentKeys,
  writeDefinition,
  writeEntry,
} from "./peers/entry.ts";
import { DEFINITION, readMessage, TIMED_UPDATE, UPDATES, Writer } from "./peers/wire.ts";
import type { Tables } from "./tables.ts";

/** So many bytes at a time. */
const chunk = 65_536;

/** Saves all tables. @returns pieces, one after the other */
export function* saveTables(tables: Tables): Iterable<Uint8Array> {
  const writer = new Writer();
  const message = new Writer();
  const sent = new SentKeys();
  const finish = (type: number) => {
    writer.byte(UPDATES);
    writer.byte(type);
    writer.integer(message.length);
    writer.raw(message.bytes, 0, message.length);
    message.clear();
  };
  for (const [index, table] of tables.all.entries()) {
    writeDefinition(message, table, table.name, index + 1);
    finish(DEFINITION);
    for (let entry = 0;;) {
      table.lock();
      entry = table.next(entry);
      if (entry !== 0) {
        const now = table.time.now();
        message.word(0);
        message.word(table.timeLeft(entry, now));
        writeEntry(message, table, entry, now, tables.serverKeys, sent);
      }
      table.unlock();
      if (entry === 0) break;
      finish(TIMED_UPDATE);
      if (writer.length >= chunk) yield writer.take();
    }
  }
  yield writer.take();
}

/**
 * Adds what {@linkcode saveTables} has saved to the tables of this process, which may have counted
 * since it began; in tables that are shared with peers it takes the place of what is there. @returns
 * how many entries there were
 */
export function restoreTables(tables: Tables, bytes: Uint8Array): number {
  const received: string[] = [];
  let remote: RemoteTable | null = null;
  let count = 0;
  for (let at = 0;;) {
    const read = readMessage(bytes, at, bytes.length);
    if (read === null || read === "error") return count;
    at = read.end;
    const { type, content } = read.message;
    if (type === DEFINITION) {
      remote = readDefinition(content, (name) => tables.get(name));
      continue;
    }
    const table = remote?.table ?? null;
    if (remote === null || table === null) continue;
    content.word();
    const left = content.word();
    if (!readKey(content, table)) return count;
    const now = table.time.now();
    table.lock();
    const known = table.find(now);
    const entry = known === 0 ? table.obtain(now) : known;
    // What peers share, this process may have learnt from them already: it must not count twice.
    const adds = table.updates === null;
    readData(content, remote, entry, now, tables.serverKeys, received, adds);
    if (known === 0 && entry !== 0) table.shorten(entry, now, left);
    table.unlock();
    count++;
  }
}
