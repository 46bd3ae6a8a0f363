/** A configuration made to run in this process: names resolved, logs opened, proxies started. */
import { hostname } from "node:os";
import process from "node:process";
import manifest from "../../deno.json" with { type: "json" };
import type { Configuration } from "../config/model.ts";
import { openProxyLog } from "../log/proxy-log.ts";
import { originatorOf } from "../log/originator.ts";
import { createLogOutputs } from "../log/sink.ts";
import type { OpenTransport } from "../log/transport.ts";
import { runProgram } from "./run-program.ts";
import { onFault as onSocketFault } from "../net/faults.ts";
import type { Network } from "../net/socket.ts";
import { faultReporter, logToAll } from "../proxy/faults.ts";
import type { InitialAddresses } from "../proxy/following.ts";
import { type Instance, startProxies } from "../proxy/instance.ts";
import { findApplications } from "../services/applications.ts";
import { createHost } from "../services/hosting.ts";
import { systemClock } from "../time/clock.ts";
import type { Engine } from "./engine.ts";
import { connectionLimit, descriptorLimit, pipesFor } from "./limits.ts";
import { openMasterApi, openSockets, processFacts, tickEverySecond } from "./operators.ts";
import { openTransport } from "../log/open-transport.ts";
import type { RuntimeApi } from "../services/commands/listen.ts";
import type { Over } from "./old-processes.ts";
import { openNamedTargets } from "../threads/log-forwarding.ts";
import { type Sharing, startSharing } from "./peers.ts";
import { loadServerTls, type TlsLoading } from "./tls-load.ts";
import { createTlsStore } from "./tls-store.ts";
import { inheritStates, keepStates, loadStates, type StateKeeper } from "./server-states.ts";
import { prepareLegacy } from "./tables.ts";
import type { Tuning } from "../threads/worker.ts";
import { type AcmeService, answeringChallenges, createAcme } from "./acme/service.ts";
import { setEntry } from "./acme/challenges.ts";
import { collectWhenQuiet } from "../threads/collect-garbage.ts";

/** What else there may be to say about how to serve. */
export interface ServeOptions {
  /** The first addresses of servers whose address is a name: see resolve.ts. */
  readonly addresses?: InitialAddresses;
  /** Called with a line for people about what happens to a whole proxy. */
  readonly announce?: (line: string) => void;
  /** Opens the logs' ways out; by default where the configuration says. */
  readonly openLog?: OpenTransport;
  /** What the sessions run on; by default this thread and the network given. */
  readonly engine?: Engine;
  /** What has been loaded for TLS. */
  readonly tls?: TlsLoading | null;
  /** Whom the process will be, and what it keeps must belong to; null: it stays what it is. */
  readonly uid?: number | null;
  readonly gid?: number | null;
  /** Content may pass without being seen. */
  readonly splice?: boolean;
  /** Comes over the way to listen: see predecessors.ts. */
  readonly over?: Over;
  /** The states of servers that the processes leave which this one replaces. */
  readonly states?: readonly string[];
  /** Accepts nothing until {@linkcode Instance.accept}. */
  readonly paused?: boolean;
  /** Descriptors that may be open; by default as many as the system says. */
  readonly descriptors?: number | null;
  /** Where a runtime API is for the master alone. */
  readonly masterApi?: string | null;
  /** What was said at the start, for the runtime API to show. */
  readonly startupLogs?: () => readonly string[];
}

/** What serves. */
export interface Serving extends Instance {
  /** Resolves when all of its threads are up. @throws {StartError} if one cannot start */
  readonly begun: Promise<void>;
}

/** Why a configuration could not be made to run. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * Starts the proxies of a configuration.
 * @param configuration with its names resolved: see resolve.ts
 * @param maxconn connections of the process; null: what the configuration says
 * @param warn called with what is no error of a proxy: a log that cannot be written
 * @throws {StartError} if the descriptors do not suffice
 * @throws {SocketError} if an address cannot be listened on
 */
export function serve(
  given: Configuration,
  network: Network,
  maxconn: number | null,
  warn: (line: string) => void,
  options: ServeOptions = {},
): Serving {
  const configuration = answeringChallenges(given, options.tls ?? null);
  const wanted = maxconn ?? configuration.global.maxconn;
  const { engine, splice = true, openLog, over } = options;
  const createWorkerPool = engine?.createWorkerPool ?? null;
  const threads = createWorkerPool === null ? 0 : engine!.threads;
  const limit = options.descriptors === undefined ? descriptorLimit() : options.descriptors;
  const pipes = splice && threads > 0 ? pipesFor(configuration, limit) : 0;
  const connections = connectionLimit(configuration, wanted, limit, { threads, pipes });
  if ("error" in connections) throw new StartError(connections.error);
  if (connections.warning !== undefined) warn(`warning: ${connections.warning}`);
  let host: ReturnType<typeof createHost> | null = null;
  const workers = createWorkerPool?.({
    host: () => host,
    configuration,
    threads,
    maxconn: connections.maxconn,
    loop: loopTuning(configuration, pipes / threads),
    network,
    tls: options.tls?.material ?? null,
    warn,
    writeLines: (target, lines) => namedTargets.write(target, lines),
  });
  const outputs = createLogOutputs({
    open: openLog ?? ((target) => openTransport(target, workers?.output)),
    clock: systemClock,
    originator: originatorOf(configuration.global, process.pid, hostname()),
    onFailure: warn,
  });
  const log = openProxyLog(configuration, outputs, systemClock);
  const namedTargets = openNamedTargets(configuration, outputs);
  const own = workers?.network ?? network;
  const onFault = faultReporter(systemClock, (line, whole) => {
    logToAll(configuration, log, "crit", line);
    warn(whole);
  });
  onSocketFault(onFault);
  try {
    const instance = startProxies(configuration, {
      network: over === undefined ? own : { ...own, listen: over(own.listen) },
      clock: systemClock,
      log,
      maxconn: connections.maxconn,
      paused: options.paused ?? false,
      serversChanged: () => keeper?.changed(),
      ...options.addresses === undefined ? {} : { addresses: options.addresses },
      onFault,
      tls: options.tls?.material ?? null,
      loadServerTls: (proxy, server) => loadServerTls(configuration, proxy, server),
      run: runProgram,
      ...options.announce === undefined ? {} : { announce: options.announce },
      ...workers === undefined ? { host: () => host } : { workers },
    });
    // Threads see to that themselves.
    const stopCollecting = workers === undefined
      ? collectWhenQuiet(instance.activity, systemClock)
      : () => {};
    const listen = over === undefined ? network.listen : over(network.listen);
    let api: ReturnType<typeof openSockets> = null;
    let masterApi: RuntimeApi | null = null;
    let stopTicking = () => {};
    let sharing: Sharing | null = null;
    let acme: AcmeService | null = null;
    let keeper: StateKeeper | null = null;
    const legacy = prepareLegacy(instance.tables);
    try {
      const store = options.tls ? createTlsStore(options.tls, instance.replaceTls) : null;
      const facts = processFacts(configuration, {
        threads: Math.max(1, threads),
        descriptors: limit ?? 0,
        maxPipes: pipes,
        startupLogs: options.startupLogs ?? (() => []),
        certificates: store,
      });
      const control = instance.control(facts);
      keeper = keepStates(control);
      loadStates(configuration, control, warn);
      inheritStates(options.states ?? [], control);
      if (store !== null) {
        acme = createAcme({
          configuration,
          loading: options.tls!,
          store,
          network: { listen },
          clock: systemClock,
          random: Math.random,
          uid: options.uid ?? null,
          gid: options.gid ?? null,
          setEntry: (map, key, value) => setEntry(control.patterns, map, key, value),
          settled: instance.settled,
          replaceTls: instance.replaceTls,
          say(level, line) {
            logToAll(configuration, log, level, line);
            if (level !== "notice") warn(line);
          },
        });
        store.acme = acme?.control ?? null;
      }
      api = openSockets(configuration, { ...network, listen }, control);
      const path = options.masterApi ?? null;
      if (path !== null) masterApi = openMasterApi(configuration, path, network, control);
      host = createHost(findApplications(configuration, control, manifest.version), onFault);
      sharing = startSharing(configuration, instance.tables, { ...network, listen }, warn);
      stopTicking = tickEverySecond(instance);
    } catch (error) {
      acme?.stop();
      api?.close();
      masterApi?.close();
      void instance.stop();
      throw error;
    }
    return {
      ...instance,
      accept() {
        instance.accept();
        acme?.begin();
      },
      pause() {
        instance.pause();
        api?.release();
        acme?.release();
      },
      resume() {
        instance.resume();
        api?.reclaim();
        acme?.reclaim();
      },
      finish() {
        // A newer process answers from now on.
        api?.close();
        acme?.stop();
        sharing?.close();
        legacy.leave();
        host?.close();
        return instance.finish();
      },
      begun: workers === undefined ? Promise.resolve() : workers.begin().catch((error: Error) => {
        throw new StartError(error.message);
      }),
      async stop() {
        stopCollecting();
        stopTicking();
        acme?.stop();
        api?.close();
        masterApi?.close();
        sharing?.close();
        legacy.close();
        keeper?.close();
        // Until then threads may have lines for the main thread to write.
        await instance.stop();
        namedTargets.close();
        log.close();
      },
    };
  } catch (error) {
    log.close();
    throw error;
  }
}

/** How each thread's loop is made. @param pipes as many as it may have */
function loopTuning({ global }: Configuration, pipes: number): Tuning {
  const { tunePipesize, tuneMaxaccept } = global;
  return {
    splice: pipes > 0,
    maxPipes: Math.ceil(pipes),
    ...tunePipesize === null ? {} : { pipeSize: tunePipesize },
    ...tuneMaxaccept === null ? {} : { maxAccepts: tuneMaxaccept < 0 ? Infinity : tuneMaxaccept },
  };
}
