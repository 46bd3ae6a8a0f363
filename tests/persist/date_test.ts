import { formatDate, parseDate } from "#src/persist/date.ts";
import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { test } from "../testing.ts";

test("date: five characters that are the date again, within the four seconds before it", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 32 - 8 }), (seconds) => {
    const text = formatDate(seconds);
    assertMatch(text, /^[A-Za-z0-9+/]{5}$/);
    const date = parseDate(text);
    assertEquals(date % 4, 0);
    assertEquals(date - seconds >= 0 && date - seconds < 4, true);
    assertEquals(formatDate(date), text);
  }));
});

test("date: as HAProxy writes it", () => {
  assertEquals(formatDate(0), "AAAAA");
  assertEquals(formatDate(1), "AAAAB");
  assertEquals(formatDate(4 * 63), "AAAA/");
  assertEquals(formatDate(4 * 64), "AAABA");
  assertEquals(formatDate(4 * (2 ** 30 - 1)), "/////");
  assertEquals(parseDate("/////"), 4 * (2 ** 30 - 1));
});

test("date: what is none is 0", () => {
  for (const text of ["", "AAAA", "AAAAAA", "AAA-B", "AAAA ", "AAAA=", "1e9.9", "ÀAAAA"]) {
    assertEquals(parseDate(text), 0, text);
  }
});
