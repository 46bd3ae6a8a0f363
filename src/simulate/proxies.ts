/**
 * The real proxies in a simulation: on its network, with its clock, and with chance from its seed.
 */
import type { Configuration } from "../config/model.ts";
import { utcDates } from "../log/date.ts";
import { openProxyLog } from "../log/proxy-log.ts";
import { originatorOf } from "../log/originator.ts";
import { createLogOutputs } from "../log/sink.ts";
import type { OpenTransport } from "../log/transport.ts";
import type { Network } from "../net/socket.ts";
import { type Instance, startProxies } from "../proxy/instance.ts";
import type { Simulation } from "./simulation.ts";

/** Connections of clients where the configuration does not say: a simulation has no descriptors. */
const usualMaxconn = 10_000;

/** What {@linkcode startSimulated} needs. */
export interface SimulatedDeps extends Pick<Simulation, "clock" | "random"> {
  /** The simulation's, or a layer over it. */
  readonly network: Network;
  /** Opens the logs' ways out. */
  readonly openLog: OpenTransport;
  /** Hears of a log that cannot be written, a line for people. */
  readonly printError: (line: string) => void;
}

/** Starts the proxies of a configuration. @throws {SocketError} if one cannot listen */
export function startSimulated(configuration: Configuration, deps: SimulatedDeps): Instance {
  const { network, clock, random, openLog, printError } = deps;
  const outputs = createLogOutputs({
    open: openLog,
    clock,
    originator: originatorOf(configuration.global, 1, "sluice"),
    defer: queueMicrotask,
    onFailure: printError,
  });
  const log = openProxyLog(configuration, outputs, clock, utcDates);
  const maxconn = configuration.global.maxconn ?? usualMaxconn;
  try {
    const instance = startProxies(configuration, { network, clock, random, log, maxconn });
    return {
      ...instance,
      async stop() {
        // All of it has ended when the call returns: one thread serves.
        const stopped = instance.stop();
        log.close();
        await stopped;
      },
    };
  } catch (error) {
    log.close();
    throw error;
  }
}
