import type { SourceFile } from "../config/diagnostic.ts";
import { type Host, type RunOptions, runScenario } from "../scenario/run.ts";
import { readText, unreadable } from "./files.ts";
import { scenario, scenarios } from "./scenarios.ts";

/** The options of `sluice demo`. */
export interface DemoOptions extends RunOptions {
  /** Plays on the machine's sockets also where it would be simulated. */
  readonly wire?: boolean;
  /** Simulates, with this seed of chance. */
  readonly seed?: number;
}

/** Where demos are played. */
export interface Hosts {
  /** The machine's sockets and clock. */
  wire(): Promise<Host>;
  /** A memory network and a virtual clock of their own. @param seed of chance */
  simulated(seed: number): Promise<Host>;
}

/**
 * `sluice demo SCENARIO|FILE...`: plays the story in the comments of a configuration.
 *
 * `--check` and `--seed` simulate: it takes no time, and comes out the same each time. Without them
 * it is played on real sockets, where one can look closer (with curl, tcpdump, ss).
 * @param subjects names of scenarios that the program carries, or files; with `check`, none means
 * every scenario
 * @returns the exit status: 0 if every expectation of every story held
 */
export async function demo(
  subjects: readonly string[],
  options: DemoOptions,
  hosts: Hosts,
): Promise<number> {
  const { check = false, keep = false, wire = false, seed } = options;
  const wired = wire || keep || !check && seed === undefined ? await hosts.wire() : null;
  /** Each scenario has a simulation of its own, so that none depends on those before it. */
  const next = async () => wired ?? await hosts.simulated(seed ?? 1);
  const { printError } = await next();
  const wanted = subjects.length === 0 && check ? scenarios().map(({ name }) => name) : subjects;
  if (seed !== undefined && (wire || keep)) {
    printError("--seed is for a simulation: leave out --wire and --keep\n");
    return 1;
  }
  if (wanted.length === 0) {
    printError(`which scenario? There are ${names().join(", ")}\n`);
    return 1;
  }
  let status = 0;
  for (const subject of wanted) {
    const file = find(subject);
    if (typeof file === "string") {
      printError(`${file}\n`);
      status = 1;
    } else {
      const host = await next();
      status = Math.max(status, await host.complete(runScenario(file, options, host)));
    }
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
