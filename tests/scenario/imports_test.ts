import { assert, assertEquals } from "@std/assert";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "../testing.ts";

const src = join(import.meta.dirname!, "../../src");

/** All files that are loaded with a file: what `import()` asks for later is not. */
function loadedWith(entry: string): Set<string> {
  const files = new Set<string>();
  const add = (file: string) => {
    if (files.has(file)) return;
    files.add(file);
    const text = readFileSync(join(src, file), "utf8").replace(
      /^(import|export) type [^"=]*from .*$/gm,
      "",
    );
    for (
      const [, path = ""] of text.matchAll(/^(?:import|export)\b(?:[^"=]*from)? "(\.[^"]+)"/gm)
    ) {
      add(join(dirname(file), path));
    }
  };
  add(entry);
  return files;
}

test("what only demos need is not loaded by a proxy that starts", () => {
  const demo = loadedWith("cli/demo-host.ts");
  assert(demo.has("config/model.ts"), "the reader of imports reads nothing");
  const only = [...loadedWith("main.ts")].filter((file) => /^(scenario|simulate)\//.test(file));
  assertEquals(only, []);
});
