/** The options of Connection fields, and the fields that they name (RFC 9110, section 7.6.1). */
import { bytesOf, COMMA, HTAB, isWord, SP } from "../../bytes/bytes.ts";
import {
  FIELD_CONNECTION,
  FIELD_CONTENT_LENGTH,
  FIELD_HOST,
  FIELD_NAMED,
  FIELD_TE,
  FIELD_TRANSFER_ENCODING,
  FIELD_UPGRADE,
  fieldKind,
  fieldStart,
  type Head,
  maxFields,
  nameEnd,
  refuse,
  setKind,
  valueEnd,
  valueStart,
} from "../head.ts";

/** One element of a comma-separated field value; offsets into its bytes. */
export interface Option {
  start: number;
  end: number;
  /** Where the next element begins. */
  next: number;
}

/** Reads the element at `from`, which may be empty. @returns false if there is none */
export function nextOption(option: Option, bytes: Uint8Array, from: number, to: number): boolean {
  if (from >= to) return false;
  let i = from;
  while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
  option.start = i;
  while (i < to && bytes[i] !== COMMA) i++;
  option.next = i + 1;
  while (i > option.start && (bytes[i - 1] === SP || bytes[i - 1] === HTAB)) i--;
  option.end = i;
  return true;
}

const wordClose = bytesOf("close");
const wordKeepAlive = bytesOf("keep-alive");
const wordUpgrade = bytesOf("upgrade");
const wordTe = bytesOf("te");

/** Whether an option of Connection says how long the connection lives. */
function isPersistence(bytes: Uint8Array, { start, end }: Option): boolean {
  return isWord(bytes, start, end, wordClose) || isWord(bytes, start, end, wordKeepAlive);
}

/**
 * Whether an option of Connection names a field that is for this hop alone, and has no rules of its
 * own as Upgrade, TE and Keep-Alive do.
 */
export function namesField(bytes: Uint8Array, option: Option): boolean {
  const { start, end } = option;
  return end > start && !isPersistence(bytes, option) && !isWord(bytes, start, end, wordUpgrade) &&
    !isWord(bytes, start, end, wordTe);
}

const option: Option = { start: 0, end: 0, next: 0 };

/** Takes from a Connection field's value what it says of the connection. */
export function readConnection(head: Head, bytes: Uint8Array, from: number, to: number): void {
  head.hasConnection = true;
  for (let at = from; nextOption(option, bytes, at, to); at = option.next) {
    const { start, end } = option;
    if (isWord(bytes, start, end, wordClose)) head.close = true;
    else if (isWord(bytes, start, end, wordKeepAlive)) head.keepAlive = true;
    else if (isWord(bytes, start, end, wordUpgrade)) head.upgrade = true;
    else if (end > start && !isWord(bytes, start, end, wordTe)) head.hasNamed = true;
  }
}

/** The kinds that no Connection option changes, as a bit set. */
const fixed = 1 << FIELD_CONNECTION | 1 << FIELD_CONTENT_LENGTH | 1 << FIELD_TRANSFER_ENCODING |
  1 << FIELD_HOST | 1 << FIELD_UPGRADE | 1 << FIELD_TE;

/**
 * Makes the fields that Connection options name {@linkcode FIELD_NAMED}. Of a whole field section,
 * since an option may stand before its field or after it.
 * @returns false if there are more options than a head may have fields: each costs a look at them
 */
export function markNamed(head: Head, bytes: Uint8Array): boolean {
  let names = 0;
  for (let i = 0; i < head.count; i++) {
    if (fieldKind(head, i) !== FIELD_CONNECTION) continue;
    const to = valueEnd(head, i);
    for (let at = valueStart(head, i); nextOption(option, bytes, at, to); at = option.next) {
      if (!namesField(bytes, option)) continue;
      if (++names > maxFields) return refuse(head, "too many Connection options");
      markFields(head, bytes, option);
    }
  }
  return true;
}

function markFields(head: Head, bytes: Uint8Array, { start, end }: Option): void {
  for (let i = 0; i < head.count; i++) {
    if ((fixed >> fieldKind(head, i) & 1) === 1) continue;
    const from = fieldStart(head, i);
    if (isSame(bytes, from, nameEnd(head, i), start, end)) setKind(head, i, FIELD_NAMED);
  }
}

/** Whether two stretches of `bytes` are equal without regard to ASCII case. */
function isSame(
  bytes: Uint8Array,
  from: number,
  to: number,
  otherFrom: number,
  otherTo: number,
): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = from, k = otherFrom; i < to; i++, k++) {
    if (lowerCase(bytes[i]!) !== lowerCase(bytes[k]!)) return false;
  }
  return true;
}

const lowerCase = (c: number): number => c >= 65 && c <= 90 ? c | 32 : c;
