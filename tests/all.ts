// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * `deno task test`: all that must hold, in one run. Goes on after a failure, so that one run shows
 * them all; the last line counts the tests of both runtimes and the scenarios.
 */
import { join } from "node:path";
import { add, type Counts, skippedTests, summary } from "./counts.ts";
import { binary, deno, type Job, onSockets, planned, root, suites } from "./jobs.ts";
import { tableOf, type Time } from "./times.ts";

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };
const LIMIT_SECONDS = 480;

interface Result {
  ok: boolean;
  /** What it wrote, standard output and error as they came. */
  output: string;
}

/** It counts for nothing unless it fails. */
interface Step {
  name: string;
  command: readonly string[];
}

const preparation: Step[] = [
  { name: "format", command: [deno, "fmt", "--check"] },
  { name: "lint", command: [deno, "lint"] },
  { name: "types", command: [deno, "check", "src", "tests"] },
  { name: "build", command: ["sh", "compile.sh"] },
];

const times: Time[] = [];

/**
 * Runs a command at the project's root until it has ended and nobody holds its output open, for
 * LIMIT_SECONDS at most.
 */
async function run([program = "", ...args]: readonly string[], tested = binary): Promise<Result> {
  let output = "";
  try {
    const child = new Deno.Command(program, {
      args,
      cwd: root,
      env: { NO_COLOR: "1", SLUICE_BINARY: tested },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const collect = async (stream: ReadableStream<Uint8Array>) => {
      const decoder = new TextDecoder();
      for await (const bytes of stream) output += decoder.decode(bytes, { stream: true });
    };
    const end = Promise.all([child.status, collect(child.stdout), collect(child.stderr)]);
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, LIMIT_SECONDS * 1000);
    const ended = await Promise.race([end, limit.promise]);
    clearTimeout(timer);
    if (ended !== undefined) return { ok: ended[0].success, output };
    output += `\nnot finished after ${LIMIT_SECONDS} s: stopped\n`;
    child.kill("SIGTERM");
  } catch (error) { // the program is missing, or had gone before it could be stopped
    output += String(error);
  }
  return { ok: false, output };
}

/** A step that fails is one failure. */
async function prepare({ name, command }: Step): Promise<Counts> {
  const start = performance.now();
  const { ok, output } = await run(command);
  report(name, "", ok, start, "");
  if (!ok) console.log(output);
  return { ...NONE, failed: ok ? 0 : 1 };
}

/**
 * Jobs that have failed once. They run again when all others have ended: who plays the same traffic
 * through two programs finds a difference where others had the processors at the wrong moment.
 */
const again: Job[] = [];

/**
 * A job that fails, or breaks off before it has counted, is one failure at least.
 * @param last false: it runs again, and counts only then
 */
async function perform(job: Job, last: boolean): Promise<Counts> {
  const { suite, group, command, counts: read, program } = job;
  const start = performance.now();
  const { ok, output } = await run(command, program);
  const found = read(output);
  const good = ok && found?.failed === 0;
  const counts = { ...(found ?? NONE) };
  if (!good) counts.failed = Math.max(counts.failed, 1);
  report(group, suite, good, start, summary(counts));
  if (!good) console.log(output);
  if (ok && found === undefined) console.log(`${group} ${suite}: ended without counting its tests`);
  for (const test of good ? skippedTests(output) : []) console.log(`      skipped: ${test}`);
  if (good || last) return counts;
  again.push(job);
  return NONE;
}

/** Runs jobs in this order, so many of them at a time. */
async function performAll(
  jobs: readonly Job[],
  atOnce: number,
  last = false,
): Promise<Counts> {
  const queue = jobs.values();
  const lanes = Array.from({ length: atOnce }, async () => {
    let total = NONE;
    for (const job of queue) total = add(total, await perform(job, last));
    return total;
  });
  return (await Promise.all(lanes)).reduce(add);
}

function report(group: string, suite: string, ok: boolean, start: number, detail: string): void {
  const seconds = (performance.now() - start) / 1000;
  times.push({ group, suite, seconds });
  const name = suite === "" ? group : `${group}, ${suite}`;
  const time = `${seconds.toFixed(1)} s`.padStart(7);
  console.log(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(24)} ${time}  ${detail}`);
}

/** Plays every scenario of the binary; those of the folder must all be inside. */
async function playScenarios(): Promise<Counts> {
  const start = performance.now();
  const list = await run([binary, "scenarios"]);
  const names = list.output.split("\n").map((line) => line.split(/\s/)[0] ?? "").filter(Boolean);
  const missing = [...Deno.readDirSync(join(root, "scenarios"))]
    .flatMap(({ name }) => name.endsWith(".cfg") ? [name.slice(0, -4)] : [])
    .filter((name) => !names.includes(name));
  if (!list.ok || names.length === 0 || missing.length > 0) {
    report(
      "demo --check",
      "",
      false,
      start,
      `sluice scenarios does not list ${missing.join(", ")}`,
    );
    console.log(list.output);
    return { ...NONE, failed: Math.max(missing.length, 1) };
  }
  const simulated = await playAll(names, "simulated");
  return add(simulated, await playAll(names, "on the wire", "--wire"));
}

/** Plays all scenarios in one run of the binary, and counts each. */
async function playAll(names: string[], how: string, ...flags: string[]): Promise<Counts> {
  const start = performance.now();
  const { ok, output } = await run([binary, "demo", "--check", ...flags]);
  const held = names.filter((name) => output.includes(`scenarios/${name}.cfg: all `));
  const counts = { ...NONE, passed: held.length, failed: names.length - held.length };
  if (!ok) counts.failed = Math.max(counts.failed, 1);
  const good = counts.failed === 0;
  report(`demo --check, ${how}`, "", good, start, summary(counts));
  if (!good) console.log(output);
  return counts;
}

/** Stands before the binary, and asks for its other engine. */
function writeOnSockets(): void {
  const script = `#!/bin/sh
case \${1-} in
-[!-v]*) exec '${binary}' -de "$@" ;;
run) shift && exec '${binary}' run --engine sockets "$@" ;;
*) exec '${binary}' "$@" ;;
esac
`;
  Deno.writeTextFileSync(onSockets, script, { mode: 0o755 });
}

const begun = performance.now();
// The four neither measure time nor share a file.
let total = (await Promise.all(preparation.map(prepare))).reduce(add);
writeOnSockets();
const { beside, alone } = planned();
// Most tests wait for the kernel, for processes or for the clock most of the time; two fill a
// machine of two processors.
total = add(total, await performAll(beside, 2));
total = add(total, await performAll(alone, 1));
if (again.length > 0) {
  const names = again.map(({ group, suite }) => `${group}, ${suite}`).join("; ");
  console.log(`      once more, alone: ${names}`);
  total = add(total, await performAll([...again], 1, true));
}
total = add(total, await playScenarios());
console.log(`\n${tableOf(times, suites, (performance.now() - begun) / 1000)}`);
console.log(`\n${summary(total)}`);
Deno.exit(total.failed === 0 ? 0 : 1);
