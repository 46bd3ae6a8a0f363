/**
 * `deno task bench`: sluice and the haproxy of this machine side by side, with the same
 * configuration and one thread each, on the loopback of a network namespace of their own.
 *
 *     deno task bench [--rounds N] [--only keepalive,close,...] [--quick] [--args "-de"]
 *
 * How to read the figures:
 *
 * - Requests are costed in CPU time of the proxy's whole process (all threads, user and system), in
 *   microseconds a request; `bulk`, a TCP relay, in microseconds a MiB. In brackets behind it are
 *   the parts in user and in system mode. The kernel samples that split, so trust two digits of it.
 * - In each round every proxy gets the same number of requests, one proxy after the other, and
 *   haproxy twice, as two processes. `sluice/haproxy` is sluice's figure divided by the mean of both
 *   haproxys' in the same round: the median over the rounds, ± its error (95 % confidence), and the
 *   smallest and largest round in brackets. Other work on the machine strikes neighbours in a round
 *   alike: ratios hold where microseconds wander.
 * - `haproxy/haproxy` is the same for haproxy against itself. It ought to be 1: what it is away
 *   from 1 is noise, and a difference between the proxies no larger than that says nothing.
 * - `idle` (memory per idle connection) and `start` (exec to the first answer) use fresh processes
 *   in each round. These, `threads` and `queue` have fewer rounds.
 * - `threads` is throughput, not cost: requests a second with `nbthread` 1, 2 and 3, and their
 *   scaling. The load needs as much CPU as the proxies do: on few CPUs it is soon the machine that
 *   allows no more, and then the cheaper proxy, faster with one thread, scales less. The lines
 *   below the table tell. `queue` is how long 3,000 clients wait for 3 servers with `maxconn 4`, over the
 *   wait in an ideal queue.
 * - The goals are those of goals.ts. A single wrong or missing response fails the run: no table,
 *   exit 1. A missed goal does not.
 * - `busy` below the table is the share of the time that a proxy was on its CPU. Far below 100 % the
 *   helpers were the bottleneck; a proxy that waits pays more wake-ups for the same work.
 *
 * `--args` gives sluice more flags (`--args -de`: without epoll); SLUICE_BINARY names the program to
 * measure, if it is not dist/sluice. What an older one does not know (nbthread) is left out for it.
 */
import { goals } from "./goals.ts";
import { hasH2load } from "./h2load.ts";
import { startHelpers } from "./helpers.ts";
import { loads, measureLoad } from "./load.ts";
import { isInside, runInside, settleInside } from "./namespace.ts";
import { type Options, readOptions } from "./options.ts";
import { placement, stopAll } from "./processes.ts";
import { introduce } from "./proxies.ts";
import { measureQueueing } from "./queueing.ts";
import type { Stand } from "./rounds.ts";
import { measureIdle, measureStart } from "./standing.ts";
import { type Row, table } from "./table.ts";
import { measureThreads } from "./threads.ts";

interface Measured {
  readonly rows: readonly Row[];
  /** For below the table. */
  readonly notes?: readonly string[];
}

/** How many rounds, in full and with --quick; --rounds sets those of the loads. */
interface Measure {
  readonly full: number;
  readonly quick: number;
  measure(rounds: number, stand: Stand): Promise<Measured>;
}

/** Those in HTTP/2 have h2load for a client, which not every machine has. */
const usableLoads = hasH2load() ? loads : loads.filter(({ kind }) => kind !== "h2");

/** The measures by name. Fresh processes differ little: few rounds of those are enough. */
const measures = new Map<string, Measure>([
  ...usableLoads.map((load): [string, Measure] => [load.name, {
    full: 60,
    quick: 16,
    async measure(rounds, stand) {
      const { row, notes } = await measureLoad(load, rounds, stand);
      return { rows: [row], notes };
    },
  }]),
  ["idle", {
    full: 3,
    quick: 2,
    measure: async (rounds, stand) => ({ rows: await measureIdle(rounds, stand) }),
  }],
  ["start", {
    full: 7,
    quick: 3,
    measure: async (rounds, stand) => ({ rows: await measureStart(rounds, stand) }),
  }],
  ["threads", { full: 20, quick: 4, measure: measureThreads }],
  ["queue", {
    full: 4,
    quick: 2,
    measure: async (rounds, stand) => ({ rows: await measureQueueing(rounds, stand) }),
  }],
]);

async function run({ rounds, quick, only, sluiceArgs }: Options, place: string): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "sluice-bench-" });
  const cleanUp = () => {
    stopAll();
    Deno.removeSync(folder, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => {
      cleanUp();
      Deno.exit(130);
    });
  }
  try {
    const contestants = introduce(sluiceArgs, folder);
    for (const { name, lacks } of [contestants.sluice, contestants.haproxy]) {
      if (lacks.size > 0) {
        say(`${name} is measured without what it lacks: ${[...lacks].join(", ")}`);
      }
    }
    const cpus = placement();
    const stand = { ...contestants, helpers: await startHelpers(cpus), cpus, folder };
    const rows: Row[] = [];
    const notes: string[] = [];
    for (const name of only) {
      say(`measuring ${name} ...`);
      const { full, quick: fewer, measure } = measures.get(name)!;
      const usual = quick ? fewer : full;
      const isLoad = loads.some((load) => load.name === name);
      const measured = await measure(
        isLoad ? rounds ?? usual : Math.min(rounds ?? usual, usual),
        stand,
      );
      rows.push(...measured.rows);
      notes.push(...measured.notes ?? []);
    }
    say(`\n${table(rows, goals)}\n`);
    say("median ±error (min-max) of the rounds; goals beside haproxy 2.6, which a run may miss");
    say(`in ${place}; ${cpus.words}`);
    say("load: origin and client of the benchmark's own, on Bun, which check every response");
    for (const note of notes) say(note);
  } finally {
    cleanUp();
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** @returns the exit status */
async function main(): Promise<number> {
  const options = readOptions(Deno.args, [...measures.keys()]);
  let place = "this machine's network";
  if (isInside()) place = settleInside();
  else {
    const result = await runInside();
    if (typeof result === "number") return result;
    say(`no network namespace (${result}): on this machine's network, where TCP tunes its buffers`);
  }
  await run(options, place);
  return 0;
}

try {
  Deno.exit(await main());
} catch (error) {
  say(`\nBENCHMARK FAILED: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
