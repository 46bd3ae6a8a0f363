import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "../testing.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { scenario, scenarios } from "#src/commands/scenarios.ts";

const folder = join(import.meta.dirname ?? ".", "../../scenarios");

test("every file of scenarios/ is a scenario, and nothing else is", () => {
  const files = readdirSync(folder).filter((file) => file.endsWith(".cfg")).sort();
  assert(files.includes("cookie-insert.cfg"));
  assertEquals(scenarios().map(({ name }) => `${name}.cfg`), files);
});

test("a scenario carries its file's text, and a line that says what it shows", () => {
  for (const { name, text, summary } of scenarios()) {
    assertEquals(text, readFileSync(join(folder, `${name}.cfg`), "utf8"));
    assertNotEquals(summary, "", `${name}.cfg begins with a comment of one line`);
    assert(text.includes(summary));
    assert(!summary.startsWith("#") && summary === summary.trim(), summary);
  }
});

test("a scenario is found by its name alone", () => {
  assertEquals(scenario("cookie-insert")?.name, "cookie-insert");
  for (const name of ["", "cookie-insert.cfg", "../scenarios/cookie-insert", "Cookie-Insert"]) {
    assertEquals(scenario(name), undefined);
  }
});
