import type { ProxyLog } from "../log/proxy-log.ts";
import type { Network } from "../net/socket.ts";
import type { Clock } from "../time/clock.ts";
import type { TimerWheel } from "../time/wheel.ts";

/** What all parts of a running instance share. */
export interface Runtime {
  readonly network: Network;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: ProxyLog;
  /** Largest head of a message, in bytes. */
  readonly headLimit: number;
  /** Connections of clients at this moment (HAProxy's actconn). */
  connections: number;
  /** Connections to servers at this moment, in use and idle. */
  serverConnections: number;
  /** Connections of clients at most, and of servers: descriptors are reckoned for so many. */
  readonly maxconn: number;
  /** Closes an idle connection to some server, where there is one. */
  readonly closeIdle: () => void;
  /** Connections accepted and requests begun so far. */
  activity: number;
}
