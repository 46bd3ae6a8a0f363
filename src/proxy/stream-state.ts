/** How far a stream is on its way to a server. */
export const UNASSIGNED = 0;
export const QUEUED = 1;
export const CONNECTING = 2;
/** Waits to try the same server again. */
export const TURNAROUND = 3;
export const CONNECTED = 4;
/** Over, or not begun. */
export const ENDED = 5;
/** About to learn that no local port is free. */
export const PORTLESS = 6;

/** How long a stream stays in {@linkcode TURNAROUND} at most, ms. */
export const turnaroundTime = 1000;

/** Why a stream could not get a connection. */
export type AssignFailure =
  | "no server"
  | "queue full"
  | "queue timeout"
  | "connect failed"
  | "connect timeout";

/** Errors of a connect that lie with its local port: another one may do. */
export const portErrors: ReadonlySet<string> = new Set(["EADDRINUSE", "EADDRNOTAVAIL"]);

/** Errors of a connect that lie with this machine, so that no attempt fares better. */
export const localErrors: ReadonlySet<string> = new Set([
  ...portErrors,
  "EACCES",
  "EINVAL",
  "EMFILE",
]);

/**
 * Which idle connection may serve: any, if all can be sent again should it turn out dead; else only
 * one used so recently that its server has no reason to close it.
 */
export type Reuse = "any" | "recent" | "none";

/** How each is logged (manual: "Session state at disconnection"). */
export const failureStates: Readonly<Record<AssignFailure, string>> = {
  "no server": "SC",
  "queue full": "SQ",
  "connect failed": "SC",
  "connect timeout": "sC",
  "queue timeout": "sQ",
};
