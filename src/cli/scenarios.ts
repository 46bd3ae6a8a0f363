import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { titleOf } from "../config/title.ts";

/** A scenario file: a configuration with its story in the comments. */
export interface Scenario {
  /** The file's name without `.cfg`: "cookie-insert". */
  name: string;
  /** The file as it stands. */
  text: string;
  /** Its first comment line, without the mark and the name; empty where there is none. */
  summary: string;
}

const SUFFIX = ".cfg";

/**
 * The folder is found, not listed, so that a new file in it is a new scenario: compile.sh embeds it
 * beside the program, and in the source tree it lies at the root.
 */
function folder(): string {
  const here = import.meta.dirname ?? ".";
  const embedded = join(here, "scenarios");
  return existsSync(embedded) ? embedded : join(here, "..", "..", "scenarios");
}

/** All scenarios that this program carries, by name. Throws where the source tree has lost them. */
export function scenarios(): Scenario[] {
  const from = folder();
  const files = readdirSync(from).filter((file) => file.endsWith(SUFFIX));
  // By their names: "cache" before "cache-farm".
  return files.map((file) => file.slice(0, -SUFFIX.length)).sort().map((name) => {
    const text = readFileSync(join(from, name + SUFFIX), "utf8");
    return {
      name,
      text,
      summary: titleOf(text).replace(/^[\w-]+: /, ""),
    };
  });
}

/** The scenario of this name, or undefined. */
export function scenario(name: string): Scenario | undefined {
  return scenarios().find((each) => each.name === name);
}
