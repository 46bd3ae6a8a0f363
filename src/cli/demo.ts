import type { SourceFile } from "../config/diagnostic.ts";
import { type Host, perform, type PerformOptions } from "../scenario/perform.ts";
import { readText, unreadable } from "./files.ts";
import { scenario, scenarios } from "./scenarios.ts";

/**
 * `sluice demo SCENARIO|FILE...`: plays the story which a configuration tells in its comments.
 * @param subjects names of scenarios that the program carries, or files; with `check`, none means
 * every scenario
 * @returns the exit status: 0 if every expectation of every story held
 */
export async function demo(
  subjects: readonly string[],
  options: PerformOptions,
  host: Host,
): Promise<number> {
  const wanted = subjects.length === 0 && options.check
    ? scenarios().map(({ name }) => name)
    : subjects;
  if (wanted.length === 0) {
    host.complain(`which scenario? There are ${names().join(", ")}\n`);
    return 1;
  }
  let status = 0;
  for (const subject of wanted) {
    const file = find(subject);
    if (typeof file === "string") {
      host.complain(`${file}\n`);
      status = 1;
    } else status = Math.max(status, await perform(file, options, host));
  }
  return status;
}

/** The file of a scenario's name, or of a path; else why there is none. */
function find(subject: string): SourceFile | string {
  const carried = scenario(subject);
  if (carried !== undefined) return { name: `scenarios/${subject}.cfg`, text: carried.text };
  try {
    return { name: subject, text: readText(subject) };
  } catch (error) {
    return unreadable(subject, error);
  }
}

function names(): string[] {
  return scenarios().map(({ name }) => name);
}
