/**
 * Plays a story with the real proxies, on the network inside the process; time is a virtual clock
 * that moves on whenever nothing else happens, so that a story's seconds take none.
 */
import { type Host, type RunOptions, runScenario } from "#src/scenario/run.ts";
import { readNamed } from "#src/cli/files.ts";
import { createTlsLoader } from "#src/process/tls-load.ts";
import { startSimulated } from "#src/simulate/proxies.ts";
import { simulate } from "#src/simulate/simulation.ts";

/** How a story went. */
export interface Played {
  readonly status: number;
  /** What was drawn, or complained of. */
  readonly out: string;
  readonly err: string;
  /** The sentences that did not hold, each with what was seen instead. */
  readonly failed: readonly string[];
  /** Sockets that are left open. */
  readonly left: number;
  /** Virtual ms. */
  readonly took: number;
}

/** Plays the story that stands between the lines of a configuration. */
export async function playOut(
  text: string,
  more: Partial<Host> = {},
  options: RunOptions = {},
  seed = 1,
): Promise<Played> {
  const { network, clock, random, complete } = simulate(seed);
  let out = "";
  let err = "";
  const host: Host = {
    network,
    clock,
    simulated: true,
    descriptors: null,
    start: (configuration, how) =>
      startSimulated(configuration, {
        ...how,
        clock,
        random,
        printError: (line) => err += `${line}\n`,
      }),
    write: (words) => out += words,
    printError: (words) => err += words,
    terminal: false,
    columns: 80,
    env: {},
    createTls: createTlsLoader,
    receiveDatagrams: network.receiveDatagrams,
    readNamed,
    interrupted: () => Promise.resolve(),
    complete,
    ...more,
  };
  const status = await complete(runScenario({ name: "s.cfg", text }, options, host));
  network.run();
  const failed = [...out.matchAll(/FAILED {2}(.*?) {2}\(s\.cfg:\d+\)\n +instead: (.*)/g)]
    .map(([, sentence, saw]) => `${sentence}: ${saw}`);
  return { status, out, err, failed, left: network.openSockets, took: clock.now() };
}
