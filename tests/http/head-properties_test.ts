import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead, INCOMPLETE, INVALID } from "#src/http/head.ts";
import { parseRequest, parseResponse } from "#src/http/h1/parse.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";
import { change, garbage, type Message, request, response } from "./messages.ts";
import { described, type Parse, requestReading, responseReading } from "./reading.ts";
import { readRequest, readResponse } from "./reference.ts";

const kinds: readonly [string, fc.Arbitrary<Message>, Parse][] = [
  ["request", request, parseRequest],
  ["response", response, parseResponse],
];

for (const [kind, message, parse] of kinds) {
  test(`${kind}: no beginning of a valid head is complete, and none is invalid`, () => {
    fc.assert(fc.property(message, ({ head: text }) => {
      const head = createHead();
      const bytes = bytesOf(text);
      for (let to = 0; to < bytes.length; to++) {
        assertStrictEquals(parse(head, bytes.subarray(0, to), 0, to), INCOMPLETE);
        // Where the rest lies in the buffer already it must not matter.
        assertStrictEquals(parse(head, bytes, 0, to), INCOMPLETE);
      }
      assertStrictEquals(parse(head, bytes, 0, bytes.length), bytes.length);
    }));
  });

  test(`${kind}: reads alike wherever it stands, and whatever stands around it`, () => {
    fc.assert(
      fc.property(
        message,
        fc.uint8Array({ maxLength: 60 }),
        fc.uint8Array({ maxLength: 60 }),
        ({ head: text }, before, after) => {
          const alone = createHead();
          const bytes = bytesOf(text);
          parse(alone, bytes, 0, bytes.length);
          const within = createHead();
          const larger = new Uint8Array([...before, ...bytes, ...after]);
          const end = parse(within, larger, before.length, larger.length);
          assertEquals(end, before.length + bytes.length);
          assertEquals(described(within, larger), described(alone, bytes));
        },
      ),
    );
  });

  test(`${kind}: printed again without an edit it is the same bytes`, () => {
    const journal = new HeadJournal();
    const written = new ByteBuffer(16);
    fc.assert(fc.property(message, ({ head: text, content }) => {
      const head = createHead();
      const bytes = bytesOf(text + content);
      const end = parse(head, bytes, 0, bytes.length);
      journal.begin(head, bytes, end);
      written.clear();
      journal.write(written);
      assertEquals(textOf(written.bytes, 0, written.length), text.replace(/^(\r\n)+/, ""));
    }));
  });

  test(`${kind}: garbage neither throws nor is read beyond its end`, () => {
    const head = createHead();
    fc.assert(fc.property(garbage, (text) => {
      const bytes = bytesOf(text);
      const end = parse(head, bytes, 0, bytes.length);
      assert(end === INVALID || end === INCOMPLETE || end > 0 && end <= bytes.length, `${end}`);
    }));
  });

  test(`${kind}: once invalid, more bytes do not make it valid`, () => {
    const head = createHead();
    fc.assert(fc.property(message, change, ({ head: text }, changed) => {
      const bytes = bytesOf(changed(text));
      let invalid = false;
      for (let to = 0; to <= bytes.length; to++) {
        const end = parse(head, bytes, 0, to);
        if (invalid) assertStrictEquals(end, INVALID);
        invalid = end === INVALID;
        if (end > 0) break;
      }
    }));
  });
}

const readings = [
  ["request", request, requestReading, readRequest],
  ["response", response, responseReading, readResponse],
] as const;

for (const [kind, message, read, reference] of readings) {
  test(`${kind}: a valid one is read as the grammar says`, () => {
    fc.assert(fc.property(message, ({ head, content }) => {
      const expected = reference(head + content);
      // Contents that the status does not allow are ambiguous, and meant to be.
      if (kind === "request") assert(expected !== null, head);
      assertEquals(read(head + content), expected);
    }));
  });

  test(`${kind}: spoilt by a byte or a line it is read as the grammar says, or refused`, () => {
    fc.assert(
      fc.property(message, fc.array(change, { minLength: 1, maxLength: 3 }), (valid, changes) => {
        const text = changes.reduce((t, changed) => changed(t), valid.head) + valid.content;
        assertEquals(read(text), reference(text));
      }),
      { numRuns: 3000 },
    );
  });

  test(`${kind}: garbage is read as the grammar says, or refused`, () => {
    fc.assert(
      fc.property(garbage, (text) => {
        assertEquals(read(text), reference(text));
      }),
      { numRuns: 1000 },
    );
  });
}

const host = fc.string({ unit: fc.constantFrom(..."aB1[]:.%4@"), maxLength: 6 });
const authority = fc.oneof(
  host,
  fc.constantFrom("a", "A", "a:80", "a:443", "a:", ":80", "[::1]", "[::1]:80", "[::1]:", "%41:80"),
);
const targets = fc.tuple(
  fc.constantFrom("", "http://", "HTTP://", "https://", "x:", "x://", "://", "*"),
  authority,
  fc.constantFrom("", "/", "?q", "/x?//"),
).map((parts) => parts.join(""));

test("request: targets and hosts are read as the grammar says, or refused", () => {
  fc.assert(
    fc.property(
      fc.constantFrom("GET", "OPTIONS", "CONNECT"),
      targets,
      fc.constantFrom("1.0", "1.1"),
      fc.option(authority, { nil: null }),
      (method, target, version, host) => {
        const field = host === null ? "" : `Host: ${host}\r\n`;
        const text = `${method} ${target} HTTP/${version}\r\n${field}\r\n`;
        assertEquals(requestReading(text), readRequest(text));
      },
    ),
    { numRuns: 2000 },
  );
});
