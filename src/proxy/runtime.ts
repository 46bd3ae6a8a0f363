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
  /** Connections accepted and requests begun so far. */
  activity: number;
}
