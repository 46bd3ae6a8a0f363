import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createDates } from "#src/log/date.ts";
import { test } from "../testing.ts";

const utc = createDates(() => 0);
const at = (text: string) => Date.parse(text);

test("dates are written as the manual and the RFCs show them", () => {
  const moment = at("2009-02-06T12:14:14.655Z");
  assertEquals(utc.traffic(moment), "06/Feb/2009:12:14:14.655");
  assertEquals(utc.rfc3164(moment), "Feb  6 12:14:14");
  assertEquals(utc.rfc5424(moment), "2009-02-06T12:14:14.655000+00:00");
});

test("microseconds come from the fraction of the millisecond", () => {
  const moment = at("2026-11-22T08:50:51.466Z") + 0.25;
  assertEquals(utc.rfc5424(moment), "2026-11-22T08:50:51.466250+00:00");
});

test("seconds, minutes, days and years change at their boundaries", () => {
  const newYear = at("2027-01-01T00:00:00.000Z");
  assertEquals(utc.traffic(newYear - 1001), "31/Dec/2026:23:59:58.999");
  assertEquals(utc.traffic(newYear - 1000), "31/Dec/2026:23:59:59.000");
  assertEquals(utc.traffic(newYear - 1), "31/Dec/2026:23:59:59.999");
  assertEquals(utc.traffic(newYear), "01/Jan/2027:00:00:00.000");
  assertEquals(utc.rfc3164(newYear - 1), "Dec 31 23:59:59");
  assertEquals(utc.rfc3164(newYear), "Jan  1 00:00:00");
  assertEquals(utc.rfc5424(newYear - 1), "2026-12-31T23:59:59.999000+00:00");
  assertEquals(utc.rfc5424(newYear), "2027-01-01T00:00:00.000000+00:00");
});

test("local time is ahead of UTC or behind it by hours and minutes", () => {
  const moment = at("2026-11-22T22:45:00.001Z");
  const kolkata = createDates(() => 330);
  assertEquals(kolkata.traffic(moment), "23/Nov/2026:04:15:00.001");
  assertEquals(kolkata.rfc3164(moment), "Nov 23 04:15:00");
  assertEquals(kolkata.rfc5424(moment), "2026-11-23T04:15:00.001000+05:30");
  const stJohns = createDates(() => -210);
  assertEquals(stJohns.rfc5424(moment), "2026-11-22T19:15:00.001000-03:30");
});

test("the zone of the process counts, summer time too", () => {
  const before = process.env["TZ"];
  try {
    process.env["TZ"] = "America/New_York";
    const dates = createDates();
    assertEquals(dates.rfc5424(at("2026-07-01T12:00:00Z")), "2026-07-01T08:00:00.000000-04:00");
    assertEquals(dates.rfc5424(at("2026-12-01T12:00:00Z")), "2026-12-01T07:00:00.000000-05:00");
    const change = at("2026-11-01T06:00:00Z");
    assertEquals(dates.traffic(change - 1), "01/Nov/2026:01:59:59.999");
    assertEquals(dates.traffic(change), "01/Nov/2026:01:00:00.000");
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});

test("whatever was asked for before, a date can be read back", () => {
  const moments = fc.array(
    fc.oneof(
      fc.integer({ min: 0, max: 4e12 }),
      // Close to each other, around a full minute: where a kept text could be the wrong one.
      fc.integer({ min: 1_795_354_560_000 - 70_000, max: 1_795_354_560_000 + 70_000 }),
    ),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(fc.property(moments, fc.integer({ min: -14 * 60, max: 14 * 60 }), (list, offset) => {
    const dates = createDates(() => offset);
    for (const ms of list) {
      const iso = dates.rfc5424(ms);
      assertEquals(Date.parse(iso.slice(0, 23) + iso.slice(26)), ms);
      const [, day, month, year, time] = /^(\d\d)\/(\w{3})\/(\d{4}):(.*)$/.exec(dates.traffic(ms))!;
      assertEquals(Date.parse(`${day} ${month} ${year} ${time}Z`) - offset * 60_000, ms);
      const short = /^(\w{3}) ([ \d]\d) (\d\d:\d\d:\d\d)$/.exec(dates.rfc3164(ms))!;
      assertEquals(short.slice(1), [month!, String(Number(day)).padStart(2), time!.slice(0, 8)]);
    }
  }));
});
