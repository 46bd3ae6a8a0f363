/**
 * What holds between two hops only, on its way to the next one (RFC 9110, section 7.6.1): Connection
 * and the fields that it names, Upgrade, TE. What the next hop gets of these comes from us.
 */
import { bytesOf, isWord, SEMICOLON, SP } from "../../bytes/bytes.ts";
import {
  FIELD_CONNECTION,
  FIELD_NAMED,
  FIELD_TE,
  FIELD_UPGRADE,
  fieldKind,
  type Head,
  valueEnd,
  valueStart,
} from "../head.ts";
import { nextOption, type Option } from "./connection.ts";
import type { HeadJournal } from "./journal.ts";

const option: Option = { start: 0, end: 0, next: 0 };

const closeLine = bytesOf("Connection: close\r\n");
const keepAliveLine = bytesOf("Connection: keep-alive\r\n");
const teLine = bytesOf("TE: trailers\r\n");
const connection = bytesOf("Connection: ");
const upgradeName = bytesOf("Upgrade: ");
const comma = bytesOf(", ");
const lineEnd = bytesOf("\r\n");
const closeWord = bytesOf("close");
const keepAliveWord = bytesOf("keep-alive");
const upgradeWord = bytesOf("upgrade");
const teWord = bytesOf("TE");
const trailersWord = bytesOf("trailers");

/**
 * Whether an offer to upgrade passes on, or its acceptance by status 101: Upgrade, announced in
 * Connection, in HTTP/1.1, names some protocol other than HTTP (RFC 9110, section 7.8). An upgrade to HTTP/2 without TLS would have what
 * follows read as something that was not looked at here.
 */
export function passesUpgrade(head: Head, bytes: Uint8Array): boolean {
  return head.upgrade && head.hasUpgrade && head.minor === 1 && countProtocols(head, bytes) > 0;
}

/**
 * Edits a request's.
 * @param close the server's connection ends with it
 * @param upgrade see {@linkcode passesUpgrade}
 */
export function editRequestHop(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  close: boolean,
  upgrade: boolean,
): void {
  // A field that means what we mean passes as it is; in HTTP/1.0 to close is the default.
  const announced = close ? head.close && !head.keepAlive : !head.close;
  const trailers = head.hasTe && acceptsTrailers(head, bytes);
  const rewrite = head.hasConnection &&
    (!announced || head.hasNamed || head.upgrade !== upgrade || head.hasTe);
  if (head.hasNamed || head.hasTe || head.hasUpgrade) {
    cutHop(journal, head, bytes, upgrade);
    if (trailers) keepTrailers(journal, head, bytes);
  }
  const closes = close && head.minor === 1;
  if (rewrite) {
    const keepAlive = head.keepAlive && !head.close && !close;
    rewriteConnection(journal, head, closes, keepAlive, upgrade, trailers);
  } else if (closes && !announced) {
    journal.addField(closeLine);
  }
}

/**
 * Edits a response's.
 * @param close the client's connection ends with it
 * @param minor the client's version is HTTP/1.minor
 */
export function editResponseHop(
  journal: HeadJournal,
  head: Head,
  bytes: Uint8Array,
  close: boolean,
  minor: number,
): void {
  // What the field says must hold between us and the client, not between us and the server.
  const announced = close ? head.close && !head.keepAlive : !head.close;
  const old = minor === 0 || head.minor === 0;
  const addKeepAlive = !close && old && !(announced && head.keepAlive);
  // A response of HTTP/1.1 would promise the contrary, also where the client is of HTTP/1.0.
  const addClose = close && !announced && (minor === 1 || head.minor === 1);
  const upgrade = head.hasUpgrade && (head.status === 101 || head.status === 426) &&
    countProtocols(head, bytes) > 0;
  if (head.hasNamed || head.hasTe || head.hasUpgrade) cutHop(journal, head, bytes, upgrade);
  if (head.hasConnection && (!announced || head.hasNamed || head.upgrade !== upgrade)) {
    const keepAlive = addKeepAlive || (head.keepAlive && !head.close && !close);
    rewriteConnection(journal, head, addClose || head.close && close, keepAlive, upgrade, false);
  } else {
    if (addClose) journal.addField(closeLine);
    if (addKeepAlive) journal.addField(keepAliveLine);
  }
}

/** Whether TE field `i` says no more than that trailers are accepted. */
function isTrailers(head: Head, i: number, bytes: Uint8Array): boolean {
  return isWord(bytes, valueStart(head, i), valueEnd(head, i), trailersWord);
}

/** Of TE fields that accept trailers, says so in one, where none says no more than that. */
function keepTrailers(journal: HeadJournal, head: Head, bytes: Uint8Array): void {
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) === FIELD_TE && isTrailers(head, i, bytes)) return;
  }
  journal.addField(teLine);
}

/** Takes out the fields that Connection names, and what of TE and Upgrade does not pass. */
function cutHop(journal: HeadJournal, head: Head, bytes: Uint8Array, upgrade: boolean): void {
  for (let i = 0; i < head.count; i++) {
    const kind = fieldKind(head, i);
    if (kind === FIELD_NAMED || (kind === FIELD_UPGRADE && !upgrade)) {
      journal.cutField(head, i);
    } else if (kind === FIELD_TE && !isTrailers(head, i, bytes)) {
      journal.cutField(head, i);
    } else if (kind === FIELD_UPGRADE && hasHttp(head, i, bytes)) {
      journal.cutField(head, i);
      const start = journal.beginText();
      let kept = false;
      const to = valueEnd(head, i);
      for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
        if (option.start === option.end || isHttp(bytes, option)) continue;
        if (kept) journal.appendText(comma, 0, comma.length);
        else journal.appendText(upgradeName, 0, upgradeName.length);
        journal.appendText(bytes, option.start, option.end);
        kept = true;
      }
      if (!kept) continue;
      journal.appendText(lineEnd, 0, lineEnd.length);
      journal.addText(start);
    }
  }
}

/** One Connection field in the place of all: of what it said only what we know passes on. */
function rewriteConnection(
  journal: HeadJournal,
  head: Head,
  close: boolean,
  keepAlive: boolean,
  upgrade: boolean,
  te: boolean,
): void {
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) === FIELD_CONNECTION) journal.cutField(head, i);
  }
  if (!close && !keepAlive && !upgrade && !te) return;
  const start = journal.beginText();
  let first = true;
  const add = (word: Uint8Array) => {
    const before = first ? connection : comma;
    journal.appendText(before, 0, before.length);
    journal.appendText(word, 0, word.length);
    first = false;
  };
  if (upgrade) add(upgradeWord);
  if (te) add(teWord);
  if (close) add(closeWord);
  else if (keepAlive) add(keepAliveWord);
  journal.appendText(lineEnd, 0, lineEnd.length);
  journal.addText(start);
}

/** How many protocols the Upgrade fields name, HTTP itself left out. */
function countProtocols(head: Head, bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) !== FIELD_UPGRADE) continue;
    const to = valueEnd(head, i);
    for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
      if (option.start < option.end && !isHttp(bytes, option)) count++;
    }
  }
  return count;
}

function hasHttp(head: Head, i: number, bytes: Uint8Array): boolean {
  const to = valueEnd(head, i);
  for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
    if (option.start === option.end || isHttp(bytes, option)) return true;
  }
  return false;
}

const h2 = bytesOf("h2");
const h3 = bytesOf("h3");
const http = bytesOf("http");

/** Whether a protocol of Upgrade is a version of HTTP: h2c and its drafts, or by its name. */
function isHttp(bytes: Uint8Array, { start, end }: Option): boolean {
  const short = Math.min(end, start + 2);
  const long = Math.min(end, start + 4);
  return isWord(bytes, start, short, h2) || isWord(bytes, start, short, h3) ||
    isWord(bytes, start, long, http);
}

/** Whether TE accepts trailer fields: nothing else of it passes on (RFC 9110, section 10.1.4). */
function acceptsTrailers(head: Head, bytes: Uint8Array): boolean {
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) !== FIELD_TE) continue;
    const to = valueEnd(head, i);
    for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
      let end = option.start;
      while (end < option.end && bytes[end] !== SEMICOLON && bytes[end] !== SP) end++;
      if (isWord(bytes, option.start, end, trailersWord)) return true;
    }
  }
  return false;
}
