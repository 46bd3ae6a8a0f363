import { bytesOf, textOf } from "#src/http/bytes.ts";
import { createHead } from "#src/http/head.ts";
import { parseRequest } from "#src/http/h1/parse.ts";
import { HeadWriter } from "#src/http/h1/writer.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

const written = (writer: HeadWriter) => textOf(writer.bytes, 0, writer.length);

test("writer: cuts and inserts in order are slices of a string", () => {
  // Used again and again, from a buffer that is too small.
  const writer = new HeadWriter(1);
  const edit = fc.record({ skip: fc.nat(70), cut: fc.nat(70), text: fc.string({ maxLength: 70 }) });
  fc.assert(fc.property(
    fc.string({ unit: "binary-ascii", maxLength: 300 }),
    fc.nat(10),
    fc.array(edit, { maxLength: 6 }),
    fc.string({ unit: "binary-ascii", maxLength: 100 }),
    (source, from, edits, behind) => {
      const bytes = bytesOf(source + behind);
      const start = Math.min(from, source.length);
      let at = start;
      let expected = "";
      writer.begin(bytes, start);
      for (const { skip, cut, text } of edits) {
        const cutFrom = Math.min(source.length, at + skip);
        const cutTo = Math.min(source.length, cutFrom + cut);
        expected += source.slice(at, cutFrom) + text;
        writer.cut(cutFrom, cutTo);
        writer.insert(cutTo, bytesOf(text));
        at = cutTo;
      }
      writer.finish(source.length);
      assertEquals(written(writer), expected + source.slice(at));
      writer.append(bytesOf(behind), 0, behind.length);
      assertEquals(written(writer), expected + source.slice(at) + behind);
    },
  ));
});

test("writer: a field is cut with its line", () => {
  const text = "GET / HTTP/1.1\r\nA: 1\r\nHost: x\r\nB: 2\r\n\r\n";
  const bytes = bytesOf(text);
  const head = createHead();
  const end = parseRequest(head, bytes, 0, bytes.length);
  const writer = new HeadWriter(64);
  const without = (...fields: number[]) => {
    writer.begin(bytes, 0);
    for (const i of fields) writer.cutField(head, i);
    writer.finish(end);
    return written(writer);
  };
  assertEquals(without(0), text.replace("A: 1\r\n", ""));
  assertEquals(without(2), text.replace("B: 2\r\n", ""));
  assertEquals(without(0, 1, 2), "GET / HTTP/1.1\r\n\r\n");
});
