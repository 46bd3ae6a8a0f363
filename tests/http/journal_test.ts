import { bytesOf, textOf } from "#src/bytes/bytes.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { HeadJournal } from "#src/http/h1/journal.ts";
import { ByteBuffer } from "#src/bytes/byte-buffer.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

const written = (journal: HeadJournal) => {
  const buffer = new ByteBuffer(1);
  journal.write(buffer);
  return textOf(buffer.bytes, 0, buffer.length);
};

/** A head of `text`, whose field section ends at its end, but for `behind` bytes. */
const headOf = (text: string, start: number, emptyLine = text.length) => {
  const head = createHead();
  head.lineStart = start;
  head.emptyLine = emptyLine;
  return head;
};

test("journal: cuts and inserts, in whatever order they come, are slices of a string", () => {
  // Used again and again.
  const journal = new HeadJournal();
  const edit = fc.record({ skip: fc.nat(70), cut: fc.nat(70), text: fc.string({ maxLength: 70 }) });
  fc.assert(fc.property(
    fc.string({ unit: "binary-ascii", maxLength: 300 }),
    fc.nat(10),
    fc.array(edit, { maxLength: 6 }),
    fc.array(fc.nat(), { minLength: 6, maxLength: 6 }),
    fc.boolean(),
    (source, from, edits, order, retained) => {
      const bytes = bytesOf(source);
      const start = Math.min(from, source.length);
      let at = start;
      let expected = "";
      const made: (() => void)[] = [];
      for (const { skip, cut, text } of edits) {
        const cutFrom = Math.min(source.length, at + 1 + skip);
        const cutTo = Math.min(source.length, cutFrom + cut);
        if (cutFrom === at) break;
        expected += source.slice(at, cutFrom) + text;
        made.push(() => journal.replace(cutFrom, cutTo, bytesOf(text)));
        at = cutTo;
      }
      journal.begin(headOf(source, start), bytes, source.length);
      const shuffled = made.map((make, i) => ({ make, key: order[i]! }))
        .sort((a, b) => a.key - b.key);
      for (const [i, { make }] of shuffled.entries()) {
        // It may outlive the bytes at any moment.
        if (retained && i === 1) {
          journal.retain();
          bytes.fill(0xee);
        }
        make();
      }
      assertEquals(written(journal), expected + source.slice(at));
      assertEquals(written(journal), expected + source.slice(at), "it can be written again");
      assertEquals(journal.edited, made.length > 0);
    },
  ));
});

test("journal: an edit takes the place of those within it, and one within another is none", () => {
  const journal = new HeadJournal();
  const text = "GET / HTTP/1.1\r\nA: 1\r\n\r\n";
  const begin = () => journal.begin(headOf(text, 0, 22), bytesOf(text), text.length);
  begin();
  journal.replace(19, 20, bytesOf("inner"));
  journal.cut(16, 22);
  assertEquals(written(journal), "GET / HTTP/1.1\r\n\r\n");
  begin();
  journal.cut(16, 22);
  journal.replace(19, 20, bytesOf("inner"));
  assertEquals(written(journal), "GET / HTTP/1.1\r\n\r\n");
});

test("journal: added fields stand at the end, in their order, behind a cut before it", () => {
  const journal = new HeadJournal();
  const text = "GET / HTTP/1.1\r\nA: 1\r\n\r\n";
  journal.begin(headOf(text, 0, 22), bytesOf(text), text.length);
  journal.addField(bytesOf("B: 2\r\n"));
  journal.retain();
  journal.cut(16, 22);
  const start = journal.beginText();
  journal.appendText(bytesOf("xC: 3\r\n"), 1, 7);
  journal.addText(start);
  assertEquals(written(journal), "GET / HTTP/1.1\r\nB: 2\r\nC: 3\r\n\r\n");
});

test("journal: a field is cut with its line", () => {
  const text = "GET / HTTP/1.1\r\nA: 1\r\nHost: x\r\nB: 2\r\n\r\n";
  const bytes = bytesOf(text);
  const head = createHead();
  const end = parseRequest(head, bytes, 0, bytes.length);
  const journal = new HeadJournal();
  const without = (...fields: number[]) => {
    journal.begin(head, bytes, end);
    for (const i of fields) journal.cutField(head, i);
    return written(journal);
  };
  assertEquals(without(0), text.replace("A: 1\r\n", ""));
  assertEquals(without(2), text.replace("B: 2\r\n", ""));
  assertEquals(without(0, 1, 2), "GET / HTTP/1.1\r\n\r\n");
});
