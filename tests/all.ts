// deno-lint-ignore-file no-console -- what it prints is what it is for
/**
 * `deno task test`: all that must hold, in one run. Goes on after a failure, so that one run shows
 * them all; the last line counts the tests of both runtimes and the scenarios.
 */
import { join } from "node:path";
import { add, type Counts, countsOfBun, countsOfDeno, skippedTests, summary } from "./counts.ts";

const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };
const LIMIT_SECONDS = 480;

const root = join(import.meta.dirname ?? ".", "..");
const binary = join(root, "dist", "sluice");
const deno = Deno.execPath(); // npx has it on no PATH

interface Result {
  ok: boolean;
  /** What it wrote, standard output and error as they came. */
  output: string;
}

interface Step {
  name: string;
  command: string[];
  /** Reads the tests' counts; a step without it counts for nothing unless it fails. */
  counts?: (output: string) => Counts | undefined;
  /** The program that is tested; the binary by default. */
  program?: string;
}

const preparation: Step[] = [
  { name: "format", command: [deno, "fmt", "--check"] },
  { name: "lint", command: [deno, "lint"] },
  { name: "types", command: [deno, "check", "src", "tests"] },
  { name: "build", command: ["sh", "compile.sh"] },
];
/** The binary on the runtime's own sockets instead of its epoll loop. */
const onSockets = join(root, "dist", "sluice-on-sockets");
const programTests = ["cli", "fronts", "oracle", "reload", "scenarios"];
const suites: Step[] = [
  { name: "tests on Deno", command: [deno, "task", "test:deno"], counts: countsOfDeno },
  { name: "tests on Bun", command: [deno, "task", "test:bun"], counts: countsOfBun },
  {
    name: "programs on Bun's sockets",
    command: [
      "node_modules/.bin/bun",
      ...["test", "--tsconfig-override=deno.json", "--no-install", "--timeout", "60000"],
      ...programTests.map((folder) => `tests/${folder}/`),
    ],
    counts: countsOfBun,
    program: onSockets,
  },
];

/**
 * Runs a command at the project's root until it has ended and nobody holds its output open, for
 * LIMIT_SECONDS at most.
 */
async function run([program = "", ...args]: string[], tested = binary): Promise<Result> {
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

/** A step that fails, or breaks off before it has counted, is one failure at least. */
async function perform({ name, command, counts: read, program }: Step): Promise<Counts> {
  const start = performance.now();
  const { ok, output } = await run(command, program);
  const found = read === undefined ? NONE : read(output);
  const good = ok && found?.failed === 0;
  const counts = { ...(found ?? NONE) };
  if (!good) counts.failed = Math.max(counts.failed, 1);
  report(name, good, start, read === undefined ? "" : summary(counts));
  if (!good) console.log(output);
  if (ok && found === undefined) console.log(`${name}: ended without counting its tests`);
  for (const test of good ? skippedTests(output) : []) console.log(`      skipped: ${test}`);
  return counts;
}

function report(name: string, ok: boolean, start: number, detail: string): void {
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  console.log(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(24)} ${seconds.padStart(7)}  ${detail}`);
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
    report("scenarios", false, start, `sluice scenarios does not list ${missing.join(", ")}`);
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
  report(`scenarios ${how}`, good, start, summary(counts));
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

// The first four neither measure time nor share a file; the suites follow one another, since some
// of their tests have deadlines.
let total = (await Promise.all(preparation.map(perform))).reduce(add);
writeOnSockets();
for (const suite of suites) total = add(total, await perform(suite));
total = add(total, await playScenarios());
console.log(`\n${summary(total)}`);
Deno.exit(total.failed === 0 ? 0 : 1);
