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
import type { ProcessFacts } from "../proxy/control.ts";
import { type Instance, startProxies } from "../proxy/instance.ts";
import { findApplications } from "../services/applications.ts";
import { openRuntimeApi, type RuntimeApi } from "../services/commands/listen.ts";
import { createHost } from "../services/hosting.ts";
import type { TlsMaterial } from "../tls/material.ts";
import type { Simulation } from "./simulation.ts";

/** Connections of clients where the configuration does not say: a simulation has no descriptors. */
const usualMaxconn = 10_000;

/** What {@linkcode startSimulated} needs. */
export interface SimulatedDeps extends Pick<Simulation, "clock" | "random"> {
  /** The simulation's, or a layer over it. */
  readonly network: Network;
  /** Opens the logs' ways out. */
  readonly openLog: OpenTransport;
  /** What has loaded certificates; without it nothing speaks TLS. */
  readonly tls?: { readonly loading: { readonly material: TlsMaterial } | null } | null;
  /** Hears of a log that cannot be written, a line for people. */
  readonly printError: (line: string) => void;
}

/** What there is to know of a process that is none. */
const facts: ProcessFacts = {
  version: "simulated",
  releaseDate: "2026/11/30",
  node: "sluice",
  description: null,
  pid: 1,
  threads: 1,
  descriptors: 0,
  maxPipes: 0,
  environment: {},
  startupLogs: () => [],
  memory: () => 0,
  idle: () => 100,
  droppedLogs: () => 0,
  listDescriptors: () => [],
};

/** What operators have of it, where the configuration has anything for them. */
function operate(
  configuration: Configuration,
  instance: Instance,
  host: { current: ReturnType<typeof createHost> | null },
  { network, clock }: SimulatedDeps,
): { readonly api: RuntimeApi | null; close(): void } {
  const { global, proxies } = configuration;
  const sockets = global.statsSocket;
  if (sockets.length === 0 && proxies.every(({ stats }) => stats === null)) {
    return { api: null, close() {} };
  }
  const control = instance.control(facts);
  const api = sockets.length === 0 ? null : openRuntimeApi({
    ...{ sockets, network, clock, control },
    timeout: global.statsTimeout,
    maxconn: global.statsMaxconn,
    protect() {},
  });
  host.current = createHost(findApplications(configuration, control, facts.version), (error) => {
    throw error;
  });
  let cancel = () => {};
  const tick = () => {
    instance.tick();
    cancel = clock.schedule(1000, tick);
  };
  tick();
  return {
    api,
    close() {
      cancel();
      api?.close();
      host.current?.close();
    },
  };
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
    const host = { current: null as ReturnType<typeof createHost> | null };
    const instance = startProxies(configuration, {
      ...{ network, clock, random, log, maxconn },
      tls: deps.tls?.loading?.material ?? null,
      host: () => host.current,
    });
    const operated = operate(configuration, instance, host, deps);
    return {
      ...instance,
      pause() {
        instance.pause();
        operated.api?.release();
      },
      resume() {
        instance.resume();
        operated.api?.reclaim();
      },
      finish() {
        operated.close();
        return instance.finish();
      },
      async stop() {
        operated.close();
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
