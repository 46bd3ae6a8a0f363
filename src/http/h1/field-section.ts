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
} from "../bytes.ts";
import {
  addField,
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
  type Head,
  INCOMPLETE,
  INVALID,
  invalid,
  maxFields,
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

/** Parses the field section that begins at `from`; the result is parse.ts's. */
export function parseFields(head: Head, bytes: Uint8Array, from: number, to: number): number {
  let i = from;
  for (;;) {
    if (i >= to) return INCOMPLETE;
    const start = i;
    let c = bytes[i]!;
    if (c === CR) {
      if (i + 1 === to) return INCOMPLETE;
      if (bytes[i + 1] !== LF) return invalid(head, "bare CR");
      head.emptyLine = i;
      return head.hasNamed && !markNamed(head, bytes) ? INVALID : i + 2;
    }
    while (tokenCharacter[c] === 1) {
      if (++i === to) return INCOMPLETE;
      c = bytes[i]!;
    }
    if (c !== COLON || i === start) {
      const fold = i === start && (c === SP || c === HTAB);
      return invalid(head, fold ? "line folding" : "field name");
    }
    const nameEnd = i++;
    while (i < to && (bytes[i] === SP || bytes[i] === HTAB)) i++;
    const valueStart = i;
    while (i < to && valueCharacter[bytes[i]!] === 1) i++;
    if (i === to) return INCOMPLETE;
    if (bytes[i] !== CR) return invalid(head, "field value");
    if (i + 1 === to) return INCOMPLETE;
    if (bytes[i + 1] !== LF) return invalid(head, "bare CR");
    let valueEnd = i;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) {
      valueEnd--;
    }
    i += 2;
    if (head.count === maxFields) return invalid(head, "too many fields");
    const kind = kindOf(bytes, start, nameEnd);
    if (kind !== FIELD_OTHER && !interpret(head, bytes, kind, valueStart, valueEnd)) return INVALID;
    addField(head, kind, start, nameEnd, valueStart, valueEnd);
  }
}
