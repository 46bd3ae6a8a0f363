/** Writes the names of fields in a case that a peer insists on, though case says nothing (RFC 9110, 5.1). */
import { bytesOf, textOf } from "../../bytes/bytes.ts";
import { fieldStart, type Head, nameEnd } from "../head.ts";
import type { HeadJournal } from "./journal.ts";

/** Names in lower case, and how they are written. */
export type CaseTable = ReadonlyMap<string, Uint8Array>;

/** A table of names. */
export function caseTable(names: Iterable<{ from: string; to: string }>): CaseTable {
  return new Map([...names].map(({ from, to }) => [from, bytesOf(to)]));
}

/** Edits the names of a head that are in the table. */
export function adjustCase(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  table: CaseTable,
): void {
  for (let i = 0; i < head.count; i++) {
    const [from, to] = [fieldStart(head, i), nameEnd(head, i)];
    const name = textOf(bytes, from, to);
    const wanted = table.get(name.toLowerCase());
    if (wanted !== undefined && textOf(wanted, 0, wanted.length) !== name) {
      journal.replace(from, to, wanted);
    }
  }
}
