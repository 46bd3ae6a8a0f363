/** Where the runtime API listens (manual: "stats socket"). */
import type { StatsSocket } from "../../config/keywords/stats-socket.ts";
import type { Endpoint, Listener, Network } from "../../net/socket.ts";
import { noEvents } from "../../net/socket.ts";
import type { Clock } from "../../time/clock.ts";
import type { Control } from "../control.ts";
import type { ListedSocket } from "./command.ts";
import { CliSession } from "./session.ts";

/** What it needs. */
export interface RuntimeApiOptions {
  readonly sockets: readonly StatsSocket[];
  /** ms that a client may be silent, and clients at most. */
  readonly timeout: number;
  readonly maxconn: number;
  readonly network: Network;
  readonly clock: Clock;
  readonly control: Control;
  /** Sets the owner and the mode of a unix socket's path. */
  readonly protect: (path: string, socket: StatsSocket) => void;
}

/** The runtime API, while it listens. */
export interface RuntimeApi {
  readonly endpoints: readonly Endpoint[];
  /** Gives its addresses up, for another process; and listens there again. @throws {SocketError} */
  release(): void;
  reclaim(): void;
  close(): void;
}

/** Listens. @throws {SocketError} if an address cannot be listened on; nothing is left then */
export function openRuntimeApi(options: RuntimeApiOptions): RuntimeApi {
  const { network, clock, control, timeout, maxconn } = options;
  const sessions = new Set<CliSession>();
  const listeners: Listener[] = [];
  const sockets: ListedSocket[] = options.sockets.map(({ address, level }) => ({
    address: showSocket(address),
    level,
  }));
  const close = () => {
    for (const listener of listeners) listener.close();
    for (const session of sessions) session.abort();
  };
  try {
    for (const socket of options.sockets) {
      const { address, level, severityOutput: severity, backlog } = socket;
      const at: Endpoint = address.kind === "ip" && address.host === "*"
        ? { ...address, host: "0.0.0.0" }
        : address;
      const limit = Math.min(socket.maxconn ?? maxconn, maxconn);
      const listener = network.listen(at, backlog === null ? {} : { backlog }, (client) => {
        if (sessions.size >= limit) {
          client.close();
          return noEvents;
        }
        const session: CliSession = new CliSession(client, {
          control,
          clock,
          level,
          severity,
          timeout,
          sockets,
          ended: () => sessions.delete(session),
        });
        sessions.add(session);
        return session;
      });
      listeners.push(listener);
      if (address.kind === "unix") options.protect(address.path, socket);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    endpoints: listeners.map(({ endpoint }) => endpoint),
    release() {
      for (const listener of listeners) listener.release();
    },
    reclaim() {
      for (const listener of listeners) listener.reclaim();
      for (const socket of options.sockets) {
        if (socket.address.kind === "unix") options.protect(socket.address.path, socket);
      }
    },
    close,
  };
}

function showSocket(address: StatsSocket["address"]): string {
  switch (address.kind) {
    case "ip":
      return address.host.includes(":")
        ? `ipv6@[${address.host}]:${address.port}`
        : `ipv4@${address.host === "*" ? "0.0.0.0" : address.host}:${address.port}`;
    case "unix":
      return `unix@${address.path}`;
    case "abstract":
      return `abns@${address.name}`;
    case "fd":
      return `sockpair@${address.fd}`;
  }
}
