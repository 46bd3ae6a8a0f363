/** A running configuration: built from the model, stopped as a whole. */
import * as v from "valibot";
import * as model from "../config/model.ts";
import type { ProxyLog } from "../log/proxy-log.ts";
import type { Endpoint, Network, Socket, SocketEvents } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import { TimerWheel } from "../time/wheel.ts";
import { Admission } from "./admission.ts";
import { Backend } from "./backend.ts";
import { startChecks } from "./checks.ts";
import { Frontend } from "./frontend.ts";
import { HttpSession } from "./http-session.ts";
import { SessionList } from "./session-list.ts";
import type { Runtime } from "./runtime.ts";
import { TcpSession } from "./tcp-session.ts";

/** What an instance needs from outside. */
export interface InstanceDeps {
  readonly network: Network;
  readonly clock: Clock;
  readonly log: ProxyLog;
  /** Connections of clients at most. */
  readonly maxconn: number;
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
    return new Frontend(proxy, backend, runtime);
  });

  const sessions = new SessionList();
  const admission = new Admission(runtime, frontends, deps.maxconn, (socket, frontend) => {
    if (frontend.logsConnections) logConnection(socket, frontend);
    const session = frontend.config.mode === "http"
      ? new HttpSession(socket, frontend)
      : new TcpSession(socket, frontend);
    sessions.add(session);
    return session;
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
    for (const { servers } of backends.values()) for (const server of servers) server.closeIdle();
    wheel.stop();
  }

  try {
    for (const frontend of frontends) {
      frontend.sessionEnded = (session) => {
        sessions.remove(session);
        admission.left(frontend);
      };
      listen(frontend, network, (socket) => admission.accept(socket, frontend));
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
  accept: (socket: Socket) => SocketEvents,
): void {
  for (const { address, backlog, v6only } of frontend.config.bind) {
    const at: Endpoint = address.kind === "ip" && address.host === "*"
      ? { ...address, host: "0.0.0.0" }
      : address;
    const queue = backlog ?? frontend.config.backlog;
    const options = { ipv6Only: v6only, ...(queue === null ? {} : { backlog: queue }) };
    frontend.listeners.push(network.listen(at, options, accept));
  }
}

/** Logs a connection as it is accepted, where the proxy has no log format. */
function logConnection(socket: Socket, { config, runtime }: Frontend): void {
  runtime.log.connection(config, {
    clientAddress: socket.remoteAddress === "" ? "unix" : socket.remoteAddress,
    clientPort: socket.remotePort,
    address: socket.localAddress,
    port: socket.localPort,
    frontend: config.name,
    mode: config.mode,
  });
}
