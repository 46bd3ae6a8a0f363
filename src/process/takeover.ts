/**
 * Taking over the listening sockets of running processes, so that a new process may follow an old
 * one (-sf, -st) without a moment in which a client is refused or what waits in a queue is reset.
 *
 * The new process duplicates the old one's descriptors (pidfd_getfd(2), Linux 5.6 and later): the
 * old one needs to know nothing of it, and may be HAProxy. While both live, either accepts.
 */
import { readdirSync, readlinkSync } from "node:fs";
import { formatIp, parseIp } from "../net/ip/address.ts";
import { EACCES, EBADF, EMFILE, ENOSYS, EPERM, ESRCH } from "../net/linux/constants.ts";
import { describeErrno } from "../net/linux/errno.ts";
import type { Address } from "../net/linux/sockaddr.ts";
import { type Endpoint, showEndpoint } from "../net/socket.ts";

const adopts = "Bun" in globalThis && process.platform === "linux";
const net = adopts
  ? {
    ...await import("../net/linux/libc.ts"),
    ...await import("../net/linux/listen.ts"),
    ...await import("../net/linux/takeover.ts"),
  }
  : null;

/** What was taken over. */
export interface Takeover {
  /**
   * Descriptors that are not in use yet, by address as {@linkcode showEndpoint} gives it:
   * "0.0.0.0:80", "[::]:80", "/run/proxy.sock", "abns@name".
   */
  readonly listeners: ReadonlyMap<string, number>;
  /** Why something could not be taken over, a line for each process; for the log. */
  readonly failures: readonly string[];
  /**
   * The descriptor that listens at an address, for {@linkcode ListenOptions.adopt}; from now on
   * the caller's.
   * @param ipv6Only whether IPv4 clients must be refused at the IPv6 any-address
   * @returns undefined if none was taken over
   */
  use(at: Address, ipv6Only: boolean): number | undefined;
  /**
   * Whether one of the processes may be listening at an address that is in use: unless all of them
   * were inspected, and none had this port on any address.
   */
  mayHave(at: Endpoint): boolean;
  /** Some process has no listening socket: it may be about to begin, or to end. */
  readonly incomplete: boolean;
  /**
   * Lets a socket listen at `at` beside those that have its port on other addresses, until
   * {@linkcode Takeover.closeUnused}. @returns whether there are any
   */
  makeRoom(at: Endpoint): boolean;
  /** Closes those that were not used. */
  closeUnused(): void;
}

/**
 * Takes over the listening stream sockets of other processes. Where that is not possible nothing
 * is taken, and {@linkcode Takeover.failures} says why: a process that is gone or another user's,
 * a kernel before 5.6, a system that forbids it (see {@linkcode allowTakeover}), Deno, which cannot
 * adopt sockets. Of several sockets at one address (SO_REUSEPORT) the first is taken.
 */
export function takeListeners(pids: readonly number[]): Takeover {
  const listeners = new Map<string, number>();
  const failures: string[] = [];
  /** All were seen with what they have: none is about to end, or forbids it. */
  let complete = true;
  let incomplete = false;
  /** Sockets seen, and whether they listen: several processes' descriptors may be the same. */
  const seen = new Map<string, boolean>();
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const result = takeFrom(pid, listeners, seen);
    const failure = typeof result === "string" ? result : null;
    complete &&= failure === null && result !== 0;
    incomplete ||= result === 0;
    if (failure !== null) failures.push(`process ${pid}: its sockets stay with it: ${failure}`);
  }
  const all = [...listeners.keys()];
  return {
    listeners,
    failures,
    incomplete,
    mayHave(at) {
      if (!complete) return true;
      if (at.kind === "ip") return all.some((key) => key.endsWith(`:${at.port}`));
      return at.kind !== "fd" && all.includes(keyOf(at));
    },
    use(at, ipv6Only) {
      const key = keyOf(at);
      const fd = listeners.get(key);
      if (fd === undefined) return undefined;
      if (at.kind === "ip" && at.host.includes(":") && net!.takesIpv6Only(fd) !== ipv6Only) {
        return undefined;
      }
      listeners.delete(key);
      return fd;
    },
    makeRoom(at) {
      if (at.kind !== "ip") return false;
      const others = [...listeners].filter(([key]) => key.endsWith(`:${at.port}`));
      return others.filter(([, fd]) => net!.allowBeside(fd, true)).length > 0;
    },
    closeUnused() {
      for (const fd of listeners.values()) {
        net!.allowBeside(fd, false);
        net!.closeDescriptor(fd);
      }
      listeners.clear();
    },
  };
}

/** The processes that accept from a socket, this one aside: see claim(). */
export function claimantsOf(fd: number): number[] {
  return net?.claimants(fd) ?? [];
}

/** @returns why a process's sockets could not be taken; else how many listening ones it has */
function takeFrom(
  pid: number,
  into: Map<string, number>,
  seen: Map<string, boolean>,
): string | number {
  if (net === null) return "this runtime cannot adopt sockets";
  const processFd = net.openProcess(pid);
  if (processFd < 0) return explain(net.lastErrno());
  let listening = 0;
  try {
    for (const [number, socket] of socketsOf(pid)) {
      const known = seen.get(socket);
      if (known === true) listening++;
      if (known !== undefined) continue;
      const fd = net.descriptorOf(processFd, number);
      if (fd < 0) {
        const errno = net.lastErrno();
        // Closed since it was listed.
        if (errno === EBADF) continue;
        return explain(errno);
      }
      const listens = net.listens(fd);
      seen.set(socket, listens);
      if (listens) listening++;
      const at = listens ? net.addressOf(fd) : null;
      if (at === null || into.has(keyOf(at))) net.closeDescriptor(fd);
      else into.set(keyOf(at), fd);
    }
    return listening;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return code === "EACCES" || code === "EPERM" ? explain(EACCES) : message;
  } finally {
    net.closeDescriptor(processFd);
  }
}

/** A process's sockets: number of the descriptor, and which socket it is. */
function* socketsOf(pid: number): Iterable<[number: number, socket: string]> {
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    let target = "";
    try {
      target = readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch (error) {
      // Closed since it was listed; else the links may not be read.
      if ((error as { code?: string }).code !== "ENOENT") throw error;
    }
    if (target.startsWith("socket:")) yield [Number(name), target];
  }
}

function keyOf(at: Address): string {
  if (at.kind === "ip") {
    const bytes = parseIp(at.host);
    return showEndpoint(bytes === null ? at : { ...at, host: formatIp(bytes) });
  }
  // HAProxy binds a path of this name and renames it; the socket keeps the name.
  if (at.kind === "unix") return at.path.replace(/\.\d+\.tmp$/, "");
  return showEndpoint(at);
}

function explain(errno: number): string {
  switch (errno) {
    case ESRCH:
      return "there is no such process";
    case EPERM:
    case EACCES:
      return "not permitted (another user's process, or ptrace is restricted: ptrace(2))";
    case ENOSYS:
      return "the kernel cannot do it (Linux 5.6 and later can)";
    case EMFILE:
      return "too many open descriptors";
    default:
      return describeErrno(errno);
  }
}

/**
 * Lets any process of the same user take this one's sockets over, where the system restricts that
 * to ancestors: Yama's `kernel.yama.ptrace_scope` 1, which many distributions set. A new process
 * is never an ancestor, so without this only root could follow without loss. To be called once by
 * a process that serves; nothing happens where there is no Yama. The other checks of ptrace(2)
 * stay: the same user, and no privileges that the other lacks.
 */
export function allowTakeover(): void {
  net?.allowTracing();
}
