/** Where `sluice demo` plays: on this machine's sockets, or in a simulation. */
import process from "node:process";
import { SocketError } from "../net/socket.ts";
import { descriptorLimit } from "../process/limits.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { serve, StartError } from "../process/serve.ts";
import { createTlsLoader, type TlsLoader } from "../process/tls-load.ts";
import { receiveDatagrams } from "../net/datagrams.ts";
import { stopSignal } from "../process/signals.ts";
import type { Host } from "../scenario/run.ts";
import { systemClock } from "../time/clock.ts";
import type { Hosts } from "./demo.ts";
import { printError, readNamed, write } from "./files.ts";

/** Those that have been made: what a story has of them is less. */
const loaders = new WeakMap<object, TlsLoader>();

const output: Pick<
  Host,
  "write" | "printError" | "terminal" | "columns" | "env" | "readNamed" | "createTls"
> = {
  write: (text) => write(process.stdout, text),
  printError: (text) => write(process.stderr, text),
  terminal: process.stdout.isTTY === true,
  columns: process.stdout.columns ?? 100,
  env: process.env,
  readNamed,
  createTls() {
    const loader = createTlsLoader();
    loaders.set(loader, loader);
    return loader;
  },
};

/** The two. */
export const demoHosts: Hosts = {
  async wire() {
    return {
      ...output,
      network: await networkOfRuntime(),
      clock: systemClock,
      simulated: false,
      receiveDatagrams,
      descriptors: descriptorLimit(),
      start(configuration, { network, openLog, tls }) {
        try {
          return serve(configuration, network, null, printError, {
            openLog,
            tls: tls === null ? null : loaders.get(tls)?.loading ?? null,
          });
        } catch (error) {
          if (error instanceof StartError) throw new SocketError("EMFILE", error.message);
          throw error;
        }
      },
      interrupted: stopSignal,
      complete: (work) => work,
    };
  },
  async simulated(seed) {
    // What only a demo needs is not loaded by a proxy that starts.
    const { simulate } = await import("../simulate/simulation.ts");
    const { startSimulated } = await import("../simulate/proxies.ts");
    const { network, clock, random, complete } = simulate(seed);
    return {
      ...output,
      network,
      clock,
      simulated: true,
      receiveDatagrams: network.receiveDatagrams,
      descriptors: null,
      start: (configuration, how) =>
        startSimulated(configuration, { ...how, clock, random, printError }),
      interrupted: () => Promise.resolve(),
      complete,
    };
  },
};
