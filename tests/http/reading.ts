/** What the parser under test makes of a text, in terms that do not depend on where it stands. */
import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { canonicalHead } from "#src/http/h1/canonical.ts";
import {
  CHUNKED,
  LENGTH,
  NONE,
  requestFraming,
  responseFraming,
  TUNNEL,
  UNTIL_CLOSE,
} from "#src/http/h1/content.ts";
import {
  createHead,
  fieldEnd,
  fieldStart,
  type Head,
  METHOD_GET,
  nameEnd,
  valueEnd,
  valueStart,
} from "#src/http/head.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import { assertStrictEquals } from "@std/assert";
import type { Framing, Reading } from "./reference.ts";

/** One of the two parsers. */
export type Parse = typeof parseRequest;

const framings = new Map<number, Framing>([
  [NONE, 0],
  [CHUNKED, "chunked"],
  [UNTIL_CLOSE, "close"],
  [TUNNEL, "close"],
]);

function framingOf(head: Head, framing: number): Framing | null {
  return framing === LENGTH ? head.contentLength : framings.get(framing) ?? null;
}

/** The fields of a head as texts, unfolded. */
export function fieldsOf(head: Head, bytes: Uint8Array): [name: string, value: string][] {
  return Array.from({ length: head.count }, (_, i) => [
    textOf(bytes, fieldStart(head, i), nameEnd(head, i)),
    textOf(bytes, valueStart(head, i), valueEnd(head, i)).replaceAll(/[\r\n]/g, " ").replace(
      /^[ \t]+/,
      "",
    ),
  ]);
}

function reading(parse: Parse, text: string, framing: (head: Head) => number): Reading | null {
  const head = createHead();
  const bytes = bytesOf(text);
  const length = parse(head, bytes, 0, bytes.length);
  if (length <= 0) return null;
  const fields = fieldsOf(head, bytes);
  if (head.irregular) {
    const canonical = canonicalHead(head, bytes);
    assertStrictEquals(parse(head, canonical, 0, canonical.length), canonical.length);
    assertStrictEquals(head.irregular, false);
  }
  const found = framingOf(head, framing(head));
  return found === null ? null : { length, fields, framing: found };
}

/** The request that `text` begins with, as the parser reads it; null: none that it accepts. */
export const requestReading = (text: string): Reading | null =>
  reading(parseRequest, text, requestFraming);

/** The same for a response to a GET request. */
export const responseReading = (text: string): Reading | null =>
  reading(parseResponse, text, (head) => responseFraming(head, METHOD_GET));

/** All that is known of a parsed head, with texts in place of offsets. */
export function described(head: Head, bytes: Uint8Array) {
  const { fields: _, targetStart, targetEnd, lineStart, lineEnd, emptyLine, ...rest } = head;
  return {
    ...rest,
    method: textOf(bytes, lineStart, targetStart - 1),
    target: textOf(bytes, targetStart, targetEnd),
    line: textOf(bytes, lineStart, lineEnd),
    fields: fieldsOf(head, bytes),
    lines: Array.from(
      { length: head.count },
      (_, i) => textOf(bytes, fieldStart(head, i), fieldEnd(head, i)),
    ),
    emptyLine: emptyLine - lineStart,
  };
}
