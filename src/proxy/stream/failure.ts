/** Why a transaction gets no server, or no connection to it. */

/** Why there is no connection. */
export type Failure =
  | "no server"
  | "queue full"
  | "queue timeout"
  | "connect failed"
  | "connect timeout";

/** How each is logged (manual: "Session state at disconnection"). */
export const failureStates: Readonly<Record<Failure, string>> = {
  "no server": "SC",
  "queue full": "SQ",
  "connect failed": "SC",
  "connect timeout": "sC",
  "queue timeout": "sQ",
};

/** Errors of a connect that lie with its local port: another one may do. */
export const portErrors: ReadonlySet<string> = new Set(["EADDRINUSE", "EADDRNOTAVAIL"]);

/** Errors of a connect that lie with this machine, so that no attempt fares better. */
export const localErrors: ReadonlySet<string> = new Set([
  ...portErrors,
  "EACCES",
  "EINVAL",
  "EMFILE",
]);
