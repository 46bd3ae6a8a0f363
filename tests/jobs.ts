/** What `deno task test` runs: the test folders, on each of the engines where they can differ. */
import { join } from "node:path";
import { type Counts, countsOfBun, countsOfDeno } from "./counts.ts";

export const root = join(import.meta.dirname ?? ".", "..");
export const binary = join(root, "dist", "sluice");
/** The binary on the runtime's own sockets instead of its epoll loop. */
export const onSockets = join(root, "dist", "sluice-on-sockets");
export const deno = Deno.execPath(); // npx has it on no PATH

/** The columns of the table of times. */
export const suites = ["Deno", "Bun", "sockets"] as const;
/** Runs on Deno; runs on Bun and the binary; the binary on the runtime's sockets. */
export type Suite = typeof suites[number];

/** One run of a test runner. */
export interface Job {
  readonly suite: Suite;
  /** The row of the table of times. */
  readonly group: string;
  readonly command: readonly string[];
  /** Reads the tests' counts. */
  readonly counts: (output: string) => Counts | undefined;
  /** The program that is tested. */
  readonly program: string;
}

/** The test files that lie in no folder. */
const LOOSE = "(no folder)";

/** Folders that play the same traffic with each engine of the binary. */
const ofPrograms = ["cli", "fronts", "oracle", "reload", "scenarios"];

/** Folders whose tests load both processors, and ask what is lost or how long it takes meanwhile. */
const alone = ["reload", "soak", "threads"];

/** Folders that take long, the longest first: begun early, they do not run on when all others have ended. */
const first = ["oracle", "proxy", "netns", "scenarios", "cli", "config"];

const bun = [
  "node_modules/.bin/bun",
  ...["test", "--tsconfig-override=deno.json", "--no-install", "--timeout", "60000"],
];

function job(suite: Suite, group: string, paths: readonly string[]): Job {
  return {
    suite,
    group,
    command: suite === "Deno"
      ? [deno, "test", "-A", "--quiet", "--no-check", ...paths]
      : [...bun, ...paths.map((path) => `./${path}`)],
    counts: suite === "Deno" ? countsOfDeno : countsOfBun,
    program: suite === "sockets" ? onSockets : binary,
  };
}

const isTest = (path: string): boolean => path.endsWith("_test.ts");

function holdsTests(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ name, isDirectory }) =>
    isDirectory ? holdsTests(join(folder, name)) : isTest(name)
  );
}

/** The folders of tests/ that hold tests, by name, and the tests outside of them. */
function groups(): [group: string, paths: string[]][] {
  const entries = [...Deno.readDirSync(join(root, "tests"))];
  const folders = entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name).sort();
  const loose = entries.filter(({ name, isFile }) => isFile && isTest(name));
  return [
    ...folders.filter((name) => holdsTests(join(root, "tests", name)))
      .map((name): [string, string[]] => [name, [`tests/${name}/`]]),
    [LOOSE, loose.map(({ name }) => `tests/${name}`).sort()],
  ];
}

/** Those that may run beside one another, and those that may not; in the order in which to begin. */
export function planned(): { beside: Job[]; alone: Job[] } {
  const rank = ({ group }: Job) => first.includes(group) ? first.indexOf(group) : first.length;
  const jobs = groups().flatMap(([group, paths]) =>
    suites.filter((suite) => suite !== "sockets" || ofPrograms.includes(group))
      // Networks of the kernel's hold the binary only, whichever runtime runs the test.
      .filter((suite) => suite !== "Deno" || group !== "netns")
      .map((suite) => job(suite, group, paths))
  );
  const [beside, apart] = [false, true].map((wanted) =>
    jobs.filter(({ group }) => alone.includes(group) === wanted)
  ) as [Job[], Job[]];
  return { beside: beside.sort((a, b) => rank(a) - rank(b)), alone: apart };
}
