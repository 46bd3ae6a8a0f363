/** What a check is to those who have it made: where it goes, how long it may take, what it gives. */
import type { ProxyVersion } from "../net/proxy-protocol/header.ts";
import type { ConnectOptions, Endpoint } from "../net/socket.ts";
import type { CheckResult } from "./result.ts";

/** How long a check may take, ms. */
export interface CheckTimeouts {
  /** To the connection; where `answer` is null, to the verdict. */
  readonly connect: number;
  /** From the connection to the verdict. */
  readonly answer: number | null;
}

/**
 * The time-outs of a check (manual: "timeout check"): `inter` for the whole of it; with `timeout
 * check`, the lesser of `inter` and `timeout connect` to connect, then `timeout check`.
 */
export function checkTimeouts(
  inter: number,
  timeout: { readonly connect: number | null; readonly check: number | null },
): CheckTimeouts {
  if (timeout.check === null) return { connect: inter, answer: null };
  return { connect: Math.min(inter, timeout.connect ?? inter), answer: timeout.check };
}

/** What to check, from where, for how long. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly options: ConnectOptions;
  /** The version of the PROXY header before all else; null: none. */
  readonly proxyHeader: ProxyVersion | null;
  /** The version that rules with `send-proxy` send. */
  readonly proxyVersion: ProxyVersion;
  readonly timeouts: CheckTimeouts;
}

/**
 * Starts a check.
 * @param done called once, from the event loop; nothing of the check is left by then
 * @returns a function that gives up on it: `done` is not called then
 */
export type Probe = (done: (result: CheckResult) => void) => () => void;
