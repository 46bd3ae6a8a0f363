/** A configuration made to run in this process: names resolved, logs opened, proxies started. */
import process from "node:process";
import type { Configuration } from "../config/model.ts";
import { openProxyLog } from "../log/proxy-log.ts";
import { createLogOutputs } from "../log/sink.ts";
import type { OpenTransport } from "../log/transport.ts";
import type { Network } from "../net/socket.ts";
import { type Instance, startProxies } from "../proxy/instance.ts";
import { systemClock } from "../time/clock.ts";
import { connectionLimit, descriptorLimit } from "./limits.ts";
import { openTransport } from "./log-transport.ts";
import { tidyWhenQuiet } from "./tidy.ts";

/** What else there may be to say about how to serve. */
export interface ServeOptions {
  /** Hears what happens to a whole proxy, a line for people. */
  readonly announce?: (line: string) => void;
  /** Opens the logs' ways out; by default where the configuration says. */
  readonly openLog?: OpenTransport;
}

/** Why a configuration could not be made to run. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Starts the proxies of a configuration.
 * @param configuration with its names resolved: see resolve.ts
 * @param maxconn connections of the process; null: what the configuration says
 * @param complain hears of what is no error of a proxy: a log that cannot be written
 * @throws {StartError} if the descriptors do not suffice
 * @throws {SocketError} if an address cannot be listened on
 */
export function serve(
  configuration: Configuration,
  network: Network,
  maxconn: number | null,
  complain: (line: string) => void,
  options: ServeOptions = {},
): Instance {
  const wanted = maxconn ?? configuration.global.maxconn;
  const connections = connectionLimit(configuration, wanted, descriptorLimit());
  if ("error" in connections) throw new StartError(connections.error);
  const outputs = createLogOutputs({
    open: options.openLog ?? openTransport,
    clock: systemClock,
    speaker: { tag: configuration.global.logTag, pid: process.pid },
    complain,
  });
  const log = openProxyLog(configuration, outputs, systemClock);
  try {
    const { maxconn } = connections;
    const deps = { network, clock: systemClock, log, maxconn, ...options };
    const instance = startProxies(configuration, deps);
    const stopTidying = tidyWhenQuiet(instance.activity, systemClock);
    return {
      ...instance,
      stop() {
        stopTidying();
        instance.stop();
        log.close();
      },
    };
  } catch (error) {
    log.close();
    throw error;
  }
}
