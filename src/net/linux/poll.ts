/** poll(2) on one descriptor. */
import { C } from "./calls.ts";

export const POLLIN = 1;
export const POLLPRI = 2;
const POLLOUT = 4;
export const POLLRDHUP = 0x2000;

/** struct pollfd: a descriptor, what is asked, what was found. */
const pollfd = new Uint8Array(new ArrayBuffer(8));
const view = new DataView(pollfd.buffer);

/**
 * Whether one of these POLL* applies, or an error or a hang-up, which poll() always reports.
 * @param ms how long to wait for that
 */
export function polls(fd: number, what: number, ms: number): boolean {
  view.setInt32(0, fd, true);
  view.setUint32(4, what, true);
  return C.poll(pollfd, 1, ms) > 0;
}

/** Whether a descriptor takes bytes (a pipe: at least 4096), within `ms`; also if it is broken. */
export function writable(fd: number, ms: number): boolean {
  return polls(fd, POLLOUT, ms);
}
