import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { canonicalHead } from "#src/http/h1/canonical.ts";
import { responseFraming } from "#src/http/h1/content.ts";
import { parseResponse } from "#src/http/h1/parse.ts";
import { createHead, INCOMPLETE, INVALID, METHOD_GET } from "#src/http/head.ts";
import { assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { response } from "./messages.ts";
import { fieldsOf } from "./reading.ts";
import { ambiguousFramings, forwardedForms, refusedForms } from "./response-forms.ts";

const head = createHead();

function parse(text: string): number {
  return parseResponse(head, bytesOf(text), 0, text.length);
}

/** What passes on of a head. */
function canonical(text: string): string {
  assertStrictEquals(parse(text), text.length, JSON.stringify(text) + head.error);
  if (!head.irregular) return text;
  const bytes = canonicalHead(head, bytesOf(text));
  return textOf(bytes, 0, bytes.length);
}

test("response: what has one meaning passes on in its regular form", () => {
  for (const form of forwardedForms) {
    assertEquals(canonical(form.head), form.as, JSON.stringify(form.head));
    assertEquals(head.irregular, true, JSON.stringify(form.head));
    assertEquals(parse(form.as), form.as.length, JSON.stringify(form.as));
    assertEquals(head.irregular, false, JSON.stringify(form.as));
  }
});

test("response: what comes in pieces is neither complete nor wrong before it is whole", () => {
  for (const form of forwardedForms) {
    const bytes = bytesOf(form.head);
    for (let to = 0; to < bytes.length; to++) {
      assertEquals(parseResponse(head, bytes, 0, to), INCOMPLETE, JSON.stringify(form.head));
    }
  }
});

for (const { error, why, head: text } of refusedForms) {
  test(`response: refused for its ${error}: ${JSON.stringify(text).slice(0, 70)}`, () => {
    assertEquals([parse(text), head.error], [INVALID, error], why);
  });
}

test("response: framing that two clients could read in two ways", () => {
  for (const { head: text } of ambiguousFramings) {
    assertEquals(parse(text), text.length);
    assertEquals(responseFraming(head, METHOD_GET), -1, text);
  }
});

const lineEnds = fc.infiniteStream(fc.constantFrom("\r\n", "\n"));

test("response: however its lines end and its status line is spaced, it means the same", () => {
  fc.assert(fc.property(
    response,
    lineEnds,
    fc.constantFrom("", "\r\n", "\n\n"),
    fc.constantFrom(" ", "  ", "\t"),
    fc.constantFrom("1.2", "2.0", ""),
    ({ head: regular }, ends, before, space, version) => {
      const written = regular.replaceAll("\r\n", () => ends.next().value ?? "\n")
        .replace(" ", space).replace("1.1", version === "" ? "1.1" : version);
      const irregular = before + written;
      parse(regular);
      const expected = { ...head, fields: fieldsOf(head, bytesOf(regular)) };
      const passed = canonical(irregular);
      parse(passed);
      const found = { ...head, fields: fieldsOf(head, bytesOf(passed)) };
      const { status, minor, contentLength, chunked, close, keepAlive, hasSetCookie } = expected;
      assertEquals(
        [found.status, found.minor, found.contentLength, found.chunked, found.close],
        [status, minor, contentLength, chunked, close],
      );
      assertEquals([found.keepAlive, found.hasSetCookie], [keepAlive, hasSetCookie]);
      const others = (fields: [string, string][]) =>
        fields.filter(([name]) => name.toLowerCase() !== "content-length");
      assertEquals(others(found.fields), others(expected.fields));
    },
  ));
});
