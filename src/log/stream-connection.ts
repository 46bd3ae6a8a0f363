/**
 * Log lines over a connection (manual: "log", tcp@, and chapter 3.9). It is made, and made anew, as
 * lines come; until then they wait in the queue before it. Each line ends with a newline, or has its
 * length before it (RFC 6587, sections 3.4.1 and 3.4.2).
 */
import { lookup } from "node:dns";
import type { LogTarget } from "../config/model.ts";
import { isIp } from "../net/ip/address.ts";
import { C, libc } from "../net/linux/calls.ts";
import {
  EAGAIN,
  EINPROGRESS,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
} from "../net/linux/constants.ts";
import { describeErrno } from "../net/linux/errno.ts";
import { writable } from "../net/linux/poll.ts";
import { type Address, encodeAddress, familyOf } from "../net/linux/sockaddr.ts";
import type { Transport } from "./transport.ts";

/** ms until a server that could not be reached is tried again. */
const again = 1000;
/** ms that a name which could not be resolved is left alone. */
const resolveAgain = 5000;

/** Opens a way to a log server. */
export function openConnection(
  target: Extract<LogTarget["target"], { kind: "tcp" }>,
): Transport {
  const name = new Uint8Array(new ArrayBuffer(1024));
  let at: Address | null = isIp(target.host)
    ? { kind: "ip", host: target.host, port: target.port }
    : null;
  let resolving = false;
  let fd = -1;
  let notBefore = -Infinity;
  let failure = "";
  /** A line that has been taken, of which the rest from `sent` on is still to go. */
  let rest = new Uint8Array();
  let sent = 0;
  let closed = false;

  function resolve(): void {
    resolving = true;
    lookup(target.host, { family: target.family ?? 0 }, (error, host) => {
      resolving = false;
      if (error === null) at = { kind: "ip", host, port: target.port };
      else notBefore = performance.now() + resolveAgain;
    });
  }

  function open(): void {
    if (closed || performance.now() < notBefore) return;
    if (at === null) {
      if (!resolving) resolve();
      return;
    }
    const length = encodeAddress(at, name);
    if (typeof length !== "number") return;
    fd = C.socket(familyOf(at), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && C.connect(fd, name, length) < 0 && libc().errno() !== EINPROGRESS) drop();
  }

  /** The connection is no good: a line of which a part has gone is gone. */
  function drop(): void {
    failure = describeErrno(libc().errno());
    if (fd >= 0) C.close(fd);
    fd = -1;
    rest = new Uint8Array();
    notBefore = performance.now() + again;
  }

  /** @returns whether all that was left of a line has gone */
  function flush(): boolean {
    while (rest.length > sent) {
      const part = rest.subarray(sent);
      const count = Number(C.send(fd, part, part.length, MSG_DONTWAIT | MSG_NOSIGNAL));
      if (count < 0) {
        if (libc().errno() !== EAGAIN) drop();
        return false;
      }
      sent += count;
    }
    return true;
  }

  function frame(line: Uint8Array): Uint8Array<ArrayBuffer> {
    if (target.framing === "legacy") return line.slice();
    const length = new TextEncoder().encode(`${line.length - 1} `);
    const whole = new Uint8Array(length.length + line.length - 1);
    whole.set(length);
    whole.set(line.subarray(0, -1), length.length);
    return whole;
  }

  open();
  return {
    send(bytes, ends, from, to) {
      if (fd < 0) open();
      if (fd < 0 || !writable(fd, 0) || !flush()) return 0;
      for (let line = from; line < to; line++) {
        rest = frame(bytes.subarray(line === 0 ? 0 : ends[line - 1]!, ends[line]!));
        sent = 0;
        if (flush()) continue;
        // What is lost with the connection is sent again; what waits is taken.
        return line - from + (fd < 0 ? 0 : 1);
      }
      return to - from;
    },
    get failure() {
      return failure;
    },
    wait(ms) {
      if (fd < 0) open();
      if (fd >= 0) writable(fd, ms);
    },
    close() {
      if (fd >= 0) flush();
      if (fd >= 0) C.close(fd);
      fd = -1;
      closed = true;
    },
  };
}
