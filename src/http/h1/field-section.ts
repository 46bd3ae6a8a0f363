/** Parses the field section of a message, and takes from it what framing needs (RFC 9112, chapter 5). */
import {
  bytesOf,
  COLON,
  CR,
  HTAB,
  isWord,
  LF,
  SP,
  tokenCharacter,
  valueCharacter,
} from "../../bytes/bytes.ts";
import {
  addField,
  extendField,
  FIELD_AUTHENTICATE,
  FIELD_AUTHORIZATION,
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_COOKIE,
  FIELD_EXPECT,
  FIELD_HOST,
  FIELD_OTHER,
  FIELD_SET_COOKIE,
  FIELD_TE,
  FIELD_TRAILER,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  fieldKind,
  type Head,
  INCOMPLETE,
  INVALID,
  invalid,
  maxFields,
  refuse,
} from "../head.ts";
import { markNamed } from "./connection.ts";
import { interpret } from "./field-values.ts";

const known: readonly (readonly [number, Uint8Array])[] = [
  [FIELD_CONNECTION, bytesOf("connection")],
  [FIELD_CONTENT_LENGTH, bytesOf("content-length")],
  [FIELD_TRANSFER_ENCODING, bytesOf("transfer-encoding")],
  [FIELD_COOKIE, bytesOf("cookie")],
  [FIELD_SET_COOKIE, bytesOf("set-cookie")],
  [FIELD_HOST, bytesOf("host")],
  [FIELD_UPGRADE, bytesOf("upgrade")],
  [FIELD_TE, bytesOf("te")],
  [FIELD_TRAILER, bytesOf("trailer")],
  [FIELD_EXPECT, bytesOf("expect")],
  [FIELD_AUTHORIZATION, bytesOf("authorization")],
  [FIELD_AUTHORIZATION, bytesOf("proxy-authorization")],
  [FIELD_AUTHENTICATE, bytesOf("www-authenticate")],
  [FIELD_AUTHENTICATE, bytesOf("proxy-authenticate")],
];

/** The known names by length and first letter: at most one name is compared for each field. */
const byShape: ((readonly [number, Uint8Array]) | undefined)[] = new Array(32 * 32);
for (const entry of known) byShape[entry[1].length * 32 + (entry[1][0]! & 31)] = entry;

function kindOf(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length > 19 || length < 2) return FIELD_OTHER;
  const entry = byShape[length * 32 + (bytes[from]! & 31)];
  return entry !== undefined && isWord(bytes, from, to, entry[1]) ? entry[0] : FIELD_OTHER;
}

/**
 * Parses the field section that begins at `from`; the result is parse.ts's. In responses a line may
 * end in LF alone (RFC 9112, section 2.2) and be folded (section 5.2), which makes the head
 * irregular.
 */
export function parseFields(head: Head, bytes: Uint8Array, from: number, to: number): number {
  const lenient = head.status > 0;
  let i = from;
  for (;;) {
    if (i >= to) return INCOMPLETE;
    const start = i;
    let c = bytes[i]!;
    if (c === CR || c === LF && lenient) {
      i = endOfLine(head, bytes, i, to);
      if (i <= 0) return i;
      head.emptyLine = start;
      return head.hasNamed && !markNamed(head, bytes) ? INVALID : i;
    }
    while (tokenCharacter[c] === 1) {
      if (++i === to) return INCOMPLETE;
      c = bytes[i]!;
    }
    if (c !== COLON || i === start) {
      i = parseFold(head, bytes, start, to);
      if (i <= 0) return i;
      continue;
    }
    const nameEnd = i++;
    while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    const valueStart = i;
    while (i < to && valueCharacter[bytes[i]!] === 1) i++;
    if (i === to) return INCOMPLETE;
    const valueEnd = trimmed(bytes, valueStart, i);
    if (bytes[i] === CR && i + 1 < to && bytes[i + 1] === LF) {
      i += 2;
    } else {
      i = endOfValue(head, bytes, i, to);
      if (i <= 0) return i;
    }
    if (!indexField(head, bytes, start, nameEnd, valueStart, valueEnd)) return INVALID;
  }
}

/**
 * Adds a field to the index, and takes from it what is needed of it: its name is bytes[from, nameEnd),
 * its value bytes[valueStart, valueEnd). @returns false if it is invalid
 */
export function indexField(
  head: Head,
  bytes: Uint8Array,
  from: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
): boolean {
  if (head.count >= maxFields) return refuse(head, "too many fields");
  const kind = kindOf(bytes, from, nameEnd);
  if (kind !== FIELD_OTHER && !interpret(head, bytes, kind, valueStart, valueEnd)) return false;
  addField(head, kind, from, nameEnd, valueStart, valueEnd);
  return true;
}

/** Where bytes[from, to) ends without the white space behind it. */
function trimmed(bytes: Uint8Array, from: number, to: number): number {
  let end = to;
  while (end > from && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
  return end;
}

/**
 * Reads a line, at `start`, that has no field name: it goes on with the field before it.
 * @returns the offset after it, INCOMPLETE or INVALID
 */
function parseFold(head: Head, bytes: Uint8Array, start: number, to: number): number {
  let i = start;
  while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  if (i === start) return invalid(head, "field name");
  const from = i;
  while (i < to && valueCharacter[bytes[i]!] === 1) i++;
  if (i === to) return head.status > 0 ? INCOMPLETE : invalid(head, "line folding");
  const valueEnd = trimmed(bytes, from, i);
  if (!mayFold(head, from, valueEnd)) return invalid(head, "line folding");
  head.irregular = true;
  extendField(head, valueEnd);
  return endOfValue(head, bytes, i, to);
}

/** As {@linkcode endOfLine}, where a value's characters end. */
function endOfValue(head: Head, bytes: Uint8Array, at: number, to: number): number {
  const c = bytes[at];
  if (c === CR || c === LF && head.status > 0) return endOfLine(head, bytes, at, to);
  return invalid(head, "field value");
}

/**
 * Reads the line end at `at`: CR LF, or LF alone, where the caller allows that.
 * @returns the offset after it, INCOMPLETE or INVALID
 */
export function endOfLine(head: Head, bytes: Uint8Array, at: number, to: number): number {
  if (bytes[at] === LF) {
    head.irregular = true;
    return at + 1;
  }
  if (at + 1 === to) return INCOMPLETE;
  return bytes[at + 1] === LF ? at + 2 : invalid(head, "bare CR");
}

/** The kinds of fields whose lines are not folded: readers that do not know it find other framing. */
const unfolded = 1 << FIELD_CONTENT_LENGTH | 1 << FIELD_TRANSFER_ENCODING | 1 << FIELD_CONNECTION;

/**
 * Whether a line that begins with space may go on with the field before it; not one of nothing but
 * space, which some take for the end of the head.
 */
function mayFold(head: Head, from: number, to: number): boolean {
  return head.status > 0 && head.count > 0 && to > from &&
    (unfolded >> fieldKind(head, head.count - 1) & 1) === 0;
}
