/** What a request that came in HTTP/2 is in HTTP/1. */
import { bytesOf } from "../../bytes/bytes.ts";
import { type Head, METHOD_CONNECT } from "../head.ts";
import type { HeadJournal } from "../h1/journal.ts";
import { pathStart } from "../target.ts";

const version = bytesOf("HTTP/1.1");
const TWO = 50;

/** Notes that the target goes on in origin form, as HAProxy writes it, and the version is 1.1. */
export function editRequestLine(journal: HeadJournal, head: Head, bytes: Uint8Array): void {
  const { targetStart, targetEnd, lineEnd } = head;
  if (head.method !== METHOD_CONNECT && bytes[targetStart] !== 47) {
    const path = pathStart(head, bytes);
    if (path < targetEnd) journal.cut(targetStart, path);
  }
  if (bytes[lineEnd - 3] === TWO) journal.replace(lineEnd - 8, lineEnd, version);
}
