/**
 * `deno task bench`: sluice and the haproxy of this machine side by side, one thread each, with the
 * same configuration, on loopback.
 *
 *     deno task bench [--rounds N] [--only keepalive,close,...] [--quick]
 *
 * How to read the figures:
 *
 * - Requests are costed in CPU time of the proxy's whole process (all threads, user and system), in
 *   microseconds a request. In brackets behind it is the part in user mode: the core's own work,
 *   without the kernel's. The kernel samples that split, so trust two digits of it.
 * - In each round every proxy gets the same number of requests, one proxy after the other, and
 *   haproxy twice, as two processes. `sluice/haproxy` is sluice's figure divided by the mean of both
 *   haproxys' in the same round: the median over the rounds, ± its error (95 % confidence), and the
 *   smallest and largest round in brackets. Other work on the machine strikes neighbours in a round
 *   alike: ratios hold where microseconds wander.
 * - `haproxy/haproxy` is the same for haproxy against itself. It ought to be 1: what it is away
 *   from 1 is noise, and a difference between the proxies no larger than that says nothing.
 * - `idle` (memory per idle connection) and `start` (exec to the first answer) use fresh processes
 *   in each round, and fewer rounds.
 * - A single wrong or missing response fails the run: no table, exit 1. A missed goal does not.
 * - `busy` below the table is the share of the time that a proxy was on its CPU. Far below 100 % the
 *   helpers were the bottleneck; a proxy that waits pays more wake-ups for the same work.
 *
 * SLUICE_BINARY names the program to measure, if it is not dist/sluice.
 */
import { parseArgs } from "node:util";
import { type Helpers, startHelpers } from "./helpers.ts";
import { type Load, measureLoad } from "./load.ts";
import { type Placement, placement, stopAll } from "./processes.ts";
import { checkInstalled } from "./proxies.ts";
import { measureIdle, measureStart } from "./standing.ts";
import { type Goal, type Row, table } from "./table.ts";

interface LoadMeasure extends Load {
  readonly name: string;
  readonly goal?: Goal;
}

/**
 * The numbers of requests make rounds of a tenth of a second. On a virtual machine neighbours come
 * and go by the millisecond: many short rounds in turns even that out, few long ones do not.
 */
const loads: readonly LoadMeasure[] = [
  {
    name: "keepalive",
    size: 128,
    connections: 64,
    requests: 5_000,
    kind: "keepalive",
    goal: { of: "ratio", atMost: 1.05 },
  },
  {
    name: "close",
    size: 128,
    connections: 64,
    requests: 1_200,
    kind: "close",
    goal: { of: "ratio", atMost: 1.15 },
  },
  { name: "16KiB", size: 16_384, connections: 32, requests: 3_500, kind: "keepalive" },
  {
    name: "1MiB",
    size: 1_048_576,
    connections: 8,
    requests: 150,
    kind: "keepalive",
    goal: { of: "ratio", atMost: 1.0 },
  },
];
const measures = [...loads.map(({ name }) => name), "idle", "start"];

/** Fresh processes differ little: that many rounds are enough. */
const MAX_IDLE_ROUNDS = 3;
const MAX_START_ROUNDS = 7;

async function measure(
  name: string,
  rounds: number,
  helpers: Helpers,
  cpus: Placement,
  folder: string,
): Promise<{ readonly rows: readonly Row[]; readonly busy?: string }> {
  if (name === "idle") {
    const series = await measureIdle(Math.min(rounds, MAX_IDLE_ROUNDS), helpers, cpus, folder);
    const goal = { of: "ratio", atMost: 1.2 } as const;
    return { rows: [{ name, unit: "bytes/connection", series, goal }] };
  }
  if (name === "start") {
    const { time, memory } = await measureStart(
      Math.min(rounds, MAX_START_ROUNDS),
      helpers,
      cpus,
      folder,
    );
    const goal = { of: "value", atMost: 200 } as const;
    return {
      rows: [
        { name, unit: "ms", series: time, goal },
        { name: "RSS at rest", unit: "MiB", series: memory },
      ],
    };
  }
  const load = loads.find((load) => load.name === name);
  if (load === undefined) throw new Error(`no measure '${name}': there are ${measures.join(", ")}`);
  const { cpu, user, busy } = await measureLoad(load, rounds, helpers, cpus, folder);
  const percent = (part: number) => `${Math.round(part * 100)} %`;
  return {
    rows: [{
      name,
      unit: "us/request (user)",
      series: cpu,
      user,
      ...(load.goal === undefined ? {} : { goal: load.goal }),
    }],
    busy: `${name} haproxy ${percent(busy.haproxy)}, sluice ${percent(busy.sluice)}`,
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      rounds: { type: "string" },
      only: { type: "string", default: measures.join(",") },
      quick: { type: "boolean", default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 20 : 80));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number");
  const names = values.only.split(",");
  const unknown = names.find((name) => !measures.includes(name));
  if (unknown !== undefined) {
    throw new Error(`no measure '${unknown}': there are ${measures.join(", ")}`);
  }
  checkInstalled();
  const cpus = placement();
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
    const helpers = await startHelpers(cpus);
    const rows: Row[] = [];
    const busy: string[] = [];
    for (const name of names) {
      say(`measuring ${name} ...`);
      const result = await measure(name, rounds, helpers, cpus, folder);
      rows.push(...result.rows);
      if (result.busy !== undefined) busy.push(result.busy);
    }
    say(`\n${table(rows)}\n\nmedian ±error (min-max) of ${rounds} rounds; ${cpus.words}`);
    if (busy.length > 0) say(`busy: ${busy.join("; ")}`);
  } finally {
    cleanUp();
  }
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

try {
  await main();
} catch (error) {
  say(`\nBENCHMARK FAILED: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
Deno.exit(0);
