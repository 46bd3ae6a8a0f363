/** Names of fields that some applications confuse with others (manual: "http-restrict-req-hdr-names"). */
import { characterClass } from "../../bytes/bytes.ts";
import type { HeadJournal } from "../../http/h1/journal.ts";
import { fieldStart, type Head, nameEnd } from "../../http/head.ts";

const usual = characterClass("-", [0x30, 0x39], [0x41, 0x5a], [0x61, 0x7a]);

function isUsual(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (usual[bytes[i]!] !== 1) return false;
  return true;
}

/**
 * Leaves out fields whose names have other characters than letters, digits and '-'; or refuses.
 * @returns false: the request is to be refused
 */
export function restrictNames(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  mode: "delete" | "reject",
): boolean {
  for (let i = 0; i < head.count; i++) {
    if (isUsual(bytes, fieldStart(head, i), nameEnd(head, i))) continue;
    if (mode === "reject") return false;
    journal.cutField(head, i);
  }
  return true;
}
