import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { facilities, levels, logFormats, type LogTarget } from "#src/config/model.ts";
import { createDates } from "#src/log/date.ts";
import { createHeader, putLine, textLimit, wanted } from "#src/log/frame.ts";
import { test } from "../testing.ts";

const dates = createDates(() => -300);
const originator = { tag: "sluice", pid: 7667, hostname: "edge" };
const moment = Date.parse("2026-11-02T13:50:51.466Z") + 0.25;
const plain = { facility: "local0", minlevel: "emerg" } as const;

test("the header of each format, as HAProxy 2.6 writes it", () => {
  const expected: Record<LogTarget["format"], string> = {
    local: "<134>Nov  2 08:50:51 sluice[7667]: ",
    rfc3164: "<134>Nov  2 08:50:51 localhost sluice[7667]: ",
    rfc5424: "<134>1 2026-11-02T08:50:51.466250-05:00 - sluice 7667 - - ",
    priority: "<134>",
    short: "<6>",
    timed: "<6>2026-11-02T08:50:51.466250-05:00 ",
    iso: "2026-11-02T08:50:51.466250-05:00 ",
    raw: "",
  };
  for (const format of logFormats) {
    const header = createHeader({ format, ...plain }, originator, dates);
    assertEquals(header("info", moment), expected[format]);
  }
});

test("priorities are facility * 8 + level (RFC 5424, section 6.2.1)", () => {
  const priority = (facility: LogTarget["facility"], level: LogTarget["level"]) =>
    createHeader({ format: "priority", facility, minlevel: "emerg" }, originator)(level, 0);
  assertEquals(priority("kern", "emerg"), "<0>");
  assertEquals(priority("mail", "crit"), "<18>");
  assertEquals(priority("daemon", "err"), "<27>");
  assertEquals(priority("local7", "debug"), "<191>");
});

test("minlevel: more severe messages are written as that level", () => {
  const header = createHeader(
    { format: "priority", facility: "kern", minlevel: "warning" },
    originator,
  );
  assertEquals(header("emerg", 0), "<4>");
  assertEquals(header("warning", 0), "<4>");
  assertEquals(header("info", 0), "<6>");
});

test("a header changes with the second and with the level", () => {
  const header = createHeader({ format: "local", ...plain }, originator, dates);
  const at = (level: LogTarget["level"], ms: number) => header(level, moment + ms).slice(0, 20);
  assertEquals(at("info", 0), "<134>Nov  2 08:50:51");
  assertEquals(at("err", 0), "<131>Nov  2 08:50:51");
  assertEquals(at("err", 533), "<131>Nov  2 08:50:51");
  assertEquals(at("err", 534), "<131>Nov  2 08:50:52");
  assertEquals(at("err", 0), "<131>Nov  2 08:50:51");
  assertEquals(at("info", 60_000), "<134>Nov  2 08:51:51");
});

test("a target takes its level and what is more severe", () => {
  assert(wanted({ level: "notice" }, "notice"));
  assert(wanted({ level: "notice" }, "emerg"));
  assert(!wanted({ level: "notice" }, "info"));
});

test("len counts the newline on stdout and stderr only", () => {
  assertEquals(textLimit({ target: { kind: "udp", host: "::1", port: 514 }, len: 100 }), 100);
  assertEquals(textLimit({ target: { kind: "unix", path: "/dev/log" }, len: 100 }), 100);
  assertEquals(textLimit({ target: { kind: "stdout" }, len: 100 }), 99);
});

test("a line is never longer than its limit, ends with a newline, keeps characters whole", () => {
  const bytes = new Uint8Array(300);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.nat(40), fc.nat(50), (text, limit, at) => {
      bytes.fill(1);
      const end = putLine(bytes, at, text, limit);
      assert(end - at - 1 <= limit);
      assertEquals(bytes[end - 1], 10);
      assertEquals(bytes[end], 1);
      const written = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
        .decode(bytes.subarray(at, end - 1));
      assert(text.startsWith(written));
      const all = new TextEncoder().encode(text).length;
      if (all <= limit) assertEquals(written, text);
      else assert(end - at - 1 > limit - 4);
    }),
  );
});

test("whatever the message, the RFCs' readers find facility, level, tag, pid and message", () => {
  const rfc3164 = /^<(\d+)>(\w{3} [ \d]\d (?:\d\d:){2}\d\d) localhost (\w+)\[(\d+)\]: (.*)$/;
  const rfc5424 =
    /^<(\d+)>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d) - (\S+) (\d+) - - (.*)$/;
  const message = fc.string({ unit: "grapheme-ascii" });
  fc.assert(fc.property(
    fc.constantFrom(...facilities),
    fc.constantFrom(...levels),
    message,
    fc.integer({ min: 0, max: 4e12 }),
    (facility, level, message, ms) => {
      for (const [format, reader] of [["rfc3164", rfc3164], ["rfc5424", rfc5424]] as const) {
        const target = { format, facility, minlevel: "emerg" } as const;
        const line = createHeader(target, originator)(level, ms) + message;
        assertMatch(line, reader);
        const [, priority, date, tag, pid, text] = reader.exec(line)!;
        assertEquals(facilities[Number(priority) >> 3], facility);
        assertEquals(levels[Number(priority) & 7], level);
        if (format === "rfc5424") assertEquals(Date.parse(date!), ms);
        assertEquals([tag, pid, text], ["sluice", "7667", message]);
      }
    },
  ));
});

test("structured data stands in lines of RFC 5424, and in no others", () => {
  const originator = { tag: "t", pid: 7, hostname: "h", sender: "edge" };
  const header = (format: "rfc5424" | "local") =>
    createHeader({ format, facility: "local0", minlevel: "emerg" }, originator)("info", 0, "[x@1]");
  assert(header("rfc5424").endsWith(" edge t 7 - [x@1] "), header("rfc5424"));
  assert(!header("local").includes("[x@1]"));
});
