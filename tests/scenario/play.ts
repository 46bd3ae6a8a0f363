/**
 * Plays a story with the real proxies, on the network inside the process; time is a virtual clock
 * that moves on whenever nothing else happens, so that a story's seconds take none.
 */
import { type Host, perform, type PerformOptions } from "#src/scenario/perform.ts";
import { openProxyLog } from "#src/log/proxy-log.ts";
import { createLogOutputs } from "#src/log/sink.ts";
import { memoryNetwork } from "#src/simulate/network.ts";
import { startProxies } from "#src/proxy/instance.ts";
import { virtualClock } from "#src/time/clock.ts";

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
  options: PerformOptions = {},
): Promise<Played> {
  const network = memoryNetwork();
  const clock = virtualClock();
  let out = "";
  let err = "";
  const host: Host = {
    network,
    clock,
    descriptors: null,
    start(configuration, { network, openLog }) {
      const outputs = createLogOutputs({
        open: openLog,
        clock,
        speaker: { tag: "sluice", pid: 1, hostname: "edge" },
        complain: (line) => err += `${line}\n`,
      });
      const log = openProxyLog(configuration, outputs, clock);
      const instance = startProxies(configuration, { network, clock, log, maxconn: 5000 });
      return {
        ...instance,
        stop() {
          instance.stop();
          log.close();
        },
      };
    },
    write: (words) => out += words,
    complain: (words) => err += words,
    terminal: false,
    columns: 80,
    env: {},
    interrupted: () => Promise.resolve(),
    ...more,
  };
  let over = false;
  const status = perform({ name: "s.cfg", text }, options, host).finally(() => over = true);
  while (!over) {
    // Twice: what one turn delivers may be answered in the next.
    await turn();
    await turn();
    if (!over) clock.advance(1);
  }
  await turn();
  network.run();
  const failed = [...out.matchAll(/FAILED {2}(.*?) {2}\(s\.cfg:\d+\)\n +instead: (.*)/g)]
    .map(([, sentence, saw]) => `${sentence}: ${saw}`);
  return { status: await status, out, err, failed, left: network.openSockets, took: clock.now() };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
