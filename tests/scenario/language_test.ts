import { assertEquals } from "@std/assert";
import { known } from "#src/scenario/language.ts";
import { test } from "../testing.ts";

test("the names that there are, are said of none, of one and of more", () => {
  const mend = (names: string[]) => known("xyzzy", "server", names)?.fix;
  assertEquals(mend([]), "the configuration has no server");
  assertEquals(mend(["web"]), "there is web");
  assertEquals(mend(["a", "b"]), "there are a, b");
  assertEquals(known("weB", "server", ["web"])?.fix, "did you mean 'web'? (there is web)");
});
