/** How far a stream is on its way to a server. */
export const UNASSIGNED = 0;
export const QUEUED = 1;
export const CONNECTING = 2;
/** Waits to try the same server again. */
export const TURNAROUND = 3;
export const CONNECTED = 4;
/** Over, or not begun. */
export const ENDED = 5;

/** How long that takes at most, ms. */
export const turnaroundTime = 1000;

/** Why a stream could not get a connection. */
export type AssignFailure = "no server" | "queue timeout" | "connect failed" | "connect timeout";
