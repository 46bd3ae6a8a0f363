/** What a request's cookies say of the server, and how they are passed on. */
import { textOf } from "../bytes/bytes.ts";
import { createPair, isNamed, nextPair, OF_COOKIE } from "../http/cookie.ts";
import { fieldEnd, fieldStart, type Head, valueEnd, valueStart } from "../http/head.ts";
import type { HeadJournal } from "../http/h1/journal.ts";
import { parseDate } from "./date.ts";
import { type CookiePolicy, DATE_DELIMITER, PREFIX_DELIMITER } from "./policy.ts";

/** What was found in a request. */
export interface RequestCookie {
  /** The server's cookie as the client sent it; null: none. */
  server: string | null;
  /** The dates that came with it, seconds since 1970; 0: none. */
  lastDate: number;
  firstDate: number;
}

const pair = createPair();

/**
 * Reads Cookie field `i` of a request: notes which server its cookie names, and edits the field on
 * its way to the server: takes the cookie or its prefix out.
 * @param accepts whether a server may serve: of several cookies of the name the first such counts,
 * else the first
 */
export function readCookieField(
  policy: CookiePolicy,
  head: Head,
  i: number,
  bytes: Uint8Array,
  journal: HeadJournal,
  found: RequestCookie,
  accepts: (server: string) => boolean,
): void {
  const start = valueStart(head, i);
  const end = valueEnd(head, i);
  let kept = 0;
  let named = 0;
  for (let at = start; nextPair(pair, bytes, at, end, OF_COOKIE); at = pair.next) {
    if (isNamed(pair, bytes, policy.name)) named++;
    else kept++;
  }
  if (named === 0) return;
  const hidden = policy.hidden;
  if (hidden && kept === 0) journal.cut(fieldStart(head, i), fieldEnd(head, i));
  let before = 0;
  for (let at = start; nextPair(pair, bytes, at, end, OF_COOKIE); at = pair.next) {
    if (!isNamed(pair, bytes, policy.name)) {
      before++;
      continue;
    }
    const { valueStart: from, end: to } = pair;
    if (policy.mode === "prefix") {
      let delimiter = from;
      while (delimiter < to && bytes[delimiter] !== PREFIX_DELIMITER) delimiter++;
      note(found, textOf(bytes, from, delimiter), accepts);
      if (delimiter < to) journal.cut(from, delimiter + 1);
      continue;
    }
    readValue(bytes, from, to, found, accepts);
    if (!hidden || kept === 0) continue;
    // A delimiter goes with the pair: the one before it, or the one after it where it is the first.
    if (before > 0) {
      journal.cut(pair.delimiter, pair.next);
    } else {
      const pairStart = pair.start;
      nextPair(pair, bytes, pair.next, end, OF_COOKIE); // There is one: some pair is kept.
      journal.cut(pairStart, pair.start);
      pair.next = pair.start;
    }
  }
}

/** Notes a server, unless a better one has been found. @returns whether it did */
function note(
  found: RequestCookie,
  server: string,
  accepts: (server: string) => boolean,
): boolean {
  if (found.server !== null && (accepts(found.server) || !accepts(server))) return false;
  found.server = server;
  return true;
}

function readValue(
  bytes: Uint8Array,
  from: number,
  to: number,
  found: RequestCookie,
  accepts: (server: string) => boolean,
): void {
  let end = from;
  while (end < to && bytes[end] !== DATE_DELIMITER) end++;
  if (!note(found, textOf(bytes, from, end), accepts)) return;
  const [, last = "", first = ""] = textOf(bytes, end, to).split("|");
  found.lastDate = parseDate(last);
  found.firstDate = parseDate(first);
}

/** How far ahead of our clock a cookie's date may be, in seconds. */
const mostAhead = 86_400;

/**
 * Whether the cookie must be ignored for its dates (manual: "cookie", maxidle and maxlife).
 * @param now seconds since 1970
 * @returns the cookie's state for the log: "O", too old, or "E", unused for too long; null: valid
 */
export function expiry(policy: CookiePolicy, found: RequestCookie, now: number): "E" | "O" | null {
  if (isOutside(found.firstDate, policy.maxlife, now)) return "O";
  return isOutside(found.lastDate, policy.maxidle, now) ? "E" : null;
}

function isOutside(date: number, limit: number, now: number): boolean {
  return limit > 0 && date > 0 && (now - date > limit || date - now > mostAhead);
}
