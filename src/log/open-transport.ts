/** Where log lines leave the process. */
import type { LogTarget } from "../config/model.ts";
import type { Transport } from "./transport.ts";
import { C, libc } from "../net/linux/calls.ts";
import { EAGAIN } from "../net/linux/constants.ts";
import { describeErrno } from "../net/linux/errno.ts";
import { writable } from "../net/linux/poll.ts";
import type { Lock } from "../shared/lock.ts";
import { openConnection } from "./stream-connection.ts";
import { openDatagrams } from "./datagrams.ts";

/** What a pipe that poll() calls writable takes without blocking (PIPE_BUF). */
const chunk = 4096;

/**
 * Lines to an inherited descriptor. It may be a pipe whose reader stalls, and setting it
 * non-blocking would do so for all processes that share it: so poll() is asked before each write.
 * @param lock taken from the one to the other, for several threads that write to it: a thread would
 * wait for the reader of a pipe that another has just filled
 */
export function openStream(fd: number, lock: Lock | null = null): Transport {
  let failure = "";
  /** How much of the first line not yet taken has been written. */
  let partial = 0;

  return {
    send(bytes, ends, from, to) {
      let at = (from === 0 ? 0 : ends[from - 1]!) + partial;
      let line = from;
      while (line < to) {
        // Whole lines as far as they fit, so that they stay whole beside other writers' lines.
        let next = line;
        while (next < to && ends[next]! - at <= chunk) next++;
        const end = next > line ? ends[next - 1]! : at + chunk;
        const piece = bytes.subarray(at, end);
        lock?.lock();
        const ready = writable(fd, 0);
        const written = ready ? C.write(fd, piece, end - at) : 0;
        const errno = written < 0 ? libc().errno() : 0;
        lock?.unlock();
        if (!ready) break;
        if (written < 0) {
          if (errno === EAGAIN || line > from) break;
          failure = describeErrno(errno);
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

/** Opens any target of the configuration. @param lock for the streams: see {@linkcode openStream} */
export function openTransport(target: LogTarget["target"], lock: Lock | null = null): Transport {
  switch (target.kind) {
    case "stdout":
      return openStream(1, lock);
    case "stderr":
      return openStream(2, lock);
    case "tcp":
      return openConnection(target);
    case "ring":
      throw new Error("a ring is replaced by its servers: see rings.ts");
    default:
      return openDatagrams(target);
  }
}
