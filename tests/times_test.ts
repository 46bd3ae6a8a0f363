import { assertEquals } from "@std/assert";
import { test } from "./testing.ts";
import { tableOf } from "./times.ts";

test("the table of times: a row a group, the slowest first, a column a suite", () => {
  const times = [
    { group: "build", suite: "", seconds: 3.04 },
    { group: "http", suite: "Deno", seconds: 1.5 },
    { group: "oracle", suite: "Deno", seconds: 100 },
    { group: "oracle", suite: "Bun", seconds: 60.25 },
    { group: "http", suite: "Bun", seconds: 0.5 },
  ];
  assertEquals(tableOf(times, ["Deno", "Bun"], 90).split("\n"), [
    "seconds      Deno       Bun       all",
    "oracle      100.0      60.3     160.3",
    "build                             3.0",
    "http          1.5       0.5       2.0",
    "all         101.5      60.8     165.3",
    "1.5 minutes in all",
  ]);
});
