import { assertEquals, assertThrows } from "@std/assert";
import { test } from "./testing.ts";
test("the assertions fail when they must", () => {
  assertThrows(() => assertEquals({ a: 1 }, { a: 2 }));
  assertEquals({ a: [1] }, { a: [1] });
});
