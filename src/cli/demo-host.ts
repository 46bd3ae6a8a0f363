import process from "node:process";
import type { Host } from "../scenario/perform.ts";
import { SocketError } from "../net/socket.ts";
import { descriptorLimit } from "../process/limits.ts";
import { networkOfRuntime } from "../process/runtime.ts";
import { serve, StartError } from "../process/serve.ts";
import { systemClock } from "../time/clock.ts";
import { complain, write } from "./files.ts";
import { stopSignal } from "../process/signals.ts";

/** What `demo` needs of this process. */
export async function demoHost(): Promise<Host> {
  const network = await networkOfRuntime();
  return {
    network,
    clock: systemClock,
    descriptors: descriptorLimit(),
    start(configuration, { network, openLog }) {
      try {
        return serve(configuration, network, null, complain, { openLog });
      } catch (error) {
        if (error instanceof StartError) throw new SocketError("EMFILE", error.message);
        throw error;
      }
    },
    write: (text) => write(process.stdout, text),
    complain: (text) => write(process.stderr, text),
    terminal: process.stdout.isTTY === true,
    columns: process.stdout.columns ?? 100,
    env: process.env,
    interrupted: stopSignal,
  };
}
