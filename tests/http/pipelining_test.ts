/** Whole connections: heads and contents one after the other, as they are and spoilt. */
import { bytesOf } from "#src/bytes/bytes.ts";
import { createContent, requestFraming, scanContent, startContent } from "#src/http/h1/content.ts";
import { createHead, INVALID } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { change, cuts, request } from "./messages.ts";
import { decodeChunked, readRequest } from "./reference.ts";

/** The requests of a connection whose bytes come in pieces, each with its content as it came. */
function received(text: string, cutAt: readonly number[]): string[] {
  const bytes = bytesOf(text);
  const head = createHead();
  const content = createContent();
  const requests: string[] = [];
  let start = 0;
  let from = 0;
  for (const to of [...cutAt, text.length]) {
    while (from < to) {
      if (content.done) {
        const end = parseRequest(head, bytes, start, to);
        if (end === INVALID) return requests;
        if (end <= 0) break;
        startContent(content, requestFraming(head), head.contentLength, head, bytes);
        from = end;
      }
      from = scanContent(content, bytes, from, to);
      if (from < 0) return requests;
      if (!content.done) break;
      requests.push(text.slice(start, from));
      start = from;
    }
  }
  return requests;
}

/** The same by the reference. */
function expected(text: string): string[] {
  const requests: string[] = [];
  let start = 0;
  for (;;) {
    const rest = text.slice(start);
    const head = readRequest(rest);
    if (head === null) return requests;
    const { framing } = head;
    const content = framing === "chunked"
      ? decodeChunked(rest.slice(head.length))?.length
      : Number(framing);
    if (content === undefined || head.length + content > rest.length) return requests;
    requests.push(rest.slice(0, head.length + content));
    start += head.length + content;
  }
}

const connection = fc.array(request, { minLength: 1, maxLength: 4 });

test("pipelining: any pieces of a connection hold the same requests", () => {
  fc.assert(fc.property(
    connection.map((requests) => requests.map(({ head, content }) => head + content))
      .chain((requests) => fc.tuple(fc.constant(requests), cuts(requests.join("").length))),
    ([requests, cutAt]) => {
      const text = requests.join("");
      assertEquals(received(text, cutAt), requests);
      assertEquals(received(text, []), requests);
    },
  ));
});

test("pipelining: of a spoilt connection no request is read that the grammar does not see", () => {
  fc.assert(
    fc.property(
      connection,
      fc.array(change, { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(300), { maxLength: 3 }),
      (requests, changes, where) => {
        const valid = requests.map(({ head, content }) => head + content).join("");
        const text = changes.reduce((t, changed) => changed(t), valid);
        const cutAt = where.filter((at) => at > 0 && at < text.length).sort((a, b) => a - b);
        assertEquals(received(text, cutAt), expected(text));
      },
    ),
    { numRuns: 1000 },
  );
});
