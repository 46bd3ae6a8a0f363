import process from "node:process";
import type { Host } from "../demo/perform.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { serve } from "../process/serve.ts";
import { systemClock } from "../time/clock.ts";
import { complain, write } from "./files.ts";
import { stopSignal } from "./run.ts";

/** What `demo` needs of this process. */
export async function demoHost(): Promise<Host> {
  const network = await networkOfRuntime();
  return {
    network,
    clock: systemClock,
    start: (configuration) => serve(configuration, network, null, complain),
    write: (text) => write(process.stdout, text),
    complain: (text) => write(process.stderr, text),
    terminal: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 100,
    env: process.env,
    interrupted: stopSignal,
  };
}
