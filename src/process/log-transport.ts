/** Where log lines leave the process. */
import type { OpenTransport, Transport } from "../log/transport.ts";
import { EAGAIN } from "../net/linux.ts";
import { openDatagrams } from "./datagram.ts";
import { describe, libc, writable } from "./libc.ts";

/** What a pipe that poll() calls writable takes without blocking (PIPE_BUF). */
const chunk = 4096;

/**
 * Lines to an inherited descriptor. It may be a pipe whose reader stalls, and setting it
 * non-blocking would do so for all processes that share it: so poll() is asked before each write.
 */
export function openStream(fd: number): Transport {
  const C = libc();
  let failure = "";
  /** How much of the first line not yet taken has been written. */
  let partial = 0;

  return {
    send(bytes, ends, from, to) {
      let at = (from === 0 ? 0 : ends[from - 1]!) + partial;
      let line = from;
      while (line < to && writable(fd, 0)) {
        // Whole lines as far as they fit, so that they stay whole beside other writers' lines.
        let next = line;
        while (next < to && ends[next]! - at <= chunk) next++;
        const end = next > line ? ends[next - 1]! : at + chunk;
        const written = C.write(fd, bytes.subarray(at, end), end - at);
        if (written < 0) {
          const errno = C.errno();
          if (errno === EAGAIN || line > from) break;
          failure = describe(errno);
          partial = 0;
          return -1;
        }
        at += written;
        while (line < to && ends[line]! <= at) line++;
        if (written < end - (at - written)) break;
      }
      partial = at - (line === 0 ? 0 : ends[line - 1]!);
      return line - from;
    },
    get failure() {
      return failure;
    },
    wait(ms) {
      writable(fd, ms);
    },
    close() {
      // Descriptors 1 and 2 are the process's, not ours.
    },
  };
}

/** Opens any target of the configuration. */
export const openTransport: OpenTransport = (target) => {
  switch (target.kind) {
    case "stdout":
      return openStream(1);
    case "stderr":
      return openStream(2);
    default:
      return openDatagrams(target);
  }
};
