import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";
import { table, verdict } from "./table.ts";

const at = (median: number, error = 0) => ({ median, error, min: median, max: median });

test("a goal is met or missed by a part of it, on either side, and doubt is said", () => {
  const most = { of: "ratio", at: "most", limit: 0.8 } as const;
  assertEquals(verdict(most, at(0.6)), "met by 25 %");
  assertEquals(verdict(most, at(0.8)), "met by 0 %");
  assertEquals(verdict(most, at(1)), "MISSED by 25 %");
  assertEquals(verdict(most, at(1, 0.3)), "MISSED by 25 %, within the error");
  assertEquals(verdict(most, at(0.6, 0.1)), "met by 25 %");
  const least = { of: "ratio", at: "least", limit: 1 } as const;
  assertEquals(verdict(least, at(1.1)), "met by 10 %");
  assertEquals(verdict(least, at(0.9)), "MISSED by 10 %");
});

test("the table has both values with their parts, the ratios and the goal's verdict in columns", () => {
  const same = (value: number) => [value, value];
  const rows = [
    {
      name: "small",
      unit: "us/request (user+system)",
      series: { sluice: same(15), haproxy: same(20), again: same(20) },
      user: { sluice: 0.2, haproxy: 0.25 },
    },
    {
      name: "start",
      unit: "ms",
      series: { sluice: same(160), haproxy: same(40), again: same(40) },
    },
    { name: "free", unit: "ms", series: { sluice: [2], haproxy: [1], again: [1] } },
  ];
  const goals = {
    small: { of: "ratio", at: "most", limit: 0.8 },
    start: { of: "value", at: "most", limit: 150 },
  } as const;
  const [header = "", ...lines] = table(rows, goals).split("\n");
  assertEquals(header.split(/  +/), [
    "measure",
    "unit",
    "haproxy",
    "sluice",
    "sluice/haproxy",
    "haproxy/haproxy",
    "goal",
  ]);
  assertEquals(lines.map((line) => line.split(/  +/)), [
    [
      "small",
      "us/request (user+system)",
      "20.0 (5.00+15.0)",
      "15.0 (3.00+12.0)",
      "0.750 ±0.000 (0.75-0.75)",
      "1.000 ±0.000 (1.00-1.00)",
      "ratio <= 0.8",
      "met by 6 %",
    ],
    [
      "start",
      "ms",
      "40.0",
      "160",
      "4.000 ±0.000 (4.00-4.00)",
      "1.000 ±0.000 (1.00-1.00)",
      "sluice <= 150",
      "MISSED by 7 %",
    ],
    [
      "free",
      "ms",
      "1.00",
      "2.00",
      "2.000 ±0.000 (2.00-2.00)",
      "1.000 ±0.000 (1.00-1.00)",
    ],
  ]);
  const starts = [header, ...lines].map((line) => line.search(/haproxy\/|1\.000/));
  assertEquals(new Set(starts).size, 1, `the control's column starts at ${starts}`);
});
