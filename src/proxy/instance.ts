/** A running configuration: built from the model, stopped as a whole. */
import * as v from "valibot";
import * as model from "../config/model.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Endpoint, Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { TimerWheel } from "../time/wheel.ts";
import { createAcceptors } from "./acceptors.ts";
import { Admission } from "./admission.ts";
import { Backend } from "./backend.ts";
import { startChecks } from "./checks.ts";
import { Frontend } from "./frontend.ts";
import { beginLife } from "./life.ts";
import type { Accept } from "./monitor.ts";
import { reportLines, type Running } from "./report.ts";
import { SessionList } from "./session-list.ts";
import type { Runtime } from "./runtime.ts";

/** What an instance needs from outside. */
export interface InstanceDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: ProxyLog;
  /** Connections of clients at most. */
  readonly maxconn: number;
  /** Hears what happens to a whole proxy, a line for people. */
  readonly announce?: (line: string) => void;
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
  const { network, clock, log } = deps;
  const wheel = new TimerWheel(clock);
  const headLimit = global.tuneBufsize - global.tuneMaxrewrite;
  const runtime: Runtime = {
    network,
    clock,
    wheel,
    log,
    headLimit,
    maxconn: deps.maxconn,
    connections: 0,
    serverConnections: 0,
    activity: 0,
    closeIdle() {
      const servers = [...backends.values()].flatMap((backend) => backend.servers);
      servers.find(({ idle }) => idle > 0)?.closeOldestIdle();
    },
  };

  const proxies = configuration.proxies.filter((proxy) => !proxy.disabled);
  const backends = new Map(
    proxies.filter(({ kind }) => kind !== "frontend").map((proxy) => [
      proxy.name,
      createBackend(proxy, runtime),
    ]),
  );
  const frontends = proxies.filter(({ bind }) => bind.length > 0).map((proxy) => {
    // A backend that happens to have a frontend's name is not its own.
    const name = proxy.defaultBackend ?? (proxy.kind === "listen" ? proxy.name : null);
    const backend = (name === null ? undefined : backends.get(name)) ??
      createBackend(proxy, runtime);
    backend.addIncoming(proxy.maxconn || runtime.maxconn);
    return new Frontend(proxy, backend, runtime);
  });

  const sessions = new SessionList();
  const admission = new Admission(runtime, frontends, deps.maxconn);
  const acceptors = createAcceptors(admission, sessions);

  const running: readonly Running[] = proxies.map((config) => ({
    config,
    frontend: frontends.find((frontend) => frontend.config === config) ?? null,
    backend: config.kind === "frontend" ? null : backends.get(config.name) ?? null,
  }));
  const life = beginLife({
    proxies: running,
    sessions,
    admission,
    runtime,
    hardStopAfter: global.hardStopAfter,
    announce: deps.announce ?? (() => {}),
    end: () => stop(),
  });
  let stopChecks: (() => void) | null = null;
  let stopped = false;

  function stop(): void {
    if (stopped) return;
    stopped = true;
    for (const { listeners } of frontends) for (const listener of listeners) listener.close();
    stopChecks?.();
    admission.close();
    sessions.closeAll();
    acceptors.close();
    for (const { servers } of backends.values()) for (const server of servers) server.closeIdle();
    wheel.stop();
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
      frontend.sessionEnded = (session) => {
        sessions.remove(session);
        admission.left(frontend);
        life.sessionEnded();
      };
      listen(frontend, network, (bind, number) => acceptors.acceptor(frontend, bind, number));
    }
  } catch (error) {
    stop();
    throw error;
  }
  stopChecks = startChecks([...backends.values()], global.spreadChecks, runtime);

  return {
    endpoints: frontends.flatMap(({ config, listeners }) =>
      listeners.map(({ endpoint }) => ({ proxy: config.name, endpoint }))
    ),
    activity: () => runtime.activity,
    *servers() {
      for (const { config, servers } of backends.values()) {
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

function createBackend(proxy: model.Proxy, runtime: Runtime): Backend {
  const backend = new Backend(proxy, runtime);
  for (const server of proxy.servers) backend.add(server, server.address);
  if (proxy.dispatch !== null && proxy.servers.length === 0) {
    backend.add(dispatchServer(proxy.dispatch), proxy.dispatch);
  }
  backend.update();
  return backend;
}

/** `dispatch`: one server, without a name in the logs and without checks. */
function dispatchServer(address: model.ServerAddress): model.Server {
  return { ...v.parse(model.Server, { name: "dispatch", address }), name: "<NOSRV>" };
}

function listen(
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
