/** Listening sockets that pass from process to process, and whose they are meanwhile. */
import { libc } from "./calls.ts";
import { C, getOption, setOption } from "./libc.ts";
import {
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_REUSEPORT,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";

const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const F_GETFL = 3;
const F_SETFL = 4;
const F_GETLK = 5;
const F_SETLK = 6;
const F_SETOWN = 8;
const F_RDLCK = 0;
const F_WRLCK = 1;
const F_UNLCK = 2;
const PR_SET_PTRACER = 0x59616d61;
const PR_SET_PTRACER_ANY = -1;
// The same on all architectures.
const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/** Whether a descriptor is a stream socket that listens. */
export function listens(fd: number): boolean {
  return getOption(fd, SOL_SOCKET, SO_ACCEPTCONN) === 1 &&
    getOption(fd, SOL_SOCKET, SO_TYPE) === SOCK_STREAM;
}

/** Whether a listening socket takes no IPv4 clients, being of IPv6. */
export function takesIpv6Only(fd: number): boolean {
  return getOption(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 1;
}

/** A socket that another process made: accept() must not wait. */
export function neverBlock(fd: number): void {
  C.fcntl(fd, F_SETFL, C.fcntl(fd, F_GETFL, 0) | SOCK_NONBLOCK);
}

/** A struct flock: what kind of lock; where it begins, how long it is, and whose it is. */
const lock = new DataView(new ArrayBuffer(32));
const lockBytes = new Uint8Array(lock.buffer);

function controlLock(fd: number, command: number, kind: number, start: number, size: number) {
  lock.setInt16(0, kind, true);
  lock.setInt16(2, 0, true); // SEEK_SET
  lock.setBigInt64(8, BigInt(start), true);
  lock.setBigInt64(16, BigInt(size), true);
  lock.setInt32(24, 0, true);
  C.fcntl(fd, command, libc().addressOf(lockBytes));
}

/** The descriptors that this process has claimed. */
const claimed = new Set<number>();

/**
 * Claims a listening socket: this process accepts from it, and answers for what waits in its queue.
 * Others that have the socket see that by {@linkcode claimants}. A claim is a record lock (fcntl(2))
 * on the byte of this process's id: nothing is ever written there, but the kernel gives the lock
 * back when the process ends, however it does, before any process can see that it has.
 */
export function claim(fd: number): void {
  claimed.add(fd);
  controlLock(fd, F_SETLK, F_RDLCK, process.pid, 1);
  // By this a sluice 0.1 of before the claims sees that its socket is another's.
  C.fcntl(fd, F_SETOWN, process.pid);
}

/** Takes {@linkcode claim} back; to be called before the descriptor is closed. */
export function unclaim(fd: number): void {
  if (!claimed.delete(fd)) return;
  controlLock(fd, F_SETLK, F_UNLCK, process.pid, 1);
  renewClaims();
}

/**
 * To be called after some descriptor of a listening socket was closed: with it go the claims of this
 * process to that socket, though there be other descriptors of it here.
 */
export function renewClaims(): void {
  for (const fd of claimed) controlLock(fd, F_SETLK, F_RDLCK, process.pid, 1);
}

/** The other running processes that have claimed a socket. */
export function claimants(fd: number): number[] {
  return claimantsFrom(fd, 1, maxPid);
}

/** Beyond all process ids (proc(5), pid_max). */
const maxPid = 1 << 22;

/**
 * Those whose ids are in [from, to]. The kernel names any one of them: the rest is asked for again.
 */
function claimantsFrom(fd: number, from: number, to: number): number[] {
  if (from > to) return [];
  controlLock(fd, F_GETLK, F_WRLCK, from, to - from + 1);
  if (lock.getInt16(0, true) !== F_RDLCK) return [];
  const pid = Number(lock.getBigInt64(8, true));
  return [...claimantsFrom(fd, from, pid - 1), pid, ...claimantsFrom(fd, pid + 1, to)];
}

/** Whether another running process has claimed the socket. */
export function isTakenOver(fd: number): boolean {
  return claimants(fd).length > 0;
}

/** Lets another socket of this user listen beside this one, or not. @returns whether it is so */
export function allowBeside(fd: number, allow: boolean): boolean {
  return setOption(fd, SOL_SOCKET, SO_REUSEPORT, allow ? 1 : 0);
}

/** A descriptor of a process (pidfd_open(2)); -1 if there is none. */
export function openProcess(pid: number): number {
  return C.syscall(SYS_pidfd_open, pid, 0, 0);
}

/** A duplicate, here, of a descriptor of another process (pidfd_getfd(2)); -1 if there is none. */
export function descriptorOf(processFd: number, fd: number): number {
  return C.syscall(SYS_pidfd_getfd, processFd, fd, 0);
}

/** Lets every process of this user take descriptors from here, where Yama would not (prctl(2)). */
export function allowTracing(): void {
  C.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
}
