/** The keyword `cpu-map`: the CPUs that a thread may run on (manual, chapter 3.1). */
import * as v from "valibot";
import type { Arguments } from "../haproxy/arguments.ts";
import { define } from "./keyword.ts";
import { natural } from "./values.ts";

/** One line of `cpu-map`. */
export const CpuMap = v.strictObject({
  /** Threads, from 1: "3", "1-4", "odd", "even", "all". */
  threads: v.pipe(v.string(), v.regex(/^(all|odd|even|[1-9]\d{0,3}(-\d{0,4})?)$/)),
  /** CPUs, from 0, in their order. */
  cpus: v.array(natural),
  /** Each thread has one of the CPUs, in turns; else each has all of them. */
  auto: v.optional(v.boolean(), false),
});
/** {@linkcode CpuMap} */
export type CpuMap = v.InferOutput<typeof CpuMap>;

/** As many threads as there can be, and as many CPUs. */
const mostThreads = 64;
const mostCpus = 1024;

/** "1", "1-4", "all", "odd", "even"; null: none of them. */
function threadSet(text: string): number[] | null {
  const all = Array.from({ length: mostThreads }, (_, index) => index + 1);
  if (text === "all") return all;
  if (text === "odd") return all.filter((thread) => thread % 2 === 1);
  if (text === "even") return all.filter((thread) => thread % 2 === 0);
  return range(text, 1, mostThreads);
}

/** "3" or "0-3"; null: neither. */
function range(text: string, least: number, most: number): number[] | null {
  const found = /^(\d{1,4})(?:-(\d{0,4}))?$/.exec(text);
  const first = Number(found?.[1] ?? NaN);
  const last = found?.[2] === undefined ? first : found[2] === "" ? most : Number(found[2]);
  const [low, high] = first <= last ? [first, last] : [last, first];
  if (!(low >= least && high <= most)) return null;
  return Array.from({ length: high - low + 1 }, (_, index) => low + index);
}

/** What a reader found, or a mistake of the word last taken. */
function found(numbers: number[] | null, text: string, args: Arguments): number[] {
  if (numbers !== null) return numbers;
  const hint = "a number, or a range as in 1-4; threads also: all, odd, even";
  throw args.mistake(`'${text}' is not a valid number or range`, hint);
}

function rangesText(numbers: readonly number[]): string[] {
  const ranges: string[] = [];
  for (let at = 0; at < numbers.length;) {
    let end = at;
    while (numbers[end + 1] === numbers[end]! + 1) end++;
    ranges.push(end === at ? `${numbers[at]}` : `${numbers[at]}-${numbers[end]}`);
    at = end + 1;
  }
  return ranges;
}

/** Lines of `cpu-map`; a later one counts for a thread that an earlier one names, too. */
export const cpuMapSetting = define({
  doc: "The CPUs that threads may run on.",
  chapter: "3.1",
  schema: v.optional(v.array(CpuMap), []),
  forms: [{
    name: "cpu-map",
    usage: "[auto:]<thread-group>[/<threads>] <cpus>[,...] ...",
    example: "auto:1/1-4 0-3",
    read(args, before, mark) {
      const { text } = args.word("threads");
      const auto = text.startsWith("auto:");
      const [group = "", set] = text.replace(/^auto:/, "").split("/");
      // Groups, and the processes of old, are one here: a group alone stands for its threads.
      const groups = found(threadSet(group), group, args);
      const threads = set ?? "all";
      found(threadSet(threads), threads, args);
      const cpus: number[] = [];
      do {
        for (const part of args.word("CPUs").text.split(",")) {
          cpus.push(
            ...part === "all"
              ? Array.from({ length: mostCpus }, (_, cpu) => cpu)
              : found(range(part, 0, mostCpus - 1), part, args),
          );
        }
      } while (args.peek() !== undefined);
      mark();
      if (!groups.includes(1)) return before;
      return [...before, { threads, cpus: [...new Set(cpus)].sort((a, b) => a - b), auto }];
    },
  }],
  print: (lines: readonly CpuMap[]) =>
    lines.map(({ threads, cpus, auto }) => [
      "cpu-map",
      `${auto ? "auto:" : ""}1/${threads}`,
      ...rangesText(cpus),
    ]),
});

/**
 * The CPUs of each thread, from the first one; null: it may run on all.
 * @param threads how many there are
 */
export function cpusOf(lines: readonly CpuMap[], threads: number): (readonly number[] | null)[] {
  const sets: (readonly number[] | null)[] = Array.from({ length: threads }, () => null);
  for (const { threads: named, cpus, auto } of lines) {
    for (const [index, thread] of threadSet(named)?.entries() ?? []) {
      if (thread > threads || cpus.length === 0) continue;
      sets[thread - 1] = auto ? [cpus[index % cpus.length]!] : cpus;
    }
  }
  return sets;
}
