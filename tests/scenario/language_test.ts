import { assertEquals } from "@std/assert";
import { known } from "#src/scenario/language.ts";
import { test } from "../testing.ts";

test("the names that there are, are said of none, of one and of more", () => {
  const fix = (names: string[]) => known("xyzzy", "server", names)?.fix;
  assertEquals(fix([]), "the configuration has no server");
  assertEquals(fix(["web"]), "there is web");
  assertEquals(fix(["a", "b"]), "there are a, b");
  assertEquals(known("weB", "server", ["web"])?.fix, "did you mean 'web'? (there is web)");
});
