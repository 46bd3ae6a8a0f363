/**
 * The command line of the benchmark.
 */
import { parseArgs } from "node:util";

/** What the user wants. */
export interface Options {
  /** Rounds of each load; null: as many as the benchmark finds right. */
  readonly rounds: number | null;
  readonly quick: boolean;
  /** The measures to take, in this order. */
  readonly only: readonly string[];
  /** Flags for sluice, before its others. */
  readonly sluiceArgs: readonly string[];
}

/**
 * Reads the arguments behind `deno task bench`.
 * @param measures the names that `--only` may give
 * @throws {Error} what is wrong with them
 */
export function readOptions(args: readonly string[], measures: readonly string[]): Options {
  const { values } = parseArgs({
    args: bound(args),
    options: {
      rounds: { type: "string" },
      only: { type: "string", default: measures.join(",") },
      quick: { type: "boolean", default: false },
      args: { type: "string", default: "" },
    },
  });
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && (!Number.isInteger(rounds) || rounds < 1)) {
    throw new Error("--rounds takes a whole number");
  }
  const only = values.only.split(",");
  const unknown = only.find((name) => !measures.includes(name));
  if (unknown !== undefined) {
    throw new Error(`no measure '${unknown}': there are ${measures.join(", ")}`);
  }
  return {
    rounds,
    quick: values.quick,
    only,
    sluiceArgs: values.args.split(" ").filter((word) => word !== ""),
  };
}

/** Makes `--args -de` one word, for the parser takes no value with a dash from a word of its own. */
function bound(args: readonly string[]): string[] {
  const at = args.indexOf("--args");
  if (at < 0 || at === args.length - 1) return [...args];
  return [...args.slice(0, at), `--args=${args[at + 1]}`, ...args.slice(at + 2)];
}
