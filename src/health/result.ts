/** What a check found, in HAProxy's words. */
import type { SocketErrorCode } from "../net/socket.ts";

/** HAProxy's check statuses (management guide, chapter 9.1, `check_status`), with their reading. */
export const descriptions = {
  CHECKED: "No status change",
  HANA: "Health analyze",
  SOCKERR: "Socket error",
  L4OK: "Layer4 check passed",
  L4TOUT: "Layer4 timeout",
  L4CON: "Layer4 connection problem",
  L6OK: "Layer6 check passed",
  L6TOUT: "Layer6 timeout",
  L6RSP: "Layer6 invalid response",
  L7OK: "Layer7 check passed",
  L7OKC: "Layer7 check conditionally passed",
  L7TOUT: "Layer7 timeout",
  L7RSP: "Layer7 invalid response",
  L7STS: "Layer7 wrong status",
  PROCERR: "External check error",
  PROCTOUT: "External check timeout",
  PROCOK: "External check passed",
} as const;
/** {@linkcode descriptions} */
export type CheckStatus = keyof typeof descriptions;

/** What a probe concludes. */
export interface Verdict {
  readonly status: CheckStatus;
  /** The response's status code, where there was one. */
  readonly code: number | null;
  /** What the server or the system said about it; "" if nothing. */
  readonly info: string;
}

/** Statuses of which the log has a code, 0 where there was none. */
const coded: ReadonlySet<CheckStatus> = new Set([
  "L7OK",
  "L7OKC",
  "L7STS",
  "PROCERR",
  "PROCTOUT",
  "PROCOK",
]);

/** A check that has ended. */
export interface CheckResult extends Verdict {
  /** Whether the server passed. */
  readonly passed: boolean;
  /** It passed, and asks for no new sessions (manual: "http-check disable-on-404"). */
  readonly conditional: boolean;
  /** From the connect on, ms. */
  readonly duration: number;
}

/** A verdict without a status code. */
export function verdict(status: CheckStatus, info = ""): Verdict {
  return { status, code: null, info };
}

/** The longest information about a check that is kept, in bytes. */
const longestInfo = 127;

/** Makes a verdict a result. @param duration ms; -1: it was no check */
export function resultOf({ status, code, info }: Verdict, duration: number): CheckResult {
  const conditional = status === "L7OKC";
  return {
    passed: conditional || status.endsWith("OK"),
    conditional,
    status,
    code: coded.has(status) ? code ?? 0 : null,
    info: info.slice(0, longestInfo),
    duration,
  };
}

/** A connection that could not be made. @param at where in a check, for the log */
export function connectFailure(code: SocketErrorCode, at = ""): Verdict {
  switch (code) {
    case "ENETUNREACH":
      return verdict("L4CON", `General socket error (${reasons[code]})${at}`);
    case "EADDRNOTAVAIL":
      return verdict("L4CON", `Can't bind to source address (${reasons[code]})${at}`);
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "EHOSTUNREACH":
    case "ETIMEDOUT":
      return verdict("L4CON", reasons[code] + at);
    default:
      return verdict("SOCKERR", `General socket error (${reasons[code]})${at}`);
  }
}

/** An established connection that broke. @param at where in a check, for the log */
export function connectionBroken(code: SocketErrorCode, at = ""): Verdict {
  return verdict("SOCKERR", reasons[code] + at);
}

/** The errors in the words of strerror(3). */
const reasons: Record<SocketErrorCode, string> = {
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  EADDRINUSE: "Address already in use",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EACCES: "Permission denied",
  EMFILE: "Too many open files",
  ENOENT: "No such file or directory",
  EPIPE: "Broken pipe",
  EINVAL: "Invalid argument",
  EIO: "Input/output error",
};
