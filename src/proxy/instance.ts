/** A running configuration: built from the model, stopped as a whole. */
import type * as model from "../config/model.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Endpoint, Network } from "../net/socket.ts";
import { createMemory } from "../shared/memory.ts";
import type { Clock } from "../time/clock.ts";
import { startChecks } from "./checks.ts";
import { alone, type Crew } from "./crew.ts";
import type { Frontend } from "./frontend.ts";
import { beginLife } from "./life.ts";
import type { Accept } from "./monitor.ts";
import { createProxies } from "./proxies.ts";
import { reportLines } from "./report.ts";
import { openTraffic, type Traffic } from "./traffic.ts";

/** What an instance needs from outside. */
export interface InstanceDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: ProxyLog;
  /** Connections of clients at most. */
  readonly maxconn: number;
  /** From 0 to 1; Math.random unless somebody wants the same again. */
  readonly random?: () => number;
  /** Hears what happens to a whole proxy, a line for people. */
  readonly announce?: (line: string) => void;
  /** The threads that have the sessions; by default this one has them, alone. */
  readonly crew?: InstanceCrew;
}

/** The threads that have the sessions of an instance. */
export interface InstanceCrew extends Crew {
  /** Tells who is to hear what becomes of them. */
  attach(hooks: InstanceHooks): void;
  /** Ends their sessions, and returns when that is done. */
  stop(): void;
}

/** What an instance hears of its threads. */
export interface InstanceHooks {
  /** A session has ended: perhaps the last one. */
  sessionEnded(): void;
  /** A thread has died: what it held is free. */
  forget(thread: number): void;
}

/** A server's state, for those who look on. */
export interface ServerState {
  readonly proxy: string;
  readonly name: string;
  readonly up: boolean;
}

/** A running configuration. */
export interface Instance {
  /** Where it listens, with the ports that the kernel chose. */
  readonly endpoints: readonly { proxy: string; endpoint: Endpoint }[];
  /** Connections accepted and requests begun so far: what stands still while nobody comes. */
  readonly activity: () => number;
  /** The state of each server, now. */
  servers(): Iterable<ServerState>;
  /** SIGTTOU: releases all ports, for another process to listen there; what is connected goes on. */
  pause(): void;
  /**
   * SIGTTIN: listens again after {@linkcode pause}.
   * @throws {SocketError} if a proxy cannot; the others do, and the next attempt tries it again
   */
  resume(): void;
  /** {@linkcode pause} for one proxy. @throws {Error} if no proxy of this name listens */
  pauseProxy(name: string): void;
  /** {@linkcode resume} for one proxy. @throws {SocketError} */
  resumeProxy(name: string): void;
  /**
   * SIGUSR1, the soft-stop: each proxy stops listening, after its `grace`; responses close their
   * connections, and a connection without a request is closed after 2 s. Resolves when the last
   * session has ended, `hard-stop-after` has passed, or {@linkcode stop} was called. Idempotent.
   */
  finish(): Promise<void>;
  /** SIGHUP: logs the state of every server and proxy. @returns it, in lines for people */
  report(): string[];
  /** Ends at once: listeners, checks and connections. Idempotent. */
  stop(): void;
}

/**
 * Starts the proxies of a configuration whose server names have been resolved.
 * @throws {SocketError} if an address cannot be listened on; nothing is left running then
 */
export function startProxies(configuration: model.Configuration, deps: InstanceDeps): Instance {
  const { global } = configuration;
  const { network, log, announce = () => {} } = deps;
  const crew = deps.crew ?? alone(createMemory(1, 0), (...message) => traffic.receive(...message));
  const proxies = createProxies(configuration, { ...deps, crew });
  const { runtime, frontends, running } = proxies;
  const traffic: Traffic = openTraffic(proxies, () => life.sessionEnded());
  const life = beginLife({
    proxies: running,
    runtime,
    hardStopAfter: global.hardStopAfter,
    announce,
    end: () => stop(),
  });
  deps.crew?.attach({
    sessionEnded: () => life.sessionEnded(),
    forget: (thread) => traffic.forget(thread),
  });
  let stopChecks: (() => void) | null = null;
  let stopped = false;

  function stop(): void {
    if (stopped) return;
    stopped = true;
    for (const { listeners } of frontends) for (const listener of listeners) listener.close();
    stopChecks?.();
    deps.crew?.stop();
    traffic.close();
    life.ended();
  }

  function report(): string[] {
    const lines = ["SIGHUP received, dumping servers states."];
    for (const proxy of running) {
      const { config } = proxy;
      log.event(
        config,
        "notice",
        `SIGHUP received, dumping servers states for proxy ${config.name}.`,
      );
      for (const line of reportLines(proxy)) {
        log.event(config, "notice", line);
        lines.push(line);
      }
    }
    return lines;
  }

  try {
    for (const frontend of frontends) {
      listenAll(frontend, network, (bind, number) => traffic.acceptor(frontend, bind, number));
    }
  } catch (error) {
    stop();
    throw error;
  }
  stopChecks = startChecks(runtime.backends, global.spreadChecks, runtime);

  return {
    endpoints: frontends.flatMap(({ config, listeners }) =>
      listeners.map(({ endpoint }) => ({ proxy: config.name, endpoint }))
    ),
    activity: () => runtime.activity.value,
    *servers() {
      for (const { config, servers } of runtime.backends) {
        for (const { name, up } of servers) yield { proxy: config.name, name, up };
      }
    },
    pause: life.pause,
    resume: life.resume,
    pauseProxy: life.pauseProxy,
    resumeProxy: life.resumeProxy,
    finish: life.finish,
    report,
    stop,
  };
}

/** Opens the listeners of a frontend. @throws {SocketError} */
export function listenAll(
  frontend: Frontend,
  network: Network,
  acceptor: (bind: model.Bind, number: number) => Accept,
): void {
  for (const [index, bind] of frontend.config.bind.entries()) {
    const { address, backlog, v6only, transparent } = bind;
    const at: Endpoint = address.kind === "ip" && address.host === "*"
      ? { ...address, host: "0.0.0.0" }
      : address;
    const queue = backlog ?? frontend.config.backlog;
    const options = {
      ipv6Only: v6only,
      transparent,
      ...(queue === null ? {} : { backlog: queue }),
    };
    frontend.listeners.push(network.listen(at, options, acceptor(bind, index + 1)));
  }
}
